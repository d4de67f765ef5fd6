//! Update rules: settings that plans read in every run, and steps on plain NumPy arrays, with the slots kept inside.

use numpy::npyffi::NPY_ORDER;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyMapping, PyString};
use tilegrad_kernels::registry::Setting;

pub(crate) use tilegrad_kernels::optimizers::Optimizer as UpdateRule;

use crate::arguments::{list_of, real_array, same_as, shape_text, type_name};
use crate::arrays::Array;
use crate::errors::{Error, Result, dtype_error, name_error, shape_error, type_error, value_error};
use crate::kinds::Kind;
use crate::locks::Locked;
use crate::memory::Memory;
use crate::numbers::{self, Whole, in_range};
use crate::updates::{MOST_SLOTS, Scratch, UpdatedArray, UpdatedArrays};
use crate::work;

/// An update rule with its hyperparameters, and with its slots when it is used directly on NumPy arrays.
///
/// The slots are created by the first ``step`` or ``load_state``; from then on, the number, shapes and dtypes of the
/// arrays are fixed.
#[pyclass(frozen, module = "tilegrad._core")]
pub(crate) struct Optimizer {
    inner: Locked<Inner>,
}

struct Inner {
    rule: UpdateRule,
    steps: u64,
    /// One per parameter; empty before the first step.
    parameters: Vec<ParameterSlots>,
    /// The addresses of the arrays of a step; kept to reuse its memory.
    places: UpdatedArrays,
    scratch: Scratch,
}

/// What is kept for a parameter.
struct ParameterSlots {
    shape: Vec<usize>,
    kind: Kind,
    slots: Vec<Memory>,
}

impl ParameterSlots {
    fn new(rule: &UpdateRule, shape: &[usize], kind: Kind) -> Result<Self> {
        let len = shape.iter().product();
        let slots = rule
            .slots()
            .iter()
            .map(|slot| Memory::filled(len, kind, rule.slot_start(slot)))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { shape: shape.to_vec(), kind, slots })
    }
}

impl Optimizer {
    /// The rule with its current settings.
    pub(crate) fn rule(&self, py: Python<'_>) -> Result<UpdateRule> {
        Ok(self.inner.lock(py, "Optimizer")?.rule)
    }

    /// Changes a setting of the rule.
    pub(crate) fn assign(&self, py: Python<'_>, name: &str, setting: Setting<'_>) -> Result<()> {
        Ok(self.inner.lock(py, "Optimizer")?.rule.set(name, setting)?)
    }
}

#[pymethods]
impl Optimizer {
    #[new]
    #[pyo3(signature = (name, parameters = None))]
    fn new(name: &str, parameters: Option<&Bound<'_, PyMapping>>) -> Result<Self> {
        let mut names = Vec::new();
        if let Some(parameters) = parameters {
            for pair in parameters.items()?.iter() {
                names.push(pair.extract::<(String, Bound<'_, PyAny>)>()?);
            }
        }
        let mut settings = Vec::with_capacity(names.len());
        let texts: Vec<Option<String>> = names.iter().map(|(_, value)| text_of(value)).collect();
        for ((parameter, value), text) in names.iter().zip(&texts) {
            settings.push((parameter.as_str(), setting(name, parameter, value, text.as_deref())?));
        }
        let rule = UpdateRule::new(name, &settings)?;
        Ok(Self {
            inner: Locked::new(Inner {
                rule,
                steps: 0,
                parameters: Vec::new(),
                places: UpdatedArrays::default(),
                scratch: Scratch::default(),
            }),
        })
    }

    /// Updates the parameters in place. They must be writable and contiguous, and must not overlap.
    fn step(&self, parameters: &Bound<'_, PyAny>, gradients: &Bound<'_, PyAny>) -> Result<()> {
        let py = parameters.py();
        let pairs = checked_pairs(parameters, gradients)?;
        let mut inner = self.inner.lock(py, "Optimizer")?;
        inner.lie_apart(&pairs)?;
        inner.keep(&pairs)?;
        inner.step(py)
    }

    /// Raises an error unless ``step`` would accept these arrays; nothing is changed.
    fn check(&self, parameters: &Bound<'_, PyAny>, gradients: &Bound<'_, PyAny>) -> Result<()> {
        let pairs = checked_pairs(parameters, gradients)?;
        let mut inner = self.inner.lock(parameters.py(), "Optimizer")?;
        inner.lie_apart(&pairs)?;
        inner.keep(&pairs)
    }

    /// Changes a hyperparameter from the next step on, in compiled plans too.
    fn set(&self, py: Python<'_>, name: &str, value: &Bound<'_, PyAny>) -> Result<()> {
        let text = text_of(value);
        let mut inner = self.inner.lock(py, "Optimizer")?;
        let setting = setting(inner.rule.entry().name, name, value, text.as_deref())?;
        Ok(inner.rule.set(name, setting)?)
    }

    /// The value of a hyperparameter: a number, a bool or the name of a choice.
    fn get<'py>(&self, py: Python<'py>, name: &str) -> Result<Bound<'py, PyAny>> {
        let rule = self.rule(py)?;
        let Some(setting) = rule.get(name) else {
            let names: Vec<&str> = rule.settings().iter().map(|(name, _)| *name).collect();
            let function = rule.entry().name;
            return name_error!("{function}: unknown parameter {name:?}; expected one of {}", names.join(", "));
        };
        Ok(setting_object(py, setting)?)
    }

