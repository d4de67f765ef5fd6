//! Update rules and random streams, on each instruction set, beside a copy.
//!
//! Bytes a second count every operand read or written once: 28 a parameter for Adam in f32. Gradients alternate in
//! sign, so that weights and slots stay where they are; parameters are vectors. One of them:
//! `cargo bench --bench optimizers -- avx512/adam`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tilegrad_kernels::isa;
use tilegrad_kernels::optimizers::{ENTRIES, MOST_SLOTS, Optimizer};
use tilegrad_kernels::random::Stream;
use tilegrad_kernels::registry::Setting;
use tilegrad_kernels::threads;

/// Parameters.
const SIZES: [usize; 3] = [1000, 30_000, 1_000_000];

/// Tensors of 784-12-12-10, about ten thousand parameters in all.
const TENSORS: [usize; 6] = [9408, 12, 144, 12, 120, 10];

struct State {
    shape: [usize; 1],
    scratch: Vec<f32>,
    weight: Vec<f32>,
    gradient: Vec<f32>,
    slots: Vec<Vec<f32>>,
}

impl State {
    fn new(optimizer: &Optimizer, count: usize) -> Self {
        let weight = (0..count).map(|index| ((index * 7919) % 1000) as f32 / 500.0 - 1.0).collect();
        let gradient = (0..count).map(|index| ((index * 104_729) % 1000) as f32 / 500.0 - 1.0).collect();
        let shape = [count];
        let scratch = vec![0.0; optimizer.prepare(1).scratch::<f32>(&shape)];
        Self { shape, scratch, weight, gradient, slots: optimizer.slots().iter().map(|_| vec![1.0; count]).collect() }
    }

    fn step(&mut self, optimizer: &Optimizer, step: u64) {
        let mut slots = self.slots.iter_mut();
        let mut slots: [&mut [f32]; MOST_SLOTS] =
            std::array::from_fn(|_| slots.next().map_or(&mut [][..], |slot| slot));
        let slots = &mut slots[..optimizer.slots().len()];
        let step = optimizer.prepare(step);
        step.update_whole(&mut self.weight, black_box(&self.gradient), slots, &self.shape, &mut self.scratch);
    }
}

/// Every rule, and forms of them with a loop of their own.
fn rules() -> Vec<(String, Optimizer)> {
    let on = |name, settings: &[(&str, Setting<'_>)]| Optimizer::new(name, settings).expect("valid settings");
    let (momentum, centered) = (("momentum", Setting::Number(0.9)), ("centered", Setting::Flag(true)));
    let plain = ENTRIES.iter().map(|entry| (entry.name.to_string(), on(entry.name, &[])));
    let forms = [
        ("sgd momentum", on("sgd", &[momentum])),
        ("rmsprop momentum", on("rmsprop", &[momentum])),
        ("rmsprop centered", on("rmsprop", &[centered])),
        ("rmsprop centered momentum", on("rmsprop", &[centered, momentum])),
        ("adam amsgrad", on("adam", &[("amsgrad", Setting::Flag(true))])),
    ];
    plain.chain(forms.map(|(name, rule)| (name.to_string(), rule))).collect()
}

fn optimizers(criterion: &mut Criterion) {
    threads::set_count(1);
    for isa in isa::available() {
        isa::force(isa);
        for count in SIZES {
            let mut group = criterion.benchmark_group(format!("update/{count}"));
            let (x, mut y) = (vec![1.0f32; count], vec![0.0f32; count]);
            group.throughput(Throughput::Bytes(8 * count as u64));
            group.bench_function(format!("{}/copy", isa.name()), |bencher| {
                bencher.iter(|| y.copy_from_slice(black_box(&x)));
            });
            for (name, optimizer) in rules() {
                let mut state = State::new(&optimizer, count);
                let mut step = 0;
                group.throughput(Throughput::Bytes((4 * count * (3 + 2 * optimizer.slots().len())) as u64));
                group.bench_function(format!("{}/{name}", isa.name()), |bencher| {
                    bencher.iter(|| {
                        step += 1;
                        state.step(&optimizer, step);
                    });
                });
            }
            group.finish();
        }
        tensors(criterion, isa.name());
        stretches(criterion, isa.name());
        random(criterion, isa.name());
    }
}

/// Many small tensors: the fixed cost of a call.
fn tensors(criterion: &mut Criterion, isa: &str) {
    let optimizer = Optimizer::new("adam", &[]).expect("defaults");
    let mut states = TENSORS.map(|count| State::new(&optimizer, count));
    let mut step = 0;
    let mut group = criterion.benchmark_group("update/six tensors");
    group.throughput(Throughput::Bytes(28 * TENSORS.iter().sum::<usize>() as u64));
    group.bench_function(format!("{isa}/adam"), |bencher| {
        bencher.iter(|| {
            step += 1;
            states.iter_mut().for_each(|state| state.step(&optimizer, step));
        });
    });
    group.finish();
}

/// Short ranges, as the epilogue of a matrix product updates them.
fn stretches(criterion: &mut Criterion, isa: &str) {
    let mut group = criterion.benchmark_group("update/adam in stretches");
    group.throughput(Throughput::Bytes(28 * 8192));
    for stretch in [32, 128, 512] {
        let state = State::new(&Optimizer::new("adam", &[]).expect("defaults"), 8192);
        let State { mut weight, gradient, slots, .. } = state;
        let step = Optimizer::new("adam", &[]).expect("defaults").prepare(10);
        let [mut first, mut second] = <[Vec<f32>; 2]>::try_from(slots).expect("two slots");
        group.bench_function(format!("{isa}/{stretch}"), |bencher| {
            bencher.iter(|| {
                let slots = first.chunks_mut(stretch).zip(second.chunks_mut(stretch));
                let pairs = weight.chunks_mut(stretch).zip(black_box(&gradient).chunks(stretch));
                for ((weight, gradient), (first, second)) in pairs.zip(slots) {
                    step.update_here(weight, gradient, &mut [first, second]);
                }
            });
        });
    }
    group.finish();
}

fn random(criterion: &mut Criterion, isa: &str) {
    let stream = Stream { seed: 1, stream: 2 };
    let mut group = criterion.benchmark_group("random");
    let (mut order, mut numbers) = (vec![0; 60_000], vec![1.0f32; 60_000]);
    group.throughput(Throughput::Elements(60_000));
    group.bench_function(format!("{isa}/permutation"), |bencher| bencher.iter(|| stream.permutation(&mut order)));
    group.bench_function(format!("{isa}/dropout"), |bencher| {
        bencher.iter(|| stream.dropout_in_place(0, 0.0, black_box(&mut numbers)));
    });
    group.bench_function(format!("{isa}/uniform"), |bencher| bencher.iter(|| stream.uniform(0, &mut numbers)));
    group.bench_function(format!("{isa}/normal"), |bencher| bencher.iter(|| stream.normal(0, &mut numbers)));
    group.finish();
}

criterion_group!(benches, optimizers);
criterion_main!(benches);
