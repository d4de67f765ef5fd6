//! Whole training steps (forward, loss, backward, Adam) of small networks, as a plan runs them: one call per step.
//!
//! `cargo bench -p tilegrad-engine`. The same networks stand in benches/peers, where other libraries take the same steps.

use tilegrad_engine::gradient::gradients;
use tilegrad_engine::{Array, Attributes, Bindings, Buffers, Dtype, Graph, Options, Plan, State, ValueId, ops};
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
    graph.apply(ops::from_name(name, &Attributes::new()).unwrap(), inputs).unwrap()
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

fn main() {
    threads::set_count(1);
    let which: usize = std::env::args().nth(1).map_or(0, |a| a.parse().unwrap());
    let (widths, batch) = NETWORKS[which];
    let (graph, outputs) = network(widths, batch);
    let mut plan = Plan::compile(&graph, &outputs, Options::default()).unwrap();
    println!("{}", plan.describe());
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
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); plan.steps()];
    let mut total = Vec::new();
    let rounds = 300;
    for _ in 0..rounds {
        let t = std::time::Instant::now();
        plan.run(&mut Bindings { inputs: &inputs, state: &mut state, seed: 0 }).unwrap();
        total.push(t.elapsed().as_nanos() as f64 / 1000.0);
        state.step += 1;
    }
    for _ in 0..rounds {
        for (i, (_, t)) in
            plan.profile(&mut Bindings { inputs: &inputs, state: &mut state, seed: 0 }).unwrap().into_iter().enumerate()
        {
            times[i].push(t.as_nanos() as f64 / 1000.0);
        }
        state.step += 1;
    }
    let names: Vec<String> = plan
        .profile(&mut Bindings { inputs: &inputs, state: &mut state, seed: 0 })
        .unwrap()
        .into_iter()
        .map(|x| x.0.to_string())
        .collect();
    for (name, times) in names.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        println!("{name:40} {:8.2} us", times[rounds / 2]);
    }
    total.sort_by(f64::total_cmp);
    println!("total median {:.2} us, least {:.2}", total[rounds / 2], total[0]);
}
