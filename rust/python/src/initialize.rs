//! New arrays of random numbers that depend only on seed and stream.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tilegrad_kernels::orthogonal::orthonormalize;
use tilegrad_kernels::random::Stream;
use tilegrad_kernels::real::Element;

use crate::arguments::{shape_text, type_name};
use crate::arrays::Array;
use crate::errors::{Refusal, Result, dtype_error, name_error, type_error, value_error};
use crate::kinds::{Kind, Number};
use crate::numbers::{self, Seed, Whole, in_range};
use crate::work;

/// A new array:
/// ``zeros``, ``constant`` (value), ``uniform`` (low, high), ``normal`` (mean, deviation), ``truncated_normal`` (mean,
/// deviation; cut at two deviations) or ``orthogonal`` (gain; rows or columns of the matrix that the last axis makes,
/// whichever are fewer, are orthogonal). The numbers depend on ``seed`` and ``stream`` only.
#[pyfunction]
#[pyo3(signature = (kind, shape, dtype, seed, stream, **parameters))]
pub(crate) fn initialize<'py>(
    py: Python<'py>,
    kind: &str,
    shape: Vec<Whole>,
    dtype: &str,
    seed: Seed,
    stream: Seed,
    parameters: Option<&Bound<'py, PyDict>>,
) -> Result<Bound<'py, PyAny>> {
    let shape = numbers::shape("initialize", &shape)?;
    let kind = Initializer::new(kind, parameters)?;
    let element = Kind::from_name("initialize", dtype)?;
    if element == Kind::I32 {
        return dtype_error!("initialize: expected `dtype` float32 or float64, got {dtype:?}");
    }
    let bytes = shape.iter().try_fold(element.size(), |bytes, &axis| bytes.checked_mul(axis));
    if bytes.is_none_or(|bytes| bytes > isize::MAX as usize / 2) {
        let message = format!("initialize: expected a `shape` that fits into memory, got {}", shape_text(&shape));
        return Err(Refusal::Memory(message).into());
    }
    let array = Array::empty(py, &shape, element)?;
    let stream = Stream { seed: seed.0, stream: stream.0 };
    match element {
        Kind::F64 => fill::<f64>(py, &array, kind, stream)?,
        _ => fill::<f32>(py, &array, kind, stream)?,
    }
    Ok(array.into_object())
}

fn fill<E: Element + Number>(py: Python<'_>, array: &Array<'_>, kind: Initializer, stream: Stream) -> Result<()> {
    let out = array.slice_mut::<E>();
    let columns = array.shape().last().copied().unwrap_or(1);
    // The work grows faster than the size of the matrix.
    let work = if matches!(kind, Initializer::Orthogonal { .. }) { usize::MAX } else { out.len() };
    work::run(py, work, || kind.fill(stream, columns, out))
}

