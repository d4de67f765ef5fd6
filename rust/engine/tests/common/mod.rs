//! Shared by the tests: small graphs in double precision, run and differentiated numerically.
#![allow(dead_code)]

pub(crate) mod network;

use tilegrad_engine::error::{Result, value_error};
use tilegrad_engine::gradient::gradients;
use tilegrad_engine::types::Values;
use tilegrad_engine::{Array, Attribute, Attributes, Dtype, Graph, ValueId, catalogue};
use tilegrad_engine::{Bindings, Options, Plan, State};

/// Numbers that look random: the fractional parts of multiples of the golden ratio, spread over a range.
pub(crate) fn numbers(count: usize, low: f64, high: f64, shift: f64) -> Vec<f64> {
    let fraction = |index: usize| ((index as f64 + 1.0 + shift) * 0.618_033_988_749_895).fract();
    (0..count).map(|index| low + (high - low) * fraction(index)).collect()
}

/// Attributes from pairs.
pub(crate) fn attributes(pairs: &[(&str, Attribute)]) -> Attributes {
    pairs.iter().map(|(name, value)| ((*name).to_string(), value.clone())).collect()
}

/// The result of an operation by name.
pub(crate) fn apply(graph: &mut Graph, name: &str, inputs: &[ValueId], pairs: &[(&str, Attribute)]) -> ValueId {
    let operation = catalogue::from_name(name, &attributes(pairs)).unwrap_or_else(|error| panic!("{error}"));
    graph.apply(operation, inputs).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a plan without parameters once; its outputs as doubles.
pub(crate) fn run(plan: &mut Plan, inputs: &[Array<'_>], step: u64) -> Vec<Vec<f64>> {
    let mut state = State { step, ..State::default() };
    plan.run(&mut Bindings { inputs, state: &mut state, seed: 7 }).unwrap_or_else(|error| panic!("{error}"));
    (0..plan.output_count()).map(|index| plan.output(index).to_f64()).collect()
}

/// Compiles and runs a graph without parameters.
pub(crate) fn evaluate(graph: &Graph, outputs: &[ValueId], inputs: &[Values], options: Options) -> Vec<Vec<f64>> {
    let mut plan = Plan::compile(graph, outputs, options).unwrap_or_else(|error| panic!("{error}"));
    let arrays: Vec<Array<'_>> = inputs.iter().map(Values::array).collect();
    run(&mut plan, &arrays, 3)
}

/// The weighted sum of a value: a scalar that depends on each of its numbers differently.
pub(crate) fn weighted_sum(graph: &mut Graph, value: ValueId, shift: f64) -> ValueId {
    let kind = graph.kind(value).clone();
    let weights = numbers(kind.len(), 0.5, 1.5, shift);
    let weights = match kind.dtype {
        Dtype::F32 => Values::F32(weights.iter().map(|&weight| weight as f32).collect()),
        _ => Values::F64(weights),
    };
    let weights = graph.constant(weights.array(), &kind.shape).unwrap();
    let product = graph.multiply(value, weights).unwrap();
    graph.sum(product, None, false).unwrap()
}

/// Compares gradients of a scalar with fourth-order differences, number by number; an error for the first that differs.
pub(crate) fn check_gradients(
    graph: &mut Graph,
    scalar: ValueId,
    wrt: &[ValueId],
    inputs: &[Values],
    bound: f64,
) -> Result<()> {
    let slopes = gradients(graph, scalar, wrt)?;
    let outputs: Vec<ValueId> = [scalar].into_iter().chain(slopes).collect();
    let got = evaluate(graph, &outputs, inputs, Options::default());
    let mut plan = Plan::compile(graph, &[scalar], Options::default())?;
    let mut value = |position: usize, index: usize, step: f64| {
        let mut moved = inputs.to_vec();
        let Values::F64(numbers) = &mut moved[position] else { panic!("expected doubles") };
        numbers[index] += step;
        let arrays: Vec<Array<'_>> = moved.iter().map(Values::array).collect();
        run(&mut plan, &arrays, 3)[0][0]
    };
    let h = 1e-3;
    for (order, input) in wrt.iter().enumerate() {
        let position = graph.inputs().iter().position(|known| known == input).expect("wrt is an input");
        for (index, &slope) in got[order + 1].iter().enumerate() {
            let mut at = |step: f64| value(position, index, step);
            let expected = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
            let error = (slope - expected).abs() / expected.abs().max(1.0);
            if error.is_nan() || error >= bound {
                return value_error!("input {position}, element {index}: got {slope}, expected {expected}");
            }
        }
    }
    Ok(())
}
