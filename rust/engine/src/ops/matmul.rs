//! Matrix product.

use tilegrad_kernels::matmul::{Epilogue, Matrix, Store, multiply, workspace_len};

use crate::error::{Result, dtype_error, shape_error};
use crate::operation::{GradientRule, InputGradient, Operation};
use crate::ops::checks::{require_real, types_text};
use crate::ops::tiled::{ReadyProduct, TiledProduct};
use crate::reader::Reader;
use crate::routine::{Routine, Run};
use crate::types::{Attribute, Attributes, Site, Type, Typed, with_element};
use crate::work::Work;

/// `A B` for matrices, either of which may be transposed first; transposing makes no copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatMul {
    /// Whether the first operand is transposed.
    pub a_transposed: bool,
    /// Whether the second operand is transposed.
    pub b_transposed: bool,
}

impl MatMul {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let (a_transposed, b_transposed) = (reader.flag("transpose_a", false)?, reader.flag("transpose_b", false)?);
        reader.finish()?;
        Ok(Self { a_transposed, b_transposed })
    }

    /// The rows, depth and columns of the product.
    pub(crate) fn sizes(self, a: &Type, b: &Type) -> (usize, usize, usize) {
        let (rows, depth) = if self.a_transposed { (a.shape[1], a.shape[0]) } else { (a.shape[0], a.shape[1]) };
        let columns = if self.b_transposed { b.shape[0] } else { b.shape[1] };
        (rows, depth, columns)
    }
}

impl TiledProduct for MatMul {
    type Ready = Views;

    fn ready(self, inputs: &[Type]) -> Views {
        let (a, b) = (&inputs[0], &inputs[1]);
        Views {
            a: (a.shape[0], a.shape[1]),
            b: (b.shape[0], b.shape[1]),
            transposed: (self.a_transposed, self.b_transposed),
        }
    }

    fn scratch(self, inputs: &[Type]) -> usize {
        let (a, b) = (&inputs[0], &inputs[1]);
        let (rows, depth, columns) = self.sizes(a, b);
        // After transposition, the columns of a matrix are as far apart as its rows were: 1 if a row was a single
        // number.
        let (a_row_major, b_row_major) = (!self.a_transposed || a.shape[1] == 1, !self.b_transposed || b.shape[1] == 1);
        with_element!(a.dtype, E => {
            workspace_len::<E>(rows, depth, columns, a_row_major, b_row_major) * std::mem::size_of::<E>()
        })
    }

    /// `2 m n k`.
    fn operations(self, inputs: &[Type]) -> u64 {
        let (rows, depth, columns) = self.sizes(&inputs[0], &inputs[1]);
        2 * (rows * depth * columns) as u64
    }
}

/// The shapes of the operands in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Views {
    a: (usize, usize),
    b: (usize, usize),
    transposed: (bool, bool),
}

impl Views {
    /// The matrices to multiply.
    fn matrices<'a, E: Typed>(&self, a: &'a [E], b: &'a [E]) -> (Matrix<'a, E>, Matrix<'a, E>) {
        let (a, b) = (Matrix::new(a, self.a.0, self.a.1), Matrix::new(b, self.b.0, self.b.1));
        let turn = |matrix: Matrix<'a, E>, turned: bool| if turned { matrix.transposed() } else { matrix };
        (turn(a, self.transposed.0), turn(b, self.transposed.1))
    }
}

impl ReadyProduct for Views {
    fn columns(&self) -> usize {
        if self.transposed.1 { self.b.0 } else { self.b.1 }
    }

    fn run<E: Typed>(&self, a: &[E], b: &[E], epilogue: &mut dyn Epilogue<E>, workspace: &mut [E]) {
        let (a, b) = self.matrices::<E>(a, b);
        multiply(a, b, epilogue, workspace);
    }
}

impl Operation for MatMul {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let [a, b] = inputs else {
            return shape_error!("matmul: expected 2 inputs, got {}", inputs.len());
        };
        require_real("matmul", "a", a)?;
        if a.dtype != b.dtype {
            return dtype_error!("matmul: expected `b` of dtype {}, got dtype {}", a.dtype, b.dtype);
        }
        if a.rank() != 2 || b.rank() != 2 {
            return shape_error!("matmul: expected matrices, got {}", types_text(inputs));
        }
        let (rows, depth, columns) = self.sizes(a, b);
        let b_depth = if self.b_transposed { b.shape[1] } else { b.shape[0] };
        if depth != b_depth {
            let got = types_text(inputs);
            return shape_error!(
                "matmul: expected `b` with {depth} rows to match the columns of `a`, got {b_depth} ({got})"
            );
        }
        Ok(a.with_shape(&[rows, columns]))
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let (a, b, gradient) = (rule.inputs[0], rule.inputs[1], rule.gradient);
        let (a_turned, b_turned) = (self.a_transposed, self.b_transposed);
        // With A' and B' as multiplied: dA' = G B'^T and dB' = A'^T G, transposed back if the operand was transposed.
        let to_a = rule.when_needed(0, |rule| match a_turned {
            false => rule.graph.matmul(gradient, b, (false, !b_turned)),
            true => rule.graph.matmul(b, gradient, (b_turned, true)),
        })?;
        let to_b = rule.when_needed(1, |rule| match b_turned {
            false => rule.graph.matmul(a, gradient, (!a_turned, false)),
            true => rule.graph.matmul(gradient, a, (true, a_turned)),
        })?;
        Ok(vec![to_a, to_b])
    }
}

impl Routine for MatMul {
    fn name(&self) -> &str {
        "matmul"
    }

    fn attributes(&self) -> Attributes {
        let flags = [("transpose_a", self.a_transposed), ("transpose_b", self.b_transposed)];
        flags.into_iter().map(|(name, flag)| (name.to_string(), Attribute::Bool(flag))).collect()
    }

    fn workspace(&self, site: &Site<'_>) -> usize {
        self.scratch(site.inputs)
    }

    fn work(&self, site: &Site<'_>) -> Work {
        Work::moving(site).and(self.operations(site.inputs))
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let product = self.ready(site.inputs);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let mut store = Store::new(call.output::<E>(0), product.columns());
            product.run::<E>(call.input(0), call.input(1), &mut store, call.workspace());
        }))
    }
}
