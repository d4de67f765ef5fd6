//! Compiled functions called from Python: arguments of a form seen before go straight into its plan.
//!
//! This does what `tilegrad.transform` does in Python, for ordinary calls: plain arrays and numbers, in lists, tuples
//! and dicts, with settings that are plain strings and numbers. Anything else (another form, a subclass, a label out of
//! range) is left to Python, which writes the error message; nothing has been computed by then.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use tilegrad_engine::{Array as Numbers, Bindings};

use crate::arrays::Array;
use crate::errors::{Result, name_error};
use crate::graph::engine_array;
use crate::kinds::Kind;
use crate::plan::Plan;

/// How many forms are tried before Python is asked; the one used last comes first.
const MOST: usize = 8;

/// The plans of a compiled function, by the form of its arguments.
#[pyclass(frozen, module = "tilegrad._core")]
pub(crate) struct Calls {
    known: Mutex<Vec<Arc<Known>>>,
}

/// A form of arguments, its plan, and the form of the result.
struct Known {
    arguments: Vec<Form>,
    names: Vec<Py<PyString>>,
    settings: Vec<Form>,
    leaves: usize,
    plan: Py<Plan>,
    result: Form,
}

/// A structure of arrays, numbers and settings.
enum Form {
    /// Floats of this shape; in a result, any value.
    Array(Vec<usize>, Kind),
    /// Class labels of this shape and any integer type.
    Labels(Vec<usize>),
    /// A plain number, computed with in this type.
    Number(Kind),
    /// A plain string, number, bool or `None` that the trace depends on.
    Setting(Py<PyAny>),
    List(Vec<Form>),
    Tuple(Vec<Form>),
    Dict(Vec<Py<PyAny>>, Vec<Form>),
}

/// A leaf of the arguments.
enum Leaf<'py> {
    Array(Array<'py>),
    Labels(Vec<i32>),
    Single(f32),
    Double(f64),
}

#[pymethods]
impl Calls {
    #[new]
    fn new() -> Self {
        Self { known: Mutex::default() }
    }

    /// The result of the plan for arguments of this form; ``None`` if there is no plan yet, or if something is unusual.
    fn run<'py>(
        &self,
        arguments: &Bound<'py, PyTuple>,
        settings: &Bound<'py, PyDict>,
    ) -> Result<Option<Bound<'py, PyAny>>> {
        let py = arguments.py();
        let Some((known, leaves)) = self.find(arguments, settings) else { return Ok(None) };
        let Some(leaves) = leaves.into_iter().map(Leaf::ready).collect::<Option<Vec<_>>>() else { return Ok(None) };
        let numbers: Vec<Numbers<'_>> = leaves.iter().filter_map(Leaf::numbers).collect();
        let mut state = tilegrad_engine::State::default();
        let bindings = Bindings { inputs: &numbers, state: &mut state, seed: 0 };
        let Some(results) = known.plan.get().results(py, bindings)? else { return Ok(None) };
        drop(numbers);
        Ok(Some(known.result.fill(py, &mut results.into_iter())?))
    }

    /// Keeps the plan for arguments of this form (``key``, as ``tilegrad.transform`` describes it) and the form of its
    /// result, unless something in them is left to Python.
    fn keep(&self, key: &Bound<'_, PyTuple>, plan: &Bound<'_, Plan>, result: &Bound<'_, PyTuple>) -> Result<()> {
        if plan.get().has_state() || self.list().iter().any(|known| known.plan.is(plan)) {
            return Ok(());
        }
        let Some(known) = Known::read(key, plan, result)? else { return Ok(()) };
        let dropped = {
            let mut list = self.list();
            list.insert(0, Arc::new(known));
            if list.len() > MOST { list.pop() } else { None }
        };
        // Dropped only now, when nobody is waiting: plans are large.
        drop(dropped);
        Ok(())
    }
}

impl Calls {
    /// The lock is held only briefly and no Python runs meanwhile, so no thread waits for itself.
    fn list(&self) -> MutexGuard<'_, Vec<Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find<'py>(
        &self,
        arguments: &Bound<'py, PyTuple>,
        settings: &Bound<'py, PyDict>,
    ) -> Option<(Arc<Known>, Vec<Leaf<'py>>)> {
        let mut list = self.list();
        for index in 0..list.len() {
            let mut leaves = Vec::with_capacity(list[index].leaves);
            if list[index].takes(arguments, settings, &mut leaves) {
                if index > 0 {
                    list[..=index].rotate_right(1);
                }
                return Some((Arc::clone(&list[0]), leaves));
            }
        }
        None
    }
}

