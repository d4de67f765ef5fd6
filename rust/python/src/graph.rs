//! Building graphs from Python.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyMapping, PyString};
use tilegrad_engine::graph::{Node, Origin, ParameterPlace};
use tilegrad_engine::ops::loss::HostLoss;
use tilegrad_engine::{Array as Numbers, Attribute, Attributes, Dtype, Options, ValueId, catalogue, fusion, gradient};
use tilegrad_kernels::controls::Controls;

use crate::arguments::{dtype_error_of, type_name};
use crate::arrays::Array;
use crate::errors::{Result, shape_error, type_error, value_error};
use crate::kinds::Kind;
use crate::locks::{Guard, Locked};
use crate::numbers::{self, Whole, in_range};
use crate::optimizers::Optimizer;
use crate::plan::Plan;
use crate::results;
use crate::work;

/// A graph of operations. Values are numbered from 0 in the order in which they are created; shapes are concrete.
#[pyclass(frozen, module = "tilegrad._core")]
pub(crate) struct Graph {
    inner: Locked<Inner>,
}

/// The graph, and the Python objects behind its optimizer groups.
pub(crate) struct Inner {
    pub(crate) graph: tilegrad_engine::Graph,
    pub(crate) optimizers: Vec<Py<Optimizer>>,
}

impl Inner {
    /// The group of an optimizer: every object has its own, even if its settings equal those of another.
    fn group(&mut self, py: Python<'_>, optimizer: &Py<Optimizer>) -> Result<usize> {
        if let Some(group) = self.optimizers.iter().position(|known| known.is(optimizer)) {
            return Ok(group);
        }
        let rule = optimizer.get().rule(py)?;
        self.optimizers.push(optimizer.clone_ref(py));
        Ok(self.graph.add_group(&rule))
    }
}

