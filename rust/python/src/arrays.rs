//! NumPy arrays at the boundary: their fields are read and checked here, and nowhere else.
//!
//! The borrow checking of the numpy crate is left out on purpose: it knows only arrays borrowed through it, costs more than
//! a small kernel, and its usual calls panic on a read-only or doubly passed array. What matters is checked by hand:
//! type, dtype, byte order, alignment, layout, writability and overlap.

use std::ffi::c_int;
use std::ptr;

use numpy::npyffi::{self, NPY_ORDER, PY_ARRAY_API, PyArrayObject, PyArrayObject_fields};
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::errors::{Error, Result, type_error, value_error};

/// What the elements of a NumPy array are, in this machine's byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    F32,
    F64,
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    /// Half, complex, text, objects, records, dates, or a foreign byte order.
    Other,
}

/// An element type that kernels take, as NumPy numbers it.
pub(crate) trait Number: Copy + Default + Send + Sync + 'static {
    const KIND: Kind;
}

impl Number for f32 {
    const KIND: Kind = Kind::F32;
}
impl Number for f64 {
    const KIND: Kind = Kind::F64;
}
impl Number for i32 {
    const KIND: Kind = Kind::I32;
}
impl Number for i64 {
    const KIND: Kind = Kind::I64;
}

/// An array, known to be one.
#[derive(Clone)]
pub(crate) struct Array<'py> {
    object: Bound<'py, PyAny>,
}

impl<'py> Array<'py> {
    /// The object as an array; a sentence naming function and argument if it is none.
    #[inline]
    pub(crate) fn new(function: &str, argument: &str, object: &Bound<'py, PyAny>) -> Result<Self> {
        // SAFETY: the interpreter lock is held, the pointer is a live object.
        if unsafe { npyffi::PyArray_CheckExact(object.py(), object.as_ptr()) } != 0 {
            return Ok(Self { object: object.clone() });
        }
        Self::subclass(function, argument, object)
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
        // Its mask would be lost without a word.
        if object.hasattr("mask")? {
            return type_error!(
                "{function}: expected `{argument}` without a mask, got {kind}; fill or drop what is masked"
            );
        }
        Ok(Self { object: object.clone() })
    }

    /// A new array of this shape; its numbers are not set.
    pub(crate) fn empty(py: Python<'py>, shape: &[usize], kind: Kind) -> Result<Self> {
        let mut dimensions: Vec<isize> = shape.iter().map(|&axis| axis as isize).collect();
        // SAFETY: the type number is valid, the dimensions are as many as said; NumPy takes over the descriptor.
        let pointer = unsafe {
            let descriptor = PY_ARRAY_API.PyArray_DescrFromType(py, kind.type_number());
            let array_type = npyffi::get_type_object(py, npyffi::NpyTypes::PyArray_Type);
            let (count, data) = (dimensions.len() as c_int, ptr::null_mut());
            PY_ARRAY_API.PyArray_NewFromDescr(
                py,
                array_type,
                descriptor,
                count,
                dimensions.as_mut_ptr(),
                ptr::null_mut(),
                data,
                0,
                ptr::null_mut(),
            )
        };
        Self::from_owned(py, pointer)
    }

    /// A new array with the shape, dtype and, as far as it has one, the order of this one; its numbers are not set.
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

    /// This array if it is aligned and in C order, else a copy that is.
    pub(crate) fn contiguous(&self) -> Result<Self> {
        if self.is_c_contiguous() && self.is_aligned() { Ok(self.clone()) } else { self.contiguous_copy() }
    }

    /// Copies the numbers of another array of the same shape into this one, whatever their layouts.
    pub(crate) fn assign(&self, source: &Array<'py>) -> Result<()> {
        // SAFETY: both are live arrays; NumPy checks shapes and dtypes itself.
        let code = unsafe { PY_ARRAY_API.PyArray_CopyInto(self.object.py(), self.raw(), source.raw()) };
        if code == 0 { Ok(()) } else { Err(Error::Python(PyErr::fetch(self.object.py()))) }
    }

