//! Compiled steps, run one at a time from Python.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tilegrad_engine::{Bindings, Options, Type, ValueId};

use crate::arguments::{dtype_error_of, list_of, shape_text};
use crate::arrays::Array;
use crate::errors::{Result, shape_error, value_error};
use crate::graph::{Inner, ParameterPlaces, engine_array};
use crate::kinds::Kind;
use crate::locks::{Guard, Locked};
use crate::numbers::{Seed, Whole, in_range};
use crate::optimizers::{Optimizer, UpdateRule};
use crate::results::{self, Results};
use crate::state::State;
use crate::work;

/// The most runs of one profile: every run keeps a number for every kernel call.
const MOST_RUNS: i64 = 100_000;

/// A compiled step: a flat list of kernel calls and one block of memory. Created by ``Graph.compile``.
#[pyclass(frozen, module = "tilegrad._core")]
pub(crate) struct Plan {
    inner: Locked<tilegrad_engine::Plan>,
    inputs: Vec<(String, Type)>,
    places: ParameterPlaces,
    optimizers: Vec<Py<Optimizer>>,
    updates: bool,
    arena_bytes: usize,
    steps: usize,
    /// How many numbers a run touches, to decide whether to release the lock.
    elements: usize,
    description: String,
    results: Results,
}

impl Plan {
    pub(crate) fn new(py: Python<'_>, graph: &Inner, outputs: &[ValueId], options: Options) -> Result<Self> {
        let plan = tilegrad_engine::Plan::compile(&graph.graph, outputs, options)?;
        let inputs: Vec<(String, Type)> = graph
            .graph
            .inputs()
            .iter()
            .map(|&value| (graph.graph.name(value).to_string(), graph.graph.kind(value).clone()))
            .collect();
        let parameters: usize = graph.graph.parameters().iter().map(|place| place.kind.len()).sum();
        let read: usize = inputs.iter().map(|(_, kind)| kind.len()).sum();
        Ok(Self {
            places: graph.graph.parameters().into(),
            optimizers: graph.optimizers.iter().map(|optimizer| optimizer.clone_ref(py)).collect(),
            updates: plan.updates(),
            arena_bytes: plan.arena_bytes(),
            steps: plan.steps(),
            elements: parameters + read + plan.arena_bytes() / 4,
            description: plan.describe(),
            results: Results::new(&plan),
            inner: Locked::new(plan),
            inputs,
        })
    }

    pub(crate) fn lock(&self, py: Python<'_>) -> Result<Guard<'_, tilegrad_engine::Plan>> {
        self.inner.lock(py, "Plan")
    }

    pub(crate) fn places(&self) -> &ParameterPlaces {
        &self.places
    }

    pub(crate) fn inputs(&self) -> &[(String, Type)] {
        &self.inputs
    }

    /// Whether it has parameters to keep between runs.
    pub(crate) fn has_state(&self) -> bool {
        self.updates || !self.places.is_empty()
    }

    /// Runs once, without a state: single numbers as floats, other results as new arrays. `None` if an input does not
    /// fit.
    pub(crate) fn results<'py>(
        &self,
        py: Python<'py>,
        mut bindings: Bindings<'_, '_>,
    ) -> Result<Option<Vec<Bound<'py, PyAny>>>> {
        let mut plan = self.lock(py)?;
        let plan: &mut tilegrad_engine::Plan = &mut plan;
        self.results.prepare(plan);
        if work::run(py, self.elements, || plan.run(&mut bindings))?.is_err() {
            return Ok(None);
        }
        self.results.take(py, plan).map(Some)
    }

    pub(crate) fn has_updates(&self) -> bool {
        self.updates
    }

    /// The optimizers with their current settings.
    pub(crate) fn rules(&self, py: Python<'_>) -> Result<Vec<UpdateRule>> {
        self.optimizers.iter().map(|optimizer| optimizer.get().rule(py)).collect()
    }

    /// The position of this optimizer among those of the plan.
    pub(crate) fn place_of(&self, optimizer: &Bound<'_, Optimizer>) -> Option<usize> {
        self.optimizers.iter().position(|own| optimizer.is(own))
    }

    /// Gives an optimizer the value that a hyperparameter reached in a run.
    pub(crate) fn take_setting(
        &self,
        py: Python<'_>,
        optimizer: usize,
        name: &str,
        rules: &[UpdateRule],
    ) -> Result<()> {
        match rules[optimizer].get(name) {
            Some(setting) => self.optimizers[optimizer].get().assign(py, name, setting),
            None => Ok(()),
        }
    }
}

