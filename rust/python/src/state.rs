//! Parameters and optimizer slots: flat buffers that plans compute in and Python can see.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tilegrad_engine::graph::ParameterPlace;
use tilegrad_engine::{Buffers, Dtype, Tally, capacity};

use crate::arguments::shape_text;
use crate::errors::{Error, Refusal, Result, name_error, shape_error, value_error};
use crate::graph::{Graph, Inner, ParameterPlaces, same_place};
use crate::kinds::Kind;
use crate::locks::{Guard, Locked};
use crate::memory::{Memory, view};
use crate::numbers::{Whole, in_range};
use crate::optimizers::{Optimizer, UpdateRule};

/// The parameters of a graph in one flat buffer per dtype, and the slots of an optimizer in the same layout.
#[pyclass(frozen, module = "tilegrad._core")]
pub(crate) struct State {
    places: ParameterPlaces,
    parameters: Pair,
    /// The buffers of the gradient controls, then the slots of optimizers.
    slots: Vec<(String, Pair)>,
    /// Held while a plan works on the buffers.
    lock: Locked<()>,
    step: AtomicU64,
    tally: Mutex<Tally>,
}

/// One buffer in single and one in double precision.
struct Pair {
    single: Py<Memory>,
    double: Py<Memory>,
}

impl Pair {
    fn filled(py: Python<'_>, lengths: [usize; 2], number: f64) -> Result<Self> {
        let block = |len, kind| -> Result<Py<Memory>> { Ok(Py::new(py, Memory::filled(len, kind, number)?)?) };
        Ok(Self { single: block(lengths[0], Kind::F32)?, double: block(lengths[1], Kind::F64)? })
    }

    fn of(&self, dtype: Dtype) -> &Py<Memory> {
        if dtype == Dtype::F64 { &self.double } else { &self.single }
    }

    /// The buffers for the engine; the state's lock is held.
    fn buffers(&self) -> Buffers<'_> {
        // SAFETY: the lock of the state these buffers belong to is held for as long as the result is used.
        unsafe { Buffers { single: self.single.get().slice_mut(), double: self.double.get().slice_mut() } }
    }

    /// The only buffer in use, flat.
    fn flat<'py>(&self, py: Python<'py>, name: &str) -> Result<Bound<'py, PyAny>> {
        let memory = match (self.single.get().len(), self.double.get().len()) {
            (_, 0) => &self.single,
            (0, _) => &self.double,
            _ => return value_error!("State: expected parameters of one dtype for `{name}`, got two; use `view`"),
        };
        Ok(view(memory.bind(py), 0, &[memory.get().len()])?.into_object())
    }
}

/// A state in use: nobody else touches its buffers.
pub(crate) struct Use<'a> {
    state: &'a State,
    _guard: Guard<'a, ()>,
}

impl Use<'_> {
    /// The state for the engine.
    pub(crate) fn engine(&self, optimizers: Vec<UpdateRule>) -> tilegrad_engine::State<'_> {
        tilegrad_engine::State {
            parameters: self.state.parameters.buffers(),
            slots: self.state.slots.iter().map(|(_, pair)| pair.buffers()).collect(),
            optimizers,
            step: self.state.step.load(Ordering::Relaxed),
            tally: *self.state.tally(),
            ends: false,
            check_finite: false,
            not_finite: None,
        }
    }

    /// Copies the counts from the engine.
    pub(crate) fn set_counts(&self, step: u64, tally: Tally) {
        self.state.step.store(step, Ordering::Relaxed);
        *self.state.tally() = tally;
    }
}

/// The rule of each parameter that has one, and the slots of all of them: their names, and the group that needs the
/// most.
struct ParameterRules {
    of: Vec<Option<UpdateRule>>,
    slots: Vec<String>,
}