    /// Copies of the slots: one array per parameter for each name. Empty before the first step.
    fn state<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let inner = self.inner.lock(py, "Optimizer")?;
        let state = PyDict::new(py);
        if inner.parameters.is_empty() {
            return Ok(state);
        }
        for (index, name) in inner.rule.slots().iter().enumerate() {
            let arrays = PyList::empty(py);
            for kept in &inner.parameters {
                let array = Array::empty(py, &kept.shape, kept.kind)?;
                // SAFETY: the lock of this optimizer is held.
                unsafe {
                    match kept.kind {
                        Kind::F64 => array.slice_mut::<f64>().copy_from_slice(kept.slots[index].slice_mut()),
                        _ => array.slice_mut::<f32>().copy_from_slice(kept.slots[index].slice_mut()),
                    }
                }
                arrays.append(array.into_object())?;
            }
            state.set_item(name, arrays)?;
        }
        Ok(state)
    }

    /// Restores slots as returned by ``state``; set ``steps`` as well to resume exactly.
    fn load_state(&self, state: &Bound<'_, PyMapping>) -> Result<()> {
        let mut inner = self.inner.lock(state.py(), "Optimizer")?;
        let slots = read_state(&inner.rule, state)?;
        inner.load(&slots)
    }

    /// The name in the registry.
    #[getter]
    fn name(&self, py: Python<'_>) -> Result<&'static str> {
        Ok(self.rule(py)?.entry().name)
    }

    /// Names of the slots that the rule keeps with its current hyperparameters.
    #[getter]
    fn slot_names(&self, py: Python<'_>) -> Result<Vec<&'static str>> {
        Ok(self.rule(py)?.slots().to_vec())
    }

    /// The weights to evaluate with, as ``(factor, slot, share)``: ``factor * weight + share * slot``; ``None`` if they
    /// are the trained weights themselves.
    #[getter]
    fn evaluation(&self, py: Python<'_>) -> Result<Option<(f64, &'static str, f64)>> {
        let evaluation = self.rule(py)?.evaluation();
        Ok(evaluation.map(|evaluation| (evaluation.weight, evaluation.slot, evaluation.share)))
    }

    /// All hyperparameters.
    #[getter]
    fn parameters<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let parameters = PyDict::new(py);
        for (name, setting) in self.rule(py)?.settings() {
            parameters.set_item(name, setting_object(py, setting)?)?;
        }
        Ok(parameters)
    }

    /// The number of steps taken.
    #[getter]
    fn steps(&self, py: Python<'_>) -> Result<u64> {
        Ok(self.inner.lock(py, "Optimizer")?.steps)
    }

    #[setter]
    fn set_steps(&self, py: Python<'_>, value: Whole) -> Result<()> {
        self.inner.lock(py, "Optimizer")?.steps = in_range("Optimizer", "steps", value, 0, i64::MAX)? as u64;
        Ok(())
    }

    fn __repr__(&self, py: Python<'_>) -> Result<String> {
        Ok(format!("Optimizer({:?}, {})", self.name(py)?, self.parameters(py)?.repr()?))
    }
}

/// A parameter and its gradient, both flat in the same order.
struct Pair<'py> {
    parameter: Array<'py>,
    gradient: Array<'py>,
    kind: Kind,
}

/// All parameters with their gradients, checked before anything is changed.
fn checked_pairs<'py>(parameters: &Bound<'py, PyAny>, gradients: &Bound<'py, PyAny>) -> Result<Vec<Pair<'py>>> {
    let (count, got, pairs);
    if let (Ok(parameters), Ok(gradients)) = (parameters.cast_exact::<PyList>(), gradients.cast_exact::<PyList>()) {
        (count, got) = (parameters.len(), gradients.len());
        let checked = (0..count.min(got))
            .map(|index| checked_pair(index, &parameters.get_item(index)?, &gradients.get_item(index)?));
        pairs = checked.collect::<Result<Vec<_>>>();
    } else {
        let parameters = list_of("step", "parameters", parameters)?;
        let gradients = list_of("step", "gradients", gradients)?;
        (count, got) = (parameters.len(), gradients.len());
        let checked = parameters.iter().zip(&gradients).enumerate();
        let checked = checked.map(|(index, (parameter, gradient))| checked_pair(index, parameter, gradient));
        pairs = checked.collect::<Result<Vec<_>>>();
    }
    if count == 0 || count != got {
        return shape_error!(
            "step: expected one gradient for each parameter, got {count} parameters and {got} gradients"
        );
    }
    pairs
}

