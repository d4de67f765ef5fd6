//! Where the time of a step goes: times every planned step by itself, along with the whole.

use std::time::{Duration, Instant};

use super::Plan;
use crate::bindings::Bindings;
use crate::error::Result;
use crate::work::Work;

/// The description of a planned step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallInfo<'a> {
    /// Name of the operation, or of the fused operations.
    pub operation: &'a str,
    /// The parameter that it updates, otherwise the scope of what it computes: `hidden.0`, or empty.
    pub scope: &'a str,
    /// Dtype and shape of its results.
    pub result: &'a str,
    /// The minimum work.
    pub work: Work,
}

/// The times of several runs, in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// For each run the time of each step in turn, without that of the clock: `runs` times [`Plan::steps`] numbers.
    pub steps: Vec<f64>,
    /// For each run the time of a second run whose steps were not timed, including everything around them.
    pub whole: Vec<f64>,
    /// The time it takes to read the clock, which was subtracted from all numbers above.
    pub clock: f64,
}

/// How many readings determine the time of reading the clock.
const READINGS: usize = 64;

/// The shortest time between two readings of the clock.
fn clock() -> Duration {
    let mut least = Duration::MAX;
    let mut before = Instant::now();
    for _ in 0..READINGS {
        let after = Instant::now();
        least = least.min(after - before);
        before = after;
    }
    least
}

impl Plan {
    /// The description of a step; steps are numbered from 0.
    pub fn step_info(&self, index: usize) -> CallInfo<'_> {
        let [operation, scope, result] = self.description.step(index);
        CallInfo { operation, scope, result, work: self.steps[index].work }
    }

    /// Runs the plan twice `runs` times, in turn as a whole and with each step timed. A plan with updates takes a step
    /// of its optimizer, and advances `bindings.state.step`, at each of them.
    pub fn profile(&mut self, bindings: &mut Bindings<'_, '_>, runs: usize) -> Result<Profile> {
        let clock = clock();
        let count = self.steps.len();
        let seconds = |time: Duration| time.saturating_sub(clock).as_secs_f64();
        let (mut steps, mut whole) = (Vec::with_capacity(runs * count), Vec::with_capacity(runs));
        for _ in 0..runs {
            let before = Instant::now();
            self.run(bindings)?;
            whole.push(seconds(before.elapsed()));
            self.advance(bindings);
            self.bind(bindings)?;
            let turn = self.turn(bindings.state);
            let mut before = Instant::now();
            for index in 0..count {
                self.run_step(index, bindings, &turn);
                let after = Instant::now();
                steps.push(seconds(after - before));
                before = after;
            }
            self.tally(&turn, bindings.state);
            self.advance(bindings);
        }
        Ok(Profile { steps, whole, clock: clock.as_secs_f64() })
    }

    fn advance(&self, bindings: &mut Bindings<'_, '_>) {
        bindings.state.step += u64::from(self.updates());
    }
}
