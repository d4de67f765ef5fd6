//! Building a graph: mistakes are refused; plans describe themselves, leave out what is not needed, and bind strictly.

mod common;

use common::network::Recipe;
use common::{apply, attributes, evaluate};
use tilegrad_engine::error::Error;
use tilegrad_engine::gradient::gradients;
use tilegrad_engine::types::Values;
use tilegrad_engine::{Array, Attribute, Bindings, Dtype, Graph, Options, Plan, State, ValueId, catalogue};

fn refusal(name: &str, shapes: &[(&[usize], Dtype)], pairs: &[(&str, Attribute)]) -> String {
    let mut graph = Graph::new();
    let inputs: Vec<_> = shapes.iter().map(|(shape, dtype)| graph.input("x", shape, *dtype).unwrap()).collect();
    match catalogue::from_name(name, &attributes(pairs)) {
        Err(error) => error.to_string(),
        Ok(operation) => graph.apply(operation, &inputs).expect_err("it should be refused").to_string(),
    }
}

#[test]
fn mistakes_are_refused() {
    const F: Dtype = Dtype::F32;
    let ints = |values: &[i64]| Attribute::Ints(values.to_vec());
    let cases: Vec<(String, &str)> = vec![
        (
            refusal("ad", &[], &[]),
            "apply: unknown operation \"ad\" (did you mean \"add\"?); expected one of matmul, sum,",
        ),
        (
            refusal("sum", &[], &[("axis", ints(&[0]))]),
            "sum: unknown attribute \"axis\" (did you mean \"axes\"?); expected one of axes, keepdims",
        ),
        (refusal("add", &[(&[2, 3], F), (&[4], F)], &[]), "add: expected shapes that broadcast, got (2, 3) and (4,)"),
        (
            refusal("add", &[(&[2], F), (&[2], Dtype::F64)], &[]),
            "add: expected `right` of dtype float32, got dtype float64",
        ),
        (refusal("add", &[(&[2], F)], &[]), "add: expected 2 inputs, got 1"),
        (
            refusal("relu", &[(&[2], Dtype::I32)], &[]),
            "relu: expected `x` of dtype float32 or float64, got dtype int32",
        ),
        (
            refusal("matmul", &[(&[2, 3], F), (&[4, 5], F)], &[]),
            "matmul: expected `b` with 3 rows to match the columns of `a`, got 4",
        ),
        (refusal("matmul", &[(&[2], F), (&[2, 2], F)], &[]), "matmul: expected matrices"),
        (
            refusal("reshape", &[(&[2, 3], F)], &[("shape", ints(&[4, -1]))]),
            "reshape: expected a shape of 6 elements for (2, 3), got [4, -1]",
        ),
        (refusal("sum", &[(&[2, 3], F)], &[("axes", ints(&[2]))]), "sum: expected an axis of a shape of 2 axes, got 2"),
        (
            refusal("dropout", &[(&[2], F)], &[("rate", Attribute::Float(1.0))]),
            "dropout: expected `rate` in [0, 1), got 1",
        ),
        (
            refusal("cross_entropy", &[(&[64, 10], F), (&[64, 10], Dtype::I32)], &[]),
            "cross_entropy: expected `target` of shape (64,), got (64, 10)",
        ),
        (
            refusal("mean_squared_error", &[(&[8, 1], F), (&[8], F)], &[]),
            "mean_squared_error: expected `target` of shape (8, 1), got (8,); reshape one of them",
        ),
        (
            refusal("mean_squared_error", &[(&[8], F), (&[8], Dtype::I32)], &[]),
            "mean_squared_error: expected `target` of dtype float32, got dtype int32",
        ),
        (
            refusal("cross_entropy", &[], &[("reduction", Attribute::Text("avg".to_string()))]),
            "cross_entropy: expected `reduction` to be one of mean, sum, none, got \"avg\"",
        ),
    ];
    for (got, expected) in cases {
        assert!(got.starts_with(expected), "got {got:?}, expected {expected:?}");
    }
}

