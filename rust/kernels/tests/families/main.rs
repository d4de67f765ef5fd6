//! Laws and golden numbers of softmax, losses, update rules and random streams, on every instruction set of the
//! machine.
//!
//! They stand outside the crate because they force instruction sets and thread counts, which are settings of a process.

/// Runs a check of each precision, with its own tolerance if there is one.
macro_rules! in_both_precisions {
    ($check:ident $(, $single:expr, $double:expr)?) => {{
        $check::<f32>($($single)?);
        $check::<f64>($($double)?);
    }};
}

mod losses;
mod normalization;
mod optimizers;
mod random;
mod row_normalization;
mod softmax;

use std::sync::{Mutex, MutexGuard, PoisonError};

use tilegrad_kernels::isa::{self, Isa};
use tilegrad_kernels::random::Stream;
use tilegrad_kernels::real::Element;
use tilegrad_kernels::threads;

static TURN: Mutex<()> = Mutex::new(());

/// The machine's settings are this test's own until the guard is dropped.
fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the body on each instruction set.
fn on_each_isa(mut body: impl FnMut(Isa)) {
    let _turn = turn();
    for isa in isa::available() {
        isa::force(isa);
        body(isa);
    }
}

/// Checks that the body's result has the same bits for 1, 2 and 3 threads, and for all fused instruction sets.
fn same_bits<T: PartialEq + std::fmt::Debug>(mut body: impl FnMut() -> T) {
    let _turn = turn();
    let before = threads::count();
    let mut fused = None;
    for isa in isa::available() {
        isa::force(isa);
        threads::set_count(1);
        let first = body();
        for count in [2, 3] {
            threads::set_count(count);
            assert!(body() == first, "{} threads on {}", count, isa.name());
        }
        if isa.is_fused() {
            assert!(*fused.get_or_insert(first) == body(), "on {}", isa.name());
        }
    }
    threads::set_count(before);
}

/// Numbers between -`size` and `size`.
fn numbers<E: Element>(seed: u64, count: usize, size: f64) -> Vec<E> {
    let mut numbers = vec![E::default(); count];
    Stream { seed, stream: 77 }.uniform_between(0, -size, size, &mut numbers);
    numbers
}

/// Bits of numbers, so that NaN equals NaN and 0 does not equal -0.
fn bits<E: Element>(numbers: &[E]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_f64().to_bits()).collect()
}

#[track_caller]
fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance * expected.abs().max(1.0), "got {got}, expected {expected}");
}