impl Graph {
    pub(crate) fn lock(&self, py: Python<'_>) -> Result<Guard<'_, Inner>> {
        self.inner.lock(py, "Graph")
    }
}

/// Value and gradient from a function that the user wrote.
fn called(
    py: Python<'_>,
    function: &Py<PyAny>,
    prediction: Numbers<'_>,
    target: Numbers<'_>,
) -> Result<(f64, Vec<f64>)> {
    let operands = (results::flat(py, prediction)?, results::flat(py, target)?);
    let (value, gradient): (f64, Bound<'_, PyAny>) = function.bind(py).call1(operands)?.extract()?;
    let gradient = Array::new("host_loss", "gradient", &gradient)?.contiguous()?;
    match engine_array(&gradient) {
        Some(Numbers::F64(numbers)) if numbers.len() == prediction.len() => Ok((value, numbers.to_vec())),
        _ => shape_error!("host_loss: expected a gradient of {} numbers of float64", prediction.len()),
    }
}

#[pymethods]
impl Graph {
    #[new]
    fn new() -> Self {
        Self { inner: Locked::new(Inner { graph: tilegrad_engine::Graph::new(), optimizers: Vec::new() }) }
    }

    /// A value passed to every run, in the order in which inputs were created.
    fn input(&self, py: Python<'_>, name: &str, shape: Vec<Whole>, dtype: &str) -> Result<u32> {
        let shape = numbers::shape("input", &shape)?;
        Ok(self.lock(py)?.graph.input(name, &shape, Dtype::from_name(dtype)?)?.0)
    }

    /// A value kept in a ``State`` between runs.
    fn parameter(&self, py: Python<'_>, name: &str, shape: Vec<Whole>, dtype: &str) -> Result<u32> {
        let shape = numbers::shape("parameter", &shape)?;
        Ok(self.lock(py)?.graph.parameter(name, &shape, Dtype::from_name(dtype)?)?.0)
    }

    /// A constant; the array is copied.
    fn constant(&self, py: Python<'_>, array: &Bound<'_, PyAny>) -> Result<u32> {
        let array = Array::new("constant", "array", array)?.contiguous()?;
        let Some(numbers) = engine_array(&array) else {
            return Err(dtype_error_of("constant", "array", &array, "float32, float64 or int32"));
        };
        Ok(self.lock(py)?.graph.constant(numbers, array.shape())?.0)
    }

    /// The result of an operation on values.
    #[pyo3(signature = (operation, inputs, attributes = None))]
    fn apply(
        &self,
        py: Python<'_>,
        operation: &str,
        inputs: Vec<Whole>,
        attributes: Option<&Bound<'_, PyMapping>>,
    ) -> Result<u32> {
        let attributes = attributes.map_or_else(|| Ok(Attributes::new()), |given| read_attributes(operation, given))?;
        let operation = catalogue::from_name(operation, &attributes)?;
        let mut inner = self.lock(py)?;
        let inputs = values("apply", &inner.graph, &inputs)?;
        Ok(inner.graph.apply(operation, &inputs)?.0)
    }

    /// The scalar that a function computes from a prediction and a target: the function gets both as flat arrays and
    /// returns the value and the gradient with respect to the prediction, a flat array of float64. If it raises, the
    /// run ends.
    fn host_loss(&self, py: Python<'_>, function: Py<PyAny>, prediction: Whole, target: Whole) -> Result<u32> {
        let mut inner = self.lock(py)?;
        let prediction = value("host_loss", &inner.graph, prediction)?;
        let target = value("host_loss", &inner.graph, target)?;
        let call = move |prediction: Numbers<'_>, target: Numbers<'_>| {
            Python::attach(|py| called(py, &function, prediction, target))
                .unwrap_or_else(|error| work::raise(error.into()))
        };
        Ok(HostLoss::apply(&mut inner.graph, Arc::new(call), prediction, target)?.0)
    }

    /// Gradients of a scalar with respect to values, as new values of this graph.
    fn gradients(&self, py: Python<'_>, of: Whole, wrt: Vec<Whole>) -> Result<Vec<u32>> {
        let mut inner = self.lock(py)?;
        let of = value("gradients", &inner.graph, of)?;
        let wrt = values("gradients", &inner.graph, &wrt)?;
        let found = gradient::gradients(&mut inner.graph, of, &wrt)?;
        Ok(found.into_iter().map(|value| value.0).collect())
    }

    /// An optimizer step on a parameter, made in place whenever the plan runs; the value is the new parameter.
    fn update(&self, parameter: Whole, gradient: Whole, optimizer: &Bound<'_, Optimizer>) -> Result<u32> {
        let updates = vec![(parameter, gradient, optimizer.clone().unbind())];
        Ok(self.train(optimizer.py(), updates, None, None, None, None, Whole(1), None, false)?[0])
    }

    /// Optimizer steps on many parameters, given as (parameter, gradient, optimizer); the values are the new
    /// parameters.
    ///
    /// Before the update, the gradients of ``accumulation_steps`` batches are averaged, weighted by the ``weight`` of
    /// each mean (without it they are summed), then clipped: each tensor by its norm, all together by their joint norm,
    /// each number by its value. ``average_decay`` keeps a moving average of the parameters; ``skip_if_not_finite``
    /// skips a step whose gradient is not finite.
    #[pyo3(
        signature = (
            updates, weight = None, *, clip_value = None, clip_norm = None, clip_global_norm = None,
            accumulation_steps = Whole(1), average_decay = None, skip_if_not_finite = false
        ),
        text_signature = "($self, updates, weight=None, *, clip_value=None, clip_norm=None, clip_global_norm=None, \
            accumulation_steps=1, average_decay=None, skip_if_not_finite=False)"
    )]
    fn train(
        &self,
        py: Python<'_>,
        updates: Vec<(Whole, Whole, Py<Optimizer>)>,
        weight: Option<Whole>,
        clip_value: Option<f64>,
        clip_norm: Option<f64>,
        clip_global_norm: Option<f64>,
        accumulation_steps: Whole,
        average_decay: Option<f64>,
        skip_if_not_finite: bool,
    ) -> Result<Vec<u32>> {
        let accumulation_steps = in_range("train", "accumulation_steps", accumulation_steps, 1, i64::MAX)? as u64;
        let controls =
            Controls { clip_value, clip_norm, clip_global_norm, accumulation_steps, average_decay, skip_if_not_finite };
        let mut inner = self.lock(py)?;
        let weight = weight.map(|number| value("train", &inner.graph, number)).transpose()?;
        let mut taken = Vec::with_capacity(updates.len());
        for (parameter, gradient, optimizer) in &updates {
            let parameter = value("update", &inner.graph, *parameter)?;
            let gradient = value("update", &inner.graph, *gradient)?;
            taken.push((parameter, gradient, inner.group(py, optimizer)?));
        }
        let made = inner.graph.train(&taken, weight, controls)?;
        Ok(made.into_iter().map(|value| value.0).collect())
    }

