//! A plan as a readable table.

use std::fmt;

use crate::graph::{Graph, Origin, ValueId};
use crate::memory::Layout;
use crate::order::{Item, Port, RunningOrder};
use crate::types::Shape;

/// What the table of steps is made from.
#[derive(Debug)]
pub(crate) struct Description {
    rows: Vec<[String; 6]>,
    /// The operation and scope of each step.
    names: Vec<[String; 2]>,
    arena: usize,
    apart: usize,
    constants: usize,
    parameters: usize,
}

const HEAD: [&str; 6] = ["step", "operation", "reads", "result", "buffer", "bytes"];

impl Description {
    pub(crate) fn new(graph: &Graph, schedule: &RunningOrder, layout: &Layout, constants: usize) -> Self {
        let steps = &schedule.items;
        let rows = steps.iter().enumerate().map(|(index, item)| row(graph, item, index, layout)).collect();
        let names = |item: &Item| [item.routine.name().to_string(), scope(graph, item).to_string()];
        let names = steps.iter().map(names).collect();
        let results = schedule.items.iter().filter(|item| item.change.is_none()).flat_map(|item| &item.outputs);
        Self {
            rows,
            names,
            arena: layout.bytes,
            apart: results.map(|port| port.kind.bytes()).sum::<usize>()
                + layout.workspaces.iter().map(|(_, bytes)| bytes).sum::<usize>(),
            constants,
            parameters: graph.parameters().iter().map(|place| place.kind.bytes()).sum(),
        }
    }
}

impl Description {
    /// The operation, scope and result of a step.
    pub(crate) fn step(&self, index: usize) -> [&str; 3] {
        let [operation, scope] = &self.names[index];
        [operation, scope, &self.rows[index][3]]
    }
}

fn row(graph: &Graph, item: &Item, index: usize, layout: &Layout) -> [String; 6] {
    let join = |parts: Vec<String>| parts.join(", ");
    let reads = item.inputs.iter().map(|port| label(graph, port.value)).collect();
    let results = item.outputs.iter().map(|port| format!("{}{}", port.kind.dtype, Shape(&port.kind.shape))).collect();
    let mut buffers: Vec<String> = item.outputs.iter().map(|port| place(graph, port, layout)).collect();
    if layout.in_place[index].is_some() {
        buffers.push("in place".to_string());
    }
    let (offset, workspace) = layout.workspaces[index];
    if workspace > 0 {
        buffers.push(format!("work @{offset}"));
    }
    let bytes = item.outputs.iter().map(|port| port.kind.bytes()).sum::<usize>() + workspace;
    let operation = match scope(graph, item) {
        "" => item.routine.name().to_string(),
        scope => format!("{scope}: {}", item.routine.name()),
    };
    [index.to_string(), operation, join(reads), join(results), join(buffers), bytes.to_string()]
}

/// The scope of an item: the parameter that it updates, otherwise the scope of the last node it stands for.
fn scope<'a>(graph: &'a Graph, item: &'a Item) -> &'a str {
    match item.change {
        Some(change) => &graph.parameters()[change.parameter].name,
        None => item.name.rsplit_once('.').map_or("", |(scope, _)| scope),
    }
}

/// What to call a value: the name of an input or parameter, the number of anything else.
fn label(graph: &Graph, value: ValueId) -> String {
    match graph.nodes().get(value.index()).map(|node| (&node.origin, &node.name)) {
        Some((Origin::Input(_) | Origin::Parameter(_), name)) => name.clone(),
        Some((Origin::Constant(values), _)) if values.array().len() == 1 => values.array().get(0).to_string(),
        _ => format!("%{}", value.0),
    }
}

fn place(graph: &Graph, port: &Port, layout: &Layout) -> String {
    match layout.offsets.get(&port.value) {
        Some(offset) => format!("%{} @{offset}", port.value.0),
        None => {
            let name = graph.change(port.value).map_or("", |change| &graph.parameters()[change.parameter].name);
            format!("parameter {name}")
        }
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = HEAD.map(str::len);
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut line = |cells: [&str; 6]| {
            write!(f, "{:>w$}", cells[0], w = widths[0])?;
            for (cell, width) in cells.iter().zip(widths).skip(1).take(4) {
                write!(f, "  {cell:<width$}")?;
            }
            writeln!(f, "  {:>w$}", cells[5], w = widths[5])
        };
        line(HEAD)?;
        for row in &self.rows {
            line(std::array::from_fn(|column| row[column].as_str()))?;
        }
        let Self { arena, apart, constants, parameters, .. } = self;
        writeln!(
            f,
            "{} steps; arena {arena} bytes ({apart} without reuse); constants {constants} bytes; parameters {parameters} bytes",
            self.rows.len()
        )
    }
}