#[pymethods]
impl Plan {
    /// Runs once and returns new arrays, one per output. Plans with updates advance ``state.step`` and use it
    /// instead of ``step``.
    #[pyo3(
        signature = (inputs, state = None, seed = Seed(0), step = Whole(0)),
        text_signature = "($self, inputs, state=None, seed=0, step=0)"
    )]
    fn run<'py>(
        &self,
        py: Python<'py>,
        inputs: &Bound<'py, PyAny>,
        state: Option<&Bound<'py, State>>,
        seed: Seed,
        step: Whole,
    ) -> Result<Vec<Bound<'py, PyAny>>> {
        let arrays = self.check_inputs("run", &list_of("run", "inputs", inputs)?)?;
        let numbers: Vec<_> = arrays.iter().filter_map(engine_array).collect();
        let step = in_range("run", "step", step, 0, i64::MAX)? as u64;
        let mut plan = self.lock(py)?;
        let Some(state) = state else {
            if self.updates || !self.places.is_empty() {
                return value_error!("run: expected `state`, since the plan has parameters, got None");
            }
            let mut state = tilegrad_engine::State { step, ..Default::default() };
            self.run_once(py, &mut plan, &mut Bindings { inputs: &numbers, state: &mut state, seed: seed.0 })?;
            return results::copies(py, &plan);
        };
        let used = state.get().acquire(py, "run", &self.places)?;
        let mut engine = used.engine(self.rules(py)?);
        if !self.updates {
            engine.step = step;
        }
        self.run_once(py, &mut plan, &mut Bindings { inputs: &numbers, state: &mut engine, seed: seed.0 })?;
        if self.updates {
            used.set_counts(engine.step + 1, engine.tally);
        }
        results::copies(py, &plan)
    }

    /// Describes each kernel call, in order: ``operation``, ``scope``, ``result`` (dtype and shape), and the minimum
    /// work: ``operations`` (floating point), ``divisions`` (divisions and roots in updates),
    /// ``bytes`` (read and written) and ``footprint`` (bytes of memory touched).
    fn step_info<'py>(&self, py: Python<'py>) -> Result<Vec<Bound<'py, PyDict>>> {
        let plan = self.lock(py)?;
        (0..plan.steps())
            .map(|index| {
                let (info, row) = (plan.step_info(index), PyDict::new(py));
                row.set_item("operation", info.operation)?;
                row.set_item("scope", info.scope)?;
                row.set_item("result", info.result)?;
                row.set_item("operations", info.work.operations)?;
                row.set_item("divisions", info.work.divisions)?;
                row.set_item("bytes", info.work.bytes)?;
                row.set_item("footprint", info.work.footprint)?;
                Ok(row)
            })
            .collect()
    }

    /// Runs twice ``runs`` times, alternately as a whole and with every kernel call timed, and returns the times in
    /// seconds: ``steps`` with a list of times for each run, ``whole``, and ``clock``, which was subtracted from all of
    /// them. Plans with updates train the state in every run.
    #[pyo3(signature = (inputs, state, seed = Seed(0), runs = Whole(1)), text_signature = "($self, inputs, state, seed=0, runs=1)")]
    fn profile<'py>(
        &self,
        py: Python<'py>,
        inputs: &Bound<'py, PyAny>,
        state: &Bound<'py, State>,
        seed: Seed,
        runs: Whole,
    ) -> Result<Bound<'py, PyDict>> {
        let arrays = self.check_inputs("profile", &list_of("profile", "inputs", inputs)?)?;
        let numbers: Vec<_> = arrays.iter().filter_map(engine_array).collect();
        let runs = in_range("profile", "runs", runs, 1, MOST_RUNS)?;
        let mut plan = self.lock(py)?;
        let used = state.get().acquire(py, "profile", &self.places)?;
        let mut engine = used.engine(self.rules(py)?);
        let profile = {
            let (plan, engine) = (&mut *plan, &mut engine);
            work::detached(py, move || {
                plan.profile(&mut Bindings { inputs: &numbers, state: engine, seed: seed.0 }, runs)
            })??
        };
        used.set_counts(engine.step, engine.tally);
        let times = PyDict::new(py);
        let steps: Vec<_> = profile.steps.chunks(plan.steps().max(1)).map(<[f64]>::to_vec).collect();
        times.set_item("steps", steps)?;
        times.set_item("whole", profile.whole)?;
        times.set_item("clock", profile.clock)?;
        Ok(times)
    }

    /// The compiled steps, buffers and bytes, as text.
    fn describe(&self) -> &str {
        &self.description
    }

    /// Size of the block of memory that all intermediate values share.
    #[getter]
    fn arena_bytes(&self) -> usize {
        self.arena_bytes
    }

    /// Number of kernel calls.
    #[getter]
    fn steps(&self) -> usize {
        self.steps
    }

    /// Whether a run updates parameters.
    #[getter]
    fn updates(&self) -> bool {
        self.updates
    }

    fn __repr__(&self) -> String {
        format!("<Plan: {} steps, {} bytes>", self.steps, self.arena_bytes)
    }
}

impl Plan {
    fn run_once(
        &self,
        py: Python<'_>,
        plan: &mut tilegrad_engine::Plan,
        bindings: &mut Bindings<'_, '_>,
    ) -> Result<()> {
        Ok(work::run(py, self.elements, || plan.run(bindings))??)
    }

    /// The inputs in C order, with the shapes and dtypes that the plan was compiled for.
    fn check_inputs<'py>(&self, function: &str, given: &[Bound<'py, PyAny>]) -> Result<Vec<Array<'py>>> {
        if given.len() != self.inputs.len() {
            return shape_error!("{function}: expected {} inputs, got {}", self.inputs.len(), given.len());
        }
        let mut arrays = Vec::with_capacity(given.len());
        for (object, (name, kind)) in given.iter().zip(&self.inputs) {
            let array = Array::new(function, name, object)?;
            if array.kind() != Kind::from_name(function, kind.dtype.name())? {
                return Err(dtype_error_of(function, name, &array, kind.dtype.name()));
            }
            if array.shape() != kind.shape {
                let (expected, got) = (shape_text(&kind.shape), shape_text(array.shape()));
                return shape_error!("{function}: expected `{name}` of shape {expected}, got {got}");
            }
            arrays.push(array.contiguous()?);
        }
        Ok(arrays)
    }
}
