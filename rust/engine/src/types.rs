//! Types of values, typed slices, and the attributes that operations are made from.

use std::collections::BTreeMap;
use std::fmt;

use tilegrad_kernels::real::Element;

use crate::error::{Error, Result, dtype_error, shape_error};

/// The most axes that a value can have.
pub const MAXIMUM_RANK: usize = 8;

/// The element type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// Class labels.
    I32,
}

impl Dtype {
    /// All dtypes.
    pub const ALL: [Dtype; 3] = [Dtype::F32, Dtype::F64, Dtype::I32];

    /// The size of an element in bytes.
    pub fn size(self) -> usize {
        match self {
            Dtype::F32 | Dtype::I32 => 4,
            Dtype::F64 => 8,
        }
    }

    /// The name that NumPy uses.
    pub fn name(self) -> &'static str {
        match self {
            Dtype::F32 => "float32",
            Dtype::F64 => "float64",
            Dtype::I32 => "int32",
        }
    }

    /// The dtype of this name, or an error that lists the valid ones.
    pub fn from_name(name: &str) -> Result<Dtype> {
        let found = Dtype::ALL.into_iter().find(|dtype| dtype.name() == name);
        found.ok_or_else(|| Error::Dtype(format!("dtype: expected one of float32, float64, int32, got {name:?}")))
    }

    /// Whether values of this dtype have gradients.
    pub fn is_real(self) -> bool {
        self != Dtype::I32
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Shape and dtype of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// Number of elements along each axis, the last one contiguous.
    pub shape: Vec<usize>,
    /// The type of the elements.
    pub dtype: Dtype,
}

impl Type {
    /// The type of this shape and dtype.
    pub fn new(shape: &[usize], dtype: Dtype) -> Self {
        Self { shape: shape.to_vec(), dtype }
    }

    /// The same dtype with another shape.
    pub fn with_shape(&self, shape: &[usize]) -> Self {
        Self::new(shape, self.dtype)
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of bytes.
    pub fn bytes(&self) -> usize {
        self.len() * self.dtype.size()
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype, Shape(&self.shape))
    }
}

/// A shape as Python writes it: `()`, `(3,)`, `(2, 3)`.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a>(pub &'a [usize]);

impl fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [single] => write!(f, "({single},)"),
            axes => {
                f.write_str("(")?;
                for (index, axis) in axes.iter().enumerate() {
                    write!(f, "{}{axis}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
        }
    }
}

/// An error unless the argument has one of these types: about its dtype if that is wrong, otherwise about its shape.
pub(crate) fn require_type(function: &str, argument: &str, got: &Type, expected: &[&Type]) -> Result<()> {
    if expected.contains(&got) {
        return Ok(());
    }
    let first = expected[0];
    if got.dtype != first.dtype {
        return dtype_error!("{function}: expected `{argument}` of dtype {}, got dtype {}", first.dtype, got.dtype);
    }
    let hint = if got.len() == first.len() { "; reshape one of them" } else { "" };
    let (wanted, got) = (Shape(&first.shape), Shape(&got.shape));
    shape_error!("{function}: expected `{argument}` of shape {wanted}, got {got}{hint}")
}

/// A borrowed slice with its type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Array<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
    /// Class labels.
    I32(&'a [i32]),
}

impl Array<'_> {
    /// The type of the elements.
    pub fn dtype(&self) -> Dtype {
        match self {
            Array::F32(_) => Dtype::F32,
            Array::F64(_) => Dtype::F64,
            Array::I32(_) => Dtype::I32,
        }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Array::F32(values) => values.len(),
            Array::F64(values) => values.len(),
            Array::I32(values) => values.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Address of the first element.
    pub(crate) fn pointer(&self) -> *const u8 {
        match self {
            Array::F32(values) => values.as_ptr().cast(),
            Array::F64(values) => values.as_ptr().cast(),
            Array::I32(values) => values.as_ptr().cast(),
        }
    }

    /// The element as a double.
    pub fn get(&self, index: usize) -> f64 {
        match self {
            Array::F32(values) => f64::from(values[index]),
            Array::F64(values) => values[index],
            Array::I32(values) => f64::from(values[index]),
        }
    }

    /// All elements as doubles.
    pub fn to_f64(&self) -> Vec<f64> {
        (0..self.len()).map(|index| self.get(index)).collect()
    }

    /// Copies the elements.
    pub fn to_values(&self) -> Values {
        match self {
            Array::F32(values) => Values::F32(values.to_vec()),
            Array::F64(values) => Values::F64(values.to_vec()),
            Array::I32(values) => Values::I32(values.to_vec()),
        }
    }
}

/// The elements of a constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
    /// Class labels.
    I32(Vec<i32>),
}

impl Values {
    /// The same number `count` times.
    pub fn filled(dtype: Dtype, count: usize, value: f64) -> Self {
        match dtype {
            Dtype::F32 => Values::F32(vec![value as f32; count]),
            Dtype::F64 => Values::F64(vec![value; count]),
            Dtype::I32 => Values::I32(vec![value as i32; count]),
        }
    }

    /// The elements.
    pub fn array(&self) -> Array<'_> {
        match self {
            Values::F32(values) => Array::F32(values),
            Values::F64(values) => Array::F64(values),
            Values::I32(values) => Array::I32(values),
        }
    }
}

/// An element type together with its dtype.
pub trait Typed: Element {
    /// The type of the elements.
    const DTYPE: Dtype;
}

impl Typed for f32 {
    const DTYPE: Dtype = Dtype::F32;
}

impl Typed for f64 {
    const DTYPE: Dtype = Dtype::F64;
}

/// An argument of an operation that is not a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// A word.
    Text(String),
    /// Whole numbers: axes, shapes.
    Ints(Vec<i64>),
    /// Numbers.
    Floats(Vec<f64>),
}

/// Attributes by name.
pub type Attributes = BTreeMap<String, Attribute>;

/// What a routine knows when it is compiled: the types of its operands, and which of them share memory.
#[derive(Debug)]
pub struct Site<'a> {
    /// Types of the operands that are read.
    pub inputs: &'a [Type],
    /// Types of the results.
    pub outputs: &'a [Type],
    /// The input whose memory the first result takes over, if any: the routine then works in place.
    pub in_place: Option<usize>,
}

impl Site<'_> {
    /// Dtype of the first result.
    pub fn dtype(&self) -> Dtype {
        self.outputs[0].dtype
    }
}

/// Calls a generic expression with the element type of a dtype; labels are not numbers that one computes with.
macro_rules! with_element {
    ($dtype:expr, $element:ident => $body:expr) => {
        match $dtype {
            $crate::types::Dtype::F64 => {
                type $element = f64;
                $body
            }
            _ => {
                type $element = f32;
                $body
            }
        }
    };
}
pub(crate) use with_element;
