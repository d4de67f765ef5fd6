//! Functions of one and of two values, element by element, broadcast as in NumPy.

use tilegrad_kernels::arithmetic::{BinaryFunction, Broadcast, UnaryFunction, broadcast_shape};

use crate::error::{Result, dtype_error, shape_error};
use crate::graph::ValueId;
use crate::operation::{GradientRule, InputGradient, Operation};
use crate::ops::checks::{one_real_input, require_real};
use crate::routine::{Routine, Run};
use crate::types::{Shape, Site, Type, with_element};

/// A function of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binary(pub BinaryFunction);

impl Operation for Binary {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let name = self.name();
        let [left, right] = inputs else {
            return shape_error!("{name}: expected 2 inputs, got {}", inputs.len());
        };
        require_real(name, "left", left)?;
        if left.dtype != right.dtype {
            return dtype_error!("{name}: expected `right` of dtype {}, got dtype {}", left.dtype, right.dtype);
        }
        match broadcast_shape(&left.shape, &right.shape) {
            Some(shape) => Ok(left.with_shape(&shape)),
            None => shape_error!(
                "{name}: expected shapes that broadcast, got {} and {}; axes are aligned at the last one and must be equal or 1",
                Shape(&left.shape),
                Shape(&right.shape)
            ),
        }
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let (x, y) = (rule.inputs[0], rule.inputs[1]);
        let sides = [x, y].map(|input| rule.graph.shape(input).to_vec());
        let mut slopes = Vec::with_capacity(2);
        for (side, shape) in sides.iter().enumerate() {
            if self.is_level(side) {
                slopes.push(InputGradient::Zero);
                continue;
            }
            slopes.push(rule.when_needed(side, |rule| {
                let slope = self.slope(rule, side, x, y)?;
                rule.graph.sum_to(slope, shape)
            })?);
        }
        Ok(slopes)
    }
}

impl Binary {
    /// Whether it is piecewise constant in this operand.
    fn is_level(self, side: usize) -> bool {
        use BinaryFunction::{Equal, LargerShare, PreluSlope};
        matches!((self.0, side), (LargerShare | Equal, _) | (PreluSlope, 0))
    }

    /// The gradient that arrives at one operand, before the sum over broadcast axes.
    fn slope(self, rule: &mut GradientRule<'_>, side: usize, x: ValueId, y: ValueId) -> Result<ValueId> {
        use BinaryFunction::{
            Add, Divide, Equal, LargerShare, Maximum, Minimum, Multiply, Power, Prelu, PreluSlope, Subtract,
        };
        let (gradient, output) = (rule.gradient, rule.output);
        let graph = &mut *rule.graph;
        match (self.0, side) {
            (Add, _) | (Subtract, 0) => Ok(gradient),
            (Subtract, _) => graph.negative(gradient),
            (Multiply, 0) => graph.multiply(gradient, y),
            (Multiply, _) => graph.multiply(gradient, x),
            (Divide, 0) => graph.divide(gradient, y),
            (Divide, _) => {
                // d(x / y)/dy = -(x / y) / y.
                let ratio = graph.divide(output, y)?;
                let slope = graph.multiply(gradient, ratio)?;
                graph.negative(slope)
            }
            (Power, 0) => {
                let one = graph.scalar(1.0, graph.dtype(y));
                let exponent = graph.subtract(y, one)?;
                let power = graph.binary(Power, x, exponent)?;
                let slope = graph.multiply(y, power)?;
                graph.multiply(gradient, slope)
            }
            (Power, _) => {
                let logarithm = graph.unary(UnaryFunction::Log, x)?;
                let slope = graph.multiply(output, logarithm)?;
                graph.multiply(gradient, slope)
            }
            (Maximum, 0) | (Minimum, 1) => {
                let share = graph.binary(LargerShare, x, y)?;
                graph.multiply(gradient, share)
            }
            (Maximum | Minimum, _) => {
                let share = graph.binary(LargerShare, y, x)?;
                graph.multiply(gradient, share)
            }
            (Prelu, 0) => {
                let slope = graph.binary(PreluSlope, x, y)?;
                graph.multiply(gradient, slope)
            }
            (Prelu, _) => {
                let zero = graph.scalar(0.0, graph.dtype(x));
                let below = graph.binary(Minimum, x, zero)?;
                graph.multiply(gradient, below)
            }
            (PreluSlope, 1) => {
                // 1 where x is not above zero: the difference between 1 and the slope with y = 0.
                let (zero, one) = (graph.scalar(0.0, graph.dtype(x)), graph.scalar(1.0, graph.dtype(x)));
                let above = graph.binary(PreluSlope, x, zero)?;
                let below = graph.subtract(one, above)?;
                graph.multiply(gradient, below)
            }
            (LargerShare | Equal | PreluSlope, _) => unreachable!("constant almost everywhere: their slope is zero"),
        }
    }
}

impl Routine for Binary {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn in_place(&self) -> &'static [usize] {
        &[0, 1]
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let function = self.0;
        let shapes = (&site.inputs[0].shape, &site.inputs[1].shape);
        let broadcast = Broadcast::new(shapes.0, shapes.1).expect("the shape rule has checked it");
        let flipped = broadcast.flipped();
        with_element!(site.dtype(), E => match site.in_place {
            Some(0) => Box::new(move |call| function.apply_in_place(&broadcast, call.output::<E>(0), call.input(1))),
            Some(_) => Box::new(move |call| {
                function.apply_in_place_flipped(&flipped, call.input(0), call.output::<E>(0));
            }),
            None => Box::new(move |call| {
                function.apply(&broadcast, call.input(0), call.input(1), call.output::<E>(0));
            }),
        })
    }
}

/// A function of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unary(pub UnaryFunction);

impl Operation for Unary {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        one_real_input(self.name(), inputs)
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        use UnaryFunction::{Abs, Exp, Expm1, Log, Log1p, Negative, Sign, Sqrt, Square};
        let (x, y, gradient) = (rule.inputs[0], rule.output, rule.gradient);
        let graph = &mut *rule.graph;
        let slope = match self.0 {
            Negative => graph.negative(gradient)?,
            Exp => graph.multiply(gradient, y)?,
            Expm1 => {
                let exponential = graph.unary(Exp, x)?;
                graph.multiply(gradient, exponential)?
            }
            Log => graph.divide(gradient, x)?,
            Log1p => {
                let one = graph.scalar(1.0, graph.dtype(x));
                let shifted = graph.add(x, one)?;
                graph.divide(gradient, shifted)?
            }
            Sqrt => {
                let half = graph.scaled(gradient, 0.5)?;
                graph.divide(half, y)?
            }
            Abs => {
                let sign = graph.unary(Sign, x)?;
                graph.multiply(gradient, sign)?
            }
            Square => {
                let double = graph.scaled(gradient, 2.0)?;
                graph.multiply(double, x)?
            }
            Sign => return Ok(vec![InputGradient::Zero]),
        };
        Ok(vec![InputGradient::Value(slope)])
    }
}

impl Routine for Unary {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn in_place(&self) -> &'static [usize] {
        &[0]
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let function = self.0;
        with_element!(site.dtype(), E => match site.in_place {
            Some(_) => Box::new(move |call| function.apply_in_place(call.output::<E>(0))),
            None => Box::new(move |call| function.apply(call.input(0), call.output::<E>(0))),
        })
    }
}
