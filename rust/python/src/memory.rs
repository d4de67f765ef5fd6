//! Memory that Rust computes in and Python can see: aligned to a cache line, zeroed, kept alive by every view of it.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use pyo3::prelude::*;

use crate::arrays::Array;
use crate::errors::{Refusal, Result, value_error};
use crate::kinds::{Kind, Number};
use crate::numbers::Whole;

const ALIGNMENT: usize = 64;

/// An aligned block; it is the base of the arrays that view it.
#[pyclass(frozen, module = "tilegrad._core", name = "_Memory")]
pub(crate) struct Memory {
    start: NonNull<u8>,
    layout: Layout,
    kind: Kind,
    len: usize,
}

// SAFETY: a block of plain numbers; who may write when is decided by the owners of the views, as for every NumPy array.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// This many zeros. The system provides them page by page, when they are first touched.
    pub(crate) fn zeros(len: usize, kind: Kind) -> Result<Self> {
        let too_large =
            || Refusal::Memory(format!("aligned_zeros: expected a `count` that fits into memory, got {len}"));
        let bytes = len.checked_mul(kind.size()).filter(|&bytes| bytes <= isize::MAX as usize / 2);
        let layout =
            Layout::from_size_align(bytes.ok_or_else(too_large)?.max(1), ALIGNMENT).map_err(|_| too_large())?;
        // SAFETY: the layout is not empty.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or_else(too_large)?;
        Ok(Self { start, layout, kind, len })
    }

    /// This many numbers, all equal.
    pub(crate) fn filled(len: usize, kind: Kind, number: f64) -> Result<Self> {
        let block = Self::zeros(len, kind)?;
        // The memory is zero already, without a page being touched.
        if number != 0.0 {
            // SAFETY: nobody else knows of the block yet.
            unsafe {
                match kind {
                    Kind::F32 => block.slice_mut::<f32>().fill(number as f32),
                    _ => block.slice_mut::<f64>().fill(number),
                }
            }
        }
        Ok(block)
    }

    /// Number of elements.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Address of the first element.
    pub(crate) fn address(&self) -> usize {
        self.start.as_ptr() as usize
    }

    /// All elements, for writing.
    ///
    /// # Safety
    /// Nobody else may use the memory through Rust meanwhile: the caller holds the lock of the state it belongs to.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn slice_mut<E: Number>(&self) -> &mut [E] {
        assert!(E::KIND == self.kind);
        // SAFETY: there are this many initialised elements of this kind, aligned, until `self` is dropped.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().cast(), self.len) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, freed once.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

/// A writable array that views a part of the memory and keeps it alive.
pub(crate) fn view<'py>(memory: &Bound<'py, Memory>, offset: usize, shape: &[usize]) -> Result<Array<'py>> {
    let block = memory.get();
    let len: usize = shape.iter().product();
    assert!(offset + len <= block.len);
    // SAFETY: the part lies inside the block, checked above, and the array's base keeps the block alive.
    unsafe {
        let start = block.start.as_ptr().add(offset * block.kind.size());
        Array::over_memory(memory.clone().into_any(), start, shape, block.kind)
    }
}

/// A new one-dimensional array of zeros whose first element is aligned to 64 bytes.
#[pyfunction]
pub(crate) fn aligned_zeros<'py>(py: Python<'py>, count: Whole, dtype: &str) -> Result<Bound<'py, PyAny>> {
    let Ok(len) = usize::try_from(count.0) else {
        return value_error!("aligned_zeros: expected `count` of 0 or more, got {}", count.0);
    };
    let memory = Bound::new(py, Memory::zeros(len, Kind::from_name("aligned_zeros", dtype)?)?)?;
    Ok(view(&memory, 0, &[len])?.into_object())
}
