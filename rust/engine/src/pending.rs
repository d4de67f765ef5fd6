//! Stands for the optimizers of the kernels until they have landed.

/// An update rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimizer;

/// What is known of it.
#[derive(Debug)]
pub struct Entry {
    /// Name.
    pub name: &'static str,
}

impl Optimizer {
    /// Slots.
    pub fn slots(&self) -> &'static [&'static str] {
        &[]
    }
    /// Entry.
    pub fn entry(&self) -> &'static Entry {
        &Entry { name: "sgd" }
    }
    /// Step.
    pub fn update<E: tilegrad_kernels::real::Element>(&self, _: u64, _: &mut [E], _: &[E], _: &mut [&mut [E]]) {}
}
