//! The rows of a batch and their weights.

use crate::call::Call;
use crate::error::{Result, shape_error};
use crate::ops::checks::require_real;
use crate::types::{Dtype, Type, Typed, require_type};

/// The number of rows of the first input; an error unless the weights, if there are any, are one per row.
pub(super) fn check_rows(function: &str, inputs: &[&Type], weighted: bool) -> Result<usize> {
    let expected = 2 + usize::from(weighted);
    if inputs.len() != expected {
        return shape_error!("{function}: expected {expected} inputs, got {}", inputs.len());
    }
    let prediction = inputs[0];
    require_real(function, "prediction", prediction)?;
    let Some(&rows) = prediction.shape.first() else {
        return shape_error!("{function}: expected `prediction` of rows, got shape ()");
    };
    if weighted {
        require_type(function, "sample_weight", inputs[2], &[&prediction.with_shape(&[rows])])?;
    }
    Ok(rows)
}

/// The type of this many sums.
pub(super) fn sums(count: usize) -> Type {
    Type::new(&[count], Dtype::F64)
}

/// The weight of each row.
pub(super) fn weights<'a, E: Typed>(call: &Call<'a>, weighted: bool) -> impl Fn(usize) -> f64 + 'a {
    let given = weighted.then(|| call.input::<E>(2));
    move |row| given.map_or(1.0, |weights| weights[row].to_f64())
}