impl Known {
    /// Reads Python's description of a form; `None` if part of it is left to Python.
    fn read(key: &Bound<'_, PyTuple>, plan: &Bound<'_, Plan>, result: &Bound<'_, PyTuple>) -> Result<Option<Self>> {
        type Key<'py> = (Vec<Bound<'py, PyTuple>>, Vec<Py<PyString>>, Vec<Bound<'py, PyTuple>>, String);
        let (arguments, names, settings, numbers): Key<'_> = key.extract()?;
        let numbers = Kind::from_name("keep", &numbers)?;
        let forms = |specs: &[Bound<'_, PyTuple>]| -> Result<Option<Vec<Form>>> {
            specs.iter().map(|spec| Form::read(spec, numbers)).collect()
        };
        let (arguments, settings) = (forms(&arguments)?, forms(&settings)?);
        let (Some(arguments), Some(settings), Some(result)) = (arguments, settings, Form::read(result, numbers)?)
        else {
            return Ok(None);
        };
        let leaves = arguments.iter().chain(&settings).map(Form::leaves).sum();
        Ok(Some(Self { arguments, names, settings, leaves, plan: plan.clone().unbind(), result }))
    }

    /// The leaves of the arguments, if they have this form.
    #[inline]
    fn takes<'py>(
        &self,
        arguments: &Bound<'py, PyTuple>,
        settings: &Bound<'py, PyDict>,
        leaves: &mut Vec<Leaf<'py>>,
    ) -> bool {
        if arguments.len() != self.arguments.len() || settings.len() != self.names.len() {
            return false;
        }
        let fits = arguments.iter().zip(&self.arguments).all(|(value, form)| form.takes(&value, leaves));
        let known = self.names.iter().zip(&self.settings);
        fits && (self.names.is_empty()
            || settings
                .iter()
                .zip(known)
                .all(|((name, value), (own, form))| is_same(&name, own.bind(name.py())) && form.takes(&value, leaves)))
    }
}

/// Whether two plain values are of the same type and equal. Values of other types are not compared, so no Python runs.
#[inline]
fn is_same(value: &Bound<'_, PyAny>, known: &Bound<'_, PyAny>) -> bool {
    if value.is(known) {
        return true;
    }
    is_plain(known) && value.get_type().is(known.get_type()) && value.eq(known).unwrap_or(false)
}

/// A string, a number, a bool or `None`.
fn is_plain(value: &Bound<'_, PyAny>) -> bool {
    value.is_none()
        || value.is_exact_instance_of::<PyString>()
        || value.is_exact_instance_of::<PyFloat>()
        || value.is_exact_instance_of::<PyInt>()
        || value.is_exact_instance_of::<PyBool>()
}

impl Form {
    fn read(spec: &Bound<'_, PyTuple>, numbers: Kind) -> Result<Option<Self>> {
        let part = |index: usize| spec.get_item(index);
        let parts = |first: usize| -> Result<Option<Vec<Form>>> {
            (first..spec.len())
                .map(|index| Form::read(part(index)?.cast::<PyTuple>().map_err(PyErr::from)?, numbers))
                .collect()
        };
        Ok(match part(0)?.extract::<String>()?.as_str() {
            // The form of a result has no shape: the plan knows it.
            "array" if spec.len() == 1 => Some(Form::Array(Vec::new(), numbers)),
            "array" => {
                let kind = Kind::from_name("keep", &part(2)?.extract::<String>()?)?;
                Some(Form::Array(part(1)?.extract()?, kind))
            }
            "labels" => Some(Form::Labels(part(1)?.extract()?)),
            "number" => Some(Form::Number(numbers)),
            "setting" => Some(part(2)?).filter(is_plain).map(|value| Form::Setting(value.unbind())),
            "list" => parts(1)?.map(Form::List),
            "tuple" => parts(1)?.map(Form::Tuple),
            "dict" => {
                let keys: Vec<Bound<'_, PyAny>> = part(1)?.extract()?;
                let plain = keys.iter().all(is_plain);
                let keys = keys.into_iter().map(Bound::unbind).collect();
                parts(2)?.filter(|_| plain).map(|parts| Form::Dict(keys, parts))
            }
            // A call within a trace.
            "tensor" => None,
            other => {
                return name_error!(
                    "keep: expected forms called array, labels, number, setting, list, tuple, dict or tensor, got {other:?}"
                );
            }
        })
    }

    fn leaves(&self) -> usize {
        match self {
            Form::Array(..) | Form::Labels(_) | Form::Number(_) => 1,
            Form::Setting(_) => 0,
            Form::List(parts) | Form::Tuple(parts) | Form::Dict(_, parts) => parts.iter().map(Form::leaves).sum(),
        }
    }

