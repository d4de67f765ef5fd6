//! Muon: for matrices, a momentum whose singular values are all brought close to one.

use super::moments::{Adamw, Moments};
use super::passes::{Pass, matrix, pass_over};
use super::rule::{DECAY, Rule, Scalars, Settings, WholeParameter, rule};
use super::words::RateAdjustment;
use crate::matmul::{Matrix, Store, multiply, workspace_len};
use crate::real::{Element, Real};
use crate::registry::{OptimizerFacts, Range};

rule! {
    /// Moves matrices along their momentum, with all singular values brought close to one (Jordan et al., 2024).
    ///
    /// A matrix keeps `m = momentum * m + (1 - momentum) * gradient` and takes `u = m`, with `nesterov` `u = momentum
    /// * m + (1 - momentum) * gradient`. `X = u / max(|u|, epsilon)` then goes `iterations` times through `X = 3.4445
    /// X - 4.775 (X X') X + 2.0315 (X X')^2 X` (Newton and Schulz), and `weight = (1 - learning_rate * weight_decay)
    /// * weight - learning_rate * adjustment * X`. All axes but the last count as rows. Vectors take the step of
    /// `adamw` with the same rate and decay, with `beta1`, `beta2` and epsilon 1e-8, as in Keras and optax; PyTorch
    /// leaves them to another optimizer. Dense weights are (inputs, outputs) here, so the adjustment is that of
    /// PyTorch's transposed ones. Slots, from zero: `first_moment`; `second_moment`, which matrices do not use.
    Muon "muon" "Muon"
    {
        /// Size of a step: about how far each singular value moves.
        learning_rate: 1e-3;
        /// Share of a matrix's momentum that is kept.
        momentum: 0.95 in DECAY;
        /// Share of each weight that a step removes, times the learning rate; 0.1 as in PyTorch.
        weight_decay: 0.1;
        /// Smallest norm that a matrix is divided by.
        epsilon: 1e-7;
        /// How many iterations bring the singular values closer to one; rounded down to a whole number.
        iterations: 5.0 in Range::closed(1.0, 99.0);
        /// Share of a vector's mean of gradients that is kept.
        beta1: 0.9;
        /// Share of a vector's mean of squares that is kept.
        beta2: 0.999;
    }
    {
        /// Whether a matrix looks one step ahead.
        nesterov: bool = "true";
        /// How the step of a matrix depends on its shape (Liu et al., 2025).
        adjustment: RateAdjustment = "original";
    }
    styles {
        paper {} torch {}
        optax { weight_decay: Number 0.0, epsilon: Number 1e-8 }
    }
    slots &["first_moment", "second_moment"];
    facts OptimizerFacts {
        divisions: 2,
        parabola_rate: 0.05,
        rosenbrock_rate: 0.01,
        scale_free_start: false,
        rests_at_zero_gradient: false,
        elementwise: false,
    };
}

impl Rule for Muon {
    type Scalars = Orthogonal;

    fn prepare(&self, step: u64) -> Orthogonal {
        let Self { learning_rate, beta1, beta2, weight_decay, .. } = *self;
        let vector = Adamw { learning_rate, beta1, beta2, weight_decay, ..Adamw::defaults() };
        Orthogonal {
            learning_rate: self.learning_rate,
            momentum: self.momentum,
            keep_weight: 1.0 - self.learning_rate * self.weight_decay,
            epsilon: self.epsilon,
            iterations: self.iterations as u32,
            nesterov: self.nesterov,
            adjustment: self.adjustment,
            vector: vector.prepare(step),
        }
    }
}

/// Scalars of Muon.
#[derive(Clone, Copy, Debug)]
pub(super) struct Orthogonal {
    learning_rate: f64,
    momentum: f64,
    keep_weight: f64,
    epsilon: f64,
    iterations: u32,
    nesterov: bool,
    adjustment: RateAdjustment,
    vector: Moments,
}

/// What an iteration makes of a singular value `x`: `A x + B x^3 + C x^5`.
const COEFFICIENTS: (f64, f64, f64) = (3.4445, -4.775, 2.0315);

/// The momentum of a matrix, and what its step begins with.
#[derive(Clone, Copy)]
struct Gather {
    keep: f64,
    ahead: (f64, f64),
}

