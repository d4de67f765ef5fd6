//! From the graph to a list of items in running order: nodes that the outputs do not need are dropped, and views are
//! resolved.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::error::{Result, value_error};
use crate::graph::{Graph, Origin, ValueId};
use crate::operation::{Change, Changer, Operation};
use crate::ops::shape::copy;
use crate::routine::{Routine, Run};
use crate::types::{Site, Type};
use crate::work::Work;

/// A value that an item reads or makes: the value that owns its memory, and the type as which it is viewed.
#[derive(Clone, Debug)]
pub(crate) struct Port {
    pub(crate) value: ValueId,
    pub(crate) kind: Type,
}

/// Something that runs: an operation, or several fused ones.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) routine: Arc<dyn Routine>,
    /// The operation, if the item stands for a single one.
    pub(crate) operation: Option<Arc<dyn Operation>>,
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
    /// The parameter that it changes in place, if any.
    pub(crate) change: Option<Change>,
    /// Name of the last node it stands for, with its scope.
    pub(crate) name: String,
}

impl Item {
    /// The operation as one of this type, if it is one.
    pub(crate) fn is<O: Operation>(&self) -> Option<&O> {
        let operation: &dyn std::any::Any = &**self.operation.as_ref()?;
        operation.downcast_ref()
    }
}

/// The items, and the places of the outputs.
#[derive(Debug)]
pub(crate) struct RunningOrder {
    pub(crate) items: Vec<Item>,
    /// The outputs that are values to read (updates are not), as memory and type.
    pub(crate) outputs: Vec<Port>,
}

/// The value that owns the memory of each value: itself, or the value it views.
fn roots(graph: &Graph, training: bool) -> Vec<ValueId> {
    let mut roots: Vec<ValueId> = Vec::with_capacity(graph.nodes().len());
    for (index, node) in graph.nodes().iter().enumerate() {
        let root = match node.operation() {
            Some(operation) if operation.is_view(training) => roots[node.inputs[0].index()],
            _ => ValueId(u32::try_from(index).expect("fewer than 2^32 nodes")),
        };
        roots.push(root);
    }
    roots
}

/// The values that a node reads when it runs.
fn reads(graph: &Graph, value: ValueId) -> impl Iterator<Item = ValueId> + '_ {
    let node = graph.node(value);
    let reads = move |position: usize| node.operation().is_some_and(|operation| operation.reads(position));
    node.inputs.iter().enumerate().filter(move |(position, _)| reads(*position)).map(|(_, &input)| input)
}

/// The operations that the outputs need, as roots, in the order of creation.
fn needed(graph: &Graph, roots: &[ValueId], outputs: &[ValueId]) -> Vec<ValueId> {
    let mut marked = vec![false; graph.nodes().len()];
    let mut open: Vec<ValueId> = outputs.iter().map(|output| roots[output.index()]).collect();
    while let Some(value) = open.pop() {
        if std::mem::replace(&mut marked[value.index()], true) {
            continue;
        }
        open.extend(reads(graph, value).map(|input| roots[input.index()]));
    }
    (0..graph.nodes().len())
        .filter(|&index| marked[index] && graph.nodes()[index].operation().is_some())
        .map(|index| ValueId(u32::try_from(index).expect("fewer than 2^32 nodes")))
        .collect()
}

/// The running order is the order of creation, except that an update runs as soon as the old parameter is no longer
/// needed, and changes of a parameter without an optimizer run once nothing else is left.
fn order(graph: &Graph, roots: &[ValueId], needed: &[ValueId]) -> Result<Vec<ValueId>> {
    let count = graph.nodes().len();
    let (mut waiting, mut followers) = (vec![0u32; count], vec![Vec::new(); count]);
    let mut update_of = vec![None; graph.parameters().len()];
    for &value in needed {
        if let Some(Change { parameter, .. }) = graph.change(value) {
            // An operation that follows the update of the same parameter reads its result, and so comes after it.
            update_of[parameter].get_or_insert(value);
        }
    }
    for &value in needed {
        for input in reads(graph, value) {
            let root = roots[input.index()];
            match graph.node(root).origin {
                Origin::Operation(_) => {
                    followers[root.index()].push(value);
                    waiting[value.index()] += 1;
                }
                Origin::Parameter(parameter) => {
                    if let Some(update) = update_of[parameter].filter(|update| *update != value) {
                        followers[value.index()].push(update);
                        waiting[update.index()] += 1;
                    }
                }
                _ => {}
            }
        }
    }
    let rank = |value: ValueId| {
        let turn = match graph.change(value).map(|change| change.by) {
            Some(Changer::Optimizer(_)) => 0,
            None => 1,
            Some(Changer::Statistic) => 2,
        };
        Reverse((turn, value))
    };
    let mut ready: BinaryHeap<_> =
        needed.iter().filter(|value| waiting[value.index()] == 0).map(|&value| rank(value)).collect();
    let mut ordered = Vec::with_capacity(needed.len());
    while let Some(Reverse((_, value))) = ready.pop() {
        ordered.push(value);
        for &follower in &followers[value.index()] {
            waiting[follower.index()] -= 1;
            if waiting[follower.index()] == 0 {
                ready.push(rank(follower));
            }
        }
    }
    if ordered.len() == needed.len() {
        return Ok(ordered);
    }
    value_error!(
        "compile: expected updates whose old parameters are read before, got one whose new value is needed first"
    )
}

impl RunningOrder {
    /// The schedule of everything that these outputs need.
    pub(crate) fn new(graph: &Graph, outputs: &[ValueId], training: bool) -> Result<Self> {
        let roots = roots(graph, training);
        let needed = needed(graph, &roots, outputs);
        let ordered = order(graph, &roots, &needed)?;
        let port = |value: ValueId| Port { value: roots[value.index()], kind: graph.kind(value).clone() };
        let mut items: Vec<Item> = Vec::with_capacity(ordered.len());
        for value in ordered {
            let node = graph.node(value);
            let Origin::Operation(operation) = &node.origin else { continue };
            items.push(Item {
                routine: operation.clone(),
                operation: Some(operation.clone()),
                inputs: reads(graph, value).map(port).collect(),
                outputs: vec![port(value)],
                change: graph.change(value),
                name: node.name.clone(),
            });
        }
        let mut schedule = Self { items, outputs: Vec::new() };
        schedule.add_outputs(graph, outputs, port);
        Ok(schedule)
    }

    /// Outputs that would be in memory of the caller, or of a constant, are copied at the end.
    fn add_outputs(&mut self, graph: &Graph, outputs: &[ValueId], port: impl Fn(ValueId) -> Port) {
        let mut fresh = u32::try_from(graph.nodes().len()).expect("fewer than 2^32 nodes");
        for &output in outputs {
            let source = port(output);
            let root = graph.node(source.value);
            if graph.change(output).is_some() {
                continue;
            }
            if root.operation().is_some() && graph.change(source.value).is_none() {
                self.outputs.push(source);
                continue;
            }
            let copied = Port { value: ValueId(fresh), kind: source.kind.clone() };
            fresh += 1;
            self.items.push(Item {
                routine: Arc::new(Copy),
                operation: None,
                name: graph.name(output).to_string(),
                inputs: vec![source],
                outputs: vec![copied.clone()],
                change: None,
            });
            self.outputs.push(copied);
        }
    }
}

/// Copies a value.
#[derive(Debug)]
struct Copy;

impl Routine for Copy {
    fn name(&self) -> &str {
        "copy"
    }

    fn work(&self, site: &Site<'_>) -> Work {
        Work::moving(site)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        copy(site)
    }
}