impl ParameterRules {
    /// From one optimizer for all parameters, a list with one optimizer or None per parameter, or the updates in the
    /// graph.
    fn new(py: Python<'_>, graph: &Inner, given: Option<&Bound<'_, PyAny>>) -> Result<Self> {
        let count = graph.graph.parameters().len();
        let of = match given {
            None => vec![graph.graph.optimizers().iter().max_by_key(|rule| rule.slots().len()).copied(); count],
            Some(given) => match given.cast::<Optimizer>() {
                Ok(one) => vec![Some(one.get().rule(py)?); count],
                Err(_) => {
                    let list = given.extract::<Vec<Option<Py<Optimizer>>>>()?;
                    let rules = list.iter().map(|one| one.as_ref().map(|one| one.get().rule(py)).transpose());
                    rules.collect::<Result<Vec<_>>>()?
                }
            },
        };
        if of.len() != count {
            return shape_error!("State: expected an optimizer for each of {count} parameters, got {}", of.len());
        }
        let mut slots: Vec<String> = Vec::new();
        for (index, name) in of.iter().flatten().flat_map(|rule| rule.slots().iter().enumerate()) {
            match slots.get_mut(index) {
                None => slots.push((*name).to_string()),
                Some(known) if known.split('/').all(|known| known != *name) => *known = format!("{known}/{name}"),
                Some(_) => {}
            }
        }
        Ok(Self { of, slots })
    }

    /// Fills the slots with the initial values of the rules.
    fn start(&self, places: &[ParameterPlace], slots: &[(String, Pair)]) {
        for (place, rule) in places.iter().zip(&self.of) {
            let Some(rule) = rule else { continue };
            let range = place.offset..place.offset + place.kind.len();
            for (name, (_, pair)) in rule.slots().iter().zip(slots) {
                let start = rule.slot_start(name);
                if start == 0.0 {
                    continue;
                }
                let buffers = pair.buffers();
                match place.kind.dtype {
                    Dtype::F64 => buffers.double[range.clone()].fill(start),
                    _ => buffers.single[range.clone()].fill(start as f32),
                }
            }
        }
    }
}

impl State {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody uses the buffers, and checks that they have the layout of the plan.
    pub(crate) fn acquire<'a>(&'a self, py: Python<'_>, function: &str, places: &ParameterPlaces) -> Result<Use<'a>> {
        let fits = || {
            self.places.len() >= places.len()
                && self.places.iter().zip(&places[..]).all(|(own, plan)| same_place(own, plan))
        };
        if !std::ptr::eq(self.places.as_ptr(), places.as_ptr()) && !fits() {
            return Err(self.misfit(function, places));
        }
        Ok(Use { state: self, _guard: self.lock.lock(py, "State")? })
    }

    #[cold]
    fn misfit(&self, function: &str, places: &ParameterPlaces) -> Error {
        let text = |place: Option<&ParameterPlace>| {
            place.map_or("none".to_string(), |place| {
                format!("{} of shape {} and dtype {}", place.name, shape_text(&place.kind.shape), place.kind.dtype)
            })
        };
        let differs = |&index: &usize| !self.places.get(index).is_some_and(|own| same_place(own, &places[index]));
        let index = (0..places.len()).find(differs).unwrap_or(0);
        let (expected, got) = (text(places.get(index)), text(self.places.get(index)));
        let message = format!(
            "{function}: expected `state` to have the parameters of the plan, got another one; parameter {index}: expected {expected}, got {got}"
        );
        Refusal::Value(message).into()
    }

    fn place(&self, function: &str, name: &str) -> Result<&ParameterPlace> {
        self.places.iter().find(|place| place.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.places.iter().map(|place| place.name.as_str()).collect();
            let names = names.join(", ");
            Refusal::Name(format!("{function}: expected the name of a parameter ({names}), got {name:?}")).into()
        })
    }
}

