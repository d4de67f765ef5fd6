//! Activations and their backward passes over the registry, forward out of place, on one thread: bytes read and written
//! a second, for each instruction set of the machine, with a plain copy beside them.
//!
//! `cargo bench -p tilegrad-kernels --bench activations -- 'forward/1000000/avx512'`

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tilegrad_kernels::activations::{Activation, ENTRIES};
use tilegrad_kernels::isa::{self, Isa};
use tilegrad_kernels::real::Real;
use tilegrad_kernels::sweep::{self, Unary};
use tilegrad_kernels::threads;

/// Within the first cache, within the second, beyond.
const SIZES: [usize; 3] = [1_000, 50_000, 1_000_000];

#[derive(Clone, Copy)]
struct Exponential;
impl Unary for Exponential {
    #[inline(always)]
    fn apply<R: Real>(&self, x: R) -> R {
        x.exp()
    }
}

/// The same numbers each time, from -6 to 6, the signs mixed.
fn inputs(count: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * 7919) % 12_001) as f32 / 1_000.0 - 6.0).collect()
}

fn activations() -> impl Iterator<Item = (&'static str, Activation)> {
    ENTRIES.iter().map(|entry| {
        let defaults: Vec<f64> = entry.parameters.iter().map(|parameter| parameter.default).collect();
        (entry.name, Activation::new(entry.name, &defaults).expect("the defaults are in range"))
    })
}

/// A group for each size, with the rate of so many arrays read and written, and a copy beside what `measure` adds to it
/// on each instruction set.
fn by_size(
    criterion: &mut Criterion,
    pass: &str,
    arrays: u64,
    measure: impl Fn(&mut BenchmarkGroup<'_, WallTime>, Isa, &[f32], &mut [f32]),
) {
    threads::set_count(1);
    for size in SIZES {
        let mut group = criterion.benchmark_group(format!("{pass}/{size}"));
        group.throughput(Throughput::Bytes(arrays * 4 * size as u64));
        let (x, mut y) = (inputs(size), vec![0f32; size]);
        group.bench_function("copy", |bencher| bencher.iter(|| y.copy_from_slice(std::hint::black_box(&x))));
        for isa in isa::available() {
            isa::force(isa);
            measure(&mut group, isa, &x, &mut y);
        }
        group.finish();
    }
}

fn forward(criterion: &mut Criterion) {
    by_size(criterion, "forward", 2, |group, isa, x, y| {
        group.bench_function(BenchmarkId::new(isa.name(), "exp"), |bencher| {
            bencher.iter(|| sweep::map(Exponential, std::hint::black_box(x), y));
        });
        for (name, activation) in activations() {
            group.bench_function(BenchmarkId::new(isa.name(), name), |bencher| {
                bencher.iter(|| activation.forward(std::hint::black_box(x), y));
            });
        }
    });
}

fn backward(criterion: &mut Criterion) {
    by_size(criterion, "backward", 3, |group, isa, saved, out| {
        let gradient = inputs(saved.len());
        for (name, activation) in activations() {
            group.bench_function(BenchmarkId::new(isa.name(), name), |bencher| {
                bencher.iter(|| activation.backward(std::hint::black_box(&gradient), saved, out));
            });
        }
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(std::time::Duration::from_millis(100))
        .measurement_time(std::time::Duration::from_millis(300));
    targets = forward, backward
}
criterion_main!(benches);
