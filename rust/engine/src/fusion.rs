//! Fusion: neighbouring operations that become one kernel call.
//!
//! A fused call does the arithmetic of its parts in the same order on the same numbers, so no result changes by a bit.
//! It runs where its first part ran; everything else it reads must exist by then. A call that updates a parameter is
//! the exception: it runs where the update ran, after all readers of the old numbers; everything it reads must still be
//! there.

mod calls;

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use tilegrad_kernels::arithmetic::BinaryFunction;

use calls::{BiasUpdate, Fusible};

use crate::graph::{Graph, ValueId};
use crate::ops::activation::{Backward, Forward};
use crate::ops::elementwise::Binary;
use crate::ops::loss;
use crate::ops::matmul::MatMul;
use crate::ops::reduce::Reduce;
use crate::ops::update::Update;
use crate::order::{Item, Port, RunningOrder};
use crate::routine::Routine;
use crate::types::Type;

/// Which fusions are made. None of them changes a bit of any result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fusions {
    /// Matrix product, bias and activation: the tile is finished while it is in cache.
    pub dense: bool,
    /// Matrix product of an input gradient and the slope of the activation before it.
    pub slope: bool,
    /// A loss and its gradient: one pass over the predictions.
    pub loss: bool,
    /// The gradient of a bias and the product whose numbers it sums: the column sums of an input gradient are computed
    /// while its tile is in cache.
    pub bias: bool,
    /// A gradient and its only reader, the update: it goes into weight and slots tile by tile and is never stored.
    pub update: bool,
}

impl Fusions {
    /// All fusions.
    pub const ALL: Self = Self { dense: true, slope: true, loss: true, bias: true, update: true };
    /// No fusion.
    pub const NONE: Self = Self { dense: false, slope: false, loss: false, bias: false, update: false };
}

/// Fuses items where that saves passes over memory.
pub(crate) fn fuse(graph: &Graph, schedule: &mut RunningOrder, fusions: Fusions) {
    let mut fuser = Fuser::new(graph, schedule);
    for index in 0..fuser.items.len() {
        if fusions.dense {
            fuser.dense(index);
        }
        if fusions.slope {
            fuser.slope(index, fusions.bias);
        }
        if fusions.loss {
            fuser.loss(graph, index);
        }
        if fusions.update {
            fuser.update(index);
        }
    }
    schedule.items = fuser.items.into_iter().flatten().collect();
}

/// The items (`None` once they are part of another), which of them makes each value, and which read it.
struct Fuser {
    items: Vec<Option<Item>>,
    makers: HashMap<ValueId, usize>,
    /// Which items read a value; `None` is whoever reads an output after all of them.
    readers: HashMap<ValueId, Vec<Option<usize>>>,
    parameters: HashMap<ValueId, usize>,
}

/// The item as a product that takes an epilogue, if it is one. A new kind of product has a line here.
fn product_of(item: &Item) -> Option<&dyn Fusible> {
    item.is::<MatMul>().map(|product| product as &dyn Fusible)
}

/// Whether the item sums each column of a matrix of this type.
fn sums_columns(item: &Item, matrix: &Type) -> bool {
    item.is::<Reduce>().is_some_and(|reduce| reduce.is_column_sum(matrix)) && item.inputs[0].kind == *matrix
}

impl Fuser {
    fn new(graph: &Graph, schedule: &mut RunningOrder) -> Self {
        let items = std::mem::take(&mut schedule.items);
        let (mut makers, mut readers): (HashMap<_, _>, HashMap<ValueId, Vec<Option<usize>>>) = Default::default();
        for (index, item) in items.iter().enumerate() {
            makers.extend(item.outputs.iter().map(|port| (port.value, index)));
            for port in &item.inputs {
                readers.entry(port.value).or_default().push(Some(index));
            }
        }
        for port in &schedule.outputs {
            readers.entry(port.value).or_default().push(None);
        }
        let parameters = graph.parameters().iter().enumerate().map(|(index, place)| (place.value, index)).collect();
        Self { items: items.into_iter().map(Some).collect(), makers, readers, parameters }
    }

    fn item(&self, index: usize) -> Option<&Item> {
        self.items.get(index)?.as_ref()
    }

    /// The reader of an item's result, if there is exactly one.
    fn only_reader(&self, index: usize) -> Option<usize> {
        let value = self.item(index)?.outputs[0].value;
        match self.readers.get(&value).map(Vec::as_slice) {
            Some([reader]) => *reader,
            _ => None,
        }
    }

    /// Whether the value exists before the item runs.
    fn exists_before(&self, value: ValueId, index: usize) -> bool {
        self.makers.get(&value).is_none_or(|maker| *maker < index)
    }

    /// Replaces the first part by the item, and removes the other parts.
    fn replace(&mut self, index: usize, parts: &[usize], item: Item) {
        for &part in parts {
            self.items[part] = None;
        }
        self.makers.extend(item.outputs.iter().map(|port| (port.value, index)));
        self.items[index] = Some(item);
    }

    /// The bias that an item adds to each row of its other operand, if it does.
    fn bias_of(&self, add: usize, product: ValueId) -> Option<Port> {
        let item = self.item(add)?;
        let Binary(BinaryFunction::Add) = item.is::<Binary>()? else { return None };
        let (own, other) = match &item.inputs[..] {
            [own, other] if own.value == product => (own, other),
            [other, own] => (own, other),
            _ => return None,
        };
        let columns = *own.kind.shape.last()?;
        let is_row = matches!(other.kind.shape[..], [count] | [1, count] if count == columns);
        (is_row && own.kind == item.outputs[0].kind && own.kind.rank() == 2 && other.value != product)
            .then(|| other.clone())
    }

