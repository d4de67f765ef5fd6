//! What handing work to a second thread costs. `cargo bench -p tilegrad-kernels --bench threads`, on two processors.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use tilegrad_kernels::threads;

/// Keeps the processor busy.
fn work(rounds: usize) -> f64 {
    let mut x = 1.0f64;
    for _ in 0..rounds {
        x = black_box(x * 1.000_000_1);
    }
    x
}

fn threads_at_work(criterion: &mut Criterion) {
    threads::set_count(2);
    criterion.bench_function("two empty tasks, worker awake", |bencher| {
        bencher.iter(|| {
            threads::for_each(2, &|index| {
                black_box(index);
            });
        });
    });
    criterion.bench_function("two empty tasks, worker asleep", |bencher| {
        bencher.iter_custom(|times| {
            let mut sum = Duration::ZERO;
            for _ in 0..times {
                std::thread::sleep(Duration::from_micros(500));
                let start = Instant::now();
                threads::for_each(2, &|index| {
                    black_box(index);
                });
                sum += start.elapsed();
            }
            sum
        });
    });
    for rounds in [500, 5_000, 50_000] {
        for count in [1, 2] {
            threads::set_count(count);
            criterion.bench_function(&format!("eight tasks of {rounds} rounds, {count} threads"), |bencher| {
                bencher.iter(|| {
                    threads::for_each(8, &|_| {
                        black_box(work(rounds));
                    });
                });
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(1)).warm_up_time(Duration::from_millis(300));
    targets = threads_at_work
}
criterion_main!(benches);