fn checked_pair<'py>(index: usize, parameter: &Bound<'py, PyAny>, gradient: &Bound<'py, PyAny>) -> Result<Pair<'py>> {
    // The names are only needed for error messages.
    let named = |error: Error| error.map_message(|message| message.replace("[]", &format!("[{index}]")));
    let (parameter, kind) = real_array("step", "parameters[]", parameter).map_err(named)?;
    if !parameter.is_writable() {
        return value_error!("step: expected `parameters[{index}]` to be writable, got a read-only array");
    }
    if !parameter.is_flat() {
        return value_error!(
            "step: expected `parameters[{index}]` to be contiguous, got a strided view; numpy.ascontiguousarray makes a copy that is"
        );
    }
    let gradient = same_as("step", ("gradients[]", gradient), ("parameters[]", &parameter)).map_err(named)?;
    let gradient = if gradient.is_parallel(&parameter) {
        gradient
    } else {
        let copy = parameter.empty_like(NPY_ORDER::NPY_KEEPORDER)?;
        copy.assign(&gradient)?;
        copy
    };
    Ok(Pair { parameter, gradient, kind })
}

#[cold]
fn overlapping<T>(index: usize) -> Result<T> {
    value_error!(
        "step: expected parameters that share no memory with one another or a gradient, got an overlap at number {index}"
    )
}