    /// Matrix product (+ bias) (+ activation).
    fn dense(&mut self, index: usize) {
        if self.item(index).and_then(product_of).is_none() {
            return;
        }
        let result = |this: &Self, index: usize| this.item(index).map(|item| item.outputs[0].clone());
        let Some(mut last) = result(self, index) else { return };
        let (mut parts, mut bias) = (Vec::new(), None);
        if let Some(add) = self.only_reader(index)
            && let Some(port) = self.bias_of(add, last.value)
            && self.exists_before(port.value, index)
        {
            (parts, bias) = (vec![add], Some(port));
            last = result(self, add).expect("it was just looked at");
        }
        let pre_activation = last.clone();
        let readers = self.readers.get(&last.value).cloned().unwrap_or_default();
        let activation =
            readers.iter().flatten().find_map(|&reader| Some((reader, self.item(reader)?.is::<Forward>()?.0)));
        if let Some((reader, _)) = activation {
            parts.push(reader);
            last = result(self, reader).expect("it was just looked at");
        }
        if parts.is_empty() {
            return;
        }
        let keeps = activation.is_some() && readers.len() > 1;
        let first = self.item(index).expect("it was just looked at");
        let name = self.item(parts[parts.len() - 1]).map_or_else(String::new, |item| item.name.clone());
        let product = product_of(first).expect("it was just looked at");
        let routine = product.dense(bias.is_some(), activation.map(|(_, activation)| activation), keeps);
        let outputs = if keeps { vec![last, pre_activation] } else { vec![last] };
        let inputs = first.inputs.iter().cloned().chain(bias).collect();
        let item = Item { routine, operation: None, inputs, outputs, change: None, name };
        self.replace(index, &parts, item);
    }

    /// Matrix product of an input gradient, times the slope of an activation, with its column sums if `bias`.
    fn slope(&mut self, index: usize, bias: bool) {
        let Some(product) = self.item(index).and_then(product_of) else { return };
        let Some(reader) = self.only_reader(index) else { return };
        let (first, Some(second)) = (self.item(index).expect("it was just looked at"), self.item(reader)) else {
            return;
        };
        let Some(backward) = second.is::<Backward>() else { return };
        let (gradient, saved) = (&second.inputs[0], &second.inputs[1]);
        if gradient.value != first.outputs[0].value || !self.exists_before(saved.value, index) {
            return;
        }
        let sums = if bias { self.column_sums(&second.outputs[0]) } else { None };
        let routine = product.sloped(backward.activation, sums.is_some());
        let sum = sums.and_then(|sums| self.item(sums)).map(|sums| sums.outputs[0].clone());
        let item = Item {
            routine,
            operation: None,
            inputs: first.inputs.iter().chain([saved]).cloned().collect(),
            outputs: second.outputs.iter().cloned().chain(sum).collect(),
            change: None,
            name: second.name.clone(),
        };
        let parts: Vec<usize> = [reader].into_iter().chain(sums).collect();
        self.replace(index, &parts, item);
    }

    /// The item that sums each column of a matrix, if there is one.
    fn column_sums(&self, matrix: &Port) -> Option<usize> {
        let readers = self.readers.get(&matrix.value)?;
        readers
            .iter()
            .flatten()
            .copied()
            .find(|&reader| self.item(reader).is_some_and(|item| sums_columns(item, &matrix.kind)))
    }

    /// The gradient of a weight or of a bias and its only reader, the update, in the place of the update.
    fn update(&mut self, index: usize) {
        let Some(first) = self.item(index) else { return };
        let Some(reader) = self.only_reader(index) else { return };
        let Some(second) = self.item(reader) else { return };
        let Some(update) = second.is::<Update>().filter(|update| update.takes_pieces()) else { return };
        let routine: Arc<dyn Routine> = match product_of(first) {
            Some(product) if first.outputs[0].kind == second.outputs[0].kind => product.updating(update),
            None if sums_columns(first, &first.inputs[0].kind) => Arc::new(BiasUpdate::new(update)),
            _ => return,
        };
        // The gradient must not be made from a parameter that changes before.
        if first.inputs.iter().any(|port| self.changes(port.value, index..=reader)) {
            return;
        }
        let item = Item {
            routine,
            operation: None,
            inputs: first.inputs.clone(),
            outputs: second.outputs.clone(),
            change: second.change,
            name: second.name.clone(),
        };
        self.replace(reader, &[index], item);
    }

    /// Whether one of these items updates the parameter that this value is.
    fn changes(&self, value: ValueId, mut items: RangeInclusive<usize>) -> bool {
        let parameter = self.parameters.get(&value);
        parameter.is_some_and(|&parameter| {
            items.any(|index| {
                self.item(index).and_then(|item| item.change).is_some_and(|change| change.parameter == parameter)
            })
        })
    }

    /// A loss and its gradient, where the upstream gradient is one.
    fn loss(&mut self, graph: &Graph, index: usize) {
        let Some(forward) = self.item(index) else { return };
        let Some(prediction) = forward.inputs.first() else { return };
        let readers = self.readers.get(&prediction.value).cloned().unwrap_or_default();
        let pair = readers.into_iter().flatten().find_map(|reader| {
            let backward = self.item(reader)?;
            let fused = loss::fused(graph, forward, backward)?;
            Some((reader, fused, backward.outputs[0].clone()))
        });
        let Some((reader, routine, gradient)) = pair else { return };
        let item = Item {
            routine,
            operation: None,
            inputs: forward.inputs.clone(),
            outputs: vec![forward.outputs[0].clone(), gradient],
            change: None,
            name: forward.name.clone(),
        };
        self.replace(index, &[reader], item);
    }
}
