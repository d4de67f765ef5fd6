//! The minimum work of a call, from the types of its operands.

use crate::types::{Site, Type};

/// The minimum work of a call, whatever kernel does it.
///
/// An addition, a multiplication, a comparison, or a function such as `exp` counts as one operation. A product counts
/// all its multiplications and additions (`2 m n k`); an update counts two operations for each number it changes, the
/// minimum for any rule; everything else counts one for each number of the largest operand. Moving numbers counts none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Floating-point operations.
    pub operations: u64,
    /// The divisions and roots of updates, none of which can be a multiply-add.
    pub divisions: u64,
    /// Bytes moved if every operand is read once and every result written once.
    pub bytes: u64,
    /// Bytes of memory touched: an operand that is read and then written in place counts once.
    pub footprint: u64,
}

impl Work {
    /// Every input read once and every output written once; no arithmetic.
    pub fn moving(site: &Site<'_>) -> Self {
        let sum = |kinds: &[Type]| kinds.iter().map(Type::bytes).sum::<usize>();
        let bytes = sum(site.inputs) + sum(site.outputs);
        let shared = site.in_place.map_or(0, |input| site.inputs[input].bytes());
        Self { operations: 0, divisions: 0, bytes: bytes as u64, footprint: (bytes - shared) as u64 }
    }

    /// [`Work::moving`], and one operation for each number of the largest operand.
    pub fn elementwise(site: &Site<'_>) -> Self {
        let largest = site.inputs.iter().chain(site.outputs).map(Type::len).max().unwrap_or(0);
        Self::moving(site).and(largest as u64)
    }

    /// The update of a weight in place by a rule with this many slots, and this many divisions and roots for each
    /// number: weight and slots are read and written. Computing the gradient is not included.
    pub fn update(weight: &Type, slots: usize, divisions: u64) -> Self {
        let (changed, len) = (1 + slots as u64, weight.len() as u64);
        let bytes = changed * weight.bytes() as u64;
        Self { operations: 2 * changed * len, divisions: divisions * len, bytes: 2 * bytes, footprint: bytes }
    }

    /// Adds one more read of each of these.
    pub fn reading(self, inputs: &[Type]) -> Self {
        let bytes = inputs.iter().map(Type::bytes).sum::<usize>() as u64;
        Self { bytes: self.bytes + bytes, footprint: self.footprint + bytes, ..self }
    }

    /// Adds this many operations.
    pub fn and(self, operations: u64) -> Self {
        Self { operations: self.operations + operations, ..self }
    }
}
