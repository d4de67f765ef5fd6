//! Element types, by their NumPy type numbers.

use std::ffi::c_int;

use crate::errors::{Result, dtype_error};

/// The element type of a NumPy array, in this machine's byte order.
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
    /// Half, complex, text, objects, records, dates, or another byte order.
    Other,
}

/// An element type that kernels accept, with its NumPy type number.
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
macro_rules! labels {
    ($($type:ty, $kind:ident;)*) => {
        $(impl Number for $type {
            const KIND: Kind = Kind::$kind;
        })*
    };
}

labels! { i8, I8; i16, I16; i64, I64; u16, U16; u32, U32; u64, U64; }

impl Kind {
    pub(crate) fn from_type_number(number: c_int) -> Kind {
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

    pub(crate) fn type_number(self) -> c_int {
        let long_is_wide = size_of::<std::ffi::c_long>() == 8;
        match self {
            Kind::Bool => 0,
            Kind::I8 => 1,
            Kind::U8 => 2,
            Kind::I16 => 3,
            Kind::U16 => 4,
            Kind::I32 => 5,
            Kind::U32 => 6,
            // NumPy's own choice of two names for the same type, so that comparisons of dtypes are fast.
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

    /// Size of an element in bytes; the largest possible one if it is not known.
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
            _ => dtype_error!("{function}: expected `dtype` float32, float64 or int32, got {name:?}"),
        }
    }
}