#[test]
fn gradients_refuse_what_has_none() {
    let mut graph = Graph::new();
    let x = graph.input("x", &[3], Dtype::F64).unwrap();
    let labels = graph.input("labels", &[3], Dtype::I32).unwrap();
    let square = apply(&mut graph, "square", &[x], &[]);
    let error = gradients(&mut graph, square, &[x]).unwrap_err();
    assert!(
        error.message().starts_with("gradients: expected `of` to be a scalar, got square of shape (3,)"),
        "{error}"
    );
    let total = apply(&mut graph, "sum", &[square], &[]);
    let error = gradients(&mut graph, total, &[labels]).unwrap_err();
    assert!(error.message().contains("got labels of dtype int32"), "{error}");
    let logits = graph.input("logits", &[3, 2], Dtype::F64).unwrap();
    let target = graph.input("target", &[3, 2], Dtype::F64).unwrap();
    let loss = apply(&mut graph, "cross_entropy", &[logits, target], &[]);
    let error = gradients(&mut graph, loss, &[target]).unwrap_err();
    assert!(error.message().contains("cross_entropy, which has no gradient with respect to target"), "{error}");
}

#[test]
fn runs_refuse_what_does_not_fit() {
    let mut graph = Graph::new();
    let x = graph.input("x", &[3], Dtype::F32).unwrap();
    let weight = graph.parameter("weight", &[3], Dtype::F32).unwrap();
    let product = graph.multiply(x, weight).unwrap();
    let mut plan = Plan::compile(&graph, &[product], Options::default()).unwrap();
    let mut ask = |inputs: &[Array<'_>]| {
        plan.run(&mut Bindings { inputs, state: &mut State::default(), seed: 0 }).unwrap_err().to_string()
    };
    assert_eq!(ask(&[]), "run: expected 1 inputs, got 0");
    assert_eq!(ask(&[Array::F64(&[0.0; 3])]), "run: expected `x` of dtype float32, got dtype float64");
    assert_eq!(ask(&[Array::F32(&[0.0; 4])]), "run: expected `x` of 3 elements, got 4");
    assert_eq!(ask(&[Array::F32(&[0.0; 3])]), "run: expected parameters of 16 float32 elements, got 0");
}

#[test]
fn labels_out_of_range_are_refused() {
    let mut graph = Graph::new();
    let logits = graph.input("logits", &[3, 4], Dtype::F32).unwrap();
    let labels = graph.input("labels", &[3], Dtype::I32).unwrap();
    let loss = apply(&mut graph, "cross_entropy", &[logits, labels], &[("ignore_index", Attribute::Int(-1))]);
    let mut plan = Plan::compile(&graph, &[loss], Options::default()).unwrap();
    let mut ask = |labels: &[i32]| {
        let inputs = [Array::F32(&[0.0; 12]), Array::I32(labels)];
        plan.run(&mut Bindings { inputs: &inputs, state: &mut State::default(), seed: 0 })
    };
    assert_eq!(ask(&[0, 3, -1]), Ok(()));
    let expected = Error::Value("cross_entropy: expected `target` of classes from 0 to 3, got 4 in row 1".into());
    assert_eq!(ask(&[0, 4, 1]), Err(expected.clone()));
    let fixed = graph.constant(Array::I32(&[0, 4, 1]), &[3]).unwrap();
    let loss = apply(&mut graph, "cross_entropy", &[logits, fixed], &[]);
    assert_eq!(Plan::compile(&graph, &[loss], Options::default()).unwrap_err(), expected);
}