    /// Constrains a parameter in place after each update, whose value is ``updated``: ``max_norm`` (``number`` limits
    /// the norm of each column), ``unit_norm``, ``non_negative``, or ``shrink`` (moves each number towards zero by
    /// ``number`` times the learning rate).
    #[pyo3(signature = (updated, name, number = 0.0))]
    fn constrain(&self, py: Python<'_>, updated: Whole, name: &str, number: f64) -> Result<u32> {
        let mut inner = self.lock(py)?;
        let updated = value("constrain", &inner.graph, updated)?;
        Ok(inner.graph.constrain(updated, name, number)?.0)
    }

    /// The shape of a value.
    fn shape<'py>(&self, py: Python<'py>, value: Whole) -> Result<Bound<'py, pyo3::types::PyTuple>> {
        let inner = self.lock(py)?;
        let value = self::value("shape", &inner.graph, value)?;
        Ok(pyo3::types::PyTuple::new(py, inner.graph.shape(value))?)
    }

    /// The dtype of a value: ``"float32"``, ``"float64"`` or ``"int32"``.
    fn dtype(&self, py: Python<'_>, value: Whole) -> Result<&'static str> {
        let inner = self.lock(py)?;
        let value = self::value("dtype", &inner.graph, value)?;
        Ok(inner.graph.dtype(value).name())
    }

    /// The name of a value with its scope: ``hidden.0.weight``.
    fn name(&self, py: Python<'_>, value: Whole) -> Result<String> {
        let inner = self.lock(py)?;
        let value = self::value("name", &inner.graph, value)?;
        Ok(inner.graph.name(value).to_string())
    }

    /// Enters a scope: names given from now on begin with it.
    fn push_scope(&self, py: Python<'_>, name: &str) -> Result<()> {
        self.lock(py)?.graph.push_scope(name);
        Ok(())
    }

    /// Leaves the scope that was entered last.
    fn pop_scope(&self, py: Python<'_>) -> Result<()> {
        Ok(self.lock(py)?.graph.pop_scope()?)
    }

    /// All values, in order.
    fn nodes<'py>(&self, py: Python<'py>) -> Result<Vec<Bound<'py, PyDict>>> {
        let inner = self.lock(py)?;
        inner.graph.nodes().iter().enumerate().map(|(index, node)| describe(py, index, node)).collect()
    }

    /// Compiles everything these values depend on, including updates among them, into a plan. Without
    /// ``training``, dropout is the identity. ``fuse`` and ``reuse`` change time and memory, but not a single bit of
    /// the result.
    #[pyo3(signature = (outputs, *, training = true, fuse = true, reuse = true))]
    fn compile(&self, py: Python<'_>, outputs: Vec<Whole>, training: bool, fuse: bool, reuse: bool) -> Result<Plan> {
        let inner = self.lock(py)?;
        let outputs = values("compile", &inner.graph, &outputs)?;
        let fusions = if fuse { fusion::Fusions::ALL } else { fusion::Fusions::NONE };
        Plan::new(py, &inner, &outputs, Options { training, fusions, reuse })
    }

    fn __len__(&self, py: Python<'_>) -> Result<usize> {
        Ok(self.lock(py)?.graph.nodes().len())
    }
}

/// A value of the graph, by number.
fn value(function: &str, graph: &tilegrad_engine::Graph, number: Whole) -> Result<ValueId> {
    let count = graph.nodes().len();
    match u32::try_from(number.0) {
        Ok(index) if (index as usize) < count => Ok(ValueId(index)),
        _ => value_error!("{function}: expected a value of this graph, which has {count}, got number {}", number.0),
    }
}

fn values(function: &str, graph: &tilegrad_engine::Graph, numbers: &[Whole]) -> Result<Vec<ValueId>> {
    numbers.iter().map(|&number| value(function, graph, number)).collect()
}

