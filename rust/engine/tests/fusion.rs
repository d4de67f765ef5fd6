//! Fusions happen, need no gradient buffer, keep away where they must, and change no bit.

mod common;

use common::network::{Memory, Network, Recipe};
use common::{apply, numbers};
use tilegrad_engine::fusion::Fusions;
use tilegrad_engine::gradient::gradients;
use tilegrad_engine::types::Values;
use tilegrad_engine::{Array, Dtype, Graph, Options, Plan, ValueId};
use tilegrad_kernels::isa::{self, Isa};
use tilegrad_kernels::optimizers::{self, Optimizer};
use tilegrad_kernels::threads;

/// A plan with these fusions.
fn with(fusions: Fusions) -> Options {
    Options { fusions, ..Options::default() }
}

/// Every fusion but those of updates.
const WITHOUT_UPDATES: Fusions = Fusions { update: false, ..Fusions::ALL };

/// The names of the steps of a plan.
fn operations(plan: &Plan) -> Vec<String> {
    (0..plan.steps()).map(|index| plan.step_info(index).operation.to_string()).collect()
}

#[test]
fn a_step_is_made_of_fused_calls() {
    let recipe = Recipe { dtype: Dtype::F32, ..Recipe::new(&[30, 64, 48, 10], 32, "relu", "cross_entropy") };
    let plan = recipe.build().training_plan(Options::default());
    let mut expected = vec![
        "matmul + bias + relu",
        "matmul + bias + relu",
        "matmul + bias",
        "cross_entropy + gradient",
        "sum + adam_update",
        "matmul + relu_backward + sum",
        "matmul + adam_update",
        "adam_update",
        "matmul + relu_backward + sum",
        "matmul + adam_update",
        "adam_update",
        "matmul + adam_update",
    ];
    let mut got = operations(&plan);
    expected.sort_unstable();
    got.sort_unstable();
    assert_eq!(got, expected, "{}", plan.describe());
    for name in expected {
        assert!(plan.describe().contains(name), "{}", plan.describe());
    }
}

#[test]
fn gradients_of_weights_have_no_buffer() {
    let recipe = Recipe { dtype: Dtype::F32, ..Recipe::new(&[784, 128, 10], 8, "relu", "cross_entropy") };
    let network = recipe.build();
    let weight = 784 * 128 * 4;
    let bytes = |fusions| network.training_plan(with(fusions)).arena_bytes();
    assert!(bytes(WITHOUT_UPDATES) > weight);
    assert!(bytes(Fusions::ALL) < weight / 4, "{}", network.training_plan(Options::default()).describe());
}

/// Trains with and without each fusion; the bits must be the same.
fn agrees(what: &str, network: &Network, options: &[Options]) {
    let expected = network.train(3, with(Fusions::NONE));
    for options in options {
        assert!(network.train(3, *options) == expected, "{options:?}: {what}");
    }
}

/// One test: instruction set and threads are set process-wide.
#[test]
fn fused_updates_change_no_bits() {
    let start = isa::current();
    let apart = Options { reuse: false, ..Options::default() };
    let mut recipes = Vec::new();
    for dtype in [Dtype::F32, Dtype::F64] {
        for entry in optimizers::ENTRIES {
            let recipe = |widths: &[usize], batch| {
                let recipe = Recipe::new(widths, batch, "tanh", "cross_entropy");
                Recipe { dtype, optimizer: entry.name, ..recipe }
            };
            recipes.push(recipe(&[7, 19, 5], 1));
            recipes.push(recipe(&[7, 33, 17, 65, 3], 13));
        }
        let recipe = |widths: &[usize], batch| Recipe { dtype, ..Recipe::new(widths, batch, "relu", "cross_entropy") };
        // One column and one row, whose transposes lie in memory as they do.
        recipes.push(Recipe { loss: "mean_squared_error", ..recipe(&[6, 300, 1], 9) });
        recipes.push(Recipe { loss: "mean_squared_error", ..recipe(&[1, 70, 1, 40, 1], 50) });
        // Wide enough for several blocks of columns and for threads; then depths that are cut, and sums in several
        // runs.
        recipes.push(recipe(&[130, 1100, 10], 70));
        recipes.push(recipe(&[9, 40, 37, 2], 1100));
        recipes.push(recipe(&[5, 67, 33, 3], 2500));
    }
    for recipe in recipes {
        let (what, network) = (format!("{recipe:?}"), recipe.build());
        for count in 1..=3 {
            threads::set_count(count);
            agrees(&what, &network, &[Options::default(), apart, with(WITHOUT_UPDATES)]);
        }
        threads::set_count(1);
        let expected = network.train(3, Options::default());
        for isa in isa::available().filter(|isa| *isa != Isa::Baseline) {
            isa::force(isa);
            assert!(network.train(3, Options::default()) == expected, "{}: {what}", isa.name());
        }
        isa::force(start);
    }
}

/// A graph with weights of its own, its outputs, and its one input.
struct Small {
    graph: Graph,
    outputs: Vec<ValueId>,
    input: Vec<f64>,
}

