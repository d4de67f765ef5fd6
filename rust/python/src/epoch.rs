//! The loop of an epoch: the interpreter lock is released throughout, and taken briefly now and then.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tilegrad_engine::epoch::{self, Epoch, EpochSettings, HyperparameterSchedule, PredictionRows, Progress, Sums};
use tilegrad_engine::rows::{RowSource, SourceKind};
use tilegrad_engine::{Array as Numbers, Dtype, NotFinite, Type};

use crate::arguments::{dtype_error_of, list_of, shape_text, type_name};
use crate::arrays::Array;
use crate::errors::{Error, Result, shape_error, type_error, value_error};
use crate::graph::{ParameterPlaces, engine_array, same_place};
use crate::kinds::Kind;
use crate::numbers::{Seed, Whole, in_range};
use crate::optimizers::Optimizer;
use crate::plan::Plan;
use crate::state::State;
use crate::work;

/// Longest time between two checks for Ctrl-C.
const POLL: Duration = Duration::from_millis(50);

/// Runs a plan over all rows, batch by batch, with the interpreter lock released.
///
/// The plan's inputs are ``[features, targets]``, then the sample weight and the class weight if they are given; its
/// outputs are ``[mean loss, weight of the mean, metric sums...]``, of which the last ``maxima`` are the maximum of a
/// batch instead of sums. ``last`` is the plan for a shorter last batch. ``report`` is called with the number of
/// batches done and the mean loss so far, at most once per ``interval`` seconds. An interrupt (Ctrl-C) ends the run
/// after a whole step: the result then says ``interrupted``, and nothing is raised. Any other exception, including one
/// from ``report``, ends it after a whole step and is raised.
///
/// ``schedules`` is a list of (optimizer, name, values): the hyperparameter takes one value per batch, and keeps the
/// last one. With ``record`` the result has ``losses``, the mean loss of each batch. With ``drop_last`` the rows left
/// over after the last whole batch are skipped. With ``check_finite`` the run ends at the first batch whose loss is not
/// finite, before anything is updated, or that leaves a parameter that is not finite, after the update:
/// ``not_finite`` is then ``{"batch", "rows", "updated"}``, otherwise ``None``. ``limit`` ends the run after that many
/// batches.
#[pyfunction]
#[pyo3(
    signature = (
        plan, last, state, features, targets, *, sample_weight = None, class_weight = None, batch_size, scale = None,
        shuffle = false, seed = Seed(0), epoch = Whole(0), report = None, interval = 0.1, maxima = Whole(0),
        schedules = None, record = false, drop_last = false, check_finite = false, limit = None
    ),
    text_signature = "(plan, last, state, features, targets, *, sample_weight=None, class_weight=None, batch_size, \
        scale=None, shuffle=False, seed=0, epoch=0, report=None, interval=0.1, maxima=0, schedules=None, record=False, \
        drop_last=False, check_finite=False, limit=None)"
)]
pub(crate) fn run_epoch<'py>(
    py: Python<'py>,
    plan: &Bound<'py, Plan>,
    last: Option<&Bound<'py, Plan>>,
    state: &Bound<'py, State>,
    features: &Bound<'py, PyAny>,
    targets: &Bound<'py, PyAny>,
    sample_weight: Option<&Bound<'py, PyAny>>,
    class_weight: Option<&Bound<'py, PyAny>>,
    batch_size: Whole,
    scale: Option<f64>,
    shuffle: bool,
    seed: Seed,
    epoch: Whole,
    report: Option<Bound<'py, PyAny>>,
    interval: f64,
    maxima: Whole,
    schedules: Option<&Bound<'py, PyAny>>,
    record: bool,
    drop_last: bool,
    check_finite: bool,
    limit: Option<Whole>,
) -> Result<Bound<'py, PyDict>> {
    const FUNCTION: &str = "run_epoch";
    let mut sources = vec![Source::new(FUNCTION, "features", features, scale)?];
    sources.push(Source::new(FUNCTION, "targets", targets, None)?);
    if let Some(weight) = sample_weight {
        sources.push(Source::new(FUNCTION, "sample_weight", weight, None)?);
    }
    let fixed = class_weight.map(|weight| fixed_input(plan, sources.len(), weight)).transpose()?;
    let fixed: Vec<Numbers<'_>> = fixed.as_ref().and_then(engine_array).into_iter().collect();
    if !(interval >= 0.0 && interval.is_finite()) {
        return value_error!("{FUNCTION}: expected `interval` of 0 seconds or more, got {interval}");
    }
    let interval = Duration::try_from_secs_f64(interval).unwrap_or(Duration::MAX);
    let settings = EpochSettings {
        batch_size: in_range(FUNCTION, "batch_size", batch_size, 1, i64::MAX)?,
        shuffle,
        seed: seed.0,
        epoch: in_range(FUNCTION, "epoch", epoch, 0, i64::MAX)? as u64,
        interval: POLL.min(interval),
        schedules: schedules.map(|given| schedules_of(given, plan)).transpose()?.unwrap_or_default(),
        maxima: in_range(FUNCTION, "maxima", maxima, 0, i64::MAX)?,
        record,
        drop_last,
        check_finite,
        limit: match limit {
            Some(limit) => in_range(FUNCTION, "limit", limit, 0, i64::MAX)?,
            None => usize::MAX,
        },
    };
    let run = PlanRun { function: FUNCTION, plan, last, state };
    let (sums, watch) = run.go(py, &sources, &fixed, settings, Watch::new(report, interval), None)?;
    watch.finish()?;
    result(py, &sums)
}

