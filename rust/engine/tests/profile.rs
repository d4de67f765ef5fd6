//! What planned steps know of their work, and the times of a profile.

mod common;

use common::apply;
use common::network::{Memory, Network, Recipe};
use tilegrad_engine::types::Values;
use tilegrad_engine::{Bindings, Options, Plan};
use tilegrad_engine::{CallInfo, Dtype, Graph, Work};

/// 784-128-10 in single precision at batch 32, trained with Adam.
fn plan() -> (Network, Plan) {
    let mut recipe = Recipe::new(&[784, 128, 10], 32, "relu", "cross_entropy");
    recipe.dtype = Dtype::F32;
    let network = recipe.build();
    let plan = network.training_plan(Options::default());
    (network, plan)
}

fn steps(plan: &Plan) -> Vec<CallInfo<'_>> {
    (0..plan.steps()).map(|index| plan.step_info(index)).collect()
}

#[test]
fn a_dense_step_counts_product_bias_and_activation() {
    let (_, plan) = plan();
    let steps = steps(&plan);
    let dense = steps.iter().find(|step| step.operation == "matmul + bias + relu").unwrap();
    assert_eq!(dense.scope, "layer.0");
    assert_eq!(dense.result, "float32(32, 128)");
    assert_eq!(dense.work.operations, 2 * 32 * 784 * 128 + 2 * 32 * 128);
    assert_eq!(dense.work.bytes, 4 * (32 * 784 + 784 * 128 + 128 + 32 * 128));
    assert_eq!(dense.work.footprint, dense.work.bytes);
}

#[test]
fn the_work_of_a_step_is_that_of_its_products_and_updates() {
    let (_, plan) = plan();
    let operations: u64 = steps(&plan).iter().map(|step| step.work.operations).sum();
    // Forward and weight gradient of both layers, input gradient of the second one.
    let products = 2 * (32 * 784 * 128 + 32 * 128 * 10) * 2 + 2 * 32 * 10 * 128;
    let weights = 784 * 128 + 128 + 128 * 10 + 10;
    // Weight and two slots, two operations each.
    let rest = operations - products - 6 * weights;
    assert!(rest < 20 * 32 * 138, "{rest} operations beside products and updates");
}

#[test]
fn an_update_moves_weight_and_slots_twice() {
    let mut graph = Graph::new();
    let weight = graph.parameter("weight", &[100], Dtype::F64).unwrap();
    let gradient = graph.input("gradient", &[100], Dtype::F64).unwrap();
    let adam = tilegrad_kernels::optimizers::Optimizer::new("adam", &[]).unwrap();
    let update = graph.update(weight, gradient, &adam).unwrap();
    let plan = Plan::compile(&graph, &[update], Options::default()).unwrap();
    let step = plan.step_info(0);
    assert_eq!((step.operation, step.scope), ("adam_update", "weight"));
    assert_eq!(step.work, Work { operations: 600, divisions: 200, bytes: 800 * 7, footprint: 800 * 4 });
}

#[test]
fn in_place_counts_memory_once_and_bytes_twice() {
    let mut graph = Graph::new();
    let x = graph.input("x", &[1000], Dtype::F32).unwrap();
    let first = apply(&mut graph, "exp", &[x], &[]);
    let second = apply(&mut graph, "tanh", &[first], &[]);
    let plan = Plan::compile(&graph, &[second], Options::default()).unwrap();
    let [exp, tanh] = [0, 1].map(|index| plan.step_info(index).work);
    assert_eq!(exp, Work { operations: 1000, divisions: 0, bytes: 8000, footprint: 8000 });
    assert_eq!(tanh, Work { operations: 1000, divisions: 0, bytes: 8000, footprint: 4000 });
}

#[test]
fn moving_numbers_is_no_arithmetic() {
    let mut graph = Graph::new();
    let x = graph.input("x", &[30, 20], Dtype::F32).unwrap();
    let turned = apply(&mut graph, "transpose", &[x], &[]);
    let plan = Plan::compile(&graph, &[turned], Options::default()).unwrap();
    assert_eq!(plan.step_info(0).work, Work { operations: 0, divisions: 0, bytes: 4800, footprint: 4800 });
}

#[test]
fn the_backward_pass_stands_in_the_scopes_of_the_layers() {
    let (_, plan) = plan();
    let scopes: Vec<&str> = steps(&plan).iter().map(|step| step.scope).collect();
    for scope in ["layer.0", "layer.0.weight", "layer.0.bias", "layer.1", "layer.1.weight", "layer.1.bias"] {
        assert!(scopes.contains(&scope), "{scope} is not among {scopes:?}");
    }
    let unnamed = steps(&plan).into_iter().filter(|step| step.scope.is_empty());
    for step in unnamed {
        assert!(step.operation.starts_with("cross_entropy"), "{} has no scope", step.operation);
    }
}

#[test]
fn a_profile_times_every_step_of_every_run_and_trains_as_runs_do() {
    let (network, mut plan) = plan();
    let mut memory = Memory::new(&network.graph);
    let arrays: Vec<_> = network.inputs.iter().map(Values::array).collect();
    let mut state = memory.state();
    let profile = plan.profile(&mut Bindings { inputs: &arrays, state: &mut state, seed: 11 }, 3).unwrap();
    memory.step = state.step;
    assert_eq!(memory.step, 6);
    assert_eq!(profile.steps.len(), 3 * plan.steps());
    assert_eq!(profile.whole.len(), 3);
    assert!(profile.steps.iter().chain(&profile.whole).all(|seconds| seconds.is_finite() && *seconds >= 0.0));
    let (_, trained) = network.train(6, Options::default());
    assert!(memory == trained, "profiled steps and plain steps gave other parameters or slots");
}
