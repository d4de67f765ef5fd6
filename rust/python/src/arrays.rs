//! NumPy arrays at the boundary: their fields are read and checked here, and nowhere else.
//!
//! The borrow checking of the numpy crate is left out on purpose: it only knows arrays borrowed through it, costs more
//! than a small kernel, and its usual calls panic on an array that is read-only or passed twice. What matters is
//! checked by hand: type, dtype, byte order, alignment, layout, writability and overlap.

use std::ffi::c_int;
use std::ptr;

use numpy::npyffi::{self, NPY_ORDER, PY_ARRAY_API, PyArrayObject, PyArrayObject_fields};
use pyo3::prelude::*;

use crate::arguments::type_name;
use crate::errors::{Error, Result, type_error};
use crate::kinds::{Kind, Number};

/// An object that has been checked to be an array.
#[derive(Clone)]
pub(crate) struct Array<'py> {
    object: Bound<'py, PyAny>,
}

impl<'py> Array<'py> {
    /// The object as an array; an error that names function and argument if it is not an array.
    #[inline]
    pub(crate) fn new(function: &str, argument: &str, object: &Bound<'py, PyAny>) -> Result<Self> {
        // SAFETY: the interpreter lock is held, the pointer is a live object.
        if unsafe { npyffi::PyArray_CheckExact(object.py(), object.as_ptr()) } != 0 {
            return Ok(Self { object: object.clone() });
        }
        Self::subclass(function, argument, object)
    }

    /// The object if it is an array, but not of a subclass.
    #[inline]
    pub(crate) fn exact(object: &Bound<'py, PyAny>) -> Option<Self> {
        // SAFETY: as for `new`.
        (unsafe { npyffi::PyArray_CheckExact(object.py(), object.as_ptr()) } != 0)
            .then(|| Self { object: object.clone() })
    }

    #[cold]
    fn subclass(function: &str, argument: &str, object: &Bound<'py, PyAny>) -> Result<Self> {
        let kind = type_name(object);
        // SAFETY: as above.
        if unsafe { npyffi::PyArray_Check(object.py(), object.as_ptr()) } == 0 {
            return type_error!(
                "{function}: expected `{argument}` to be a NumPy array, got {kind}; numpy.asarray makes one"
            );
        }
        // Its mask would be lost silently.
        if object.hasattr("mask")? {
            return type_error!(
                "{function}: expected `{argument}` without a mask, got {kind}; fill or drop what is masked"
            );
        }
        Ok(Self { object: object.clone() })
    }

    /// A new array of this shape; its elements are uninitialised.
    pub(crate) fn empty(py: Python<'py>, shape: &[usize], kind: Kind) -> Result<Self> {
        // SAFETY: without memory of its own, NumPy allocates it.
        unsafe { Self::from_descriptor(py, shape, kind, ptr::null_mut(), 0) }
    }

    /// A new array with the shape, dtype and, if it has one, the order of this array; its elements are uninitialised.
    pub(crate) fn empty_like(&self, order: NPY_ORDER) -> Result<Self> {
        let py = self.object.py();
        // SAFETY: the prototype is a live array.
        let pointer = unsafe { PY_ARRAY_API.PyArray_NewLikeArray(py, self.raw(), order, ptr::null_mut(), 0) };
        Self::from_owned(py, pointer)
    }

    /// A copy in C order, aligned.
    pub(crate) fn contiguous_copy(&self) -> Result<Self> {
        let copy = self.empty_like(NPY_ORDER::NPY_CORDER)?;
        copy.assign(self)?;
        Ok(copy)
    }

    /// This array if it is aligned and in C order, otherwise a copy that is.
    pub(crate) fn contiguous(&self) -> Result<Self> {
        if self.is_c_contiguous() && self.is_aligned() { Ok(self.clone()) } else { self.contiguous_copy() }
    }

    /// Copies the elements of another array of the same shape into this one, whatever their layouts.
    pub(crate) fn assign(&self, source: &Array<'py>) -> Result<()> {
        // SAFETY: both are live arrays; NumPy checks shapes and dtypes itself.
        let code = unsafe { PY_ARRAY_API.PyArray_CopyInto(self.object.py(), self.raw(), source.raw()) };
        if code == 0 { Ok(()) } else { Err(Error::Python(PyErr::fetch(self.object.py()))) }
    }

    /// An array over memory that `owner` keeps alive.
    ///
    /// # Safety
    /// The memory must hold that many elements of this kind, aligned, for as long as `owner` lives.
    pub(crate) unsafe fn over_memory(
        owner: Bound<'py, PyAny>,
        data: *mut u8,
        shape: &[usize],
        kind: Kind,
    ) -> Result<Self> {
        let py = owner.py();
        // SAFETY: the caller guarantees that the memory is valid, and the base object keeps it so.
        let array = unsafe { Self::from_descriptor(py, shape, kind, data, npyffi::NPY_ARRAY_CARRAY) }?;
        // SAFETY: NumPy takes over the reference to the owner.
        let code = unsafe { PY_ARRAY_API.PyArray_SetBaseObject(py, array.raw(), owner.into_ptr()) };
        if code == 0 { Ok(array) } else { Err(Error::Python(PyErr::fetch(py))) }
    }

