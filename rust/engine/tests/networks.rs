//! Whole networks: gradients against differences with every activation and loss; worked examples to all digits.

mod common;

use common::network::{Memory, Recipe};
use common::{apply, evaluate};
use tilegrad_engine::error::{Result, value_error};
use tilegrad_engine::gradient::gradients;
use tilegrad_engine::types::Values;
use tilegrad_engine::{Attribute, Dtype, Graph, Options, Plan, ValueId};
use tilegrad_kernels::optimizers::Optimizer;
use tilegrad_kernels::registry::Setting;
use tilegrad_kernels::{activations, losses};

/// Gradients of all parameters of a network against differences of its loss; an error for the first that differs.
fn check_network(recipe: &Recipe) -> Result<()> {
    let network = recipe.build();
    let mut memory = Memory::new(&network.graph);
    let mut plan = Plan::compile(&network.graph, &network.gradients, Options::default())?;
    let slopes = memory.run(&mut plan, &network.inputs);
    let mut plan = Plan::compile(&network.graph, &[network.loss], Options::default())?;
    let h = 1e-3;
    for (place, slopes) in network.graph.parameters().iter().zip(slopes) {
        for (index, slope) in slopes.into_iter().enumerate() {
            let mut at = |step: f64| {
                let before = memory.parameters()[place.offset + index];
                memory.parameters()[place.offset + index] = before + step;
                let loss = memory.run(&mut plan, &network.inputs)[0][0];
                memory.parameters()[place.offset + index] = before;
                loss
            };
            let expected = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
            let error = (slope - expected).abs() / expected.abs().max(1.0);
            if error.is_nan() || error >= 1e-7 {
                return value_error!("{recipe:?}, {} {index}: got {slope}, expected {expected}", place.name);
            }
        }
    }
    Ok(())
}

#[test]
fn gradients_of_networks_match_differences() {
    let mut failures = Vec::new();
    for activation in activations::ENTRIES {
        failures.extend(check_network(&Recipe::new(&[3, 5, 4, 3], 4, activation.name, "cross_entropy")).err());
    }
    for loss in losses::ENTRIES {
        let recipe = Recipe::new(&[3, 5, 2], 4, "tanh", loss.name);
        failures.extend(check_network(&recipe).err());
        failures.extend(check_network(&Recipe { dropout: 0.3, ..recipe }).err());
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Constants of a worked example.
fn scalars(graph: &mut Graph, names: &[&str]) -> Vec<ValueId> {
    names.iter().map(|name| graph.input(name, &[], Dtype::F64).unwrap()).collect()
}

#[test]
fn apples_cost_22() {
    let mut graph = Graph::new();
    let inputs = scalars(&mut graph, &["price", "count", "tax"]);
    let subtotal = apply(&mut graph, "multiply", &[inputs[0], inputs[1]], &[]);
    let total = apply(&mut graph, "multiply", &[subtotal, inputs[2]], &[]);
    let slopes = gradients(&mut graph, total, &inputs).unwrap();
    let outputs: Vec<ValueId> = [total].into_iter().chain(slopes).collect();
    let values = [10.0, 2.0, 1.1].map(|value| Values::F64(vec![value]));
    let got = evaluate(&graph, &outputs, &values, Options::default()).concat();
    assert_eq!(got, [22.0, 2.2, 11.0, 20.0]);
}

#[test]
fn apples_and_oranges_cost_715() {
    let mut graph = Graph::new();
    let inputs = scalars(&mut graph, &["apple price", "apples", "orange price", "oranges", "tax"]);
    let apples = apply(&mut graph, "multiply", &[inputs[0], inputs[1]], &[]);
    let oranges = apply(&mut graph, "multiply", &[inputs[2], inputs[3]], &[]);
    let fruit = apply(&mut graph, "add", &[apples, oranges], &[]);
    let total = apply(&mut graph, "multiply", &[fruit, inputs[4]], &[]);
    let slopes = gradients(&mut graph, total, &inputs).unwrap();
    let outputs: Vec<ValueId> = [total].into_iter().chain(slopes).collect();
    let values = [100.0, 2.0, 150.0, 3.0, 1.1].map(|value| Values::F64(vec![value]));
    let got = evaluate(&graph, &outputs, &values, Options::default()).concat();
    let expected: [f64; 6] = [715.0, 2.2, 110.0, 3.3, 165.0, 650.0];
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() <= 4.0 * f64::EPSILON * expected, "got {got}, expected {expected}");
    }
}