impl Pass<2, 1, 1> for Gather {
    #[inline(always)]
    fn visit<R: Real>(&self, [momentum, _]: [R; 2], [gradient]: [R; 1]) -> ([R; 2], [R; 1]) {
        let momentum = R::constant(self.keep) * momentum + R::constant(1.0 - self.keep) * gradient;
        let step = R::constant(self.ahead.0) * momentum + R::constant(self.ahead.1) * gradient;
        ([momentum, step], [step])
    }
}

/// `a x + b y` in the place of `x`.
#[derive(Clone, Copy)]
struct Combine(f64, f64);

impl Pass<1, 1, 0> for Combine {
    #[inline(always)]
    fn visit<R: Real>(&self, [x]: [R; 1], [y]: [R; 1]) -> ([R; 1], [R; 0]) {
        ([R::constant(self.0) * x + R::constant(self.1) * y], [])
    }
}

/// `a x`.
#[derive(Clone, Copy)]
struct Scale(f64);

impl Pass<1, 0, 0> for Scale {
    #[inline(always)]
    fn visit<R: Real>(&self, [x]: [R; 1], []: [R; 0]) -> ([R; 1], [R; 0]) {
        ([R::constant(self.0) * x], [])
    }
}

impl Scalars for Orthogonal {
    fn update_whole<E: Element>(&self, parameter: WholeParameter<'_, '_, E>) {
        let WholeParameter { weight, gradient, slots, shape, scratch } = parameter;
        let [first, second] = WholeParameter::slots(slots);
        let Some((rows, columns)) = matrix(shape) else {
            return self.vector.update::<E, true>(weight, gradient, &mut [first, second]);
        };
        let (step, rest) = scratch.split_at_mut(rows * columns);
        let ahead = if self.nesterov { (self.momentum, 1.0 - self.momentum) } else { (1.0, 0.0) };
        let [squares] = pass_over(Gather { keep: self.momentum, ahead }, [first, &mut *step], [gradient]);
        pass_over(Scale(1.0 / squares.sqrt().max(self.epsilon)), [&mut *step], []);
        for _ in 0..self.iterations {
            iterate(step, (rows, columns), rest);
        }
        let (inputs, outputs) = (rows as f64, columns as f64);
        let length = match self.adjustment {
            RateAdjustment::Original => (outputs / inputs).max(1.0).sqrt(),
            RateAdjustment::Matched => 0.2 * inputs.max(outputs).sqrt(),
        };
        pass_over(Combine(self.keep_weight, -self.learning_rate * length), [weight], [step]);
    }

    /// The step and its successor, two Gram matrices, and what the products need.
    fn scratch<E: Element>(shape: &[usize]) -> usize {
        matrix(shape).map_or(0, |(rows, columns)| {
            2 * rows * columns + 2 * rows.min(columns).pow(2) + product_len::<E>(rows, columns)
        })
    }
}

/// Workspace of the largest product of an iteration.
fn product_len<E: Element>(rows: usize, columns: usize) -> usize {
    let (small, large) = (rows.min(columns), rows.max(columns));
    let gram =
        workspace_len::<E>(small, large, small, true, false).max(workspace_len::<E>(small, large, small, false, true));
    let square = workspace_len::<E>(small, small, small, true, true);
    let last = workspace_len::<E>(rows, small, columns, true, true);
    gram.max(square).max(last)
}

/// One iteration of Newton and Schulz on a matrix, by the Gram matrix of its shorter side.
fn iterate<E: Element>(x: &mut [E], (rows, columns): (usize, usize), scratch: &mut [E]) {
    let small = rows.min(columns);
    let (product, rest) = scratch.split_at_mut(rows * columns);
    let (gram, rest) = rest.split_at_mut(small * small);
    let (square, workspace) = rest.split_at_mut(small * small);
    let matrix = Matrix::new(&*x, rows, columns);
    let (one, other) = if rows <= columns { (matrix, matrix.transposed()) } else { (matrix.transposed(), matrix) };
    multiply(one, other, &mut Store::new(gram, small), workspace);
    let own = Matrix::new(&*gram, small, small);
    multiply(own, own, &mut Store::new(square, small), workspace);
    let (linear, cubic, quintic) = COEFFICIENTS;
    pass_over(Combine(quintic, cubic), [&mut *square], [&*gram]);
    let factor = Matrix::new(&*square, small, small);
    if rows <= columns {
        multiply(factor, matrix, &mut Store::new(product, columns), workspace);
    } else {
        multiply(matrix, factor, &mut Store::new(product, columns), workspace);
    }
    pass_over(Combine(linear, 1.0), [x], [product]);
}
