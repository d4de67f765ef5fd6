//! Neighbouring operations that become one kernel call.
//!
//! A fused call does the arithmetic of its parts in the same order on the same numbers, so no result changes by a bit. It
//! runs where its first part ran; whatever else it reads must exist by then.

use std::collections::HashMap;
use std::sync::Arc;

use tilegrad_kernels::activations::Activation;
use tilegrad_kernels::arithmetic::BinaryFunction;
use tilegrad_kernels::matmul::{self, multiply};

use crate::call::{Routine, Run, Site, with_element};
use crate::graph::{Graph, ValueId};
use crate::ops::activation::{Backward, Forward};
use crate::ops::elementwise::Binary;
use crate::ops::loss;
use crate::ops::matmul::MatMul;
use crate::schedule::{Item, Port, Schedule};
use crate::work::Work;

/// Which fusions are made. None of them changes a bit of any result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fusions {
    /// Matrix product, bias and activation: the tile is finished while it is warm.
    pub dense: bool,
    /// Matrix product of an input gradient and the slope of the activation before it.
    pub slope: bool,
    /// A loss and its gradient: one pass over the predictions.
    pub loss: bool,
}

impl Fusions {
    /// Every fusion.
    pub const ALL: Self = Self { dense: true, slope: true, loss: true };
    /// No fusion.
    pub const NONE: Self = Self { dense: false, slope: false, loss: false };
}

/// Makes items one where that saves passes over memory.
pub(crate) fn fuse(graph: &Graph, schedule: &mut Schedule, fusions: Fusions) {
    let mut fuser = Fuser::new(schedule);
    for index in 0..fuser.items.len() {
        if fusions.dense {
            fuser.dense(index);
        }
        if fusions.slope {
            fuser.slope(index);
        }
        if fusions.loss {
            fuser.loss(graph, index);
        }
    }
    schedule.items = fuser.items.into_iter().flatten().collect();
}

/// The items (`None` once they are part of another), who makes each value and who reads it.
struct Fuser {
    items: Vec<Option<Item>>,
    makers: HashMap<ValueId, usize>,
    readers: HashMap<ValueId, Vec<usize>>,
}

/// Reads a value after all items.
const OUTSIDE: usize = usize::MAX;

impl Fuser {
    fn new(schedule: &mut Schedule) -> Self {
        let items = std::mem::take(&mut schedule.items);
        let (mut makers, mut readers): (HashMap<_, _>, HashMap<ValueId, Vec<usize>>) = Default::default();
        for (index, item) in items.iter().enumerate() {
            makers.extend(item.outputs.iter().map(|port| (port.value, index)));
            for port in &item.inputs {
                readers.entry(port.value).or_default().push(index);
            }
        }
        for port in &schedule.outputs {
            readers.entry(port.value).or_default().push(OUTSIDE);
        }
        Self { items: items.into_iter().map(Some).collect(), makers, readers }
    }

    fn item(&self, index: usize) -> Option<&Item> {
        self.items.get(index)?.as_ref()
    }

    /// Who reads the result of an item, if it is one reader only.
    fn only_reader(&self, index: usize) -> Option<usize> {
        let value = self.item(index)?.outputs[0].value;
        match self.readers.get(&value).map(Vec::as_slice) {
            Some([reader]) if *reader != OUTSIDE => Some(*reader),
            _ => None,
        }
    }

    /// Whether the value exists before the item runs.
    fn exists_before(&self, value: ValueId, index: usize) -> bool {
        self.makers.get(&value).is_none_or(|maker| *maker < index)
    }

