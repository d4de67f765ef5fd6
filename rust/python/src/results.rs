//! Results of a plan as Python objects: copies of small ones, the plan's own memory for large ones.
//!
//! Copying a large result would touch it twice, and fresh pages from the system cost more than the arithmetic that
//! fills them. So the results take over the memory that a plan computed in, and it comes back when the last of them is
//! gone.

use std::mem::take;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyFloat;
use tilegrad_engine::{AlignedBuffer, Array as Numbers, Plan};

use crate::arrays::Array;
use crate::errors::Result;
use crate::kinds::Kind;

/// Smaller results are copied.
const LARGE: usize = 64 * 1024;

/// Memory that came back, for the next run: at most one block.
type Home = Arc<Mutex<Option<AlignedBuffer>>>;

/// How the results of a plan are returned to Python.
#[derive(Debug, Default)]
pub(crate) struct Results {
    /// Where each result begins in the plan's memory, if it is not copied.
    views: Vec<Option<usize>>,
    home: Home,
}

/// A plan's memory, while results use it.
#[pyclass(frozen, module = "tilegrad._core", name = "_Results")]
struct Held {
    buffer: AlignedBuffer,
    home: Home,
}

impl Drop for Held {
    fn drop(&mut self) {
        let buffer = take(&mut self.buffer);
        self.home.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(buffer);
    }
}

impl Results {
    /// Large results stay where they are if they share no memory and make up most of the plan's memory.
    pub(crate) fn new(plan: &Plan) -> Self {
        let places = (0..plan.output_count()).map(|index| plan.output_place(index));
        let mut views: Vec<Option<usize>> =
            places.clone().map(|place| (place.len() >= LARGE).then_some(place.start)).collect();
        let mut large: Vec<_> = places.filter(|place| place.len() >= LARGE).collect();
        large.sort_unstable_by_key(|place| place.start);
        let apart = large.windows(2).all(|pair| pair[0].end <= pair[1].start);
        let bytes: usize = large.iter().map(ExactSizeIterator::len).sum();
        if !apart || bytes == 0 || bytes < plan.arena_bytes() / 2 {
            views.clear();
        }
        Self { views, home: Home::default() }
    }

    /// Gives returned memory to the plan. Must be called before a run.
    pub(crate) fn prepare(&self, plan: &mut Plan) {
        if !self.views.is_empty()
            && !plan.has_memory()
            && let Some(buffer) = self.home.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            plan.give_memory(buffer);
        }
    }

    /// The results of the last run: single numbers as floats, others as arrays that nobody else uses.
    pub(crate) fn take<'py>(&self, py: Python<'py>, plan: &mut Plan) -> Result<Vec<Bound<'py, PyAny>>> {
        let plain = |plan: &Plan, index| match plan.output(index) {
            numbers if plan.output_shape(index).is_empty() => Ok(PyFloat::new(py, numbers.get(0)).into_any()),
            _ => copy(py, plan, index),
        };
        if self.views.is_empty() {
            return (0..plan.output_count()).map(|index| plain(plan, index)).collect();
        }
        let copies = self.views.iter().enumerate().map(|(index, view)| match view {
            Some(_) => Ok(None),
            None => plain(plan, index).map(Some),
        });
        let copies = copies.collect::<Result<Vec<_>>>()?;
        let mut buffer = plan.take_memory();
        let start = buffer.pointer();
        let held = Bound::new(py, Held { buffer, home: Arc::clone(&self.home) })?;
        let place = |(index, copy): (usize, Option<Bound<'py, PyAny>>)| match (copy, self.views[index]) {
            (Some(copy), _) => Ok(copy),
            (None, None) => unreachable!("a result is a view or was copied"),
            (None, Some(offset)) => {
                let (shape, kind) =
                    (plan.output_shape(index), Kind::from_name("run", plan.output_dtype(index).name())?);
                let first = start.wrapping_add(offset);
                // SAFETY: the plan put a result of this type there, aligned, and separate from the others that are
                // returned (as `new` has checked); the memory lives as long as `held`, and nobody else can reach it.
                let array = unsafe { Array::over_memory(held.clone().into_any(), first, shape, kind) };
                Ok(array?.into_object())
            }
        };
        copies.into_iter().enumerate().map(place).collect()
    }
}

/// Copies of the outputs.
pub(crate) fn copies<'py>(py: Python<'py>, plan: &Plan) -> Result<Vec<Bound<'py, PyAny>>> {
    (0..plan.output_count()).map(|index| copy(py, plan, index)).collect()
}

/// Numbers as a new one-dimensional array.
pub(crate) fn flat<'py>(py: Python<'py>, numbers: Numbers<'_>) -> Result<Bound<'py, PyAny>> {
    filled(py, numbers, &[numbers.len()])
}

fn copy<'py>(py: Python<'py>, plan: &Plan, index: usize) -> Result<Bound<'py, PyAny>> {
    filled(py, plan.output(index), plan.output_shape(index))
}

fn filled<'py>(py: Python<'py>, numbers: Numbers<'_>, shape: &[usize]) -> Result<Bound<'py, PyAny>> {
    let kind = Kind::from_name("run", numbers.dtype().name())?;
    let array = Array::empty(py, shape, kind)?;
    match numbers {
        Numbers::F32(values) => array.slice_mut::<f32>().copy_from_slice(values),
        Numbers::F64(values) => array.slice_mut::<f64>().copy_from_slice(values),
        Numbers::I32(values) => array.slice_mut::<i32>().copy_from_slice(values),
    }
    Ok(array.into_object())
}
