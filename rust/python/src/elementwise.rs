//! Sweeps over whole arrays of any layout: where the result goes, and what may overlap. The kernels themselves spread
//! long work over the threads.

use numpy::npyffi::NPY_ORDER;
use pyo3::prelude::*;
use tilegrad_kernels::real::Element;

use crate::arguments::{checked_out, real_array, same_as};
use crate::arrays::Array;
use crate::errors::Result;
use crate::kinds::{Kind, Number};
use crate::work;

/// Work that turns one array into another of the same shape, both in C order or both flat.
pub(crate) trait Map: Sync {
    /// Whether rows along the last axis belong together, so that the elements must lie in C order.
    const ROWS: bool = false;
    /// How many elements belong together: 1, or the length of a row.
    fn unit(&self, shape: &[usize]) -> usize {
        let _ = shape;
        1
    }
    /// Writes to another array.
    fn apply<E: Element>(&self, unit: usize, x: &[E], out: &mut [E]);
    /// Works in place.
    fn apply_in_place<E: Element>(&self, unit: usize, x: &mut [E]);
}

/// Work that turns two arrays into a third of the same shape. `out` overlaps neither, or is the first.
pub(crate) trait Zip: Sync {
    /// Whether rows along the last axis belong together, so that the elements must lie in C order.
    const ROWS: bool = false;
    /// How many elements belong together: 1, or the length of a row.
    fn unit(&self, shape: &[usize]) -> usize {
        let _ = shape;
        1
    }
    /// Writes to another array.
    fn apply<E: Element>(&self, unit: usize, x: &[E], y: &[E], out: &mut [E]);
    /// Overwrites the first array.
    fn apply_in_place<E: Element>(&self, unit: usize, x: &mut [E], y: &[E]);
}

/// `map(x)`, into `out` if given.
pub(crate) fn map<'py, M: Map>(
    function: &str,
    map: &M,
    x: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyAny>> {
    let (x, kind) = real_array(function, "x", x)?;
    let out = match out {
        Some(out) => checked_out(function, out, &[("x", &x)])?,
        None => x.empty_like(order(M::ROWS))?,
    };
    match kind {
        Kind::F64 => map_typed::<f64, M>(map, &x, &out)?,
        _ => map_typed::<f32, M>(map, &x, &out)?,
    }
    Ok(out.into_object())
}

/// Rows must stay rows; single elements may stay in any order.
fn order(rows: bool) -> NPY_ORDER {
    if rows { NPY_ORDER::NPY_CORDER } else { NPY_ORDER::NPY_KEEPORDER }
}

fn map_typed<E: Element + Number, M: Map>(map: &M, x: &Array<'_>, out: &Array<'_>) -> Result<()> {
    let unit = map.unit(x.shape());
    let flat = x.is_parallel(out) && (!M::ROWS || x.is_c_contiguous());
    if flat && x.is_same_view(out) {
        map_in_place::<E>(map, unit, out)
    } else if flat {
        let (py, len) = (x.object().py(), x.len());
        let (x, out) = (x.slice::<E>(), out.slice_mut::<E>());
        work::run(py, len, || map.apply(unit, x, out))
    } else {
        let copy = x.contiguous_copy()?;
        map_in_place::<E>(map, unit, &copy)?;
        out.assign(&copy)
    }
}

fn map_in_place<E: Element + Number>(map: &impl Map, unit: usize, x: &Array<'_>) -> Result<()> {
    let (py, len) = (x.object().py(), x.len());
    let x = x.slice_mut::<E>();
    work::run(py, len, || map.apply_in_place(unit, x))
}

/// `zip(gradient, second)`, into `out` if given; `name` is the name of the second argument.
pub(crate) fn zip<'py, Z: Zip>(
    function: &str,
    zip: &Z,
    gradient: &Bound<'py, PyAny>,
    (name, second): (&str, &Bound<'py, PyAny>),
    out: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyAny>> {
    let (gradient, kind) = real_array(function, "gradient", gradient)?;
    let second = same_as(function, (name, second), ("gradient", &gradient))?;
    let out = match out {
        Some(out) => checked_out(function, out, &[("gradient", &gradient), (name, &second)])?,
        None => gradient.empty_like(order(Z::ROWS))?,
    };
    match kind {
        Kind::F64 => zip_typed::<f64, Z>(zip, &gradient, &second, &out)?,
        _ => zip_typed::<f32, Z>(zip, &gradient, &second, &out)?,
    }
    Ok(out.into_object())
}

fn zip_typed<E: Element + Number, Z: Zip>(zip: &Z, x: &Array<'_>, y: &Array<'_>, out: &Array<'_>) -> Result<()> {
    let unit = zip.unit(x.shape());
    let parallel = x.is_parallel(out) && y.is_parallel(out) && (!Z::ROWS || x.is_c_contiguous());
    let overlapping = out.is_same_view(y) || x.overlaps(out)?;
    if parallel && !overlapping {
        let (py, len) = (x.object().py(), x.len());
        let (x, y, out) = (x.slice::<E>(), y.slice::<E>(), out.slice_mut::<E>());
        return work::run(py, len, || zip.apply(unit, x, y, out));
    }
    if parallel && out.is_same_view(x) && !out.is_same_view(y) {
        return zip_in_place::<E>(zip, unit, x, y);
    }
    let (copy, y) = (x.contiguous_copy()?, y.contiguous()?);
    zip_in_place::<E>(zip, unit, &copy, &y)?;
    out.assign(&copy)
}

fn zip_in_place<E: Element + Number>(zip: &impl Zip, unit: usize, x: &Array<'_>, y: &Array<'_>) -> Result<()> {
    let (py, len) = (x.object().py(), x.len());
    let (x, y) = (x.slice_mut::<E>(), y.slice::<E>());
    work::run(py, len, || zip.apply_in_place(unit, x, y))
}