/// Runs a plan over all rows and writes its first output, row by row, into ``out``.
#[pyfunction]
#[pyo3(signature = (plan, last, state, features, *, batch_size, scale = None, out))]
pub(crate) fn run_batches<'py>(
    py: Python<'py>,
    plan: &Bound<'py, Plan>,
    last: Option<&Bound<'py, Plan>>,
    state: &Bound<'py, State>,
    features: &Bound<'py, PyAny>,
    batch_size: Whole,
    scale: Option<f64>,
    out: &Bound<'py, PyAny>,
) -> Result<()> {
    const FUNCTION: &str = "run_batches";
    if plan.get().has_updates() {
        return value_error!("{FUNCTION}: expected a plan without updates, got one that trains");
    }
    let sources = vec![Source::new(FUNCTION, "features", features, scale)?];
    let out = Array::new(FUNCTION, "out", out)?;
    if !out.is_writable() || !out.is_c_contiguous() || !out.is_aligned() {
        return value_error!("{FUNCTION}: expected `out` to be writable and contiguous, got another array");
    }
    if out.overlaps(&sources[0].array)? {
        return value_error!("{FUNCTION}: expected `out` to share no memory with `features`, got an overlapping view");
    }
    let rows = match out.kind() {
        Kind::F32 => PredictionRows::F32(out.slice_mut()),
        Kind::F64 => PredictionRows::F64(out.slice_mut()),
        _ => return Err(dtype_error_of(FUNCTION, "out", &out, "float32 or float64")),
    };
    let batch_size = in_range(FUNCTION, "batch_size", batch_size, 1, i64::MAX)?;
    let settings = EpochSettings { batch_size, interval: POLL, ..EpochSettings::default() };
    let run = PlanRun { function: FUNCTION, plan, last, state };
    let (sums, watch) = run.go(py, &sources, &[], settings, Watch::new(None, Duration::MAX), Some(rows))?;
    watch.finish()?;
    if sums.interrupted {
        return Err(Error::Python(PyKeyboardInterrupt::new_err(())));
    }
    Ok(())
}

/// An array whose rows are read.
struct Source<'py> {
    array: Array<'py>,
    kind: SourceKind,
    scale: Option<f64>,
}

impl<'py> Source<'py> {
    fn new(function: &str, argument: &str, object: &Bound<'py, PyAny>, scale: Option<f64>) -> Result<Self> {
        let array = Array::new(function, argument, object)?;
        let Some(kind) = source_kind(array.kind()) else {
            return Err(dtype_error_of(function, argument, &array, "float32, float64, bool or an integer"));
        };
        if array.shape().is_empty() || array.len() == 0 {
            let got = shape_text(array.shape());
            return shape_error!("{function}: expected `{argument}` with at least one row, got shape {got}");
        }
        if scale.is_some_and(|scale| !scale.is_finite()) {
            return value_error!("{function}: expected a finite `scale`, got {}", scale.unwrap_or_default());
        }
        Ok(Self { array, kind, scale })
    }

