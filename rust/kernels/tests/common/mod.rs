//! What the law tests share: every function by name over slices, and errors in units in the last place.
#![allow(dead_code, unreachable_pub)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use tilegrad_kernels::activations::{Activation, ENTRIES};
use tilegrad_kernels::isa::{self, Isa};
use tilegrad_kernels::real::{Element, Real};
use tilegrad_kernels::sweep::{self, Unary};

/// A function of one number, by its name, in both precisions.
pub struct Function {
    pub name: &'static str,
    pub ulp_f32: f64,
    pub ulp_f64: f64,
    single: Box<dyn Fn(&[f32], &mut [f32]) + Sync>,
    double: Box<dyn Fn(&[f64], &mut [f64]) + Sync>,
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
    sigmoid Sigmoid 1.0 1.0,
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
    let exponent = ((value.to_bits() >> 52) & 0x7ff) as i64 - 1023;
    2f64.powi(exponent as i32 - (digits - 1))
}

/// The error of a single, in units in the last place of the true value; of the smallest normal number below that. Infinite where
/// one is NaN or infinite and the other should not be.
#[inline]
pub fn error_single(got: f32, truth: f64) -> f64 {
    const LARGEST: f64 = f32::MAX as f64;
    const SMALLEST: f64 = f32::MIN_POSITIVE as f64;
    if got.is_nan() || truth.is_nan() {
        return if got.is_nan() && truth.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if truth.abs() > LARGEST || got.is_infinite() {
        // Half a unit beyond the largest number rounds to infinity.
        let near = truth.abs() >= LARGEST * (1.0 - 2f64.powi(-23)) && f64::from(got.abs()) >= LARGEST;
        return if near && (f64::from(got) < 0.0) == (truth < 0.0) { 0.0 } else { f64::INFINITY };
    }
    let unit = f64::from_bits(truth.abs().max(SMALLEST).to_bits() & 0x7ff0_0000_0000_0000) * 2f64.powi(-23);
    (f64::from(got) - truth).abs() / unit
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
