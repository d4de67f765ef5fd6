//! The requirements of functions on their arrays, and the errors for arrays that do not meet them.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

use crate::arrays::Array;
use crate::errors::{Error, Refusal, Result, dtype_error, shape_error, type_error, value_error};
use crate::kinds::Kind;

/// A shape as Python writes it.
pub(crate) fn shape_text(shape: &[usize]) -> String {
    match shape {
        [single] => format!("({single},)"),
        axes => format!("({})", axes.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// The name of an object's class, for error messages.
pub(crate) fn type_name(object: &Bound<'_, PyAny>) -> String {
    let class: Bound<'_, PyType> = object.get_type();
    class.name().map_or_else(|_| "an object".to_string(), |name| name.to_string())
}

/// The array behind an argument, checked to be float32 or float64.
#[inline]
pub(crate) fn real_array<'py>(
    function: &str,
    argument: &str,
    object: &Bound<'py, PyAny>,
) -> Result<(Array<'py>, Kind)> {
    let array = Array::new(function, argument, object)?;
    match array.kind() {
        kind @ (Kind::F32 | Kind::F64) => Ok((array, kind)),
        kind => Err(not_real(function, argument, &array, kind)),
    }
}

#[cold]
fn not_real(function: &str, argument: &str, array: &Array<'_>, kind: Kind) -> Error {
    let got = array.dtype_name();
    let hint = match (kind, got.as_str()) {
        (Kind::Other, "float16" | "bfloat16") => "convert it with astype(numpy.float32)",
        (Kind::Other, name) if name.starts_with(['>', '<']) => {
            "convert it with astype(numpy.float32), which also sets the byte order"
        }
        (Kind::Other, _) => "only real numbers are taken",
        _ => "convert it with astype(numpy.float32)",
    };
    Refusal::Dtype(format!("{function}: expected `{argument}` of dtype float32 or float64, got {got}; {hint}")).into()
}

/// The error for an array of a dtype that is not accepted.
#[cold]
pub(crate) fn dtype_error_of(function: &str, argument: &str, array: &Array<'_>, expected: &str) -> Error {
    Refusal::Dtype(format!("{function}: expected `{argument}` of dtype {expected}, got {}", array.dtype_name())).into()
}

/// A second operand: of the same shape and dtype as the first, whose name appears in the error message too.
pub(crate) fn same_as<'py>(
    function: &str,
    (argument, object): (&str, &Bound<'py, PyAny>),
    (first_name, first): (&str, &Array<'py>),
) -> Result<Array<'py>> {
    let array = Array::new(function, argument, object)?;
    if array.kind() != first.kind() {
        let (expected, got) = (first.dtype_name(), array.dtype_name());
        return dtype_error!("{function}: expected `{argument}` of dtype {expected}, as `{first_name}`, got {got}");
    }
    if array.shape() != first.shape() {
        let (expected, got) = (shape_text(first.shape()), shape_text(array.shape()));
        return shape_error!("{function}: expected `{argument}` of shape {expected}, as `{first_name}`, got {got}");
    }
    Ok(array)
}

/// The place for a result: a writable array of the same shape and dtype that is either exactly one of the operands or
/// shares nothing with them.
pub(crate) fn checked_out<'py>(
    function: &str,
    out: &Bound<'py, PyAny>,
    operands: &[(&str, &Array<'py>)],
) -> Result<Array<'py>> {
    let out = same_as(function, ("out", out), operands[0])?;
    if !out.is_writable() {
        return value_error!("{function}: expected `out` to be writable, got a read-only array");
    }
    if out.overlaps_itself() {
        return value_error!(
            "{function}: expected `out` to have a place for each element, got a view whose elements overlap"
        );
    }
    for (name, operand) in operands {
        if !out.is_same_view(operand) && out.overlaps(operand)? {
            return value_error!(
                "{function}: expected `out` to be `{name}` itself or to share no memory with it, got an overlapping view"
            );
        }
    }
    Ok(out)
}

/// The elements of a list, a tuple or another sequence; an error for anything else.
pub(crate) fn list_of<'py>(
    function: &str,
    argument: &str,
    object: &Bound<'py, PyAny>,
) -> Result<Vec<Bound<'py, PyAny>>> {
    if object.is_instance_of::<PyString>() {
        return type_error!("{function}: expected `{argument}` to be a list of NumPy arrays, got a text");
    }
    object.extract().map_err(|_| {
        let got = type_name(object);
        Error::Type(format!("{function}: expected `{argument}` to be a list of NumPy arrays, got {got}"))
    })
}
