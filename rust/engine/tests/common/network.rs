//! Whole networks for the tests: dense layers, an activation, a loss, an optimizer.
#![allow(dead_code)]

use tilegrad_engine::gradient::gradients;
use tilegrad_engine::types::Values;
use tilegrad_engine::{Array, Attribute, Bindings, Buffers, Dtype, Graph, Options, Plan, State, ValueId};
use tilegrad_kernels::losses;
use tilegrad_kernels::optimizers::Optimizer;
use tilegrad_kernels::registry::{Domain, LossKind};

use super::{apply, numbers};

/// What a network is made of.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) widths: Vec<usize>,
    pub(crate) batch: usize,
    pub(crate) activation: &'static str,
    pub(crate) loss: &'static str,
    pub(crate) optimizer: &'static str,
    pub(crate) dropout: f64,
    pub(crate) dtype: Dtype,
}

/// A network and the values a test asks for.
pub(crate) struct Network {
    pub(crate) graph: Graph,
    pub(crate) loss: ValueId,
    pub(crate) prediction: ValueId,
    pub(crate) parameters: Vec<ValueId>,
    pub(crate) gradients: Vec<ValueId>,
    pub(crate) updates: Vec<ValueId>,
    pub(crate) inputs: Vec<Values>,
}

/// Numbers of a dtype.
pub(crate) fn values(dtype: Dtype, numbers: Vec<f64>) -> Values {
    match dtype {
        Dtype::F32 => Values::F32(numbers.iter().map(|&number| number as f32).collect()),
        _ => Values::F64(numbers),
    }
}

impl Recipe {
    pub(crate) fn new(widths: &[usize], batch: usize, activation: &'static str, loss: &'static str) -> Self {
        let widths = widths.to_vec();
        Self { widths, batch, activation, loss, optimizer: "adam", dropout: 0.0, dtype: Dtype::F64 }
    }

    pub(crate) fn build(&self) -> Network {
        let (mut graph, dtype, batch) = (Graph::new(), self.dtype, self.batch);
        let features = graph.input("features", &[batch, self.widths[0]], dtype).unwrap();
        let (mut value, mut parameters) = (features, Vec::new());
        for (layer, pair) in self.widths.windows(2).enumerate() {
            graph.push_scope(&format!("layer.{layer}"));
            let weight = graph.parameter("weight", pair, dtype).unwrap();
            let bias = graph.parameter("bias", &pair[1..], dtype).unwrap();
            parameters.extend([weight, bias]);
            let product = apply(&mut graph, "matmul", &[value, weight], &[]);
            value = apply(&mut graph, "add", &[product, bias], &[]);
            if layer + 2 < self.widths.len() {
                value = apply(&mut graph, self.activation, &[value], &[]);
                if self.dropout > 0.0 {
                    let stream = ("stream", Attribute::Int(layer as i64));
                    value = apply(&mut graph, "dropout", &[value], &[("rate", Attribute::Float(self.dropout)), stream]);
                }
            }
            graph.pop_scope().unwrap();
        }
        if losses::entry(self.loss).unwrap().predictions != Domain::Real {
            value = apply(&mut graph, "sigmoid", &[value], &[]);
        }
        let (target, targets) = self.targets(&mut graph, value);
        let loss = apply(&mut graph, self.loss, &[value, target], &[]);
        let gradients = gradients(&mut graph, loss, &parameters).unwrap();
        let optimizer = Optimizer::new(self.optimizer, &[]).unwrap();
        let pairs = parameters.iter().zip(&gradients);
        let updates = pairs.map(|(&p, &slope)| graph.update(p, slope, &optimizer).unwrap()).collect();
        let inputs = vec![values(dtype, numbers(batch * self.widths[0], -1.0, 1.0, 0.4)), targets];
        Network { graph, loss, prediction: value, parameters, gradients, updates, inputs }
    }

    fn targets(&self, graph: &mut Graph, prediction: ValueId) -> (ValueId, Values) {
        let classes = self.widths[self.widths.len() - 1];
        let count = self.batch * classes;
        let is_row = losses::entry(self.loss).unwrap().kind == LossKind::Row;
        let targets = match is_row {
            true => Values::I32((0..self.batch).map(|row| (row * 7 % classes) as i32).collect()),
            false => values(self.dtype, numbers(count, 0.1, 0.9, 0.8)),
        };
        let shape = graph.shape(prediction).to_vec();
        let rank = if is_row { 1 } else { 2 };
        (graph.input("target", &shape[..rank], targets.array().dtype()).unwrap(), targets)
    }
}

/// Parameters and slots that a test owns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Memory {
    single: Vec<Vec<f32>>,
    double: Vec<Vec<f64>>,
    pub(crate) step: u64,
}

impl Memory {
    /// Random-looking parameters and zero slots.
    pub(crate) fn new(graph: &Graph) -> Self {
        let length = |dtype| graph.flat_len(dtype);
        let start = |dtype| numbers(length(dtype), -0.7, 0.7, 0.9);
        let slots = graph.optimizers().iter().map(|optimizer| optimizer.slots().len()).max().unwrap_or(0);
        let single = start(Dtype::F32).iter().map(|&number| number as f32).collect();
        let mut memory = Self { single: vec![single], double: vec![start(Dtype::F64)], step: 0 };
        memory.single.resize(slots + 1, vec![0.0; length(Dtype::F32)]);
        memory.double.resize(slots + 1, vec![0.0; length(Dtype::F64)]);
        memory
    }

    pub(crate) fn parameters(&mut self) -> &mut Vec<f64> {
        &mut self.double[0]
    }

    pub(crate) fn state(&mut self) -> State<'_> {
        let pairs = self.single.iter_mut().zip(&mut self.double);
        let mut buffers = pairs.map(|(single, double)| Buffers { single, double });
        let parameters = buffers.next().unwrap();
        State { parameters, slots: buffers.collect(), step: self.step, ..State::default() }
    }

    /// Runs a plan; its outputs as doubles.
    pub(crate) fn run(&mut self, plan: &mut Plan, inputs: &[Values]) -> Vec<Vec<f64>> {
        let arrays: Vec<Array<'_>> = inputs.iter().map(Values::array).collect();
        let mut state = self.state();
        plan.run(&mut Bindings { inputs: &arrays, state: &mut state, seed: 11 }).unwrap();
        self.step += u64::from(plan.updates());
        (0..plan.output_count()).map(|index| plan.output(index).to_f64()).collect()
    }
}

impl Network {
    /// A plan of a training step: loss, gradients, prediction, updates.
    pub(crate) fn training_plan(&self, options: Options) -> Plan {
        let outputs: Vec<ValueId> = [self.loss].into_iter().chain(self.updates.clone()).collect();
        Plan::compile(&self.graph, &outputs, options).unwrap()
    }

    /// Loss after each of some training steps, and what parameters and slots became.
    pub(crate) fn train(&self, steps: usize, options: Options) -> (Vec<f64>, Memory) {
        let mut plan = self.training_plan(options);
        let mut memory = Memory::new(&self.graph);
        let losses = (0..steps).map(|_| memory.run(&mut plan, &self.inputs)[0][0]).collect();
        (losses, memory)
    }
}