    /// Puts the item in the place of its first part; the other parts are gone.
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
        let Some(&product) = self.item(index).and_then(|item| item.is::<MatMul>()) else { return };
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
        let activation = readers.iter().find_map(|&reader| Some((reader, self.item(reader)?.is::<Forward>()?.0)));
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
        let dense = Dense::new(product, bias.is_some(), activation.map(|(_, activation)| activation), keeps);
        let outputs = if keeps { vec![last, pre_activation] } else { vec![last] };
        let inputs = first.inputs.iter().cloned().chain(bias).collect();
        let item = Item { routine: Arc::new(dense), operation: None, inputs, outputs, updates: None, name };
        self.replace(index, &parts, item);
    }

    /// Matrix product of an input gradient, times the slope of an activation.
    fn slope(&mut self, index: usize) {
        let Some(&product) = self.item(index).and_then(|item| item.is::<MatMul>()) else { return };
        let Some(reader) = self.only_reader(index) else { return };
        let (first, Some(second)) = (self.item(index).expect("it was just looked at"), self.item(reader)) else {
            return;
        };
        let Some(backward) = second.is::<Backward>() else { return };
        let (gradient, saved) = (&second.inputs[0], &second.inputs[1]);
        if gradient.value != first.outputs[0].value || !self.exists_before(saved.value, index) {
            return;
        }
        let routine = InputGradient::new(product, backward.activation);
        let item = Item {
            routine: Arc::new(routine),
            operation: None,
            inputs: first.inputs.iter().chain([saved]).cloned().collect(),
            outputs: second.outputs.clone(),
            updates: None,
            name: second.name.clone(),
        };
        self.replace(index, &[reader], item);
    }

    /// A loss and its gradient, where the arriving gradient is one.
    fn loss(&mut self, graph: &Graph, index: usize) {
        let Some(forward) = self.item(index) else { return };
        let Some(prediction) = forward.inputs.first() else { return };
        let readers = self.readers.get(&prediction.value).cloned().unwrap_or_default();
        let pair = readers.into_iter().find_map(|reader| {
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
            updates: None,
            name: forward.name.clone(),
        };
        self.replace(index, &[reader], item);
    }
}

/// `f(A B + bias)`, with the pre-activation beside it where something else reads it.
#[derive(Debug)]
struct Dense {
    product: MatMul,
    has_bias: bool,
    activation: Option<Activation>,
    keeps: bool,
    name: String,
}

impl Dense {
    fn new(product: MatMul, has_bias: bool, activation: Option<Activation>, keeps: bool) -> Self {
        let mut name = "matmul".to_string();
        if has_bias {
            name.push_str(" + bias");
        }
        if let Some(activation) = activation {
            name.push_str(" + ");
            name.push_str(activation.entry().name);
        }
        Self { product, has_bias, activation, keeps, name }
    }
}

impl Routine for Dense {
    fn name(&self) -> &str {
        &self.name
    }

    fn workspace(&self, site: &Site<'_>) -> usize {
        self.product.scratch(site.inputs)
    }

    fn work(&self, site: &Site<'_>) -> Work {
        let parts = u64::from(self.has_bias) + u64::from(self.activation.is_some());
        let operations = self.product.operations(site.inputs) + parts * site.outputs[0].len() as u64;
        Work::moving(site).and(operations)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let views = self.product.views(&site.inputs[0], &site.inputs[1]);
        let (has_bias, activation, keeps) = (self.has_bias, self.activation, self.keeps);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let (a, b) = views.matrices::<E>(call.input(0), call.input(1));
            let bias = has_bias.then(|| call.input(2));
            let pre_activation = keeps.then(|| call.output(1));
            let mut epilogue = matmul::Dense::new(call.output(0), b.columns, bias, activation, pre_activation);
            multiply(a, b, &mut epilogue, call.workspace());
        }))
    }
}

/// `(A B) f'`: the gradient with respect to the input of an activation.
#[derive(Debug)]
struct InputGradient {
    product: MatMul,
    activation: Activation,
    name: String,
}

impl InputGradient {
    fn new(product: MatMul, activation: Activation) -> Self {
        Self { product, activation, name: format!("matmul + {}_backward", activation.entry().name) }
    }
}

impl Routine for InputGradient {
    fn name(&self) -> &str {
        &self.name
    }

    fn workspace(&self, site: &Site<'_>) -> usize {
        self.product.scratch(site.inputs)
    }

    fn work(&self, site: &Site<'_>) -> Work {
        Work::moving(site).and(self.product.operations(site.inputs) + site.outputs[0].len() as u64)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let views = self.product.views(&site.inputs[0], &site.inputs[1]);
        let activation = self.activation;
        with_element!(site.dtype(), E => Box::new(move |call| {
            let (a, b) = views.matrices::<E>(call.input(0), call.input(1));
            let mut epilogue = matmul::Slope::new(call.output(0), b.columns, call.input(2), activation);
            multiply(a, b, &mut epilogue, call.workspace());
        }))
    }
}
