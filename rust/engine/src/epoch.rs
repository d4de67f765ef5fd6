//! The loop of an epoch: shuffles, gathers the rows of each batch, runs the plan, accumulates the results.

use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use tilegrad_kernels::random::Stream;
use tilegrad_kernels::registry::Setting;

use crate::bindings::{Bindings, NotFinite, State};
use crate::error::{Result, dtype_error, shape_error, value_error};
use crate::plan::Plan;
use crate::plan::finite::parameters_are_finite;
use crate::rows::{Batch, RowSource};
use crate::types::{Array, Dtype};

/// What an epoch runs over, and how.
#[derive(Debug)]
pub struct Epoch<'a> {
    /// The sources of the plan's first inputs, in order: features, targets, and sample weights if the plan has them.
    pub sources: &'a [RowSource<'a>],
    /// The plan's other inputs, which are the same for all batches: class weights.
    pub fixed: &'a [Array<'a>],
    /// How the epoch runs.
    pub settings: EpochSettings,
}

/// How an epoch runs. By default every row is used once, in order, without a report.
#[derive(Clone, Debug)]
pub struct EpochSettings {
    /// Rows of a full batch.
    pub batch_size: usize,
    /// Whether the rows are in the order of `permutation(seed, epoch)`.
    pub shuffle: bool,
    /// Seed of the order and of dropout.
    pub seed: u64,
    /// Which epoch this is.
    pub epoch: u64,
    /// Minimum time between two reports.
    pub interval: Duration,
    /// Hyperparameters that change from step to step.
    pub schedules: Vec<HyperparameterSchedule>,
    /// How many of the plan's last outputs are the maximum of a batch instead of sums.
    pub maxima: usize,
    /// Whether the loss of each batch is kept.
    pub record: bool,
    /// Whether rows left over after the last whole batch are skipped; they differ with each shuffle.
    pub drop_last: bool,
    /// Whether a training epoch ends at the first batch that produces a non-finite number.
    pub check_finite: bool,
    /// After how many batches the epoch ends, if before the last one.
    pub limit: usize,
}

impl Default for EpochSettings {
    fn default() -> Self {
        Self {
            batch_size: 32,
            shuffle: false,
            seed: 0,
            epoch: 0,
            interval: Duration::MAX,
            schedules: Vec::new(),
            maxima: 0,
            record: false,
            drop_last: false,
            check_finite: false,
            limit: usize::MAX,
        }
    }
}

/// A hyperparameter with a value for each step of an epoch.
#[derive(Clone, Debug)]
pub struct HyperparameterSchedule {
    /// Which of the state's optimizers.
    pub optimizer: usize,
    /// Name of the hyperparameter.
    pub name: String,
    /// A value for each batch.
    pub values: Vec<f64>,
}

/// The progress of an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Batches done.
    pub batches: usize,
    /// Batches of the whole epoch.
    pub total: usize,
    /// Mean loss so far.
    pub loss: f64,
}

/// The result of an epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    /// Batches done.
    pub batches: usize,
    /// Rows done.
    pub samples: usize,
    /// Sum of mean loss times weight over the batches.
    pub loss_sum: f64,
    /// Sum of weights.
    pub loss_weight: f64,
    /// Sums of the plan's other outputs, one output after the other.
    pub metrics: Vec<f64>,
    /// Whether a report ended it early.
    pub interrupted: bool,
    /// The mean loss of each batch, if it was to be kept.
    pub losses: Vec<f64>,
    /// Where the epoch ended because of a non-finite number.
    pub not_finite: Option<Fault>,
}

/// A batch that produced a non-finite number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which batch of the epoch.
    pub batch: usize,
    /// Its rows, by their numbers in the data.
    pub rows: Vec<u32>,
    /// What was found.
    pub found: NotFinite,
}