/// A random order of ``0 .. count - 1``: the one ``run_epoch`` uses with ``stream = epoch``.
#[pyfunction]
pub(crate) fn permutation(py: Python<'_>, count: Whole, seed: Seed, stream: Seed) -> Result<Bound<'_, PyAny>> {
    let count = in_range("permutation", "count", count, 0, i64::from(u32::MAX))?;
    let array = Array::empty(py, &[count], Kind::I64)?;
    let out = array.slice_mut::<i64>();
    work::run(py, count, || {
        let mut order = vec![0; count];
        Stream { seed: seed.0, stream: stream.0 }.permutation(&mut order);
        out.iter_mut().zip(order).for_each(|(place, index)| *place = i64::from(index));
    })?;
    Ok(array.into_object())
}

/// What an array is filled with.
#[derive(Clone, Copy)]
enum Initializer {
    Constant { value: f64 },
    Uniform { low: f64, high: f64 },
    Normal { mean: f64, deviation: f64 },
    TruncatedNormal { mean: f64, deviation: f64 },
    Orthogonal { gain: f64 },
}

impl Initializer {
    fn new(kind: &str, parameters: Option<&Bound<'_, PyDict>>) -> Result<Self> {
        let read = |known: [(&str, f64); 2]| read_parameters(kind, known, parameters);
        Ok(match kind {
            "zeros" => {
                read([("", 0.0); 2])?;
                Self::Constant { value: 0.0 }
            }
            "constant" => Self::Constant { value: read([("value", 0.0), ("", 0.0)])?[0] },
            "uniform" => {
                let [low, high] = read([("low", 0.0), ("high", 1.0)])?;
                if low > high || !(high - low).is_finite() {
                    return value_error!("uniform: expected `low` not above `high`, got {low} and {high}");
                }
                Self::Uniform { low, high }
            }
            "normal" | "truncated_normal" => {
                let [mean, deviation] = read([("mean", 0.0), ("deviation", 1.0)])?;
                if deviation < 0.0 {
                    return value_error!("{kind}: expected `deviation` of 0 or more, got {deviation}");
                }
                if kind == "normal" {
                    Self::Normal { mean, deviation }
                } else {
                    Self::TruncatedNormal { mean, deviation }
                }
            }
            "orthogonal" => Self::Orthogonal { gain: read([("gain", 1.0), ("", 0.0)])?[0] },
            _ => {
                let known = "zeros, constant, uniform, normal, truncated_normal, orthogonal";
                return name_error!("initialize: expected `kind` to be one of {known}, got {kind:?}");
            }
        })
    }

    fn fill<E: Element>(self, stream: Stream, columns: usize, out: &mut [E]) {
        match self {
            Self::Constant { value } => out.fill(E::from_f64(value)),
            Self::Uniform { low, high } => stream.uniform_between(0, low, high, out),
            Self::Normal { mean, deviation } => {
                stream.normal(0, out);
                scale(out, mean, deviation);
            }
            Self::TruncatedNormal { mean, deviation } => {
                stream.truncated_normal(0, out);
                scale(out, mean, deviation);
            }
            Self::Orthogonal { gain } => orthogonal(stream, gain, columns, out),
        }
    }
}

/// A matrix whose rows or columns, whichever are fewer, are orthogonal and as long as the gain.
fn orthogonal<E: Element>(stream: Stream, gain: f64, columns: usize, out: &mut [E]) {
    let rows = out.len() / columns.max(1);
    let (length, tall) = (rows.max(columns), rows > columns);
    let mut vectors = vec![0.0; out.len()];
    stream.normal(0, &mut vectors);
    if vectors.is_empty() {
        return;
    }
    orthonormalize(&mut vectors, length);
    for (index, place) in out.iter_mut().enumerate() {
        let source = if tall { (index % columns) * length + index / columns } else { index };
        *place = E::from_f64(gain * vectors[source]);
    }
}

fn scale<E: Element>(out: &mut [E], mean: f64, deviation: f64) {
    for place in out {
        *place = E::from_f64(mean + deviation * place.to_f64());
    }
}

/// The parameters by name, with defaults for the rest; all are finite. An empty name stands for no parameter.
fn read_parameters(kind: &str, known: [(&str, f64); 2], given: Option<&Bound<'_, PyDict>>) -> Result<[f64; 2]> {
    let mut values = known.map(|(_, default)| default);
    for (name, value) in given.into_iter().flatten() {
        let name: String = name.extract()?;
        let Some(index) = known.iter().position(|(known, _)| *known == name && !known.is_empty()) else {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).filter(|name| !name.is_empty()).collect();
            let expected = if names.is_empty() { "none".to_string() } else { names.join(", ") };
            return name_error!("{kind}: unknown parameter {name:?}; expected {expected}");
        };
        let Some(number) = numbers::number(&value)? else {
            return type_error!("{kind}: expected `{name}` to be a number, got {}", type_name(&value));
        };
        if !number.is_finite() {
            return value_error!("{kind}: expected a finite `{name}`, got {number}");
        }
        values[index] = number;
    }
    Ok(values)
}
