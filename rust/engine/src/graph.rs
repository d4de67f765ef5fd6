//! Values, nodes, shapes, names: building a graph and checking it.

use std::sync::Arc;

use tilegrad_kernels::controls::Controls;
use tilegrad_kernels::optimizers::Optimizer;

use crate::error::{Error, Result, dtype_error, name_error, shape_error, value_error};
use crate::operation::{Change, Operation};
use crate::types::{Array, Dtype, Shape, Type, Values};

/// Parameters start at multiples of this many bytes in their flat buffer.
pub const PARAMETER_ALIGNMENT: usize = 64;

/// A value of a graph; values are numbered from 0 in the order in which they are created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub u32);

impl ValueId {
    /// Its number.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// Given in every run; the index of the input.
    Input(usize),
    /// Kept between runs; the index of the parameter.
    Parameter(usize),
    /// A constant, fixed when the graph was built.
    Constant(Arc<Values>),
    /// The result of an operation.
    Operation(Arc<dyn Operation>),
}

/// A value and how it is computed.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it comes from.
    pub origin: Origin,
    /// The values that the operation reads.
    pub inputs: Vec<ValueId>,
    /// Shape and dtype.
    pub kind: Type,
    /// The scope in which it was created: `hidden.0`, or empty.
    pub scope: String,
    /// Name with its scope: `hidden.0.weight`.
    pub name: String,
}

impl Node {
    /// The operation, if the value is the result of one.
    pub fn operation(&self) -> Option<&dyn Operation> {
        match &self.origin {
            Origin::Operation(operation) => Some(&**operation),
            _ => None,
        }
    }

    /// The operation, if the value is the result of one, to be applied again.
    pub(crate) fn shared_operation(&self) -> Option<Arc<dyn Operation>> {
        match &self.origin {
            Origin::Operation(operation) => Some(Arc::clone(operation)),
            _ => None,
        }
    }
}

/// The place of a parameter in the flat buffer of its dtype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterPlace {
    /// The value.
    pub value: ValueId,
    /// Name with its scope.
    pub name: String,
    /// Shape and dtype.
    pub kind: Type,
    /// First element in the flat buffer of its dtype.
    pub offset: usize,
}

