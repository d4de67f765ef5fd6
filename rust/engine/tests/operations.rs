//! Every operation by name: its gradient against differences in double precision, and its gradient's gradient.

mod common;

use std::collections::BTreeSet;

use common::{apply, check_gradients, evaluate, numbers, weighted_sum};
use tilegrad_engine::gradient::gradients;
use tilegrad_engine::types::Values;
use tilegrad_engine::{Array, Attribute, Bindings, Buffers, Dtype, Graph, Options, Plan, State, ValueId, catalogue};
use tilegrad_kernels::registry::LossKind;

/// An operation at work: shapes of its inputs, the range of their numbers, attributes.
struct Case {
    name: &'static str,
    shapes: Vec<Vec<usize>>,
    range: (f64, f64),
    attributes: Vec<(&'static str, Attribute)>,
    /// Inputs that are labels below this number instead.
    labels: Option<(usize, i32)>,
    /// How many inputs have a gradient that is not zero.
    differentiable: usize,
    /// Whether the first input only has a rule.
    first_only: bool,
}

fn case(name: &'static str, shapes: &[&[usize]], range: (f64, f64)) -> Case {
    let shapes: Vec<Vec<usize>> = shapes.iter().map(|shape| shape.to_vec()).collect();
    let differentiable = shapes.len();
    Case { name, shapes, range, attributes: Vec::new(), labels: None, differentiable, first_only: false }
}

impl Case {
    fn with(mut self, name: &'static str, value: Attribute) -> Self {
        self.attributes.push((name, value));
        self
    }
    fn differentiable(mut self, count: usize) -> Self {
        self.differentiable = count;
        self
    }
    fn wrt_first(mut self) -> Self {
        self.first_only = true;
        self
    }
    fn labels(mut self, input: usize, below: i32) -> Self {
        self.labels = Some((input, below));
        self
    }
}

fn ints(values: &[i64]) -> Attribute {
    Attribute::Ints(values.to_vec())
}

fn arithmetic_cases() -> Vec<Case> {
    let both = (-2.0, 2.0);
    let mut cases = vec![
        case("divide", &[&[2, 3], &[3]], (0.5, 2.0)),
        case("power", &[&[2, 3], &[3]], (0.5, 2.0)),
        case("power", &[&[2, 3], &[]], (2.0, 2.0 + 1e-9)),
        case("negative", &[&[5]], both),
        case("exp", &[&[5]], both),
        case("expm1", &[&[5]], both),
        case("log", &[&[5]], (0.5, 3.0)),
        case("log1p", &[&[5]], (-0.5, 3.0)),
        case("sqrt", &[&[5]], (0.5, 3.0)),
        case("abs", &[&[5]], both),
        case("square", &[&[5]], both),
        case("sign", &[&[5]], both).differentiable(0),
        case("equal", &[&[5], &[5]], both).differentiable(0),
        case("larger_share", &[&[5], &[5]], both).differentiable(0),
        case("prelu", &[&[4, 3], &[3]], both),
        case("prelu_slope", &[&[4, 3], &[3]], both),
        case("matmul", &[&[2, 3], &[3, 4]], both),
        case("matmul", &[&[3, 2], &[4, 3]], both)
            .with("transpose_a", Attribute::Bool(true))
            .with("transpose_b", Attribute::Bool(true)),
        case("matmul", &[&[3, 2], &[3, 4]], both).with("transpose_a", Attribute::Bool(true)),
        case("matmul", &[&[2, 3], &[4, 3]], both).with("transpose_b", Attribute::Bool(true)),
    ];
    for name in ["add", "subtract", "multiply", "maximum", "minimum"] {
        let shapes: [&[&[usize]]; 6] = [
            &[&[2, 3], &[2, 3]],
            &[&[2, 3], &[3]],
            &[&[], &[2, 3]],
            &[&[2, 1], &[1, 3]],
            &[&[2, 1, 3], &[4, 1]],
            &[&[1], &[3, 1]],
        ];
        cases.extend(shapes.map(|shapes| case(name, shapes, both)));
    }
    cases
}

fn shape_cases() -> Vec<Case> {
    let both = (-2.0, 2.0);
    let mut cases = vec![
        case("reshape", &[&[2, 6]], both).with("shape", ints(&[3, -1])),
        case("transpose", &[&[2, 3]], both),
        case("transpose", &[&[2, 3, 4]], both).with("axes", ints(&[1, 2, 0])),
        case("broadcast_to", &[&[3, 1]], both).with("shape", ints(&[2, 3, 4])),
        case("slice", &[&[2, 5]], both)
            .with("axis", Attribute::Int(1))
            .with("start", Attribute::Int(1))
            .with("stop", Attribute::Int(4)),
        case("concatenate", &[&[2, 3], &[2, 2]], both).with("axis", Attribute::Int(-1)),
        case("softmax", &[&[3, 4]], both),
        case("log_softmax", &[&[3, 4]], both),
        case("layer_norm", &[&[4, 5]], both),
        case("layer_norm", &[&[4, 5], &[5]], both).with("epsilon", Attribute::Float(0.1)),
        case("layer_norm", &[&[4, 5], &[5], &[5]], both).with("epsilon", Attribute::Float(0.1)),
        case("layer_norm", &[&[2, 2, 3], &[2, 3], &[2, 3]], both).with("axes", Attribute::Int(2)),
        case("rms_norm", &[&[4, 5]], both),
        case("rms_norm", &[&[4, 5], &[5]], both).with("epsilon", Attribute::Float(0.1)),
        case("rms_norm", &[&[2, 2, 3], &[2, 3]], both).with("axes", Attribute::Int(2)),
        case("moments", &[&[2, 3, 4]], both),
        case("dropout", &[&[3, 4]], both).with("rate", Attribute::Float(0.4)),
        case("amount_sum", &[&[3, 4], &[3, 4]], both).differentiable(0),
        case("class_sum", &[&[3, 4], &[3]], both).labels(1, 4).differentiable(0),
    ];
    for name in ["sum", "mean", "max"] {
        cases.push(case(name, &[&[2, 3, 4]], both));
        for axes in [&[0][..], &[1], &[-1], &[0, 2], &[1, 2], &[0, 1, 2]] {
            let keep = Attribute::Bool(axes.len() == 2);
            cases.push(case(name, &[&[2, 3, 4]], both).with("axes", ints(axes)).with("keepdims", keep));
        }
    }
    cases
}

/// Activations need no case of their own: the registry says all there is.
fn activation_cases() -> Vec<Case> {
    tilegrad_kernels::activations::ENTRIES.iter().map(|entry| case(entry.name, &[&[3, 5]], (-2.9, 3.1))).collect()
}

/// Nor do losses.
fn loss_cases() -> Vec<Case> {
    let mut cases = vec![
        case("loss_weight", &[&[3, 2], &[3, 2]], (0.1, 0.9))
            .with("loss", Attribute::Text("mean_squared_error".to_string()))
            .differentiable(0)
            .wrt_first(),
        case("one_hot", &[&[5]], (0.0, 1.0))
            .labels(0, 3)
            .with("classes", Attribute::Int(3))
            .with("dtype", Attribute::Text("float64".to_string()))
            .with("ignore_index", Attribute::Int(1))
            .differentiable(0),
    ];
    for entry in tilegrad_kernels::losses::ENTRIES {
        for reduction in ["mean", "sum", "none"] {
            let reduced = |case: Case| case.with("reduction", Attribute::Text(reduction.to_string())).differentiable(1);
            if entry.kind == LossKind::Point {
                cases.push(reduced(case(entry.name, &[&[4, 3], &[4, 3]], (0.1, 0.9))));
                cases.push(reduced(case(entry.name, &[&[4, 3], &[4, 3], &[4]], (0.1, 0.9))));
                cases.push(reduced(case(entry.name, &[&[5], &[5], &[5]], (0.1, 0.9))));
            } else {
                cases.push(reduced(case(entry.name, &[&[4, 3], &[4]], (-2.0, 2.0))).labels(1, 3));
                cases.push(reduced(case(entry.name, &[&[4, 3], &[4, 3]], (0.1, 0.9))));
                cases.push(reduced(case(entry.name, &[&[4, 3], &[4], &[3], &[4]], (0.1, 0.9))).labels(1, 3));
                let ignored = reduced(case(entry.name, &[&[4, 3], &[4], &[4]], (0.1, 0.9))).labels(1, 3);
                cases.push(
                    ignored
                        .with("sample_weight", Attribute::Bool(true))
                        .with("ignore_index", Attribute::Int(1))
                        .with("class_weight", Attribute::Bool(false)),
                );
                let smooth = reduced(case(entry.name, &[&[4, 3], &[4]], (-2.0, 2.0))).labels(1, 3);
                cases.push(smooth.with("label_smoothing", Attribute::Float(0.1)));
            }
        }
    }
    cases
}

fn cases() -> Vec<Case> {
    let mut cases = arithmetic_cases();
    cases.extend(shape_cases());
    cases.extend(loss_cases());
    cases.extend(activation_cases());
    cases
}

fn inputs(graph: &mut Graph, case: &Case) -> (Vec<ValueId>, Vec<Values>) {
    let mut built = (Vec::new(), Vec::new());
    for (index, shape) in case.shapes.iter().enumerate() {
        let count = shape.iter().product();
        let values = match case.labels {
            Some((input, below)) if input == index => {
                Values::I32((0..count as i32).map(|label| label % below).collect())
            }
            _ => Values::F64(numbers(count, case.range.0, case.range.1, 0.37 * index as f64)),
        };
        built.0.push(graph.input(&format!("x{index}"), shape, values.array().dtype()).unwrap());
        built.1.push(values);
    }
    built
}

#[test]
fn every_operation_has_a_case() {
    let covered: BTreeSet<&str> = cases().iter().map(|case| case.name).collect();
    // These are not given any numbers, but a gradient, moments, a parameter: they have tests of their own.
    let own = ["custom", "batch_norm", "track"];
    for name in catalogue::names().into_iter().filter(|name| !own.contains(name)) {
        assert!(covered.contains(name), "no case for the operation {name:?}: add one to tests/operations.rs");
    }
}

#[test]
fn a_custom_operation_passes_on_the_gradient_it_is_given() {
    let mut graph = Graph::new();
    let x = graph.input("x", &[3], Dtype::F64).unwrap();
    let arriving = graph.input("arriving", &[3], Dtype::F64).unwrap();
    let square = graph.multiply(x, x).unwrap();
    let double = graph.add(x, x).unwrap();
    let passed = graph.multiply(double, arriving).unwrap();
    let value = apply(&mut graph, "custom", &[square, arriving, x, passed], &[]);
    let scalar = weighted_sum(&mut graph, value, 0.1);
    let numbers = [Values::F64(vec![0.5, -1.0, 2.0]), Values::F64(vec![f64::NAN; 3])];
    // The placeholder is never read, and the gradient given is the true one: differences agree, once and twice.
    check_gradients(&mut graph, scalar, &[x], &numbers, 1e-8).unwrap();
    let first = gradients(&mut graph, scalar, &[x]).unwrap()[0];
    let total = weighted_sum(&mut graph, first, 0.2);
    check_gradients(&mut graph, total, &[x], &numbers, 1e-7).unwrap();
}

/// The scalar's gradient against differences, and that of the gradient.
fn check_twice(graph: &mut Graph, scalar: ValueId, wrt: &[ValueId], numbers: &[Values]) {
    check_gradients(graph, scalar, wrt, numbers, 1e-8).unwrap();
    let first = gradients(graph, scalar, wrt).unwrap();
    let sums: Vec<ValueId> =
        first.iter().enumerate().map(|(i, &slope)| weighted_sum(graph, slope, 0.2 + i as f64)).collect();
    let total = sums.into_iter().reduce(|a, b| graph.add(a, b).unwrap()).unwrap();
    check_gradients(graph, total, wrt, numbers, 1e-7).unwrap();
}

#[test]
fn batch_norm_sends_what_goes_through_the_moments_to_its_input() {
    for affine in [false, true] {
        let mut graph = Graph::new();
        let shapes: &[&[usize]] = if affine { &[&[5, 3], &[3], &[3]] } else { &[&[5, 3]] };
        let inputs: Vec<ValueId> = shapes.iter().map(|shape| graph.input("x", shape, Dtype::F64).unwrap()).collect();
        let values = |shape: &&[usize]| Values::F64(numbers(shape.iter().product(), -2.0, 2.0, 0.3));
        let numbers: Vec<Values> = shapes.iter().map(values).collect();
        let moments = apply(&mut graph, "moments", &inputs[..1], &[]);
        let operands: Vec<ValueId> = [inputs[0], moments].into_iter().chain(inputs[1..].iter().copied()).collect();
        let normal = apply(&mut graph, "batch_norm", &operands, &[("epsilon", Attribute::Float(0.1))]);
        let scalar = weighted_sum(&mut graph, normal, 0.1);
        check_twice(&mut graph, scalar, &inputs, &numbers);
    }
}

#[test]
fn tracking_moves_a_parameter_after_everything_that_reads_it() {
    let mut graph = Graph::new();
    let x = graph.input("x", &[4, 2], Dtype::F64).unwrap();
    let running = graph.parameter("running", &[2], Dtype::F64).unwrap();
    let moments = apply(&mut graph, "moments", &[x], &[]);
    let settings = [("row", Attribute::Int(1)), ("share", Attribute::Float(0.25)), ("factor", Attribute::Float(2.0))];
    let tracked = apply(&mut graph, "track", &[running, moments], &settings);
    // Made later, read before the change.
    let double = graph.add(running, running).unwrap();
    let mut plan = Plan::compile(&graph, &[double, tracked], Options::default()).unwrap();
    let mut parameters = vec![0.0; graph.flat_len(Dtype::F64)];
    parameters[..2].copy_from_slice(&[1.0, 3.0]);
    let x = [1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 3.0, 2.0];
    let mut state = State { parameters: Buffers { double: &mut parameters, ..Buffers::default() }, ..State::default() };
    plan.run(&mut Bindings { inputs: &[Array::F64(&x)], state: &mut state, seed: 0 }).unwrap();
    assert_eq!(plan.output(0).to_f64(), [2.0, 6.0]);
    // Variances are 1 and 0: 1 + (2 * 1 - 1) / 4, and 3 - 3 / 4.
    assert_eq!(parameters[..2], [1.25, 2.25]);
}

#[test]
fn gradients_match_differences() {
    let mut failures = Vec::new();
    for case in cases() {
        let mut graph = Graph::new();
        let (values, numbers) = inputs(&mut graph, &case);
        let output = apply(&mut graph, case.name, &values, &case.attributes);
        let scalar = weighted_sum(&mut graph, output, 0.1);
        let what = format!("{} {:?} {:?}", case.name, case.shapes, case.attributes);
        let count = if case.first_only { 1 } else { values.len() };
        let wrt: Vec<ValueId> = values[..count].iter().copied().filter(|&v| graph.dtype(v) == Dtype::F64).collect();
        if case.differentiable == 0 {
            let slopes = gradients(&mut graph, scalar, &wrt).unwrap();
            let got = evaluate(&graph, &slopes, &numbers, Options::default());
            assert!(got.iter().flatten().all(|&slope| slope == 0.0), "{what}: expected zeros");
            continue;
        }
        let wrt = &wrt[..case.differentiable];
        let result = check_gradients(&mut graph, scalar, wrt, &numbers, 1e-8);
        failures.extend(result.err().map(|error| format!("{what}: {error}")));
        let first = gradients(&mut graph, scalar, wrt).unwrap();
        let sums: Vec<ValueId> =
            first.iter().enumerate().map(|(i, &slope)| weighted_sum(&mut graph, slope, 0.2 + i as f64)).collect();
        let total = sums.into_iter().reduce(|a, b| graph.add(a, b).unwrap()).unwrap();
        let result = check_gradients(&mut graph, total, wrt, &numbers, 1e-7);
        failures.extend(result.err().map(|error| format!("{what}, twice: {error}")));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Only once: the slope toward the target is not differentiated again.
#[test]
fn point_losses_have_a_slope_toward_the_target() {
    for case in loss_cases() {
        let entry = tilegrad_kernels::losses::ENTRIES.iter().find(|entry| entry.name == case.name);
        if entry.is_none_or(|entry| entry.kind != LossKind::Point) {
            continue;
        }
        let mut graph = Graph::new();
        let (values, numbers) = inputs(&mut graph, &case);
        let output = apply(&mut graph, case.name, &values, &case.attributes);
        let scalar = weighted_sum(&mut graph, output, 0.1);
        let result = check_gradients(&mut graph, scalar, &values[1..2], &numbers, 1e-7);
        assert!(result.is_ok(), "{} {:?}: {}", case.name, case.attributes, result.unwrap_err());
    }
}
