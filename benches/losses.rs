//! Softmax and losses, on each instruction set, beside a copy of the same bytes.
//!
//! Three sizes: within the first cache, the second, and beyond. Bytes a second count every operand read or written
//! once. One of them: `cargo bench --bench losses -- avx512/softmax`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tilegrad_kernels::isa;
use tilegrad_kernels::losses::{CrossEntropy, POINT_ENTRIES, PointBatch, PointLoss, RowBatch, RowTarget};
use tilegrad_kernels::softmax;
use tilegrad_kernels::threads;

/// Rows and columns of the logits.
const SHAPES: [(usize, usize); 6] = [(64, 10), (1024, 10), (10_000, 10), (100_000, 10), (64, 1000), (1000, 1000)];

/// Elements of a point loss.
const SIZES: [usize; 3] = [1000, 30_000, 1_000_000];

/// Numbers between -4 and 4.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * 7919) % 1000) as f32 / 125.0 - 4.0).collect()
}

/// Times a body that moves so many bytes.
fn time(criterion: &mut Criterion, group: &str, name: &str, bytes: usize, mut body: impl FnMut()) {
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function(name, |bencher| bencher.iter(&mut body));
    group.finish();
}

fn rows(criterion: &mut Criterion, isa: &str, rows: usize, columns: usize) {
    let count = rows * columns;
    let (x, mut y, mut out) = (numbers(count), vec![0.0; count], vec![0.0; count]);
    let classes: Vec<i32> = (0..rows).map(|row| (row % columns) as i32).collect();
    let mut one_hot = vec![0.0; count];
    classes.iter().enumerate().for_each(|(row, class)| one_hot[row * columns + *class as usize] = 1.0);
    let mut run = |name: &str, operands: usize, body: &mut dyn FnMut(&mut [f32], &mut [f32])| {
        let group = format!("rows/{rows}x{columns}");
        time(criterion, &group, &format!("{isa}/{name}"), 4 * operands * count, || body(&mut y, &mut out));
    };
    run("copy", 2, &mut |y, _| y.copy_from_slice(black_box(&x)));
    run("log_softmax", 2, &mut |y, _| softmax::log_softmax(black_box(&x), columns, y));
    run("softmax", 2, &mut |y, _| softmax::softmax(black_box(&x), columns, y));
    run("softmax_backward", 3, &mut |y, out| softmax::softmax_backward(black_box(&x), y, columns, out));
    let loss = CrossEntropy::default();
    for (name, target) in
        [("cross_entropy", RowTarget::Classes(&classes)), ("cross_entropy_one_hot", RowTarget::Distributions(&one_hot))]
    {
        let batch = RowBatch { logits: &x, columns, target, class_weight: None, sample_weight: None, upstream: None };
        run(&format!("{name}_with_gradient"), 2, &mut |y, _| {
            black_box(loss.run(black_box(&batch), 1.0, None, Some(y)));
        });
    }
}

fn losses(criterion: &mut Criterion) {
    threads::set_count(1);
    for isa in isa::available() {
        isa::force(isa);
        for (count, columns) in SHAPES {
            rows(criterion, isa.name(), count, columns);
        }
        for count in SIZES {
            let (x, mut gradient) = (numbers(count), vec![0.0; count]);
            let target: Vec<f32> = x.iter().rev().map(|x| x / 8.0 + 0.5).collect();
            let group = format!("points/{count}");
            let copy = format!("{}/copy", isa.name());
            time(criterion, &group, &copy, 8 * count, || gradient.copy_from_slice(black_box(&x)));
            for entry in POINT_ENTRIES {
                let loss = PointLoss::new(entry.name, &[]).expect("no parameters");
                let batch = PointBatch { prediction: &x, target: &target, weight: None, upstream: None };
                let name = format!("{}/{}_with_gradient", isa.name(), entry.name);
                time(criterion, &group, &name, 12 * count, || {
                    black_box(loss.run(black_box(&batch), 1.0, None, Some(&mut gradient)));
                });
            }
        }
    }
}

criterion_group!(benches, losses);
criterion_main!(benches);