/// The well-known 2-2-2 sigmoid network with half the squared error and one step of gradient descent at 0.5.
#[test]
fn two_two_two_network_takes_its_step() {
    let mut graph = Graph::new();
    let x = graph.input("x", &[1, 2], Dtype::F64).unwrap();
    let target = graph.input("target", &[1, 2], Dtype::F64).unwrap();
    // As (in, out): column j holds the weights of neuron j.
    let weights: Vec<ValueId> = ["w1", "w2"].map(|name| graph.parameter(name, &[2, 2], Dtype::F64).unwrap()).to_vec();
    let mut value = x;
    for (layer, bias) in [0.35, 0.60].into_iter().enumerate() {
        let bias = graph.scalar(bias, Dtype::F64);
        let product = apply(&mut graph, "matmul", &[value, weights[layer]], &[]);
        let sum = apply(&mut graph, "add", &[product, bias], &[]);
        value = apply(&mut graph, "sigmoid", &[sum], &[]);
    }
    let error = apply(&mut graph, "sum_squared_error", &[value, target], &[]);
    let half = graph.scalar(0.5, Dtype::F64);
    let error = apply(&mut graph, "multiply", &[error, half], &[]);
    let slopes = gradients(&mut graph, error, &weights).unwrap();
    let descent = Optimizer::new("sgd", &[("learning_rate", Setting::Number(0.5))]).unwrap();
    let updates: Vec<ValueId> =
        weights.iter().zip(&slopes).map(|(&w, &slope)| graph.update(w, slope, &descent).unwrap()).collect();
    let outputs: Vec<ValueId> = [error, slopes[1]].into_iter().chain(updates).collect();
    let mut plan = Plan::compile(&graph, &outputs, Options::default()).unwrap();
    let mut memory = Memory::new(&graph);
    memory.parameters().fill(0.0);
    memory.parameters()[..4].copy_from_slice(&[0.15, 0.25, 0.20, 0.30]);
    memory.parameters()[8..12].copy_from_slice(&[0.40, 0.50, 0.45, 0.55]);
    let inputs = [Values::F64(vec![0.05, 0.10]), Values::F64(vec![0.01, 0.99])];
    let got = memory.run(&mut plan, &inputs);
    assert!((got[0][0] - 0.298_371_108_760_002_7).abs() < 1e-15, "error {}", got[0][0]);
    assert!((got[1][0] - 0.082_167_040_6).abs() < 5e-11, "dE/dw5 {}", got[1][0]);
    let expected = [0.149_780_72, 0.249_751_14, 0.199_561_43, 0.299_502_29];
    let later = [0.358_916_48, 0.511_301_27, 0.408_666_19, 0.561_370_12];
    for (start, expected) in [(0, expected), (8, later)] {
        for (got, expected) in memory.parameters()[start..start + 4].iter().zip(expected) {
            assert!((got - expected).abs() < 5e-9, "got {got}, expected {expected}");
        }
    }
    let after = memory.run(&mut plan, &inputs)[0][0];
    assert!((after - 0.291_027_773_693_599_33).abs() < 1e-15, "error after the step {after}");
}

#[test]
fn a_value_used_twice_collects_both_gradients() {
    let mut graph = Graph::new();
    let inputs = scalars(&mut graph, &["x", "y", "z"]);
    let sum = apply(&mut graph, "add", &[inputs[0], inputs[1]], &[]);
    let square = apply(&mut graph, "multiply", &[sum, sum], &[]);
    let slopes = gradients(&mut graph, square, &inputs).unwrap();
    let values = [3.0, 4.0, 5.0].map(|value| Values::F64(vec![value]));
    // 2 (x + y) for both; zero for z, on which the result does not depend.
    assert_eq!(evaluate(&graph, &slopes, &values, Options::default()).concat(), [14.0, 14.0, 0.0]);
}

#[test]
fn training_lowers_the_loss_with_every_optimizer() {
    for entry in tilegrad_kernels::optimizers::ENTRIES {
        let recipe = Recipe { optimizer: entry.name, ..Recipe::new(&[6, 16, 3], 12, "tanh", "cross_entropy") };
        let (losses, _) = recipe.build().train(200, Options::default());
        assert!(losses[199] < losses[0], "{}: {} then {}", entry.name, losses[0], losses[199]);
    }
}

#[test]
fn dropout_is_the_identity_in_evaluation() {
    let mut graph = Graph::new();
    let x = graph.input("x", &[1000], Dtype::F64).unwrap();
    let dropped = apply(&mut graph, "dropout", &[x], &[("rate", Attribute::Float(0.25))]);
    let values = [Values::F64(vec![1.0; 1000])];
    let evaluated = evaluate(&graph, &[dropped], &values, Options { training: false, ..Options::default() });
    assert!(evaluated[0].iter().all(|&number| number == 1.0));
    let trained = evaluate(&graph, &[dropped], &values, Options::default());
    let kept = trained[0].iter().filter(|&&number| number != 0.0).count();
    assert!((700..800).contains(&kept), "{kept} kept of 1000");
    assert!(trained[0].iter().all(|&number| number == 0.0 || (number - 4.0 / 3.0).abs() < 1e-15));
}
