//! The registry as Python sees it: entries as plain dictionaries.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use tilegrad_engine::ops::metric;
use tilegrad_kernels::registry::{
    ActivationEntry, Choice, Domain, LossEntry, LossKind, LossReduction, OptimizerEntry, OutputActivation, Parameter,
    Parity, Setting, SlopeFrom, Style,
};
use tilegrad_kernels::{activations, losses, optimizers};

/// The registry: the entries of ``"activations"``, ``"losses"`` and ``"optimizers"``.
#[pyfunction]
pub(crate) fn registry(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let registry = PyDict::new(py);
    let entries = activations::ENTRIES.iter().map(|entry| activation(py, entry)).collect::<PyResult<Vec<_>>>()?;
    registry.set_item("activations", entries)?;
    let entries = losses::ENTRIES.iter().map(|entry| loss(py, entry)).collect::<PyResult<Vec<_>>>()?;
    registry.set_item("losses", entries)?;
    let entries = optimizers::ENTRIES.iter().map(|entry| optimizer(py, entry)).collect::<PyResult<Vec<_>>>()?;
    registry.set_item("optimizers", entries)?;
    Ok(registry)
}

/// For each kind of scores of classes above what a single score, and a single target, says yes.
#[pyfunction]
pub(crate) fn class_thresholds(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let thresholds = PyDict::new(py);
    for (kind, score, target) in metric::thresholds() {
        thresholds.set_item(kind, (score, target))?;
    }
    Ok(thresholds)
}

fn activation<'py>(py: Python<'py>, entry: &ActivationEntry) -> PyResult<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    let slope_from = match entry.slope_from {
        SlopeFrom::Input => "input",
        SlopeFrom::Output => "output",
    };
    let parity = match entry.parity {
        Parity::Odd => "odd",
        Parity::Even => "even",
        Parity::None => "none",
    };
    facts.set_item("slope_from", slope_from)?;
    facts.set_item("ulp_f32", entry.ulp_f32)?;
    facts.set_item("ulp_f64", entry.ulp_f64)?;
    facts.set_item("ulp_slope", entry.ulp_slope)?;
    facts.set_item("bounds", entry.bounds)?;
    facts.set_item("parity", parity)?;
    facts.set_item("monotone", entry.monotone)?;
    facts.set_item("kinks", entry.kinks)?;
    described(py, (entry.name, entry.aliases, entry.doc), parameters(py, entry.parameters, &[])?, facts)
}

fn loss<'py>(py: Python<'py>, entry: &LossEntry) -> PyResult<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    let reduction = match entry.reduction {
        LossReduction::Mean => "mean",
        LossReduction::Sum => "sum",
    };
    let kind = match entry.kind {
        LossKind::Point => "point",
        LossKind::Row => "row",
    };
    let output = match entry.output {
        OutputActivation::Identity => "identity",
        OutputActivation::Sigmoid => "sigmoid",
        OutputActivation::Softmax => "softmax",
        OutputActivation::Exp => "exp",
    };
    let domains = PyList::empty(py);
    for rule in entry.domains {
        let operand = if rule.prediction { "prediction" } else { "target" };
        // A yes-or-no choice is a bool in Python.
        domains.append((rule.choice, rule.option == "true", operand, domain(rule.domain)))?;
    }
    facts.set_item("reduction", reduction)?;
    facts.set_item("kind", kind)?;
    facts.set_item("targets", domain(entry.targets))?;
    facts.set_item("predictions", domain(entry.predictions))?;
    facts.set_item("domains", domains)?;
    facts.set_item("output", output)?;
    facts.set_item("styles", styles(py, entry.styles)?)?;
    facts.set_item("non_negative", entry.non_negative)?;
    facts.set_item("zero_at_perfect", entry.zero_at_perfect)?;
    facts.set_item("ulp_f32", entry.ulp_f32)?;
    facts.set_item("ulp_f64", entry.ulp_f64)?;
    described(py, (entry.name, &[], entry.doc), parameters(py, entry.parameters, entry.choices)?, facts)
}

