//! Checks that shape rules make on their inputs, and how error messages show types.

use crate::error::{Result, dtype_error, shape_error};
use crate::types::{Type, require_type};

/// The type of the only input; an error unless there is exactly one and it holds numbers.
pub(crate) fn one_real_input(name: &str, inputs: &[&Type]) -> Result<Type> {
    let [input] = inputs else {
        return shape_error!("{name}: expected 1 input, got {}", inputs.len());
    };
    require_real(name, "x", input)?;
    Ok((*input).clone())
}

/// An error unless the argument holds numbers.
pub(crate) fn require_real(name: &str, argument: &str, kind: &Type) -> Result<()> {
    if kind.dtype.is_real() {
        return Ok(());
    }
    dtype_error!("{name}: expected `{argument}` of dtype float32 or float64, got dtype {}", kind.dtype)
}

/// The common type of all inputs; an error unless they all have the type of the first one.
pub(crate) fn alike(name: &str, inputs: &[&Type], count: usize) -> Result<Type> {
    if inputs.len() != count {
        return shape_error!("{name}: expected {count} inputs, got {}", inputs.len());
    }
    inputs[1..].iter().try_for_each(|input| require_type(name, "input", input, &inputs[..1]))?;
    Ok(inputs[0].clone())
}

/// Types as error messages show them.
pub(crate) fn types_text(inputs: &[&Type]) -> String {
    inputs.iter().map(|kind| kind.to_string()).collect::<Vec<_>>().join(", ")
}

/// An axis counted from the front (0 ...) or the back (-1 ...), or an error.
pub(crate) fn axis(function: &str, axis: i64, rank: usize) -> Result<usize> {
    let signed_rank = i64::try_from(rank).unwrap_or(i64::MAX);
    let counted = if axis < 0 { axis + signed_rank } else { axis };
    match usize::try_from(counted) {
        Ok(index) if index < rank => Ok(index),
        _ => shape_error!("{function}: expected an axis of a shape of {rank} axes, got {axis}"),
    }
}