    fn rows(&self) -> RowSource<'_> {
        // SAFETY: NumPy's shape and strides address memory of this kind inside the array, which `self` keeps alive.
        unsafe {
            RowSource::from_raw(self.array.pointer(), self.kind, self.array.shape(), self.array.strides(), self.scale)
        }
    }
}

fn source_kind(kind: Kind) -> Option<SourceKind> {
    Some(match kind {
        Kind::F32 => SourceKind::F32,
        Kind::F64 => SourceKind::F64,
        Kind::Bool => SourceKind::Bool,
        Kind::I8 => SourceKind::I8,
        Kind::I16 => SourceKind::I16,
        Kind::I32 => SourceKind::I32,
        Kind::I64 => SourceKind::I64,
        Kind::U8 => SourceKind::U8,
        Kind::U16 => SourceKind::U16,
        Kind::U32 => SourceKind::U32,
        Kind::U64 => SourceKind::U64,
        Kind::Other => return None,
    })
}

/// An input that is the same for all batches, in the dtype of the plan.
fn fixed_input<'py>(plan: &Bound<'py, Plan>, index: usize, weight: &Bound<'py, PyAny>) -> Result<Array<'py>> {
    const FUNCTION: &str = "run_epoch";
    let array = Array::new(FUNCTION, "class_weight", weight)?;
    let Some((_, Type { shape, dtype })) = plan.get().inputs().get(index) else {
        return value_error!("{FUNCTION}: expected a plan with an input for `class_weight`, got one without");
    };
    if array.shape() != shape {
        let (expected, got) = (shape_text(shape), shape_text(array.shape()));
        return shape_error!("{FUNCTION}: expected `class_weight` of shape {expected}, got {got}");
    }
    if source_kind(array.kind()).is_none() || *dtype == Dtype::I32 {
        return Err(dtype_error_of(FUNCTION, "class_weight", &array, dtype.name()));
    }
    let kind = Kind::from_name(FUNCTION, dtype.name())?;
    if array.kind() == kind {
        return array.contiguous();
    }
    let converted = Array::empty(array.object().py(), shape, kind)?;
    converted.assign(&array)?;
    Ok(converted)
}

/// The plans of a run over rows, and the state they work on.
struct PlanRun<'a, 'py> {
    function: &'static str,
    plan: &'a Bound<'py, Plan>,
    last: Option<&'a Bound<'py, Plan>>,
    state: &'a Bound<'py, State>,
}

/// Reads the schedules from a list of (optimizer, name, values).
fn schedules_of(schedules: &Bound<'_, PyAny>, plan: &Bound<'_, Plan>) -> Result<Vec<HyperparameterSchedule>> {
    const FUNCTION: &str = "run_epoch";
    list_of(FUNCTION, "schedules", schedules)?
        .iter()
        .map(|triple| {
            let Ok((optimizer, name, values)) = triple.extract::<(Bound<'_, Optimizer>, String, Vec<f64>)>() else {
                let got = type_name(triple);
                return type_error!("{FUNCTION}: expected `schedules` of (optimizer, name, values), got {got}");
            };
            match plan.get().place_of(&optimizer) {
                Some(optimizer) => Ok(HyperparameterSchedule { optimizer, name, values }),
                None => value_error!("{FUNCTION}: expected `schedules` of the plan's optimizers, got one of another"),
            }
        })
        .collect()
}

