//! The stated errors of single precision, measured: over a sample in every run, over all 2^32 numbers on demand by
//! `cargo test --release -p tilegrad-kernels --test exhaustive -- --ignored --nocapture`
//! (with `FUNCTION=gelu` before it, one function only). The truth is the same function in double precision, which
//! `tests/golden.rs` compares with 50-digit values.

mod common;

use common::{Function, activation_functions, each_isa, error_single, largest_error, math_functions};
use tilegrad_kernels::isa;

/// The largest error found and where.
#[derive(Clone, Copy)]
struct Worst {
    error: f64,
    at: f32,
    got: f32,
    truth: f64,
}

/// Every `stride`-th bit pattern from `first` on, up to `end`.
fn measure(function: &Function, first: u64, end: u64, stride: u64) -> Worst {
    const CHUNK: usize = 4096;
    let mut worst = Worst { error: 0.0, at: 0.0, got: 0.0, truth: 0.0 };
    let (mut x, mut y) = (vec![0f32; CHUNK], vec![0f32; CHUNK]);
    let (mut wide, mut truth) = (vec![0f64; CHUNK], vec![0f64; CHUNK]);
    let mut bits = first;
    while bits < end {
        for lane in 0..CHUNK {
            x[lane] = f32::from_bits((bits + lane as u64 * stride).min(end - 1) as u32);
            wide[lane] = f64::from(x[lane]);
        }
        function.single_into(&x, &mut y);
        function.double_into(&wide, &mut truth);
        bits += CHUNK as u64 * stride;
        if largest_error(&y, &truth) <= worst.error {
            continue;
        }
        let errors = y.iter().zip(&truth).map(|(&got, &truth)| error_single(got, truth));
        for (lane, error) in errors.enumerate() {
            if error > worst.error {
                worst = Worst { error, at: x[lane], got: y[lane], truth: truth[lane] };
            }
        }
    }
    worst
}

/// A sentence if the error is above the stated bound.
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
        let middle = 1u64 << 31;
        let (positive, negative) = std::thread::scope(|scope| {
            let negative = scope.spawn(|| measure(&function, middle, 1 << 32, 1));
            (measure(&function, 0, middle, 1), negative.join().expect("the other half"))
        });
        let worst = if positive.error >= negative.error { positive } else { negative };
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