impl Inner {
    /// Creates the slots the first time; later, checks that the parameters are still the same.
    fn keep(&mut self, pairs: &[Pair<'_>]) -> Result<()> {
        if !self.rule.entry().facts.elementwise
            && let Some(index) = pairs.iter().position(|pair| !pair.parameter.is_c_contiguous())
        {
            let rule = self.rule.entry().name;
            return value_error!(
                "step: expected `parameters[{index}]` in C order for {rule}, which knows rows from columns, got another; \
                 numpy.ascontiguousarray makes a copy that is"
            );
        }
        if self.parameters.is_empty() {
            let kept = pairs.iter().map(|pair| ParameterSlots::new(&self.rule, pair.parameter.shape(), pair.kind));
            self.parameters = kept.collect::<Result<Vec<_>>>()?;
            return Ok(());
        }
        if self.parameters.len() != pairs.len() {
            let (expected, got) = (self.parameters.len(), pairs.len());
            return shape_error!("step: expected the {expected} parameters of the steps before, got {got}");
        }
        for (index, (kept, pair)) in self.parameters.iter().zip(pairs).enumerate() {
            if kept.shape != pair.parameter.shape() {
                let (expected, got) = (shape_text(&kept.shape), shape_text(pair.parameter.shape()));
                return shape_error!("step: expected `parameters[{index}]` of shape {expected}, as before, got {got}");
            }
            if kept.kind != pair.kind {
                let got = pair.parameter.dtype_name();
                return dtype_error!(
                    "step: expected `parameters[{index}]` of the dtype of the steps before, got {got}"
                );
            }
        }
        Ok(())
    }

    /// Records the addresses of the arrays. No parameter may share memory with another parameter or with a gradient.
    fn lie_apart(&mut self, pairs: &[Pair<'_>]) -> Result<()> {
        self.places.begin();
        for Pair { parameter, gradient, kind } in pairs {
            let (weight, gradient) = (parameter.pointer() as usize, gradient.pointer() as usize);
            self.places.add(UpdatedArray::new(weight, gradient, parameter.len(), *kind == Kind::F64));
        }
        self.places.overlap().map_or(Ok(()), overlapping)
    }

    /// Updates the arrays whose addresses were recorded; the caller keeps them alive.
    fn step(&mut self, py: Python<'_>) -> Result<()> {
        for (index, kept) in self.parameters.iter().enumerate() {
            let mut slots = [0; MOST_SLOTS];
            slots.iter_mut().zip(&kept.slots).for_each(|(place, slot)| *place = slot.address());
            self.places.set_slots(index, slots);
        }
        let (step, places) = (self.rule.prepare(self.steps + 1), &self.places);
        let slots = self.rule.slots().len();
        let (parameters, scratch) = (&self.parameters, &mut self.scratch);
        let elementwise = self.rule.entry().facts.elementwise;
        // SAFETY: the arrays are alive, flat and of the recorded kind, shape and length, and were found not to overlap;
        // the lock of this optimizer is held, and nobody else knows the slots, which are as long as their arrays.
        work::run(py, places.elements(), || unsafe {
            if elementwise {
                places.update(&step, slots);
            } else {
                let shapes = parameters.iter().map(|kept| kept.shape.as_slice());
                places.update_whole(&step, slots, shapes, scratch);
            }
        })?;
        self.steps += 1;
        Ok(())
    }

    /// Takes over slots: `slots[slot][parameter]`.
    fn load(&mut self, slots: &[Vec<Array<'_>>]) -> Result<()> {
        let Some(first) = slots.first() else { return Ok(()) };
        let mut loaded = Vec::with_capacity(first.len());
        for (index, array) in first.iter().enumerate() {
            if let Some(kept) = self.parameters.get(index)
                && (kept.shape != array.shape() || kept.kind != array.kind())
            {
                let (expected, got) = (shape_text(&kept.shape), shape_text(array.shape()));
                return shape_error!(
                    "load_state: expected arrays of shape {expected} at {index}, as the parameters, got {got}"
                );
            }
            loaded.push(ParameterSlots::new(&self.rule, array.shape(), array.kind())?);
        }
        if !self.parameters.is_empty() && self.parameters.len() != loaded.len() {
            let (expected, got) = (self.parameters.len(), loaded.len());
            return shape_error!("load_state: expected {expected} arrays a slot, as there are parameters, got {got}");
        }
        for (slot, arrays) in slots.iter().enumerate() {
            for (kept, array) in loaded.iter().zip(arrays) {
                let array = array.contiguous()?;
                // SAFETY: these blocks were created above and nobody else knows them.
                unsafe {
                    match kept.kind {
                        Kind::F64 => kept.slots[slot].slice_mut::<f64>().copy_from_slice(array.slice()),
                        _ => kept.slots[slot].slice_mut::<f32>().copy_from_slice(array.slice()),
                    }
                }
            }
        }
        self.parameters = loaded;
        Ok(())
    }
}

/// The slots of a state, in the order of the rule: all of them, with equally many arrays in each.
fn read_state<'py>(rule: &UpdateRule, state: &Bound<'py, PyMapping>) -> Result<Vec<Vec<Array<'py>>>> {
    let names = rule.slots();
    for key in state.keys()?.iter() {
        let key: String = key.extract()?;
        if !names.contains(&key.as_str()) {
            return name_error!("load_state: expected the slots {}, got {key:?}", names.join(", "));
        }
    }
    let mut slots: Vec<Vec<Array<'py>>> = Vec::with_capacity(names.len());
    for name in names {
        if !state.contains(name)? {
            return name_error!("load_state: expected the slots {}, got none named {name:?}", names.join(", "));
        }
        let objects: Vec<Bound<'py, PyAny>> = list_of("load_state", name, &state.get_item(name)?)?;
        let mut arrays = Vec::with_capacity(objects.len());
        for (index, object) in objects.iter().enumerate() {
            let (array, _) = real_array("load_state", name, object)?;
            if let Some(first) = slots.first() {
                let Some(first) = first.get(index) else {
                    return shape_error!("load_state: expected equally many arrays in each slot, got more in {name:?}");
                };
                same_as("load_state", (name, object), (names[0], first))?;
            }
            arrays.push(array);
        }
        if slots.first().is_some_and(|first| first.len() != arrays.len()) {
            return shape_error!("load_state: expected equally many arrays in each slot, got fewer in {name:?}");
        }
        slots.push(arrays);
    }
    Ok(slots)
}

fn text_of(value: &Bound<'_, PyAny>) -> Option<String> {
    value.cast::<PyString>().ok().map(|text| text.to_string())
}

fn setting<'a>(function: &str, name: &str, value: &Bound<'_, PyAny>, text: Option<&'a str>) -> Result<Setting<'a>> {
    if let Some(text) = text {
        return Ok(Setting::Option(text));
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(Setting::Flag(flag.is_true()));
    }
    match numbers::number(value)? {
        Some(number) => Ok(Setting::Number(number)),
        None => type_error!("{function}: expected `{name}` to be a number or a text, got {}", type_name(value)),
    }
}

fn setting_object<'py>(py: Python<'py>, setting: Setting<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match setting {
        Setting::Number(number) => number.into_pyobject(py)?.into_any(),
        Setting::Option(text) => text.into_pyobject(py)?.into_any(),
        Setting::Flag(flag) => flag.into_pyobject(py)?.to_owned().into_any(),
    })
}