/// A graph of operations with concrete shapes.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    scopes: Vec<String>,
    inputs: Vec<ValueId>,
    parameters: Vec<ParameterPlace>,
    optimizers: Vec<Optimizer>,
    controls: Controls,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// A value given in every run, in the order in which inputs are created.
    pub fn input(&mut self, name: &str, shape: &[usize], dtype: Dtype) -> Result<ValueId> {
        let kind = checked_type("input", shape, dtype)?;
        let value = self.push(Origin::Input(self.inputs.len()), Vec::new(), kind, name);
        self.inputs.push(value);
        Ok(value)
    }

    /// A value kept between runs in the flat buffer of its dtype.
    pub fn parameter(&mut self, name: &str, shape: &[usize], dtype: Dtype) -> Result<ValueId> {
        let kind = checked_type("parameter", shape, dtype)?;
        if !dtype.is_real() {
            return dtype_error!("parameter: expected a `dtype` of float32 or float64 for {name:?}, got {dtype}");
        }
        let full_name = self.full_name(name);
        if self.parameters.iter().any(|place| place.name == full_name) {
            return name_error!("parameter: expected a new name, got {full_name:?}, which exists already");
        }
        let offset = self.flat_len(dtype);
        if offset.saturating_add(kind.len()) > isize::MAX as usize / 2 / dtype.size() {
            return Err(Error::Memory(format!(
                "parameter: expected a shape that fits into memory, got {} for {full_name}",
                Shape(shape)
            )));
        }
        let value = self.push(Origin::Parameter(self.parameters.len()), Vec::new(), kind.clone(), name);
        self.parameters.push(ParameterPlace { value, name: full_name, kind, offset });
        Ok(value)
    }

    /// A constant; the numbers are copied.
    pub fn constant(&mut self, values: Array<'_>, shape: &[usize]) -> Result<ValueId> {
        let kind = checked_type("constant", shape, values.dtype())?;
        if kind.len() != values.len() {
            let (expected, got) = (kind.len(), values.len());
            return shape_error!("constant: expected {expected} numbers for shape {}, got {got}", Shape(shape));
        }
        Ok(self.push(Origin::Constant(Arc::new(values.to_values())), Vec::new(), kind, "constant"))
    }

    /// A scalar constant.
    pub fn scalar(&mut self, value: f64, dtype: Dtype) -> ValueId {
        let values = Arc::new(Values::filled(dtype, 1, value));
        self.push(Origin::Constant(values), Vec::new(), Type::new(&[], dtype), "constant")
    }

    /// The result of an operation on values; its shape rule is checked immediately.
    pub fn apply(&mut self, operation: Arc<dyn Operation>, inputs: &[ValueId]) -> Result<ValueId> {
        for &input in inputs {
            self.check(operation.name(), input)?;
        }
        let kinds: Vec<&Type> = inputs.iter().map(|&input| self.kind(input)).collect();
        let kind = operation.infer(&kinds)?;
        if operation.changes().is_some() && inputs.first().is_none_or(|&first| self.parameter_of(first).is_none()) {
            let (name, got) = (operation.name(), inputs.first().map_or("nothing", |&first| self.name(first)));
            return value_error!("{name}: expected `parameter` to be a parameter, got {got}");
        }
        let kind = checked_type(operation.name(), &kind.shape, kind.dtype)?;
        let name = operation.name().to_string();
        Ok(self.push(Origin::Operation(operation), inputs.to_vec(), kind, &name))
    }

    /// Applies an operation that was just created.
    pub(crate) fn add_node(&mut self, operation: impl Operation, inputs: &[ValueId]) -> Result<ValueId> {
        self.apply(Arc::new(operation), inputs)
    }

    /// The parameter that a value is after a change in place, and what changes it; `None` if the value is something
    /// else.
    pub(crate) fn change(&self, value: ValueId) -> Option<Change> {
        let node = self.node(value);
        let by = node.operation()?.changes()?;
        let parameter = self.parameter_of(*node.inputs.first()?)?;
        Some(Change { parameter, by })
    }

    /// The parameter that a value is, before or after a change in place.
    fn parameter_of(&self, value: ValueId) -> Option<usize> {
        match self.node(value).origin {
            Origin::Parameter(index) => Some(index),
            _ => self.change(value).map(|change| change.parameter),
        }
    }

    /// Adds a group of parameters with its own optimizer; returns its number.
    pub fn add_group(&mut self, optimizer: &Optimizer) -> usize {
        self.optimizers.push(*optimizer);
        self.optimizers.len() - 1
    }

    /// Enters a scope: names created from now on begin with it.
    pub fn push_scope(&mut self, name: &str) {
        self.scopes.push(name.to_string());
    }

    /// Leaves the scope that was entered last.
    pub fn pop_scope(&mut self) -> Result<()> {
        self.scopes.pop().map(|_| ()).ok_or_else(|| Error::Value("pop_scope: expected an open scope, got none".into()))
    }

    /// Enters the scope in which a value was created instead of the open ones, which it returns for
    /// [`Graph::leave_to`].
    pub(crate) fn enter_scope_of(&mut self, value: ValueId) -> Vec<String> {
        let scope = self.node(value).scope.clone();
        let inner = if scope.is_empty() { Vec::new() } else { vec![scope] };
        std::mem::replace(&mut self.scopes, inner)
    }

    /// Returns to the scopes that were open before.
    pub(crate) fn leave_to(&mut self, scopes: Vec<String>) {
        self.scopes = scopes;
    }

    /// All nodes, in the order of creation; node `i` makes value `i`.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// How a value is computed.
    pub fn node(&self, value: ValueId) -> &Node {
        &self.nodes[value.index()]
    }

    /// Shape and dtype of a value.
    pub fn kind(&self, value: ValueId) -> &Type {
        &self.node(value).kind
    }

    /// Shape of a value.
    pub fn shape(&self, value: ValueId) -> &[usize] {
        &self.kind(value).shape
    }

    /// Dtype of a value.
    pub fn dtype(&self, value: ValueId) -> Dtype {
        self.kind(value).dtype
    }

    /// Name of a value with its scope.
    pub fn name(&self, value: ValueId) -> &str {
        &self.node(value).name
    }

    /// The inputs, in the order in which they were created.
    pub fn inputs(&self) -> &[ValueId] {
        &self.inputs
    }

    /// The parameters, in the order in which they were created, and their places.
    pub fn parameters(&self) -> &[ParameterPlace] {
        &self.parameters
    }

    /// The optimizers of the updates, by group.
    pub fn optimizers(&self) -> &[Optimizer] {
        &self.optimizers
    }

    /// Sets what happens to gradients before the updates.
    pub(crate) fn set_controls(&mut self, controls: Controls) {
        self.controls = controls;
    }

    /// What happens to gradients before the updates.
    pub fn controls(&self) -> Controls {
        self.controls
    }

    /// The number of slots of the optimizer that has the most.
    pub fn most_slots(&self) -> usize {
        self.optimizers.iter().map(|optimizer| optimizer.slots().len()).max().unwrap_or(0)
    }

    /// Length of the flat buffer that holds the parameters of this dtype; slots have the same length.
    pub fn flat_len(&self, dtype: Dtype) -> usize {
        let unit = PARAMETER_ALIGNMENT / dtype.size();
        let last = self.parameters.iter().rev().find(|place| place.kind.dtype == dtype);
        last.map_or(0, |place| (place.offset + place.kind.len()).next_multiple_of(unit))
    }

    /// An error if the value does not belong to this graph.
    pub(crate) fn check(&self, function: &str, value: ValueId) -> Result<()> {
        if value.index() < self.nodes.len() {
            return Ok(());
        }
        value_error!(
            "{function}: expected a value of this graph, which has {}, got number {}",
            self.nodes.len(),
            value.0
        )
    }

    fn full_name(&self, name: &str) -> String {
        self.scopes.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".")
    }

    fn push(&mut self, origin: Origin, inputs: Vec<ValueId>, kind: Type, name: &str) -> ValueId {
        let value = ValueId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes"));
        let (scope, name) = (self.scopes.join("."), self.full_name(name));
        self.nodes.push(Node { origin, inputs, kind, scope, name });
        value
    }
}

/// The type, or an error if it is too large to address.
fn checked_type(function: &str, shape: &[usize], dtype: Dtype) -> Result<Type> {
    if shape.len() > crate::types::MAXIMUM_RANK {
        let (most, got) = (crate::types::MAXIMUM_RANK, shape.len());
        return shape_error!("{function}: expected a shape of at most {most} axes, got {got}");
    }
    let bytes = shape.iter().try_fold(dtype.size(), |bytes, &axis| bytes.checked_mul(axis));
    match bytes {
        Some(bytes) if bytes <= isize::MAX as usize / 2 => Ok(Type::new(shape, dtype)),
        _ => Err(Error::Memory(format!("{function}: expected a shape that fits into memory, got {}", Shape(shape)))),
    }
}