    /// An array of this shape over `data`, or over new memory if that is null.
    ///
    /// # Safety
    /// `data` is null, or has that many elements of this kind, aligned, for as long as the array lives.
    unsafe fn from_descriptor(
        py: Python<'py>,
        shape: &[usize],
        kind: Kind,
        data: *mut u8,
        flags: c_int,
    ) -> Result<Self> {
        let mut dimensions: Vec<isize> = shape.iter().map(|&axis| axis as isize).collect();
        // SAFETY: the type number is valid, the number of dimensions is right; NumPy takes over the descriptor. The
        // memory is as the caller says.
        let pointer = unsafe {
            PY_ARRAY_API.PyArray_NewFromDescr(
                py,
                npyffi::get_type_object(py, npyffi::NpyTypes::PyArray_Type),
                PY_ARRAY_API.PyArray_DescrFromType(py, kind.type_number()),
                dimensions.len() as c_int,
                dimensions.as_mut_ptr(),
                ptr::null_mut(),
                data.cast(),
                flags,
                ptr::null_mut(),
            )
        };
        Self::from_owned(py, pointer)
    }

    fn from_owned(py: Python<'py>, pointer: *mut pyo3::ffi::PyObject) -> Result<Self> {
        // SAFETY: a new reference, or null with an exception set.
        let object = unsafe { Bound::from_owned_ptr_or_err(py, pointer) }?;
        Ok(Self { object })
    }

    fn raw(&self) -> *mut PyArrayObject {
        self.object.as_ptr().cast()
    }

    #[inline]
    fn fields(&self) -> &PyArrayObject_fields {
        // SAFETY: a live array object; `self` keeps it so.
        unsafe { &*npyffi::_PyArray_GET_ITEM_DATA(self.raw()) }
    }