    /// The leaves of a value, if it has this form.
    fn takes<'py>(&self, value: &Bound<'py, PyAny>, leaves: &mut Vec<Leaf<'py>>) -> bool {
        let py = value.py();
        match self {
            Form::Array(shape, kind) => Array::exact(value).is_some_and(|array| {
                let fits = array.kind() == *kind && array.shape() == &shape[..];
                leaves.push(Leaf::Array(array));
                fits
            }),
            Form::Labels(shape) => Array::exact(value).is_some_and(|array| {
                let fits = array.shape() == &shape[..] && !matches!(array.kind(), Kind::F32 | Kind::F64 | Kind::Other);
                leaves.push(Leaf::Array(array));
                fits
            }),
            Form::Number(kind) => number(value).is_some_and(|number| {
                leaves.push(if *kind == Kind::F32 { Leaf::Single(number as f32) } else { Leaf::Double(number) });
                true
            }),
            Form::Setting(known) => is_same(value, known.bind(py)),
            Form::List(parts) => value.cast_exact::<PyList>().is_ok_and(|list| {
                list.len() == parts.len() && list.iter().zip(parts).all(|(value, part)| part.takes(&value, leaves))
            }),
            Form::Tuple(parts) => value.cast_exact::<PyTuple>().is_ok_and(|tuple| {
                tuple.len() == parts.len() && tuple.iter().zip(parts).all(|(value, part)| part.takes(&value, leaves))
            }),
            Form::Dict(keys, parts) => value.cast_exact::<PyDict>().is_ok_and(|dict| {
                let known = keys.iter().zip(parts);
                dict.len() == parts.len()
                    && dict
                        .iter()
                        .zip(known)
                        .all(|((name, value), (key, part))| is_same(&name, key.bind(py)) && part.takes(&value, leaves))
            }),
        }
    }

    /// Rebuilds the structure, with the results in place of its leaves.
    fn fill<'py>(
        &self,
        py: Python<'py>,
        results: &mut impl Iterator<Item = Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut all = |parts: &[Form]| parts.iter().map(|part| part.fill(py, results)).collect::<PyResult<Vec<_>>>();
        Ok(match self {
            Form::Setting(value) => value.bind(py).clone(),
            Form::List(parts) => PyList::new(py, all(parts)?)?.into_any(),
            Form::Tuple(parts) => PyTuple::new(py, all(parts)?)?.into_any(),
            Form::Dict(keys, parts) => {
                let dict = PyDict::new(py);
                for (key, value) in keys.iter().zip(all(parts)?) {
                    dict.set_item(key, value)?;
                }
                dict.into_any()
            }
            Form::Array(..) | Form::Labels(_) | Form::Number(_) => {
                let missing = || PyRuntimeError::new_err("tilegrad: a plan gave fewer results than its form has");
                results.next().ok_or_else(missing)?
            }
        })
    }
}

/// A plain int or float; `None` for other types, and for what no float can hold.
fn number(value: &Bound<'_, PyAny>) -> Option<f64> {
    if value.is_exact_instance_of::<PyFloat>() || value.is_exact_instance_of::<PyInt>() {
        value.extract().ok()
    } else {
        None
    }
}

impl<'py> Leaf<'py> {
    /// The array in C order and of a type that the engine takes; `None` if a label does not fit.
    #[inline]
    fn ready(self) -> Option<Self> {
        let Leaf::Array(array) = self else { return Some(self) };
        let array = array.contiguous().ok()?;
        Some(match array.kind() {
            Kind::F32 | Kind::F64 | Kind::I32 => Leaf::Array(array),
            Kind::Bool | Kind::U8 => labels(array.bytes())?,
            Kind::I8 => labels(array.slice::<i8>())?,
            Kind::I16 => labels(array.slice::<i16>())?,
            Kind::I64 => labels(array.slice::<i64>())?,
            Kind::U16 => labels(array.slice::<u16>())?,
            Kind::U32 => labels(array.slice::<u32>())?,
            Kind::U64 => labels(array.slice::<u64>())?,
            Kind::Other => return None,
        })
    }

    #[inline]
    fn numbers(&self) -> Option<Numbers<'_>> {
        match self {
            Leaf::Array(array) => engine_array(array),
            Leaf::Labels(labels) => Some(Numbers::I32(labels)),
            Leaf::Single(number) => Some(Numbers::F32(std::slice::from_ref(number))),
            Leaf::Double(number) => Some(Numbers::F64(std::slice::from_ref(number))),
        }
    }
}

/// The labels in 32 bits, if all of them fit.
fn labels<'py, T: Copy + TryInto<i32>>(labels: &[T]) -> Option<Leaf<'py>> {
    let mut fits = true;
    let narrow = labels.iter().map(|&label| {
        let label = label.try_into();
        fits &= label.is_ok();
        label.unwrap_or_default()
    });
    let narrow = narrow.collect();
    fits.then_some(Leaf::Labels(narrow))
}
