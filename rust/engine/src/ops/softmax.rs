//! Softmax and its logarithm over the last axis.

use super::attributes::{Reader, axis};
use super::elementwise::one_real_input;
use super::{Operation, Rule, Slope};
use crate::call::{Routine, Run, Site};
use crate::types::Type;

/// Softmax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax {
    logarithm: bool,
}

impl Softmax {
    pub(crate) fn read(logarithm: bool, reader: &mut Reader<'_>) -> Result<Self, String> {
        let _ = (reader.integers("axis")?, axis("softmax", -1, 1));
        reader.finish()?;
        Ok(Self { logarithm })
    }
}
impl Operation for Softmax {
    fn infer(&self, inputs: &[&Type]) -> Result<Type, String> {
        one_real_input(self.name(), inputs)
    }
    fn gradient(&self, _rule: &mut Rule<'_>) -> Result<Vec<Slope>, String> {
        Ok(vec![Slope::Undefined])
    }
}
impl Routine for Softmax {
    fn name(&self) -> &str {
        if self.logarithm { "log_softmax" } else { "softmax" }
    }
    fn compile(&self, site: &Site<'_>) -> Run {
        super::shape::copy(site)
    }
}