    /// The Python object.
    pub(crate) fn object(&self) -> &Bound<'py, PyAny> {
        &self.object
    }

    /// The Python object.
    pub(crate) fn into_object(self) -> Bound<'py, PyAny> {
        self.object
    }

    /// Number of elements along each axis.
    #[inline]
    pub(crate) fn shape(&self) -> &[usize] {
        // SAFETY: there are as many dimensions as NumPy says, none negative.
        unsafe { self.per_axis(self.fields().dimensions.cast()) }
    }

    /// Bytes between neighbours along each axis.
    #[inline]
    pub(crate) fn strides(&self) -> &[isize] {
        // SAFETY: there are as many strides as dimensions.
        unsafe { self.per_axis(self.fields().strides.cast()) }
    }

    /// One of NumPy's lists that have a number for each axis; without axes they may be null.
    ///
    /// # Safety
    /// `first` points to as many numbers as there are axes, which live as long as the array.
    #[inline]
    unsafe fn per_axis<T>(&self, first: *const T) -> &[T] {
        match self.fields().nd {
            0 => &[],
            // SAFETY: as the caller says.
            axes => unsafe { std::slice::from_raw_parts(first, axes as usize) },
        }
    }

    /// Number of elements.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.shape().iter().product()
    }

    /// Address of the first element.
    #[inline]
    pub(crate) fn pointer(&self) -> *mut u8 {
        self.fields().data.cast()
    }

    #[inline]
    fn has(&self, flags: c_int) -> bool {
        self.fields().flags & flags == flags
    }

    /// Whether the elements lie in C order without gaps.
    #[inline]
    pub(crate) fn is_c_contiguous(&self) -> bool {
        self.has(npyffi::NPY_ARRAY_C_CONTIGUOUS)
    }

    /// Whether the elements lie without gaps, in C or Fortran order.
    #[inline]
    pub(crate) fn is_flat(&self) -> bool {
        self.fields().flags & (npyffi::NPY_ARRAY_C_CONTIGUOUS | npyffi::NPY_ARRAY_F_CONTIGUOUS) != 0
            && self.is_aligned()
    }

    /// Whether the elements lie at multiples of their size.
    #[inline]
    pub(crate) fn is_aligned(&self) -> bool {
        self.has(npyffi::NPY_ARRAY_ALIGNED)
    }

    /// Whether the elements may be written to.
    #[inline]
    pub(crate) fn is_writable(&self) -> bool {
        self.has(npyffi::NPY_ARRAY_WRITEABLE)
    }

    /// The type of the elements.
    #[inline]
    pub(crate) fn kind(&self) -> Kind {
        // SAFETY: every array has a descriptor, and `self` keeps both alive.
        let descriptor = unsafe { &*npyffi::_PyDataType_GET_ITEM_DATA(self.fields().descr) };
        let foreign = if cfg!(target_endian = "little") { b'>' } else { b'<' };
        if descriptor.byteorder as u8 == foreign {
            return Kind::Other;
        }
        Kind::from_type_number(descriptor.type_num)
    }

    /// The dtype as NumPy writes it, for error messages.
    pub(crate) fn dtype_name(&self) -> String {
        let name = self.object.getattr("dtype").and_then(|dtype| dtype.str().map(|text| text.to_string()));
        name.unwrap_or_else(|_| "an unknown dtype".to_string())
    }

    /// Whether two arrays of the same shape lie in memory in the same flat order.
    #[inline]
    pub(crate) fn is_parallel(&self, other: &Array<'_>) -> bool {
        self.is_flat() && other.is_flat() && (self.is_c_contiguous() == other.is_c_contiguous())
    }

    /// Whether both refer to the same elements in the same order.
    #[inline]
    pub(crate) fn is_same_view(&self, other: &Array<'_>) -> bool {
        self.pointer() == other.pointer() && self.shape() == other.shape() && self.strides() == other.strides()
    }

    /// Whether they share an element.
    pub(crate) fn overlaps(&self, other: &Array<'py>) -> Result<bool> {
        let ((start, end), (other_start, other_end)) = (self.extent(), other.extent());
        if start >= other_end || other_start >= end {
            return Ok(false);
        }
        if self.is_flat() && other.is_flat() {
            return Ok(true);
        }
        // Columns of one matrix interleave without sharing an element; NumPy finds out exactly, with bounded effort.
        let numpy = self.object.py().import("numpy")?;
        match numpy.call_method1("shares_memory", (&self.object, &other.object, 10_000)) {
            Ok(answer) => Ok(answer.is_truthy()?),
            Err(_) => Ok(true),
        }
    }

    /// Whether two elements of the array may share memory, as in a broadcast view: every axis must step beyond the
    /// reach of those with smaller steps.
    pub(crate) fn overlaps_itself(&self) -> bool {
        if self.is_flat() || self.len() == 0 {
            return false;
        }
        let axes = self.shape().iter().zip(self.strides()).filter(|(axis, _)| **axis > 1);
        let mut axes: Vec<(usize, usize)> = axes.map(|(&axis, stride)| (stride.unsigned_abs(), axis)).collect();
        axes.sort_unstable();
        let mut reach = self.kind().size();
        axes.into_iter().any(|(stride, axis)| {
            let collides = stride < reach;
            reach += (axis - 1) * stride;
            collides
        })
    }

    /// The first address and the one after the last.
    pub(crate) fn extent(&self) -> (usize, usize) {
        let (mut low, mut high) = (self.pointer() as isize, self.pointer() as isize);
        if self.len() == 0 {
            return (low as usize, low as usize);
        }
        for (&axis, &stride) in self.shape().iter().zip(self.strides()) {
            let reach = (axis as isize - 1) * stride;
            low += reach.min(0);
            high += reach.max(0);
        }
        (low as usize, high as usize + self.kind().size())
    }

    /// The elements in memory order. The caller has checked that the array is flat and of this kind.
    #[inline]
    pub(crate) fn slice<E: Number>(&self) -> &[E] {
        debug_assert!(self.kind() == E::KIND && self.is_flat());
        let len = self.len();
        if len == 0 {
            return &[];
        }
        // SAFETY: flat, aligned, of this kind. As everywhere with NumPy, the caller's other threads must not write
        // meanwhile.
        unsafe { std::slice::from_raw_parts(self.pointer().cast(), len) }
    }

    /// The memory of an array in C order.
    pub(crate) fn bytes(&self) -> &[u8] {
        debug_assert!(self.is_c_contiguous() && self.kind() != Kind::Other);
        let len = self.len() * self.kind().size();
        // SAFETY: in C order, so this many bytes lie there; an empty array may point anywhere.
        if len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(self.pointer(), len) } }
    }

    /// The memory of a writable array in C order that nobody else uses meanwhile.
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn bytes_mut(&self) -> &mut [u8] {
        debug_assert!(self.is_c_contiguous() && self.is_writable() && self.kind() != Kind::Other);
        let len = self.len() * self.kind().size();
        // SAFETY: as for `bytes`.
        if len == 0 { &mut [] } else { unsafe { std::slice::from_raw_parts_mut(self.pointer(), len) } }
    }

    /// The elements in memory order, for writing. The caller has checked that the array is flat, writable and of this
    /// kind, and that it overlaps no other slice in use.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn slice_mut<E: Number>(&self) -> &mut [E] {
        debug_assert!(self.kind() == E::KIND && self.is_flat() && self.is_writable());
        let len = self.len();
        if len == 0 {
            return &mut [];
        }
        // SAFETY: as for `slice`; callers check that written arrays overlap nothing else.
        unsafe { std::slice::from_raw_parts_mut(self.pointer().cast(), len) }
    }
}
