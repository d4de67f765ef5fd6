//! Rows of the caller's array, of any number type and strides: gathered batch by batch, never copied as a whole.

use std::marker::PhantomData;

use tilegrad_kernels::matmul;

use crate::capacity;
use crate::error::{Result, dtype_error, shape_error, value_error};
use crate::memory::AlignedBuffer;
use crate::types::{Array, Dtype, Shape, Type};

/// Declares the kinds of numbers a source may hold.
macro_rules! source_kinds {
    ($($(#[doc = $doc:literal])* $kind:ident $type:ty, $name:literal;)*) => {
        /// The type of a source's numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum SourceKind {
            $($(#[doc = $doc])* $kind,)*
        }

        impl SourceKind {
            /// All kinds.
            pub const ALL: &[SourceKind] = &[$(SourceKind::$kind),*];

            /// The name that NumPy uses.
            pub fn name(self) -> &'static str {
                match self {
                    $(SourceKind::$kind => $name,)*
                }
            }

            /// The size of a number in bytes.
            pub fn size(self) -> usize {
                match self {
                    $(SourceKind::$kind => size_of::<$type>(),)*
                }
            }
        }

        /// Calls a generic expression with the type of the numbers.
        macro_rules! with_source {
            ($value:expr, $source:ident => $body:expr) => {
                match $value {
                    $(SourceKind::$kind => {
                        type $source = $type;
                        $body
                    })*
                }
            };
        }
    };
}

source_kinds! {
    /// Single precision.
    F32 f32, "float32";
    /// Double precision.
    F64 f64, "float64";
    /// Truth values, one byte each.
    Bool u8, "bool";
    /// Whole numbers of 8 bits.
    I8 i8, "int8";
    /// Whole numbers of 16 bits.
    I16 i16, "int16";
    /// Whole numbers of 32 bits.
    I32 i32, "int32";
    /// Whole numbers of 64 bits.
    I64 i64, "int64";
    /// Unsigned whole numbers of 8 bits: images.
    U8 u8, "uint8";
    /// Unsigned whole numbers of 16 bits.
    U16 u16, "uint16";
    /// Unsigned whole numbers of 32 bits.
    U32 u32, "uint32";
    /// Unsigned whole numbers of 64 bits.
    U64 u64, "uint64";
}

/// The smallest batch, in bytes, that is worth prefetching.
const FEWEST_BYTES: usize = 16 << 10;

/// An array whose rows (along the first axis) are read in any order.
#[derive(Clone, Debug)]
pub struct RowSource<'a> {
    pointer: *const u8,
    kind: SourceKind,
    shape: Vec<usize>,
    strides: Vec<isize>,
    scale: Option<f64>,
    /// Whether the numbers of a row are contiguous.
    packed: bool,
    owner: PhantomData<&'a [u8]>,
}

// SAFETY: it represents a shared borrow of plain numbers, which any thread may read.
unsafe impl Send for RowSource<'_> {}
// SAFETY: as above.
unsafe impl Sync for RowSource<'_> {}

impl<'a> RowSource<'a> {
    /// The rows of an array with these strides in bytes (any sign, any alignment). Numbers are multiplied by `scale`.
    ///
    /// # Safety
    /// All elements that shape and strides address must be readable memory of this kind for `'a`.
    pub unsafe fn from_raw(
        pointer: *const u8,
        kind: SourceKind,
        shape: &[usize],
        strides: &[isize],
        scale: Option<f64>,
    ) -> Self {
        assert!(!shape.is_empty() && shape.len() == strides.len());
        let (mut packed, mut step) = (true, kind.size());
        for (&count, &stride) in shape[1..].iter().zip(&strides[1..]).rev() {
            packed &= count == 1 || usize::try_from(stride) == Ok(step);
            step *= count;
        }
        Self { pointer, kind, shape: shape.to_vec(), strides: strides.to_vec(), scale, packed, owner: PhantomData }
    }

    /// The rows of a contiguous array; its first axis is `count`.
    pub fn new(array: Array<'a>, count: usize) -> Self {
        assert!(count > 0 && array.len().is_multiple_of(count));
        let kind = match array {
            Array::F32(_) => SourceKind::F32,
            Array::F64(_) => SourceKind::F64,
            Array::I32(_) => SourceKind::I32,
        };
        let columns = array.len() / count;
        let size = isize::try_from(kind.size()).expect("a few bytes");
        let stride = size * isize::try_from(columns).expect("the array lies in memory");
        // SAFETY: a contiguous array of `count` times `columns` numbers of this kind, borrowed for 'a.
        unsafe { Self::from_raw(array.pointer(), kind, &[count, columns], &[stride, size], None) }
    }

    /// Number of rows.
    pub fn count(&self) -> usize {
        self.shape[0]
    }

    /// Numbers in a row.
    pub fn row_len(&self) -> usize {
        self.shape[1..].iter().product()
    }

    /// An error unless batches of this source can fill an input of this type.
    pub(crate) fn check(&self, function: &str, name: &str, input: &Type, batch: usize) -> Result<()> {
        if input.dtype == Dtype::I32 && matches!(self.kind, SourceKind::F32 | SourceKind::F64) {
            return dtype_error!("{function}: expected `{name}` of an integer dtype, got dtype {}", self.kind.name());
        }
        if input.len() != batch * self.row_len() || input.shape.first() != Some(&batch) {
            let (rows, expected) = (Shape(&self.shape[1..]), Shape(&input.shape));
            return shape_error!(
                "{function}: expected rows of `{name}` that fill {expected}, got {batch} rows of shape {rows}"
            );
        }
        Ok(())
    }

    /// Writes the rows listed in `order`, one after the other.
    pub(crate) fn gather(&self, order: impl Iterator<Item = usize>, batch: &mut Batch) -> Result<()> {
        let scale = self.scale;
        with_source!(self.kind, Source => match batch.kind.dtype {
            Dtype::F32 => {
                let factor = scale.map(|scale| scale as f32);
                let out = batch.numbers::<f32>();
                match factor {
                    Some(factor) => self.fill(order, out, |x: Source| Some(convert::single(x) * factor)),
                    None => self.fill(order, out, |x: Source| Some(convert::single(x))),
                }
            }
            Dtype::F64 => {
                let out = batch.numbers::<f64>();
                match scale {
                    Some(factor) => self.fill(order, out, |x: Source| Some(convert::double(x) * factor)),
                    None => self.fill(order, out, |x: Source| Some(convert::double(x))),
                }
            }
            Dtype::I32 => self.fill(order, batch.numbers::<i32>(), |x: Source| convert::label(x)),
        })
    }

    /// Announces to the preceding work that these rows are read next.
    pub(crate) fn name_next(&self, order: impl ExactSizeIterator<Item = usize>) {
        // Numbers that are not contiguous touch too many cache lines for what is read of them; a few load just as fast
        // by themselves.
        let row = self.row_len() * self.kind.size();
        let bytes = if self.packed && order.len() * row >= FEWEST_BYTES { row } else { 0 };
        let start = |row: usize| self.pointer.addr().wrapping_add(row.wrapping_mul(self.strides[0].cast_unsigned()));
        matmul::name_rows(order.map(start), bytes);
    }

    fn fill<S: Copy, T>(
        &self,
        order: impl Iterator<Item = usize>,
        out: &mut [T],
        convert: impl Fn(S) -> Option<T>,
    ) -> Result<()> {
        debug_assert_eq!(size_of::<S>(), self.kind.size());
        let width = self.row_len();
        for (row, out) in order.zip(out.chunks_exact_mut(width.max(1))) {
            assert!(row < self.shape[0]);
            let offset = isize::try_from(row).expect("fewer rows than bytes") * self.strides[0];
            // SAFETY: the row belongs to the array; whoever created `self` guaranteed that its memory is valid.
            let start = unsafe { self.pointer.offset(offset) };
            let fits = if self.packed {
                // SAFETY: a packed row holds `width` contiguous numbers.
                let at = |index: usize| unsafe { start.cast::<S>().add(index).read_unaligned() };
                out.iter_mut().enumerate().all(|(index, out)| put(out, convert(at(index))))
            } else {
                self.walk(start, out, &convert)
            };
            if !fits {
                return value_error!("run_epoch: expected labels that fit into 32 bits, got a larger one");
            }
        }
        Ok(())
    }

    /// A row whose numbers are not contiguous, in C order.
    fn walk<S: Copy, T>(&self, start: *const u8, out: &mut [T], convert: &impl Fn(S) -> Option<T>) -> bool {
        let mut fits = true;
        for (index, out) in out.iter_mut().enumerate() {
            let (mut rest, mut offset) = (index, 0);
            for (&count, &stride) in self.shape[1..].iter().zip(&self.strides[1..]).rev() {
                offset += isize::try_from(rest % count).expect("fewer numbers than bytes") * stride;
                rest /= count;
            }
            // SAFETY: the index is within the shape; whoever created `self` guaranteed that the memory of all elements
            // is valid.
            fits &= put(out, convert(unsafe { start.offset(offset).cast::<S>().read_unaligned() }));
        }
        fits
    }
}

#[inline(always)]
fn put<T>(place: &mut T, value: Option<T>) -> bool {
    match value {
        Some(value) => {
            *place = value;
            true
        }
        None => false,
    }
}

/// Conversions between kinds of numbers.
mod convert {
    /// Declares a conversion of every kind.
    macro_rules! conversion {
        ($function:ident, $trait:ident, $target:ty, |$x:ident| $value:expr, $($source:ty)*) => {
            pub(super) trait $trait {
                fn get(self) -> $target;
            }
            $(impl $trait for $source {
                #[inline(always)]
                #[allow(clippy::unnecessary_fallible_conversions, clippy::useless_conversion)]
                fn get(self) -> $target {
                    let $x = self;
                    $value
                }
            })*
            #[inline(always)]
            pub(super) fn $function<S: $trait>(x: S) -> $target {
                x.get()
            }
        };
    }
    conversion!(single, Single, f32, |x| x as f32, f32 f64 i8 i16 i32 i64 u8 u16 u32 u64);
    conversion!(double, Double, f64, |x| x as f64, f32 f64 i8 i16 i32 i64 u8 u16 u32 u64);
    conversion!(label, Label, Option<i32>, |x| i32::try_from(x).ok(), i8 i16 i32 i64 u8 u16 u32 u64);

    // Floats are not labels; `RowSource::check` has rejected them before.
    impl Label for f32 {
        fn get(self) -> Option<i32> {
            None
        }
    }
    impl Label for f64 {
        fn get(self) -> Option<i32> {
            None
        }
    }
}

/// Memory for the rows of one input.
#[derive(Debug)]
pub(crate) struct Batch {
    kind: Type,
    buffer: AlignedBuffer,
}

impl Batch {
    /// Memory for an input of this type, or an error.
    pub(crate) fn new(kind: &Type) -> Result<Self> {
        let (bytes, hint) = (kind.bytes(), "a smaller one needs less");
        capacity::require("run", "batch_size", "rows", bytes, hint)?;
        match AlignedBuffer::try_zeroed(bytes) {
            Some(buffer) => Ok(Self { kind: kind.clone(), buffer }),
            None => Err(capacity::refusal("run", "batch_size", "rows", bytes, None, hint)),
        }
    }

    fn numbers<T>(&mut self) -> &mut [T] {
        assert_eq!(size_of::<T>(), self.kind.dtype.size());
        // SAFETY: the buffer holds that many numbers of this size, aligned to 64 bytes; any bits are a number.
        unsafe { std::slice::from_raw_parts_mut(self.buffer.pointer().cast(), self.kind.len()) }
    }

    /// The numbers of the first `rows` rows, as an input of that many rows.
    pub(crate) fn array(&self, len: usize) -> Array<'_> {
        assert!(len <= self.kind.len());
        let pointer = self.buffer.pointer_to_read();
        // SAFETY: as for `numbers`.
        unsafe {
            match self.kind.dtype {
                Dtype::F32 => Array::F32(std::slice::from_raw_parts(pointer.cast(), len)),
                Dtype::F64 => Array::F64(std::slice::from_raw_parts(pointer.cast(), len)),
                Dtype::I32 => Array::I32(std::slice::from_raw_parts(pointer.cast(), len)),
            }
        }
    }
}