impl PlanRun<'_, '_> {
    /// Runs the loop with the lock released. If there is an array for rows it predicts, otherwise it trains or
    /// evaluates.
    fn go(
        &self,
        py: Python<'_>,
        sources: &[Source<'_>],
        fixed: &[Numbers<'_>],
        settings: EpochSettings,
        mut watch: Watch,
        out: Option<PredictionRows<'_>>,
    ) -> Result<(Sums, Watch)> {
        if self.last.is_some_and(|last| last.is(self.plan)) {
            return value_error!("{}: expected `last` to be a plan of its own, got `plan` again", self.function);
        }
        let (places, mut others) = (self.plan.get().places(), self.last.iter().map(|last| last.get().places()));
        let same = |other: &ParameterPlaces| {
            other.len() == places.len() && other.iter().zip(&places[..]).all(|(one, other)| same_place(one, other))
        };
        if !others.all(same) {
            return value_error!("{}: expected `last` to have the parameters of `plan`, got others", self.function);
        }
        let rows: Vec<RowSource<'_>> = sources.iter().map(Source::rows).collect();
        let mut plan = self.plan.get().lock(py)?;
        let mut last = self.last.map(|last| last.get().lock(py)).transpose()?;
        let used = self.state.get().acquire(py, self.function, self.plan.get().places())?;
        let mut engine = used.engine(self.plan.get().rules(py)?);
        let epoch = Epoch { sources: &rows, fixed, settings };
        let epoch = &epoch;
        let (plan, last) = (&mut *plan, last.as_deref_mut());
        let (running, watched) = (&mut engine, &mut watch);
        let sums = work::detached(py, move || match out {
            None => epoch::run_epoch(plan, last, running, epoch, &mut |progress| watched.look(progress)),
            Some(mut out) => {
                epoch::run_batches(plan, last, running, epoch, &mut out, &mut |progress| watched.look(progress))
            }
        })?;
        // Also after an error: the steps before it were whole.
        used.set_counts(engine.step, engine.tally);
        for HyperparameterSchedule { optimizer, name, .. } in &epoch.settings.schedules {
            self.plan.get().take_setting(py, *optimizer, name, &engine.optimizers)?;
        }
        Ok((sums?, watch))
    }
}

/// Interrupts the work now and then to check for Ctrl-C and to report.
struct Watch {
    report: Option<Py<PyAny>>,
    interval: Duration,
    reported: Instant,
    failure: Option<PyErr>,
}

impl Watch {
    fn new(report: Option<Bound<'_, PyAny>>, interval: Duration) -> Self {
        Self { report: report.map(Bound::unbind), interval, reported: Instant::now(), failure: None }
    }

    fn look(&mut self, progress: &Progress) -> ControlFlow<()> {
        Python::attach(|py| match py.check_signals().and_then(|()| self.tell(py, progress)) {
            Ok(()) => ControlFlow::Continue(()),
            // An interrupt is not a failure: the caller sees it in the result, along with what was done.
            Err(error) if error.is_instance_of::<PyKeyboardInterrupt>(py) => ControlFlow::Break(()),
            Err(error) => {
                self.failure = Some(error);
                ControlFlow::Break(())
            }
        })
    }

    fn tell(&mut self, py: Python<'_>, progress: &Progress) -> PyResult<()> {
        if let Some(report) = &self.report
            && self.reported.elapsed() >= self.interval
        {
            report.call1(py, (progress.batches, progress.loss))?;
            self.reported = Instant::now();
        }
        Ok(())
    }

    /// Raises the exception that ended the loop, if any.
    fn finish(self) -> Result<()> {
        self.failure.map_or(Ok(()), |error| Err(Error::Python(error)))
    }
}

fn result<'py>(py: Python<'py>, sums: &Sums) -> Result<Bound<'py, PyDict>> {
    let dictionary = PyDict::new(py);
    dictionary.set_item("batches", sums.batches)?;
    dictionary.set_item("samples", sums.samples)?;
    dictionary.set_item("loss_sum", sums.loss_sum)?;
    dictionary.set_item("loss_weight", sums.loss_weight)?;
    dictionary.set_item("metrics", sums.metrics.clone())?;
    dictionary.set_item("interrupted", sums.interrupted)?;
    dictionary.set_item("losses", sums.losses.clone())?;
    let fault = sums.not_finite.as_ref().map(|fault| {
        let fault_of = PyDict::new(py);
        fault_of.set_item("batch", fault.batch)?;
        fault_of.set_item("rows", fault.rows.clone())?;
        fault_of.set_item("updated", fault.found == NotFinite::Parameters)?;
        Ok::<_, Error>(fault_of)
    });
    dictionary.set_item("not_finite", fault.transpose()?)?;
    Ok(dictionary)
}