    /// An array over memory that `owner` keeps alive.
    ///
    /// # Safety
    /// The memory holds that many elements of this kind, aligned, for as long as `owner` lives.
    pub(crate) unsafe fn over_memory(
        owner: Bound<'py, PyAny>,
        data: *mut u8,
        shape: &[usize],
        kind: Kind,
    ) -> Result<Self> {
        let py = owner.py();
        let mut dimensions: Vec<isize> = shape.iter().map(|&axis| axis as isize).collect();
        // SAFETY: as for `empty`; the memory is valid by the caller's word, and the base object keeps it so.
        let array = unsafe {
            let descriptor = PY_ARRAY_API.PyArray_DescrFromType(py, kind.type_number());
            let array_type = npyffi::get_type_object(py, npyffi::NpyTypes::PyArray_Type);
            let (count, flags) = (dimensions.len() as c_int, npyffi::NPY_ARRAY_CARRAY);
            let pointer = PY_ARRAY_API.PyArray_NewFromDescr(
                py,
                array_type,
                descriptor,
                count,
                dimensions.as_mut_ptr(),
                ptr::null_mut(),
                data.cast(),
                flags,
                ptr::null_mut(),
            );
            Self::from_owned(py, pointer)?
        };
        // SAFETY: NumPy takes over the reference to the owner.
        let code = unsafe { PY_ARRAY_API.PyArray_SetBaseObject(py, array.raw(), owner.into_ptr()) };
        if code == 0 { Ok(array) } else { Err(Error::Python(PyErr::fetch(py))) }
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
        let fields = self.fields();
        if fields.nd == 0 {
            return &[];
        }
        // SAFETY: as many dimensions as said, none negative.
        unsafe { std::slice::from_raw_parts(fields.dimensions.cast(), fields.nd as usize) }
    }

    /// Bytes between neighbours along each axis.
    #[inline]
    pub(crate) fn strides(&self) -> &[isize] {
        let fields = self.fields();
        if fields.nd == 0 {
            return &[];
        }
        // SAFETY: as many strides as dimensions.
        unsafe { std::slice::from_raw_parts(fields.strides.cast(), fields.nd as usize) }
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

    /// What the elements are.
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

    /// The dtype as NumPy spells it, for sentences.
    pub(crate) fn dtype_name(&self) -> String {
        let name = self.object.getattr("dtype").and_then(|dtype| dtype.str().map(|text| text.to_string()));
        name.unwrap_or_else(|_| "an unknown dtype".to_string())
    }

    /// Whether two arrays of the same shape lie in memory in the same flat order.
    #[inline]
    pub(crate) fn is_parallel(&self, other: &Array<'_>) -> bool {
        self.is_flat() && other.is_flat() && (self.is_c_contiguous() == other.is_c_contiguous())
    }

    /// Whether both name the same elements in the same order.
    #[inline]
    pub(crate) fn is_same_view(&self, other: &Array<'_>) -> bool {
        self.pointer() == other.pointer() && self.shape() == other.shape() && self.strides() == other.strides()
    }

    /// Whether some element belongs to both.
    pub(crate) fn overlaps(&self, other: &Array<'py>) -> Result<bool> {
        let ((start, end), (other_start, other_end)) = (self.extent(), other.extent());
        if start >= other_end || other_start >= end {
            return Ok(false);
        }
        if self.is_flat() && other.is_flat() {
            return Ok(true);
        }
        // Columns of one matrix interleave without sharing an element; NumPy finds out exactly, within bounds.
        let numpy = self.object.py().import("numpy")?;
        match numpy.call_method1("shares_memory", (&self.object, &other.object, 10_000)) {
            Ok(answer) => Ok(answer.is_truthy()?),
            Err(_) => Ok(true),
        }
    }

    /// Whether two of its own elements may share memory, as in a broadcast view: each axis must step over the reach of
    /// those with smaller steps.
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

    /// First address and the one after the last.
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

    /// The elements in memory order. The array is flat and of this kind, as checked before.
    #[inline]
    pub(crate) fn slice<E: Number>(&self) -> &[E] {
        debug_assert!(self.kind() == E::KIND && self.is_flat());
        let len = self.len();
        if len == 0 {
            return &[];
        }
        // SAFETY: flat, aligned, of this kind. As everywhere with NumPy, the caller's other threads must not write now.
        unsafe { std::slice::from_raw_parts(self.pointer().cast(), len) }
    }

    /// The memory of an array in C order.
    pub(crate) fn bytes(&self) -> &[u8] {
        debug_assert!(self.is_c_contiguous() && self.kind() != Kind::Other);
        let len = self.len() * self.kind().size();
        // SAFETY: in C order, so this many bytes lie there; an empty array may point anywhere.
        if len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(self.pointer(), len) } }
    }

    /// The memory of a writable array in C order that nobody else uses now.
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn bytes_mut(&self) -> &mut [u8] {
        debug_assert!(self.is_c_contiguous() && self.is_writable() && self.kind() != Kind::Other);
        let len = self.len() * self.kind().size();
        // SAFETY: as for `bytes`.
        if len == 0 { &mut [] } else { unsafe { std::slice::from_raw_parts_mut(self.pointer(), len) } }
    }

    /// The elements in memory order, for writing. The array is flat, writable and of this kind, as checked before, and
    /// overlaps no other slice in use.
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

