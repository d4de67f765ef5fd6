//! An error's variant says what was wrong, whatever the names in its message are.

mod common;

use common::attributes;
use tilegrad_engine::error::{Error, Result};
use tilegrad_engine::gradient::gradients;
use tilegrad_engine::{Attribute, Bindings, Dtype, Graph, Options, Plan, State, ValueId, capacity, catalogue};
use tilegrad_kernels::optimizers::Optimizer;
use tilegrad_kernels::registry::Setting;

type Kind = fn(String) -> Error;

fn apply(name: &str, types: &[(&[usize], Dtype)], pairs: &[(&str, Attribute)]) -> Result<ValueId> {
    let mut graph = Graph::new();
    let inputs = types.iter().map(|(shape, dtype)| graph.input("x", shape, *dtype)).collect::<Result<Vec<_>>>()?;
    graph.apply(catalogue::from_name(name, &attributes(pairs))?, &inputs)
}

/// A parameter of three numbers, and an input for its gradient.
fn parameter(name: &str) -> (Graph, ValueId, ValueId) {
    let mut graph = Graph::new();
    let value = graph.parameter(name, &[3], Dtype::F32).unwrap();
    let gradient = graph.input("gradient", &[3], Dtype::F32).unwrap();
    (graph, value, gradient)
}

#[test]
fn each_kind_has_its_own_reasons() {
    const F: Dtype = Dtype::F32;
    let cases: Vec<(Kind, Result<()>)> = vec![
        (Error::Shape, apply("add", &[(&[2], F), (&[3], F)], &[]).map(drop)),
        (Error::Shape, apply("add", &[(&[2], F)], &[]).map(drop)),
        (Error::Dtype, apply("add", &[(&[2], F), (&[3], Dtype::F64)], &[]).map(drop)),
        (Error::Dtype, apply("relu", &[(&[2], Dtype::I32)], &[]).map(drop)),
        (Error::Dtype, Dtype::from_name("float16").map(drop)),
        (Error::Value, apply("dropout", &[(&[2], F)], &[("rate", Attribute::Float(1.0))]).map(drop)),
        (Error::Value, apply("dropout", &[(&[2], F)], &[("rate", Attribute::Bool(true))]).map(drop)),
        (Error::Value, Optimizer::new("adam", &[("epsilon", Setting::Number(-1.0))]).map(drop)),
        (Error::Name, Optimizer::new("adam", &[("epsilon_mode", Setting::Option("dtype"))]).map(drop)),
        (Error::Name, Optimizer::new("adam", &[("dtype", Setting::Number(1.0))]).map(drop)),
        (Error::Name, Optimizer::new("dtype", &[]).map(drop)),
        (Error::Name, apply("dtype", &[(&[2], F)], &[]).map(drop)),
        (Error::Name, apply("sum", &[(&[2], F)], &[("dtype", Attribute::Bool(true))]).map(drop)),
        (
            Error::Name,
            apply("huber", &[(&[2], F), (&[2], F)], &[("reduction", Attribute::Text("dtype".into()))]).map(drop),
        ),
        (Error::Memory, capacity::require("run", "batch_size", "rows", usize::MAX, "a smaller dtype needs less")),
        (Error::Memory, apply("negative", &[(&[1 << 60], F)], &[]).map(drop)),
    ];
    for (index, (kind, result)) in cases.into_iter().enumerate() {
        let error = result.expect_err("it should be refused");
        assert_eq!(error, kind(error.to_string()), "case {index}");
    }
}

#[test]
fn a_name_of_the_users_changes_no_kind() {
    for name in ["scale", "dtype_scale"] {
        let (mut graph, vector, gradient) = parameter(name);
        let error = graph.parameter(name, &[2], Dtype::F32).unwrap_err();
        assert!(matches!(&error, Error::Name(message) if message.contains(name)), "{error:?}");
        let error = gradients(&mut graph, vector, &[vector]).unwrap_err();
        assert!(matches!(&error, Error::Shape(message) if message.contains(name)), "{error:?}");
        let descent = Optimizer::new("sgd", &[]).unwrap();
        let updated = graph.update(vector, gradient, &descent).unwrap();
        let error = graph.update(vector, gradient, &descent).unwrap_err();
        assert!(matches!(&error, Error::Value(message) if message.contains(name)), "{error:?}");
        let mut plan = Plan::compile(&graph, &[updated], Options::default()).unwrap();
        let mut bindings = Bindings { inputs: &[], state: &mut State::default(), seed: 0 };
        assert!(matches!(plan.run(&mut bindings), Err(Error::Shape(_))));
    }
}

#[test]
fn another_message_keeps_the_kind() {
    for kind in [Error::Shape, Error::Value, Error::Dtype, Error::Name, Error::Memory, Error::System] as [Kind; 6] {
        let error = kind("one".into()).map_message(|message| format!("{message} more"));
        assert_eq!(error, kind("one more".into()));
        assert_eq!((error.message(), error.to_string().as_str()), ("one more", "one more"));
    }
}
