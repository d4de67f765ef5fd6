//! The stated errors of single precision, measured: over a sample in every run, over all 2^32 numbers by
//! `make exhaustive`, which is `cargo test --release -p tilegrad-kernels --test exhaustive -- --ignored
//! --nocapture` (with `FUNCTION=gelu` before it, one function only). The truth is the same function in double
//! precision, as vectorised as any other; its own errors are compared with 50-digit values by `tests/golden.rs`, and
//! with NumPy's formulas by the laws in Python.

mod common;

use std::sync::atomic::{AtomicU64, Ordering};

use common::{Function, activation_functions, each_isa, error_single, largest_error, math_functions};
use tilegrad_kernels::isa::{self, Kernel};
use tilegrad_kernels::real::{Element, Real};

/// Numbers at a time: few enough for the first cache.
const CHUNK: usize = 1024;

/// The largest error found and where.
#[derive(Clone, Copy)]
struct Worst {
    error: f64,
    at: f32,
    got: f32,
    truth: f64,
}

impl Worst {
    const NONE: Self = Self { error: 0.0, at: 0.0, got: 0.0, truth: 0.0 };

    fn or(self, other: Self) -> Self {
        if other.error > self.error { other } else { self }
    }
}

/// Writes the singles of consecutive multiples of `stride` from `first` on, in both precisions.
struct Fill<'a> {
    first: u32,
    stride: u32,
    single: &'a mut [f32; CHUNK],
    double: &'a mut [f64; CHUNK],
}

impl Kernel<f64> for Fill<'_> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = f64>>(self) {
        for lane in 0..CHUNK {
            let x = f32::from_bits(self.first.wrapping_add((lane as u32).wrapping_mul(self.stride)));
            self.single[lane] = x;
            self.double[lane] = x.to_f64();
        }
    }
}

/// Every `stride`-th bit pattern from `first` on, up to `end` (and up to a chunk beyond).
fn measure(function: &Function, first: u64, end: u64, stride: u32) -> Worst {
    let mut worst = Worst::NONE;
    let (mut x, mut y) = ([0f32; CHUNK], [0f32; CHUNK]);
    let (mut wide, mut truth) = ([0f64; CHUNK], [0f64; CHUNK]);
    let mut bits = first;
    while bits < end {
        isa::run(Fill { first: bits as u32, stride, single: &mut x, double: &mut wide });
        function.single_into(&x, &mut y);
        function.double_into(&wide, &mut truth);
        bits += CHUNK as u64 * u64::from(stride);
        if largest_error(&y, &truth) <= worst.error {
            continue;
        }
        for lane in 0..CHUNK {
            let error = error_single(y[lane], truth[lane]);
            worst = worst.or(Worst { error, at: x[lane], got: y[lane], truth: truth[lane] });
        }
    }
    worst
}

/// Every number there is, on all processors.
fn measure_all(function: &Function) -> Worst {
    /// Numbers that a thread takes at once.
    const SHARE: u64 = 1 << 24;
    let next = AtomicU64::new(0);
    let work = || {
        let mut worst = Worst::NONE;
        loop {
            let first = next.fetch_add(SHARE, Ordering::Relaxed);
            if first >= 1 << 32 {
                return worst;
            }
            worst = worst.or(measure(function, first, first + SHARE, 1));
        }
    };
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("a share")).fold(Worst::NONE, Worst::or)
    })
}

/// An error if the error is above the stated bound.
fn complaint(function: &Function, worst: Worst) -> Option<String> {
    (worst.error > function.ulp_f32).then(|| {
        format!(
            "{} {}: error {:.3} ULP at {:e} ({:#010x}) is above the stated {}: got {:e}, truth {:e}",
            isa::current().name(),
            function.name,
            worst.error,
            worst.at,
            worst.at.to_bits(),
            function.ulp_f32,
            worst.got,
            worst.truth,
        )
    })
}

#[test]
fn stated_errors_hold_on_a_sample() {
    let mut complaints = Vec::new();
    each_isa(|isa| {
        for function in math_functions().into_iter().chain(activation_functions()) {
            let worst = measure(&function, 0, 1 << 32, 4099);
            println!("{:9} {:12} {:7.3} ULP at {:e}", isa.name(), function.name, worst.error, worst.at);
            complaints.extend(complaint(&function, worst));
        }
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
#[ignore = "all 2^32 numbers of every function: minutes in release mode"]
fn stated_errors_hold_for_every_number() {
    let mut complaints = Vec::new();
    let only = std::env::var("FUNCTION").ok();
    let mut measured = 0;
    for function in math_functions().into_iter().chain(activation_functions()) {
        if only.as_deref().is_some_and(|only| only != function.name) {
            continue;
        }
        measured += 1;
        let worst = measure_all(&function);
        println!(
            "{:9} {:12} {:7.4} ULP at {:e} (bound {})",
            isa::current().name(),
            function.name,
            worst.error,
            worst.at,
            function.ulp_f32
        );
        complaints.extend(complaint(&function, worst));
    }
    assert!(measured > 0, "FUNCTION: expected the name of a function, got {only:?}");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