/// Runs a plan over all rows, batch by batch; `last` is the plan for a shorter last batch.
///
/// The plan's outputs are the mean loss, the weight of that mean, then the terms of metrics: arrays of any shape, which
/// are summed over the batches in double precision, or whose maximum counts. `report` is called between whole steps, at
/// most once per interval; it can end the epoch. A plan with updates advances `state.step` by one per batch.
pub fn run_epoch(
    plan: &mut Plan,
    last: Option<&mut Plan>,
    state: &mut State<'_>,
    epoch: &Epoch<'_>,
    report: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Sums> {
    for plan in std::iter::once(&*plan).chain(last.as_deref()) {
        let outputs = plan.output_count();
        if outputs < 2 + epoch.settings.maxima || (0..2).any(|index| plan.output(index).len() != 1) {
            return value_error!(
                "run_epoch: expected a plan whose outputs are a loss, its weight and sums, got {outputs} outputs"
            );
        }
    }
    let rows = epoch.sources.first().map_or(0, RowSource::count);
    let run = Loop { function: "run_epoch", epoch, plan, last, state, rows };
    run.run(&mut |plan, _, sums| add_losses(plan, sums, epoch), report)
}

/// Where the rows of a prediction are written: row-major, without gaps.
#[derive(Debug)]
pub enum PredictionRows<'a> {
    /// Single precision.
    F32(&'a mut [f32]),
    /// Double precision.
    F64(&'a mut [f64]),
}

/// Runs a plan over all rows and writes its first output, row by row, into `out`.
pub fn run_batches(
    plan: &mut Plan,
    last: Option<&mut Plan>,
    state: &mut State<'_>,
    epoch: &Epoch<'_>,
    out: &mut PredictionRows<'_>,
    report: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Sums> {
    let rows = epoch.sources.first().map_or(0, RowSource::count);
    let width = plan.output(0).len() / epoch.settings.batch_size.max(1);
    let (dtype, len) = match &*out {
        PredictionRows::F32(out) => (Dtype::F32, out.len()),
        PredictionRows::F64(out) => (Dtype::F64, out.len()),
    };
    let expected = plan.output(0).dtype();
    if dtype != expected {
        return dtype_error!("run_batches: expected `out` of dtype {expected}, got dtype {dtype}");
    }
    if len != rows * width {
        return shape_error!("run_batches: expected `out` of {rows} rows of {width} elements, got {len} elements");
    }
    let mut start = 0;
    let run = Loop { function: "run_batches", epoch, plan, last, state, rows };
    run.run(
        &mut |plan, rows, _| {
            let end = start + rows * width;
            match (&mut *out, plan.output(0)) {
                (PredictionRows::F32(out), Array::F32(result)) => out[start..end].copy_from_slice(result),
                (PredictionRows::F64(out), Array::F64(result)) => out[start..end].copy_from_slice(result),
                _ => unreachable!("checked before"),
            }
            start = end;
        },
        report,
    )
}

/// Rows in the order of an epoch.
enum RowOrder {
    /// The original order.
    Natural,
    /// Shuffled.
    Shuffled(Vec<u32>),
}

impl RowOrder {
    /// The indices of the rows at these positions.
    fn rows(&self, places: Range<usize>) -> Vec<u32> {
        match self {
            RowOrder::Natural => places.map(|row| u32::try_from(row).expect("fewer than 2^32 rows")).collect(),
            RowOrder::Shuffled(order) => order[places].to_vec(),
        }
    }
}

/// A loop over the batches of an epoch.
struct Loop<'a, 's> {
    function: &'static str,
    epoch: &'a Epoch<'a>,
    plan: &'a mut Plan,
    last: Option<&'a mut Plan>,
    state: &'a mut State<'s>,
    rows: usize,
}

impl Loop<'_, '_> {
    /// An error unless sources, fixed inputs and plans fit together.
    fn check(&self) -> Result<()> {
        let (function, epoch) = (self.function, self.epoch);
        if epoch.settings.batch_size == 0 {
            return value_error!("{function}: expected `batch_size` of at least 1, got 0");
        }
        if self.rows == 0 {
            return shape_error!("{function}: expected at least one row, got none");
        }
        if u32::try_from(self.rows).is_err() {
            return shape_error!("{function}: expected fewer than 2^32 rows, got {}", self.rows);
        }
        for (index, source) in epoch.sources.iter().enumerate() {
            if source.count() != self.rows {
                let (name, got) = (source_name(index), source.count());
                return shape_error!("{function}: expected `{name}` of {} rows like `features`, got {got}", self.rows);
            }
        }
        let short = if epoch.settings.drop_last { 0 } else { self.rows % epoch.settings.batch_size };
        if epoch.settings.drop_last && self.rows < epoch.settings.batch_size {
            let (rows, size) = (self.rows, epoch.settings.batch_size);
            return shape_error!("{function}: expected rows for a whole batch of {size}, got {rows} with `drop_last`");
        }
        if self.rows >= epoch.settings.batch_size {
            self.check_plan(self.plan, epoch.settings.batch_size)?;
        }
        match &self.last {
            Some(last) if short > 0 => self.check_plan(last, short),
            None if short > 0 => {
                shape_error!("{function}: expected a plan for the short last batch of {short} rows, got none")
            }
            _ => Ok(()),
        }
    }

    /// An error unless every schedule has a value for every batch, all of which its optimizer accepts.
    fn check_schedules(&self, batches: usize) -> Result<()> {
        let function = self.function;
        for HyperparameterSchedule { optimizer, name, values } in &self.epoch.settings.schedules {
            if values.len() != batches {
                let got = values.len();
                return shape_error!(
                    "{function}: expected {batches} values of `{name}`, one for each batch, got {got}"
                );
            }
            let Some(mut rule) = self.state.optimizers.get(*optimizer).copied() else {
                return value_error!(
                    "{function}: expected optimizers in the state for a schedule of `{name}`, got none"
                );
            };
            for (batch, &value) in values.iter().enumerate() {
                let refused = |message: &str| format!("{message} from its schedule for batch {batch} of the epoch");
                rule.set(name, Setting::Number(value)).map_err(|error| error.map_message(refused))?;
            }
        }
        Ok(())
    }

    /// Sets the hyperparameters that have a schedule.
    fn follow_schedules(&mut self, batch: usize) -> Result<()> {
        for HyperparameterSchedule { optimizer, name, values } in &self.epoch.settings.schedules {
            self.state.optimizers[*optimizer].set(name, Setting::Number(values[batch]))?;
        }
        Ok(())
    }

    fn check_plan(&self, plan: &Plan, batch: usize) -> Result<()> {
        let epoch = self.epoch;
        let (count, given) = (plan.inputs().count(), epoch.sources.len() + epoch.fixed.len());
        if count != given {
            return shape_error!("{}: expected arrays for the plan's {count} inputs, got {given}", self.function);
        }
        for (index, (source, kind)) in epoch.sources.iter().zip(plan.inputs()).enumerate() {
            source.check(self.function, source_name(index), kind, batch)?;
        }
        Ok(())
    }

    /// Runs all batches; `after` is called with the plan that has run and the number of rows.
    fn run(
        mut self,
        after: &mut dyn FnMut(&Plan, usize, &mut Sums),
        report: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Sums> {
        self.check()?;
        let epoch = self.epoch;
        let order = if epoch.settings.shuffle {
            RowOrder::Shuffled(permutation(epoch.settings.seed, epoch.settings.epoch, self.rows))
        } else {
            RowOrder::Natural
        };
        let full = if self.rows >= epoch.settings.batch_size {
            &*self.plan
        } else {
            self.last.as_deref().unwrap_or(self.plan)
        };
        let buffers: Result<Vec<Batch>> = full.inputs().take(epoch.sources.len()).map(Batch::new).collect();
        let mut buffers = buffers?;
        if epoch.settings.drop_last {
            self.rows -= self.rows % epoch.settings.batch_size;
        }
        let total = self.rows.div_ceil(epoch.settings.batch_size);
        self.check_schedules(total)?;
        self.state.check_finite = epoch.settings.check_finite;
        let mut sums =
            Sums { losses: Vec::with_capacity(if epoch.settings.record { total } else { 0 }), ..Sums::default() };
        let mut reported = Instant::now();
        for batch in 0..total.min(epoch.settings.limit) {
            let start = batch * epoch.settings.batch_size;
            let rows = epoch.settings.batch_size.min(self.rows - start);
            self.follow_schedules(batch)?;
            self.step(&order, start..start + rows, &mut buffers)?;
            if let Some(found) = self.found(batch + 1 == total) {
                sums.not_finite = Some(Fault { batch, rows: order.rows(start..start + rows), found });
                break;
            }
            let plan = self.plan_for(rows);
            after(plan, rows, &mut sums);
            sums.batches += 1;
            sums.samples += rows;
            let now = Instant::now();
            if now.duration_since(reported) >= epoch.settings.interval {
                reported = now;
                let progress = Progress { batches: sums.batches, total, loss: sums.loss_sum / sums.loss_weight };
                if report(&progress).is_break() {
                    sums.interrupted = true;
                    break;
                }
            }
        }
        Ok(sums)
    }

    /// The non-finite number found after a step, if any; after the last step, all parameters are checked.
    fn found(&self, is_last: bool) -> Option<NotFinite> {
        let looks = self.epoch.settings.check_finite && self.plan.updates() && !self.plan.skips();
        self.state
            .not_finite
            .or_else(|| (looks && is_last && !parameters_are_finite(self.state)).then_some(NotFinite::Parameters))
    }

    fn plan_for(&mut self, rows: usize) -> &mut Plan {
        match &mut self.last {
            Some(last) if rows < self.epoch.settings.batch_size => last,
            _ => self.plan,
        }
    }

    /// Tells the coming step which rows the step after it will gather first.
    fn name_next(&self, order: &RowOrder, done: usize) {
        let next = done..self.rows.min(done + self.epoch.settings.batch_size);
        let Some(features) = self.epoch.sources.first() else { return };
        match order {
            RowOrder::Natural => features.name_next(next),
            RowOrder::Shuffled(order) => features.name_next(order[next].iter().map(|&row| row as usize)),
        }
    }

    /// Gathers the rows of a batch and runs the plan on them.
    fn step(&mut self, order: &RowOrder, rows: Range<usize>, buffers: &mut [Batch]) -> Result<()> {
        let epoch = self.epoch;
        for (source, buffer) in epoch.sources.iter().zip(&mut *buffers) {
            match order {
                RowOrder::Natural => source.gather(rows.clone(), buffer)?,
                RowOrder::Shuffled(order) => {
                    source.gather(order[rows.clone()].iter().map(|&row| row as usize), buffer)?;
                }
            }
        }
        let mut inputs = [Array::F32(&[]); MOST_INPUTS];
        let arrays =
            epoch.sources.iter().zip(&*buffers).map(|(source, buffer)| buffer.array(rows.len() * source.row_len()));
        let mut count = 0;
        for (place, array) in inputs.iter_mut().zip(arrays.chain(epoch.fixed.iter().copied())) {
            *place = array;
            count += 1;
        }
        let batch = rows.len();
        self.name_next(order, rows.end);
        let plan = match &mut self.last {
            Some(last) if batch < epoch.settings.batch_size => last,
            _ => &mut *self.plan,
        };
        self.state.ends = rows.end == self.rows;
        plan.run(&mut Bindings { inputs: &inputs[..count], state: self.state, seed: epoch.settings.seed })?;
        if plan.updates() && self.state.not_finite != Some(NotFinite::Loss) {
            self.state.step += 1;
        }
        Ok(())
    }
}

/// The most inputs that a plan can have in the loop of an epoch.
const MOST_INPUTS: usize = 16;

/// The name of a source in error messages.
fn source_name(index: usize) -> &'static str {
    ["features", "targets", "sample_weight"].get(index).copied().unwrap_or("inputs")
}

fn add_losses(plan: &Plan, sums: &mut Sums, epoch: &Epoch<'_>) {
    let number = |index: usize| plan.output(index).get(0);
    let (loss, weight) = (number(0), number(1));
    // The loss of a batch that may be skipped, as its update is.
    if plan.skips() && !loss.is_finite() {
        return;
    }
    // A batch of weight zero has no mean.
    if weight != 0.0 {
        sums.loss_sum += loss * weight;
    }
    sums.loss_weight += weight;
    if epoch.settings.record {
        sums.losses.push(loss);
    }
    let (count, summed) = (plan.output_count(), plan.output_count() - epoch.settings.maxima);
    let first = sums.metrics.is_empty();
    if first {
        sums.metrics.resize((2..count).map(|index| plan.output(index).len()).sum(), 0.0);
    }
    let mut totals = sums.metrics.iter_mut();
    for index in 2..count {
        let output = plan.output(index);
        for (place, total) in (0..output.len()).zip(&mut totals) {
            let value = output.get(place);
            if index < summed {
                *total += value;
            } else if first || value > *total || value.is_nan() {
                *total = value;
            }
        }
    }
}

/// The order of the rows, from the random stream of this epoch.
fn permutation(seed: u64, epoch: u64, count: usize) -> Vec<u32> {
    let mut order = vec![0; count];
    Stream { seed, stream: epoch }.permutation(&mut order);
    order
}