impl Small {
    /// `build` makes a scalar from the input (6, 5) and parameters of these shapes, which are updated along its
    /// gradients.
    fn new(shapes: &[[usize; 2]], build: impl Fn(&mut Graph, ValueId, &[ValueId]) -> ValueId) -> Self {
        let mut graph = Graph::new();
        let x = graph.input("x", &[6, 5], Dtype::F64).unwrap();
        let parameters: Vec<ValueId> = (0..shapes.len())
            .map(|index| graph.parameter(&format!("weight.{index}"), &shapes[index], Dtype::F64).unwrap())
            .collect();
        let scalar = build(&mut graph, x, &parameters);
        let slopes = gradients(&mut graph, scalar, &parameters).unwrap();
        let adam = Optimizer::new("adam", &[]).unwrap();
        let updates = parameters.iter().zip(slopes).map(|(&p, slope)| graph.update(p, slope, &adam).unwrap());
        let outputs = [scalar].into_iter().chain(updates.collect::<Vec<_>>()).collect();
        Self { graph, outputs, input: numbers(30, -1.0, 1.0, 0.3) }
    }

    /// The operations of the fused plan, whose steps have the bits of the unfused one.
    fn operations(&self) -> Vec<String> {
        let train = |options| {
            let mut plan = Plan::compile(&self.graph, &self.outputs, options).unwrap();
            let mut memory = Memory::new(&self.graph);
            let inputs = [Array::F64(&self.input).to_values()];
            let losses: Vec<_> = (0..3).map(|_| memory.run(&mut plan, &inputs)).collect();
            (losses, memory)
        };
        assert!(train(Options::default()) == train(with(Fusions::NONE)));
        operations(&Plan::compile(&self.graph, &self.outputs, Options::default()).unwrap())
    }
}

fn squared_sum(graph: &mut Graph, value: ValueId) -> ValueId {
    let square = graph.multiply(value, value).unwrap();
    graph.sum(square, None, false).unwrap()
}

#[test]
fn a_gradient_that_others_read_is_kept() {
    let one = |graph: &mut Graph, x, weights: &[ValueId]| {
        let product = graph.matmul(x, weights[0], (false, false)).unwrap();
        squared_sum(graph, product)
    };
    let mut small = Small::new(&[[5, 4]], one);
    assert!(small.operations().contains(&"matmul + adam_update".to_string()));
    // As an output beside the update.
    let update = small.graph.node(small.outputs[1]).inputs.clone();
    small.outputs.push(update[1]);
    assert!(small.operations().contains(&"adam_update".to_string()));
    // Clipped: something else reads it.
    small.outputs.pop();
    let norm = squared_sum(&mut small.graph, update[1]);
    small.outputs.push(norm);
    assert!(small.operations().contains(&"adam_update".to_string()));
}

#[test]
fn a_weight_used_twice_collects_its_gradient_first() {
    let twice = |graph: &mut Graph, x, weights: &[ValueId]| {
        let hidden = graph.matmul(x, weights[0], (false, false)).unwrap();
        let again = apply(graph, "tanh", &[hidden], &[]);
        let product = graph.matmul(again, weights[0], (false, false)).unwrap();
        squared_sum(graph, product)
    };
    let got = Small::new(&[[5, 5]], twice).operations();
    assert!(got.contains(&"adam_update".to_string()) && !got.contains(&"matmul + adam_update".to_string()), "{got:?}");
}

#[test]
fn a_weight_may_be_an_output_and_a_gradient_may_be_made_of_weights() {
    // y = x (V W): the gradient of V is made from W and that of W from V, so one of the two must be there before.
    let chain = |graph: &mut Graph, x, weights: &[ValueId]| {
        let product = graph.matmul(weights[0], weights[1], (false, false)).unwrap();
        let result = graph.matmul(x, product, (false, false)).unwrap();
        squared_sum(graph, result)
    };
    let mut small = Small::new(&[[5, 4], [4, 3]], chain);
    let fused = |got: &[String]| got.iter().filter(|name| *name == "matmul + adam_update").count();
    assert_eq!(fused(&small.operations()), 1);
    let parameters: Vec<ValueId> = small.graph.parameters().iter().map(|place| place.value).collect();
    small.outputs.extend(parameters);
    small.operations();
}

#[test]
fn a_hidden_bias_is_summed_beside_the_slope() {
    let recipe = Recipe::new(&[5, 8, 3], 4, "tanh", "mean_squared_error");
    let network = recipe.build();
    let outputs: Vec<ValueId> = [network.loss].into_iter().chain(network.gradients.clone()).collect();
    let mut fused = Plan::compile(&network.graph, &outputs, Options::default()).unwrap();
    let mut plain = Plan::compile(&network.graph, &outputs, with(Fusions::NONE)).unwrap();
    assert!(operations(&fused).contains(&"matmul + tanh_backward + sum".to_string()), "{}", fused.describe());
    let without = Plan::compile(&network.graph, &outputs, with(Fusions { bias: false, ..Fusions::ALL })).unwrap();
    assert!(operations(&without).contains(&"matmul + tanh_backward".to_string()));
    let inputs: &[Values] = &network.inputs;
    let mut memory = Memory::new(&network.graph);
    assert_eq!(memory.run(&mut fused, inputs), memory.run(&mut plain, inputs));
}