#[test]
fn a_plan_describes_its_fused_steps() {
    let network = Recipe { dtype: Dtype::F32, ..Recipe::new(&[4, 16, 3], 16, "gelu", "cross_entropy") }.build();
    let text = network.training_plan(Options::default()).describe();
    for part in [
        "layer.0: matmul + bias + gelu",
        "features, layer.0.weight, layer.0.bias",
        "layer.1: matmul + bias",
        "cross_entropy + gradient",
        "matmul + gelu_backward",
        "adam_update",
        "parameter layer.0.weight",
        "float32(16, 16), float32(16, 16)",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    // Columns are aligned: the heads stand above their cells.
    let at = text.lines().next().unwrap().find("reads").unwrap();
    assert!(text.lines().nth(1).unwrap()[at..].starts_with("features"), "{text}");
}

#[test]
fn what_no_output_needs_is_left_out() {
    let mut graph = Graph::new();
    let x = graph.input("x", &[8], Dtype::F64).unwrap();
    let square = apply(&mut graph, "square", &[x], &[]);
    apply(&mut graph, "exp", &[square], &[]);
    let root = apply(&mut graph, "sqrt", &[square], &[]);
    let plan = Plan::compile(&graph, &[root], Options::default()).unwrap();
    // In place: one buffer of eight numbers.
    assert_eq!((plan.steps(), plan.arena_bytes()), (2, 64));
}

#[test]
fn outputs_may_be_inputs_constants_and_views() {
    let mut graph = Graph::new();
    let x = graph.input("x", &[2, 3], Dtype::F64).unwrap();
    let view = apply(&mut graph, "reshape", &[x], &[("shape", Attribute::Ints(vec![3, 2]))]);
    let seven = graph.scalar(7.0, Dtype::F64);
    let numbers = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let got = evaluate(&graph, &[x, view, seven, x], &[Values::F64(numbers.clone())], Options::default());
    assert_eq!(got, [numbers.clone(), numbers.clone(), vec![7.0], numbers]);
}

#[test]
fn updates_wait_for_every_reader_of_the_old_parameter() {
    use tilegrad_kernels::optimizers::Optimizer;
    let mut graph = Graph::new();
    let weight = graph.parameter("weight", &[2], Dtype::F64).unwrap();
    let one = graph.constant(Array::F64(&[1.0, 1.0]), &[2]).unwrap();
    let descent = Optimizer::new("sgd", &[]).unwrap();
    let update = graph.update(weight, one, &descent).unwrap();
    let old = graph.negative(weight).unwrap();
    let new = graph.negative(update).unwrap();
    assert!(
        graph.update(weight, one, &descent).unwrap_err().message().starts_with("update: expected one update of weight")
    );
    let mut plan = Plan::compile(&graph, &[update, old, new], Options::default()).unwrap();
    let mut memory = common::network::Memory::new(&graph);
    memory.parameters()[..2].copy_from_slice(&[1.0, 2.0]);
    let got = memory.run(&mut plan, &[]);
    assert_eq!(got[0], [-1.0, -2.0]);
    let expected: Vec<f64> = memory.parameters()[..2].iter().map(|number| -number).collect();
    assert_eq!(got[1], expected);
}

#[test]
fn plans_can_be_sent_to_other_threads() {
    fn send<T: Send>(_: &T) {}
    let network = Recipe::new(&[2, 2], 2, "relu", "mean_squared_error").build();
    send(&network.training_plan(Options::default()));
}

#[test]
fn what_does_not_fit_into_memory_is_refused_before_anything_is_allocated() {
    // 4 TB of intermediate values, from inputs of a few.
    let mut graph = Graph::new();
    let column = graph.input("column", &[1_000_000, 1], Dtype::F32).unwrap();
    let row = graph.input("row", &[1, 1_000_000], Dtype::F32).unwrap();
    let product = graph.matmul(column, row, (false, false)).unwrap();
    let error = Plan::compile(&graph, &[product], Options::default()).expect_err("it should be refused");
    let begin = "compile: expected `graph` that fits into memory, got a plan of 4.0 TB (40000";
    assert!(error.message().starts_with(begin) && error.message().contains("a smaller batch size"), "{error}");
    // Sizes that only saturated arithmetic can add up.
    let huge = graph.input("huge", &[1 << 30, 1 << 29], Dtype::F32).unwrap();
    let values: Vec<ValueId> = (0..20).map(|_| graph.scaled(huge, 2.0).unwrap()).collect();
    let error = Plan::compile(&graph, &values, Options::default()).expect_err("it should be refused");
    assert!(error.message().starts_with("compile: expected `graph` that fits into memory"), "{error}");
    // Shapes that cannot be addressed at all.
    let wide = graph.input("wide", &[1 << 50, 1], Dtype::F32).unwrap();
    let error = graph.matmul(wide, wide, (false, true)).expect_err("it should be refused");
    assert!(error.message().starts_with("matmul: expected a shape that fits into memory"), "{error}");
    let parameter = |index| graph.parameter(&format!("weight.{index}"), &[1 << 29, 1 << 28], Dtype::F32);
    let refused = (0..40).map(parameter).find_map(Result::err).expect("parameters that cannot be addressed");
    assert!(refused.message().starts_with("parameter: expected a shape that fits into memory"), "{refused}");
}