#[pymethods]
impl State {
    #[new]
    #[pyo3(signature = (graph, optimizer = None, *, accumulates = false, averages = false))]
    fn new(
        py: Python<'_>,
        graph: &Bound<'_, Graph>,
        optimizer: Option<&Bound<'_, PyAny>>,
        accumulates: bool,
        averages: bool,
    ) -> Result<Self> {
        let inner = graph.get().lock(py)?;
        let lengths = [inner.graph.flat_len(Dtype::F32), inner.graph.flat_len(Dtype::F64)];
        // Without an optimizer of its own, the state has room for the one that needs the most.
        let rules = ParameterRules::new(py, &inner, optimizer)?;
        let kept = [(accumulates, "accumulated"), (averages, "average")];
        let kept = kept.iter().filter(|(on, _)| *on).map(|(_, name)| (*name).to_string());
        let names: Vec<String> = kept.chain(rules.slots.iter().cloned()).collect();
        let bytes = lengths[0].saturating_mul(4).saturating_add(lengths[1].saturating_mul(8));
        let (bytes, what) = (bytes.saturating_mul(1 + names.len()), "parameters with optimizer slots");
        let hint = "narrower layers, float32 instead of float64, or an optimizer with fewer slots need less";
        capacity::require("state", "model", what, bytes, hint)?;
        let slots =
            names.into_iter().map(|name| Ok((name, Pair::filled(py, lengths, 0.0)?))).collect::<Result<Vec<_>>>()?;
        rules.start(inner.graph.parameters(), &slots[slots.len() - rules.slots.len()..]);
        Ok(Self {
            places: inner.graph.parameters().into(),
            parameters: Pair::filled(py, lengths, 0.0)?,
            slots,
            lock: Locked::new(()),
            step: AtomicU64::new(0),
            tally: Mutex::new(Tally::default()),
        })
    }

    /// All parameters as a flat view; each begins at a multiple of 64 bytes, and the gaps are zero.
    #[getter]
    fn parameters<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        self.parameters.flat(py, "parameters")
    }

    /// The optimizer's slots as flat views, laid out like ``parameters``.
    #[getter]
    fn slots<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let slots = PyDict::new(py);
        for (name, pair) in &self.slots {
            slots.set_item(name, pair.flat(py, "slots")?)?;
        }
        Ok(slots)
    }

    /// Names of the parameters, in the order in which they were created.
    #[getter]
    fn names(&self) -> Vec<&str> {
        self.places.iter().map(|place| place.name.as_str()).collect()
    }

    /// A parameter as a shaped view; writing to it changes the parameter.
    fn view<'py>(&self, py: Python<'py>, name: &str) -> Result<Bound<'py, PyAny>> {
        let place = self.place("view", name)?;
        let memory = self.parameters.of(place.kind.dtype).bind(py);
        Ok(view(memory, place.offset, &place.kind.shape)?.into_object())
    }

    /// The slot of a parameter as a shaped view.
    fn slot_view<'py>(&self, py: Python<'py>, slot: &str, name: &str) -> Result<Bound<'py, PyAny>> {
        let place = self.place("slot_view", name)?;
        let Some((_, pair)) = self.slots.iter().find(|(known, _)| known == slot) else {
            let names: Vec<&str> = self.slots.iter().map(|(name, _)| name.as_str()).collect();
            return name_error!("slot_view: expected the name of a slot ({}), got {slot:?}", names.join(", "));
        };
        Ok(view(pair.of(place.kind.dtype).bind(py), place.offset, &place.kind.shape)?.into_object())
    }

    /// The number of runs with updates so far.
    #[getter]
    fn step(&self) -> u64 {
        self.step.load(Ordering::Relaxed)
    }

    #[setter]
    fn set_step(&self, value: Whole) -> Result<()> {
        self.step.store(in_range("State", "step", value, 0, i64::MAX)? as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Counts of steps without an update: (all of them, those skipped, batches whose gradients are waiting, the sum of
    /// their weights).
    #[getter(tally)]
    fn counts(&self) -> (u64, u64, u64, f64) {
        let tally = *self.tally();
        (tally.idle, tally.skipped, tally.gathered, tally.weight)
    }

    #[setter(tally)]
    fn set_tally(&self, counts: (u64, u64, u64, f64)) -> Result<()> {
        let (idle, skipped, gathered, weight) = counts;
        let step = self.step.load(Ordering::Relaxed);
        if idle > step || skipped > idle || !weight.is_finite() {
            return value_error!("State: expected a `tally` that fits {step} steps, got {counts:?}");
        }
        *self.tally() = Tally { idle, skipped, gathered, weight };
        Ok(())
    }
}