fn domain(domain: Domain) -> &'static str {
    match domain {
        Domain::Real => "real",
        Domain::UnitInterval => "unit_interval",
        Domain::NonNegative => "non_negative",
        Domain::AboveMinusOne => "above_minus_one",
        Domain::Sign => "sign",
        Domain::ZeroOrOne => "zero_or_one",
        Domain::Classes => "classes",
    }
}

fn styles<'py>(py: Python<'py>, styles: &[Style]) -> PyResult<Bound<'py, PyDict>> {
    let dictionary = PyDict::new(py);
    for (name, settings) in styles {
        let given = PyDict::new(py);
        for (parameter, setting) in *settings {
            match setting {
                Setting::Number(number) => given.set_item(parameter, number)?,
                Setting::Option(option) => given.set_item(parameter, option)?,
                Setting::Flag(flag) => given.set_item(parameter, flag)?,
            }
        }
        dictionary.set_item(name, given)?;
    }
    Ok(dictionary)
}

fn optimizer<'py>(py: Python<'py>, entry: &OptimizerEntry) -> PyResult<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    facts.set_item("slots", entry.slots)?;
    facts.set_item("parabola_rate", entry.facts.parabola_rate)?;
    facts.set_item("rosenbrock_rate", entry.facts.rosenbrock_rate)?;
    facts.set_item("scale_free_start", entry.facts.scale_free_start)?;
    facts.set_item("divisions", entry.facts.divisions)?;
    facts.set_item("rests_at_zero_gradient", entry.facts.rests_at_zero_gradient)?;
    facts.set_item("elementwise", entry.facts.elementwise)?;
    facts.set_item("styles", styles(py, entry.styles)?)?;
    let dictionary =
        described(py, (entry.name, &[], entry.doc), parameters(py, entry.parameters, entry.choices)?, facts)?;
    dictionary.set_item("class", entry.class)?;
    Ok(dictionary)
}

fn described<'py>(
    py: Python<'py>,
    (name, aliases, doc): (&str, &[&str], &str),
    parameters: Bound<'py, PyList>,
    facts: Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyDict>> {
    let dictionary = PyDict::new(py);
    dictionary.set_item("name", name)?;
    dictionary.set_item("aliases", aliases)?;
    dictionary.set_item("doc", unindented(doc))?;
    dictionary.set_item("parameters", parameters)?;
    dictionary.set_item("facts", facts)?;
    Ok(dictionary)
}

/// Every line of a doc comment begins with the space after the slashes.
fn unindented(doc: &str) -> String {
    let lines: Vec<&str> = doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n").trim().to_string()
}

/// The description of a parameter appears in a table cell or after a colon, so its lines are joined.
fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<&str>>().join(" ")
}

fn parameters<'py>(py: Python<'py>, parameters: &[Parameter], choices: &[Choice]) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for parameter in parameters {
        let dictionary = PyDict::new(py);
        dictionary.set_item("name", parameter.name)?;
        // NaN stands for a parameter that the formula does without.
        dictionary.set_item("default", (!parameter.default.is_nan()).then_some(parameter.default))?;
        dictionary.set_item("low", parameter.range.low)?;
        dictionary.set_item("high", parameter.range.high)?;
        dictionary.set_item("low_closed", parameter.range.low_closed)?;
        dictionary.set_item("high_closed", parameter.range.high_closed)?;
        dictionary.set_item("doc", one_line(parameter.doc))?;
        list.append(dictionary)?;
    }
    for choice in choices {
        let dictionary = PyDict::new(py);
        dictionary.set_item("name", choice.name)?;
        // A yes-or-no choice is a bool in Python, whatever it is called in Rust.
        if choice.is_flag() {
            dictionary.set_item("default", choice.default == "true")?;
            dictionary.set_item("choices", [false, true])?;
        } else {
            dictionary.set_item("default", choice.default)?;
            dictionary.set_item("choices", choice.options)?;
        }
        let meanings: Vec<String> = choice.meanings.iter().map(|meaning| one_line(meaning)).collect();
        dictionary.set_item("meanings", meanings)?;
        dictionary.set_item("doc", one_line(choice.doc))?;
        list.append(dictionary)?;
    }
    Ok(list)
}
