//! What the law tests share: every function by name over slices, and errors in units in the last place.
#![allow(dead_code, unreachable_pub, clippy::eq_op)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use tilegrad_kernels::activations::{Activation, ENTRIES};
use tilegrad_kernels::isa::{self, Isa, Kernel};
use tilegrad_kernels::real::{Element, Real};
use tilegrad_kernels::sweep::{self, Unary};

type Map<E> = Box<dyn Fn(&[E], &mut [E]) + Sync>;

/// A function of one number, by its name, in both precisions.
pub struct Function {
    pub name: &'static str,
    pub ulp_f32: f64,
    pub ulp_f64: f64,
    single: Map<f32>,
    double: Map<f64>,
}

impl Function {
    pub fn single(&self, x: &[f32]) -> Vec<f32> {
        let mut y = vec![0.0; x.len()];
        (self.single)(x, &mut y);
        y
    }

    pub fn single_into(&self, x: &[f32], y: &mut [f32]) {
        (self.single)(x, y);
    }

    pub fn double(&self, x: &[f64]) -> Vec<f64> {
        let mut y = vec![0.0; x.len()];
        (self.double)(x, &mut y);
        y
    }

    pub fn double_into(&self, x: &[f64], y: &mut [f64]) {
        (self.double)(x, y);
    }
}

macro_rules! functions {
    ($($function:ident $type:ident $single:literal $double:literal),* $(,)?) => {
        $(
            #[derive(Clone, Copy)]
            struct $type;
            impl Unary for $type {
                #[inline(always)]
                fn apply<R: Real>(&self, x: R) -> R {
                    x.$function()
                }
            }
        )*
        /// The functions of `math` with their stated bounds.
        pub fn math_functions() -> Vec<Function> {
            vec![$(Function {
                name: stringify!($function),
                ulp_f32: $single,
                ulp_f64: $double,
                single: Box::new(|x, y| sweep::map($type, x, y)),
                double: Box::new(|x, y| sweep::map($type, x, y)),
            }),*]
        }
    };
}
functions![
    exp Exp 1.0 1.0,
    expm1 Expm1 2.0 2.0,
    ln Ln 1.0 1.0,
    ln_1p Ln1p 2.0 2.0,
    tanh Tanh 2.0 2.0,
    sigmoid Sigmoid 2.0 2.0,
    erf Erf 2.0 2.0,
    erfc Erfc 4.0 4.0,
];

/// The activation of this entry with its default parameters.
pub fn default_activation(name: &str) -> Activation {
    let entry = ENTRIES.iter().find(|entry| entry.name == name).expect("a name of the registry");
    let defaults: Vec<f64> = entry.parameters.iter().map(|parameter| parameter.default).collect();
    Activation::new(name, &defaults).expect("the defaults are in range")
}

/// Every activation of the registry, with its default parameters and stated bounds.
pub fn activation_functions() -> Vec<Function> {
    let function = |entry: &tilegrad_kernels::registry::ActivationEntry| {
        let activation = default_activation(entry.name);
        Function {
            name: entry.name,
            ulp_f32: entry.ulp_f32,
            ulp_f64: entry.ulp_f64,
            single: Box::new(move |x, y| activation.forward(x, y)),
            double: Box::new(move |x, y| activation.forward(x, y)),
        }
    };
    ENTRIES.iter().map(function).collect()
}

/// The instruction set is one for the whole process: tests that force it take turns.
static TURN: Mutex<()> = Mutex::new(());

/// Runs the test under each instruction set of this machine, then leaves the most capable.
pub fn each_isa(mut test: impl FnMut(Isa)) {
    let _turn: MutexGuard<'_, ()> = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let all: Vec<Isa> = isa::available().collect();
    for &isa in &all {
        isa::force(isa);
        test(isa);
    }
}

/// The place value of the last digit of a number of `digits` bits, at the magnitude of `value`, which is normal.
pub fn unit(value: f64, digits: i32) -> f64 {
    f64::from_bits(value.to_bits() & 0x7ff0_0000_0000_0000) * 2f64.powi(1 - digits)
}

/// The error of a single, in units in the last place of the true value; of the smallest normal number below that.
/// Infinite where one is NaN or infinite and the other should not be. Without branches, so that it can be taken of all
/// numbers there are.
#[inline(always)]
pub fn error_single(got: f32, truth: f64) -> f64 {
    /// From half a unit beyond the largest single on, the nearest single is infinite.
    const BEYOND: f64 = f32::MAX as f64 * (1.0 + 1.0 / (1u64 << 25) as f64);
    let got = f64::from(got);
    let truth = if truth.abs() >= BEYOND { f64::INFINITY.copysign(truth) } else { truth };
    let size = truth.abs();
    let size = if size > f64::from(f32::MIN_POSITIVE) { size } else { f64::from(f32::MIN_POSITIVE) };
    // The reciprocal of the power of two below `size`, from its exponent.
    let unit = f64::from_bits(size.to_bits() & 0x7ff0_0000_0000_0000);
    let reciprocal = f64::from_bits(0x7fe0_0000_0000_0000 - unit.to_bits().min(0x7fd0_0000_0000_0000));
    let error = (got - truth).abs() * (reciprocal * f64::from(1u32 << 23));
    let same = (got == truth) | ((got != got) & (truth != truth));
    let error = if error == error { error } else { f64::INFINITY };
    if same { 0.0 } else { error }
}

/// The largest [`error_single`] of many.
pub fn largest_error(got: &[f32], truth: &[f64]) -> f64 {
    struct Largest<'a>(&'a [f32], &'a [f64]);
    impl Kernel<f64> for Largest<'_> {
        type Output = f64;
        #[inline(always)]
        fn run<R: Real<Element = f64>>(self) -> f64 {
            let ((got, _), (truth, _)) = (self.0.as_chunks::<16>(), self.1.as_chunks::<16>());
            let mut largest = [0f64; 16];
            for (got, truth) in got.iter().zip(truth) {
                for lane in 0..16 {
                    let error = error_single(got[lane], truth[lane]);
                    largest[lane] = if error > largest[lane] { error } else { largest[lane] };
                }
            }
            largest.into_iter().fold(0.0, f64::max)
        }
    }
    assert!(got.len() == truth.len() && got.len().is_multiple_of(16));
    isa::run(Largest(got, truth))
}

/// Points that tests of whole functions use: both signs, all magnitudes, ends and special values.
pub fn sample<E: Element>(count: usize) -> Vec<E> {
    let special =
        [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.5, -0.5, 88.7, -87.3, -103.9, 1e-40];
    let mut x: Vec<E> = special.into_iter().map(E::from_f64).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    while x.len() < count {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let uniform = (state >> 11) as f64 / (1u64 << 53) as f64;
        let sign = if state & 1024 == 0 { 1.0 } else { -1.0 };
        let value = match x.len() % 4 {
            0 => 100.0 * uniform,
            1 => 8.0 * uniform,
            2 => uniform,
            _ => 10f64.powf(uniform * 60.0 - 37.0),
        };
        x.push(E::from_f64(sign * value));
    }
    x
}