impl Kind {
    fn from_type_number(number: c_int) -> Kind {
        let long = if size_of::<std::ffi::c_long>() == 8 { (Kind::I64, Kind::U64) } else { (Kind::I32, Kind::U32) };
        match number {
            0 => Kind::Bool,
            1 => Kind::I8,
            2 => Kind::U8,
            3 => Kind::I16,
            4 => Kind::U16,
            5 => Kind::I32,
            6 => Kind::U32,
            7 => long.0,
            8 => long.1,
            9 => Kind::I64,
            10 => Kind::U64,
            11 => Kind::F32,
            12 => Kind::F64,
            _ => Kind::Other,
        }
    }

    fn type_number(self) -> c_int {
        let long_is_wide = size_of::<std::ffi::c_long>() == 8;
        match self {
            Kind::Bool => 0,
            Kind::I8 => 1,
            Kind::U8 => 2,
            Kind::I16 => 3,
            Kind::U16 => 4,
            Kind::I32 => 5,
            Kind::U32 => 6,
            // NumPy's own choice among two names for the same type, so that comparisons of dtypes are quick.
            Kind::I64 => {
                if long_is_wide {
                    7
                } else {
                    9
                }
            }
            Kind::U64 => {
                if long_is_wide {
                    8
                } else {
                    10
                }
            }
            Kind::F32 => 11,
            Kind::F64 => 12,
            Kind::Other => 17,
        }
    }

    /// Bytes an element takes; the largest there is where it is not known.
    pub(crate) fn size(self) -> usize {
        match self {
            Kind::Bool | Kind::I8 | Kind::U8 => 1,
            Kind::I16 | Kind::U16 => 2,
            Kind::F32 | Kind::I32 | Kind::U32 => 4,
            Kind::F64 | Kind::I64 | Kind::U64 => 8,
            Kind::Other => 32,
        }
    }

    /// Single or double precision, or labels, by name.
    pub(crate) fn from_name(function: &str, name: &str) -> Result<Kind> {
        match name {
            "float32" => Ok(Kind::F32),
            "float64" => Ok(Kind::F64),
            "int32" => Ok(Kind::I32),
            _ => type_error!("{function}: expected `dtype` float32, float64 or int32, got {name:?}"),
        }
    }
}

/// A shape as Python writes it.
pub(crate) fn shape_text(shape: &[usize]) -> String {
    match shape {
        [single] => format!("({single},)"),
        axes => format!("({})", axes.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// The class of an object, for sentences.
pub(crate) fn type_name(object: &Bound<'_, PyAny>) -> String {
    let class: Bound<'_, PyType> = object.get_type();
    class.name().map_or_else(|_| "an object".to_string(), |name| name.to_string())
}

/// The array behind an argument, known to be float32 or float64.
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
    Error::Type(format!("{function}: expected `{argument}` of dtype float32 or float64, got {got}; {hint}"))
}

/// The sentence for an array of a dtype that is not taken.
#[cold]
pub(crate) fn type_error_of(function: &str, argument: &str, array: &Array<'_>, expected: &str) -> Error {
    Error::Type(format!("{function}: expected `{argument}` of dtype {expected}, got {}", array.dtype_name()))
}

/// A second operand: of the same shape and dtype as the first, whose name is given too.
pub(crate) fn same_as<'py>(
    function: &str,
    (argument, object): (&str, &Bound<'py, PyAny>),
    (first_name, first): (&str, &Array<'py>),
) -> Result<Array<'py>> {
    let array = Array::new(function, argument, object)?;
    if array.kind() != first.kind() {
        let (expected, got) = (first.dtype_name(), array.dtype_name());
        return type_error!("{function}: expected `{argument}` of dtype {expected}, as `{first_name}`, got {got}");
    }
    if array.shape() != first.shape() {
        let (expected, got) = (shape_text(first.shape()), shape_text(array.shape()));
        return value_error!("{function}: expected `{argument}` of shape {expected}, as `{first_name}`, got {got}");
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
