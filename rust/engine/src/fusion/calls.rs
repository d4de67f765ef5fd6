//! The calls into which fusion turns several operations.

use tilegrad_kernels::activations::Activation;
use tilegrad_kernels::arithmetic::{Reduction, ReductionKind};
use tilegrad_kernels::matmul::{self, Each, Store, Target, multiply};

use crate::memory::ALIGNMENT;
use crate::ops::matmul::MatMul;
use crate::ops::update::Update;
use crate::routine::{ControlBuffer, Routine, Run};
use crate::types::{Site, Type, with_element};
use crate::work::Work;

/// `f(A B + bias)`, along with the pre-activation if something else reads it.
#[derive(Debug)]
pub(super) struct Dense {
    product: MatMul,
    has_bias: bool,
    activation: Option<Activation>,
    keeps: bool,
    name: String,
}

impl Dense {
    pub(super) fn new(product: MatMul, has_bias: bool, activation: Option<Activation>, keeps: bool) -> Self {
        let mut name = "matmul".to_string();
        if has_bias {
            name.push_str(" + bias");
        }
        if let Some(activation) = activation {
            name.push_str(" + ");
            name.push_str(activation.entry().name);
        }
        Self { product, has_bias, activation, keeps, name }
    }
}

impl Routine for Dense {
    fn name(&self) -> &str {
        &self.name
    }

    fn workspace(&self, site: &Site<'_>) -> usize {
        self.product.scratch(site.inputs)
    }

    fn work(&self, site: &Site<'_>) -> Work {
        let parts = u64::from(self.has_bias) + u64::from(self.activation.is_some());
        let operations = self.product.operations(site.inputs) + parts * site.outputs[0].len() as u64;
        Work::moving(site).and(operations)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let views = self.product.views(&site.inputs[0], &site.inputs[1]);
        let (has_bias, activation, keeps) = (self.has_bias, self.activation, self.keeps);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let (a, b) = views.matrices::<E>(call.input(0), call.input(1));
            let bias = has_bias.then(|| call.input(2));
            let pre_activation = keeps.then(|| call.output(1));
            let mut epilogue = matmul::Dense::new(call.output(0), b.columns, bias, activation, pre_activation);
            multiply(a, b, &mut epilogue, call.workspace());
        }))
    }
}

/// `(A B) f'`: the gradient with respect to the input of an activation, along with the sums of its columns if
/// they are the gradient of a bias.
#[derive(Debug)]
pub(super) struct SlopedProduct {
    product: MatMul,
    activation: Activation,
    sums: bool,
    name: String,
}

impl SlopedProduct {
    pub(super) fn new(product: MatMul, activation: Activation, sums: bool) -> Self {
        let name = format!("matmul + {}_backward{}", activation.entry().name, if sums { " + sum" } else { "" });
        Self { product, activation, sums, name }
    }
}

impl Routine for SlopedProduct {
    fn name(&self) -> &str {
        &self.name
    }

    fn workspace(&self, site: &Site<'_>) -> usize {
        self.product.scratch(site.inputs)
    }

    fn work(&self, site: &Site<'_>) -> Work {
        let passes = 1 + u64::from(self.sums);
        Work::moving(site).and(self.product.operations(site.inputs) + passes * site.outputs[0].len() as u64)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let views = self.product.views(&site.inputs[0], &site.inputs[1]);
        let (activation, sums) = (self.activation, self.sums);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let (a, b) = views.matrices::<E>(call.input(0), call.input(1));
            let sums = sums.then(|| call.output(1));
            let mut epilogue = matmul::Slope::new(call.output(0), b.columns, call.input(2), activation, sums);
            multiply(a, b, &mut epilogue, call.workspace());
        }))
    }
}

/// The gradient `A B` of a weight goes tile by tile into weight and slots, and is never stored.
///
/// A small gradient is computed as a whole in scratch memory, which stays in the first-level cache; then the rule is
/// called once.
#[derive(Debug)]
pub(super) struct WeightUpdate {
    product: MatMul,
    update: Update,
    name: String,
}

/// Up to this many bytes, a gradient is computed as a whole.
const WHOLE_BYTES: usize = 16 << 10;

impl WeightUpdate {
    pub(super) fn new(product: MatMul, update: &Update) -> Self {
        Self { product, update: update.clone(), name: format!("matmul + {}", update.name()) }
    }

    /// Bytes of scratch memory for the whole gradient, if it is small.
    fn whole_bytes(weight: &Type) -> usize {
        if weight.bytes() <= WHOLE_BYTES { weight.bytes().next_multiple_of(ALIGNMENT) } else { 0 }
    }
}

impl Routine for WeightUpdate {
    fn name(&self) -> &str {
        &self.name
    }

    fn kept(&self) -> Option<(usize, ControlBuffer)> {
        self.update.kept()
    }

    fn workspace(&self, site: &Site<'_>) -> usize {
        self.product.scratch(site.inputs) + Self::whole_bytes(&site.outputs[0])
    }

    fn work(&self, site: &Site<'_>) -> Work {
        let operations = self.product.operations(site.inputs);
        self.update.least(&site.outputs[0]).reading(site.inputs).and(operations)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let views = self.product.views(&site.inputs[0], &site.inputs[1]);
        let action = self.update.action();
        let (len, whole) = (site.outputs[0].len(), Self::whole_bytes(&site.outputs[0]) / site.dtype().size());
        with_element!(site.dtype(), E => match whole {
            0 => Box::new(move |call| {
                let (a, b) = views.matrices::<E>(call.input(0), call.input(1));
                let mut matrices = action.changed::<E>(call).map(|numbers| Target::new(numbers, b.columns));
                let scalars = action.scalars(call);
                let visit =
                    |gradient: &mut [E], state: &mut [&mut [E]]| action.take::<E, true>(&scalars, gradient, state);
                multiply(a, b, &mut Each::new(&mut matrices[..action.state()], &visit), call.workspace());
            }),
            _ => Box::new(move |call| {
                let (a, b) = views.matrices::<E>(call.input(0), call.input(1));
                let (gradient, scratch) = call.workspace::<E>().split_at_mut(whole);
                multiply(a, b, &mut Store::new(gradient, b.columns), scratch);
                let state = &mut action.changed::<E>(call)[..action.state()];
                action.take::<E, false>(&action.scalars(call), &mut gradient[..len], state);
            }),
        })
    }
}

/// The gradient of a bias (the sum of each column) and the update of the bias.
#[derive(Debug)]
pub(super) struct BiasUpdate {
    update: Update,
    name: String,
}

impl BiasUpdate {
    pub(super) fn new(update: &Update) -> Self {
        Self { update: update.clone(), name: format!("sum + {}", update.name()) }
    }
}

impl Routine for BiasUpdate {
    fn name(&self) -> &str {
        &self.name
    }

    fn kept(&self) -> Option<(usize, ControlBuffer)> {
        self.update.kept()
    }

    fn workspace(&self, site: &Site<'_>) -> usize {
        site.outputs[0].bytes()
    }

    fn work(&self, site: &Site<'_>) -> Work {
        self.update.least(&site.outputs[0]).reading(site.inputs).and(site.inputs[0].len() as u64)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let action = self.update.action();
        let sum = Reduction::new(ReductionKind::Sum { factor: 1.0 }, &site.inputs[0].shape, &[true, false]);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let gradient = call.workspace::<E>();
            sum.run(call.input::<E>(0), gradient);
            let state = &mut action.changed::<E>(call)[..action.state()];
            action.take::<E, false>(&action.scalars(call), gradient, state);
        }))
    }
}
