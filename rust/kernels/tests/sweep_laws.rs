//! The laws of the sweeps: every element once, whatever the length; the same bits for any number of threads and for
//! every instruction set with fused multiply-add.

mod common;

use common::each_isa;
use proptest::prelude::*;
use tilegrad_kernels::real::Real;
use tilegrad_kernels::sweep::{self, Binary, PART, Reduction, Unary};
use tilegrad_kernels::threads;

#[derive(Clone, Copy)]
struct Affine;
impl Unary for Affine {
    #[inline(always)]
    fn apply<R: Real>(&self, x: R) -> R {
        x.mul_add(R::constant(2.0), R::one())
    }
}
impl Binary for Affine {
    #[inline(always)]
    fn apply<R: Real>(&self, x: R, y: R) -> R {
        x + R::constant(2.0) * y
    }
}
#[derive(Clone, Copy)]
struct Dot;
impl Reduction for Dot {
    #[inline(always)]
    fn start<R: Real>(&self) -> R {
        R::zero()
    }
    #[inline(always)]
    fn step<R: Real>(&self, total: R, x: R, y: R) -> R {
        x.mul_add(y, total)
    }
    #[inline(always)]
    fn join<R: Real>(&self, first: R, second: R) -> R {
        first + second
    }
}

/// Small whole numbers, with which the formulas above are exact.
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * 31 + seed * 17) % 64) as f32 - 31.0).collect()
}

/// Lengths around blocks, and some beyond a thread's part.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0..300usize, 1 => PART - 2..PART + 70, 1 => 2 * PART - 5..2 * PART + 5]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn every_element_is_computed_once(length in length(), count in 1..4usize) {
        let (x, y) = (numbers(length, 1), numbers(length, 2));
        let before = threads::count();
        each_isa(|_| {
            threads::set_count(count);
            let mut out = vec![f32::NAN; length];
            sweep::map(Affine, &x, &mut out);
            assert!(out.iter().zip(&x).all(|(out, x)| *out == 2.0 * x + 1.0));
            out.copy_from_slice(&x);
            sweep::map_in_place(Affine, &mut out);
            assert!(out.iter().zip(&x).all(|(out, x)| *out == 2.0 * x + 1.0));

            sweep::zip(Affine, &x, &y, &mut out);
            let sums: Vec<f32> = x.iter().zip(&y).map(|(x, y)| x + 2.0 * y).collect();
            assert_eq!(&out, &sums);
            out.copy_from_slice(&x);
            sweep::zip_in_place(Affine, &mut out, &y);
            assert_eq!(&out, &sums);
        });
        threads::set_count(before);
    }

    #[test]
    fn reductions_do_not_depend_on_threads_or_instruction_set(length in length()) {
        let x: Vec<f64> = (0..length).map(|index| ((index * 7919) % 10_007) as f64 / 3.0 - 1600.0).collect();
        let before = threads::count();
        let mut first: Option<f64> = None;
        each_isa(|isa| {
            for count in 1..4 {
                threads::set_count(count);
                let total = sweep::reduce_zip(Dot, &x, &x);
                let plain: f64 = x.iter().map(|x| x * x).sum();
                assert!((total - plain).abs() <= 1e-12 * plain);
                if isa.is_fused() {
                    let expected = first.get_or_insert(total).to_bits();
                    assert_eq!(expected, total.to_bits(), "{} with {count} threads", isa.name());
                }
            }
        });
        threads::set_count(before);
    }
}