/// The elements as the engine takes them. The array is in C order.
pub(crate) fn engine_array<'a>(array: &'a Array<'_>) -> Option<Numbers<'a>> {
    match array.kind() {
        Kind::F32 => Some(Numbers::F32(array.slice())),
        Kind::F64 => Some(Numbers::F64(array.slice())),
        Kind::I32 => Some(Numbers::I32(array.slice())),
        _ => None,
    }
}

fn read_attributes(operation: &str, given: &Bound<'_, PyMapping>) -> Result<Attributes> {
    let mut attributes = Attributes::new();
    for pair in given.items()?.iter() {
        let (name, value): (String, Bound<'_, PyAny>) = pair.extract()?;
        let attribute = read_attribute(operation, &name, &value)?;
        attributes.insert(name, attribute);
    }
    Ok(attributes)
}

fn read_attribute(operation: &str, name: &str, value: &Bound<'_, PyAny>) -> Result<Attribute> {
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(Attribute::Bool(flag.is_true()));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Attribute::Text(text.to_string()));
    }
    if let Ok(whole) = value.extract::<i64>() {
        return Ok(Attribute::Int(whole));
    }
    if let Some(number) = numbers::number(value)? {
        return Ok(Attribute::Float(number));
    }
    if let Ok(whole) = value.extract::<Vec<i64>>() {
        return Ok(Attribute::Ints(whole));
    }
    if let Ok(numbers) = value.extract::<Vec<f64>>() {
        return Ok(Attribute::Floats(numbers));
    }
    let got = type_name(value);
    type_error!("{operation}: expected `{name}` to be a number, a truth value, a text or a list of numbers, got {got}")
}

fn describe<'py>(py: Python<'py>, index: usize, node: &Node) -> Result<Bound<'py, PyDict>> {
    let (kind, operation) = match &node.origin {
        Origin::Input(_) => ("input", ""),
        Origin::Parameter(_) => ("parameter", ""),
        Origin::Constant(_) => ("constant", ""),
        Origin::Operation(operation) => ("operation", operation.name()),
    };
    let dictionary = PyDict::new(py);
    dictionary.set_item("id", index)?;
    dictionary.set_item("kind", kind)?;
    dictionary.set_item("operation", operation)?;
    dictionary.set_item("inputs", node.inputs.iter().map(|input| input.0).collect::<Vec<_>>())?;
    dictionary.set_item("shape", pyo3::types::PyTuple::new(py, &node.kind.shape)?)?;
    dictionary.set_item("dtype", node.kind.dtype.name())?;
    dictionary.set_item("name", &node.name)?;
    dictionary.set_item("scope", &node.scope)?;
    dictionary.set_item("attributes", attributes_of(py, node)?)?;
    Ok(dictionary)
}

/// What an operation was made from; for a constant with a single element, its number.
fn attributes_of<'py>(py: Python<'py>, node: &Node) -> Result<Bound<'py, PyDict>> {
    let dictionary = PyDict::new(py);
    match &node.origin {
        Origin::Operation(operation) => {
            for (name, attribute) in operation.attributes() {
                match attribute {
                    Attribute::Int(value) => dictionary.set_item(name, value)?,
                    Attribute::Float(value) => dictionary.set_item(name, value)?,
                    Attribute::Bool(value) => dictionary.set_item(name, value)?,
                    Attribute::Text(value) => dictionary.set_item(name, value)?,
                    Attribute::Ints(value) => dictionary.set_item(name, value)?,
                    Attribute::Floats(value) => dictionary.set_item(name, value)?,
                }
            }
        }
        Origin::Constant(values) if values.array().len() == 1 => {
            dictionary.set_item("value", values.array().get(0))?;
        }
        _ => {}
    }
    Ok(dictionary)
}

/// The layout of a graph's parameters.
pub(crate) type ParameterPlaces = Arc<[ParameterPlace]>;

/// Whether two graphs keep this parameter in the same place under the same name; its number may differ between graphs.
pub(crate) fn same_place(first: &ParameterPlace, second: &ParameterPlace) -> bool {
    first.name == second.name && first.kind == second.kind && first.offset == second.offset
}
