//! Whole training steps (forward, loss, backward, Adam) of small networks, as a plan runs them: one call per step.
//!
//! `cargo bench -p tilegrad-engine`. The same networks stand in benches/peers, where other libraries take the same
//! steps.

use criterion::{Criterion, criterion_group, criterion_main};
use tilegrad_engine::gradient::gradients;
use tilegrad_engine::{Array, Attributes, Bindings, Buffers, Dtype, Graph, Options, Plan, State, ValueId, catalogue};
use tilegrad_kernels::optimizers::Optimizer;
use tilegrad_kernels::threads;

/// Layer widths and batch sizes.
const NETWORKS: [(&[usize], usize); 5] = [
    (&[4, 16, 3], 16),
    (&[30, 64, 64, 2], 32),
    (&[64, 128, 10], 64),
    (&[784, 128, 10], 32),
    (&[784, 512, 256, 10], 128),
];

fn apply(graph: &mut Graph, name: &str, inputs: &[ValueId]) -> ValueId {
    graph.apply(catalogue::from_name(name, &Attributes::new()).unwrap(), inputs).unwrap()
}

/// A network of dense layers with ReLU between them, cross-entropy and Adam; its outputs are the loss and the updates.
fn network(widths: &[usize], batch: usize) -> (Graph, Vec<ValueId>) {
    let mut graph = Graph::new();
    let features = graph.input("features", &[batch, widths[0]], Dtype::F32).unwrap();
    let labels = graph.input("labels", &[batch], Dtype::I32).unwrap();
    let (mut value, mut parameters) = (features, Vec::new());
    for (layer, pair) in widths.windows(2).enumerate() {
        graph.push_scope(&format!("layer.{layer}"));
        let weight = graph.parameter("weight", pair, Dtype::F32).unwrap();
        let bias = graph.parameter("bias", &pair[1..], Dtype::F32).unwrap();
        parameters.extend([weight, bias]);
        let product = apply(&mut graph, "matmul", &[value, weight]);
        value = apply(&mut graph, "add", &[product, bias]);
        if layer + 2 < widths.len() {
            value = apply(&mut graph, "relu", &[value]);
        }
        graph.pop_scope().unwrap();
    }
    let loss = apply(&mut graph, "cross_entropy", &[value, labels]);
    let slopes = gradients(&mut graph, loss, &parameters).unwrap();
    let adam = Optimizer::new("adam", &[]).unwrap();
    let updates = parameters.iter().zip(slopes).map(|(&p, slope)| graph.update(p, slope, &adam).unwrap());
    let outputs = [loss].into_iter().chain(updates.collect::<Vec<_>>()).collect();
    (graph, outputs)
}

/// Numbers around zero that look random.
fn numbers(count: usize, scale: f32) -> Vec<f32> {
    (0..count).map(|index| ((index as f32 + 1.0) * 0.618_034).fract() * scale - scale / 2.0).collect()
}

fn steps(criterion: &mut Criterion) {
    threads::set_count(1);
    let mut group = criterion.benchmark_group("step");
    for (widths, batch) in NETWORKS {
        let (graph, outputs) = network(widths, batch);
        let mut plan = Plan::compile(&graph, &outputs, Options::default()).unwrap();
        let len = graph.flat_len(Dtype::F32);
        let (mut parameters, mut slots) = (numbers(len, 0.2), vec![vec![0f32; len]; 2]);
        let features = numbers(batch * widths[0], 2.0);
        let classes = widths[widths.len() - 1];
        let labels: Vec<i32> = (0..batch).map(|row| (row % classes) as i32).collect();
        let inputs = [Array::F32(&features), Array::I32(&labels)];
        let mut state = State {
            parameters: Buffers { single: &mut parameters, double: &mut [] },
            slots: slots.iter_mut().map(|slot| Buffers { single: slot, double: &mut [] }).collect(),
            ..State::default()
        };
        let name = widths.iter().map(ToString::to_string).collect::<Vec<_>>().join("-");
        group.bench_function(format!("{name} batch {batch}"), |bencher| {
            bencher.iter(|| {
                plan.run(&mut Bindings { inputs: &inputs, state: &mut state, seed: 0 }).unwrap();
                state.step += 1;
            });
        });
    }
    group.finish();
}

/// What a planned operation costs beside its arithmetic: a hundred operations on one number each.
fn overhead(criterion: &mut Criterion) {
    let mut graph = Graph::new();
    let mut value = graph.input("x", &[1], Dtype::F32).unwrap();
    for _ in 0..100 {
        value = apply(&mut graph, "negative", &[value]);
    }
    let mut plan = Plan::compile(&graph, &[value], Options::default()).unwrap();
    let inputs = [Array::F32(&[1.0])];
    let mut state = State::default();
    criterion.bench_function("100 operations on one number", |bencher| {
        bencher.iter(|| plan.run(&mut Bindings { inputs: &inputs, state: &mut state, seed: 0 }).unwrap());
    });
}

fn compile(criterion: &mut Criterion) {
    let widths = [64; 11];
    let (graph, outputs) = network(&widths, 32);
    criterion.bench_function("compile ten layers", |bencher| {
        bencher.iter(|| Plan::compile(&graph, &outputs, Options::default()).unwrap().steps());
    });
    criterion.bench_function("build and compile ten layers", |bencher| {
        bencher.iter(|| {
            let (graph, outputs) = network(&widths, 32);
            Plan::compile(&graph, &outputs, Options::default()).unwrap().steps()
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .measurement_time(std::time::Duration::from_secs(1))
        .warm_up_time(std::time::Duration::from_millis(300));
    targets = steps, overhead, compile
}
criterion_main!(benches);
