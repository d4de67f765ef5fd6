//! What is done to a parameter in place after its update: constraints, and the proximal step of an L1 penalty.
//!
//! Norms are those of each column of a row-major matrix: of the weights that come into one unit. They are summed in
//! double precision over ascending rows, without fused multiply-add: the same bits on every machine.

use crate::error::{Result, name_error, value_error};
use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::sweep::{self, Unary};

/// Something done to a parameter after each update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constraint {
    /// Each column is scaled down to a norm of at most this.
    MaximumNorm(f64),
    /// Each column is scaled to a norm of one; one of zeros stays.
    UnitNorm,
    /// Numbers below zero become zero.
    NonNegative,
    /// `sign(w) max(|w| - t, 0)`: the proximal step of `t |w|`, which makes small numbers exactly zero.
    Shrink(f64),
}

impl Constraint {
    /// The names, as [`Constraint::named`] takes them.
    pub const NAMES: [&str; 4] = ["max_norm", "unit_norm", "non_negative", "shrink"];

    /// The constraint of this name; `number` is the limit of `max_norm` or the threshold of `shrink`.
    pub fn named(name: &str, number: f64) -> Result<Self> {
        if !(number.is_finite() && number >= 0.0) {
            return value_error!("{name}: expected a finite number from 0, got {number}");
        }
        Ok(match name {
            "max_norm" => Self::MaximumNorm(number),
            "unit_norm" => Self::UnitNorm,
            "non_negative" => Self::NonNegative,
            "shrink" => Self::Shrink(number),
            _ => {
                let known = Self::NAMES.join(", ");
                return name_error!("constrain: expected the constraint to be one of {known}, got {name:?}");
            }
        })
    }

    /// How many numbers of scratch memory it needs for so many columns.
    pub fn scratch(self, columns: usize) -> usize {
        if matches!(self, Self::MaximumNorm(_) | Self::UnitNorm) { columns } else { 0 }
    }

    /// Does it to the rows of a matrix whose number of columns divides its length.
    pub fn apply<E: Element>(self, values: &mut [E], columns: usize, scratch: &mut [f64]) {
        match self {
            Self::NonNegative => sweep::map_in_place(Rectify, values),
            Self::Shrink(threshold) => sweep::map_in_place(Shrink { threshold }, values),
            Self::MaximumNorm(_) | Self::UnitNorm => {
                isa::run(Scale { constraint: self, values, factors: &mut scratch[..columns] });
            }
        }
    }

    /// What a column of this norm is multiplied by.
    fn factor(self, norm: f64) -> f64 {
        match self {
            Self::MaximumNorm(limit) if norm > limit => limit / norm,
            Self::UnitNorm if norm > 0.0 => 1.0 / norm,
            _ => 1.0,
        }
    }
}

#[derive(Clone, Copy)]
struct Rectify;

impl Unary for Rectify {
    #[inline(always)]
    fn apply<R: Real>(&self, x: R) -> R {
        R::select(x < R::constant(0.0), R::constant(0.0), x)
    }
}

#[derive(Clone, Copy)]
struct Shrink {
    threshold: f64,
}

impl Unary for Shrink {
    #[inline(always)]
    fn apply<R: Real>(&self, x: R) -> R {
        let rest = x.abs() - R::constant(self.threshold);
        // Not `maximum`: NaN stays NaN, and zero has no sign.
        R::select(rest <= R::constant(0.0), R::constant(0.0), rest.copysign(x))
    }
}

struct Scale<'a, E> {
    constraint: Constraint,
    values: &'a mut [E],
    factors: &'a mut [f64],
}

impl<E: Element> Kernel<E> for Scale<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        let Self { constraint, values, factors } = self;
        factors.fill(0.0);
        for row in values.chunks_exact(factors.len()) {
            for (sum, value) in factors.iter_mut().zip(row) {
                *sum += value.to_f64() * value.to_f64();
            }
        }
        let mut all_one = true;
        for factor in &mut *factors {
            *factor = constraint.factor(factor.sqrt());
            all_one &= *factor == 1.0;
        }
        if all_one {
            return;
        }
        for row in values.chunks_exact_mut(factors.len()) {
            for (factor, value) in factors.iter().zip(row) {
                *value = E::from_f64(value.to_f64() * factor);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Constraint;

    fn applied(constraint: Constraint, values: &[f64], columns: usize) -> Vec<f64> {
        let mut out = values.to_vec();
        constraint.apply(&mut out, columns, &mut vec![0.0; constraint.scratch(columns)]);
        out
    }

    #[test]
    fn norms_are_those_of_columns() {
        let matrix = [3.0, 0.0, 0.3, 4.0, 0.0, 0.4];
        assert_eq!(applied(Constraint::MaximumNorm(1.0), &matrix, 3), [3.0 * 0.2, 0.0, 0.3, 4.0 * 0.2, 0.0, 0.4]);
        assert_eq!(applied(Constraint::UnitNorm, &matrix, 3), [3.0 * 0.2, 0.0, 0.3 * 2.0, 4.0 * 0.2, 0.0, 0.4 * 2.0]);
        assert_eq!(applied(Constraint::MaximumNorm(5.0), &[3.0, 4.0], 1), [3.0, 4.0]);
    }

    #[test]
    fn small_numbers_become_exactly_zero() {
        let values = [-2.0, -0.5, -0.0, 0.25, 1.5, f64::NAN];
        let shrunk = applied(Constraint::Shrink(0.5), &values, 1);
        assert_eq!(shrunk[..5], [-1.5, 0.0, 0.0, 0.0, 1.0]);
        assert!(shrunk[5].is_nan() && shrunk[1].is_sign_positive());
        assert_eq!(applied(Constraint::NonNegative, &values[..5], 1), [0.0, 0.0, 0.0, 0.25, 1.5]);
    }

    #[test]
    fn unknown_names_and_wrong_numbers_are_refused() {
        assert!(Constraint::named("box", 1.0).unwrap_err().message().contains("max_norm, unit_norm"));
        assert!(Constraint::named("max_norm", f64::NAN).is_err());
        assert!(Constraint::named("shrink", -1.0).is_err());
    }
}
