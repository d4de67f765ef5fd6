//! What the machine can do at most, measured: multiply-adds, divisions and roots on registers, bytes a second from each
//! cache and from memory.
//!
//! With these a call has a least time, the larger of `operations / peak` and `bytes / bandwidth`: the roofline
//! (Williams, Waterman and Patterson, 2009, "Roofline: an insightful visual performance model for multicore
//! architectures").

use std::hint::black_box;
use std::sync::{Barrier, mpsc};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::isa::{self, Kernel};
use crate::matmul::peak_operations;
use crate::real::{Element, Real};

/// Roofline of so many threads at work at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Roofline {
    /// Number of threads.
    pub threads: usize,
    /// Floating-point operations a second in single precision: fused multiply-adds, each of which counts as two.
    pub single: f64,
    /// The same in double precision.
    pub double: f64,
    /// Divisions and square roots a second in single precision, one after the other in turn.
    pub single_divisions: f64,
    /// The same in double precision.
    pub double_divisions: f64,
    /// Caches, the smallest first, then memory.
    pub levels: Vec<Level>,
}

/// A cache level or memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// `l1`, `l2`, `l3` or `memory`.
    pub name: &'static str,
    /// Bytes that the threads have there together; none for memory.
    pub capacity: Option<u64>,
    /// Bytes a second, read and written counted alike: the most that reading, scaling in place or scaling into another
    /// array reached.
    pub bandwidth: f64,
}

/// Shortest time of a block of measuring, number of blocks, and bytes that a call of a loop goes through at least.
const BLOCK: Duration = Duration::from_millis(2);
const BLOCKS: usize = 4;
const CALL: usize = 4 << 20;
/// Rounds of multiply-adds in a call.
const ROUNDS: usize = 10_000;
/// No cache is smaller than this: what claims to be is not believed.
const SMALLEST: u64 = 4 << 10;
/// Bytes to measure memory with: four times the last cache, within these bounds.
const MEMORY: (usize, usize) = (64 << 20, 256 << 20);

/// Measures the limits of so many threads, at most as many as there are processors, with cache sizes in bytes as one
/// core sees them. Takes a few tenths of a second.
///
/// Refuses, with an error message, if threads or memory for it (up to 256 MiB) cannot be had.
pub fn measure(threads: usize, caches: [Option<u64>; 3]) -> Result<Roofline> {
    let threads = threads.clamp(1, std::thread::available_parallelism().map_or(1, usize::from));
    let plan = levels(threads, caches);
    let longest = plan.iter().map(|(_, set)| *set).max().unwrap_or(0);
    let mut buffers = (0..threads).map(|_| buffer(longest)).collect::<Result<Vec<_>, _>>()?;
    let mut rates = together(&plan, &mut buffers)?.into_iter();
    let mut next = || rates.next().expect("a rate for each measurement");
    let (single, double, single_divisions, double_divisions) = (next(), next(), next(), next());
    let levels = plan.into_iter().map(|(level, _)| Level { bandwidth: next().max(next()).max(next()), ..level });
    Ok(Roofline { threads, single, double, single_divisions, double_divisions, levels: levels.collect() })
}

/// The best rate of each measurement, summed over a thread for each buffer.
fn together(plan: &[(Level, usize)], buffers: &mut [Vec<f32>]) -> Result<Vec<f64>> {
    let barrier = &Barrier::new(buffers.len());
    let count = buffers.len();
    let (first, others) = buffers.split_first_mut().expect("at least one thread");
    let rates = std::thread::scope(|scope| {
        let (mut gates, mut workers) = (Vec::new(), Vec::new());
        for buffer in others {
            let (gate, opened) = mpsc::channel();
            // Nobody waits for a thread that could not be started: a gate that is gone ends the others.
            let task = move || opened.recv().map_or_else(|_| Vec::new(), |()| worker(barrier, plan, buffer));
            let spawned = std::thread::Builder::new().spawn_scoped(scope, task);
            workers.push(spawned.map_err(|error| {
                Error::System(format!("measure_limits: expected to start {count} threads, got: {error}"))
            })?);
            gates.push(gate);
        }
        for gate in gates {
            gate.send(()).expect("the threads wait at their gates");
        }
        let mut rates = worker(barrier, plan, first);
        for worker in workers {
            let other = worker.join().expect("the loops do not panic");
            for (blocks, other) in rates.iter_mut().zip(other) {
                blocks.iter_mut().zip(other).for_each(|(sum, rate)| *sum += rate);
            }
        }
        Ok::<_, Error>(rates)
    })?;
    Ok(rates.into_iter().map(|blocks| blocks.into_iter().fold(0.0, f64::max)).collect())
}

/// The levels, and the bytes with which a thread measures each: half of what it has there.
fn levels(threads: usize, caches: [Option<u64>; 3]) -> Vec<(Level, usize)> {
    let caches = caches.map(|size| size.filter(|&size| size >= SMALLEST));
    let largest = caches.into_iter().flatten().max().map_or(MEMORY.0, to_len);
    let memory = largest.saturating_mul(4).clamp(MEMORY.0, MEMORY.1) / threads;
    let mut levels = Vec::with_capacity(4);
    for (index, name) in ["l1", "l2", "l3"].into_iter().enumerate() {
        let Some(size) = caches[index] else { continue };
        let count = threads as u64;
        // Each core has first and second levels of its own; the third one is shared.
        let (capacity, share) = if index < 2 { (size.saturating_mul(count), size) } else { (size, size / count) };
        let level = Level { name, capacity: Some(capacity), bandwidth: 0.0 };
        levels.push((level, to_len(share / 2).min(memory)));
    }
    levels.push((Level { name: "memory", capacity: None, bandwidth: 0.0 }, memory));
    levels
}

fn to_len(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Ones to compute with.
fn buffer(bytes: usize) -> Result<Vec<f32>> {
    let (len, mut buffer) = (bytes / 4, Vec::new());
    let refused =
        |_| Error::Memory(format!("measure_limits: expected {bytes} bytes of memory to measure with, got none"));
    buffer.try_reserve_exact(len).map_err(refused)?;
    buffer.resize(len, 1.0);
    Ok(buffer)
}

/// What one thread reaches, by measurement and block: operations a second in both precisions, divisions, then bytes a
/// second of the three loops on each level. The threads begin each block together.
fn worker(barrier: &Barrier, plan: &[(Level, usize)], buffer: &mut [f32]) -> Vec<Vec<f64>> {
    let mut rates = vec![
        blocks(barrier, || peak_operations::<f32>(ROUNDS)),
        blocks(barrier, || peak_operations::<f64>(ROUNDS)),
        blocks(barrier, || isa::run::<f32, _>(Divide(ROUNDS / 10))),
        blocks(barrier, || isa::run::<f64, _>(Divide(ROUNDS / 10))),
    ];
    for (_, bytes) in plan {
        let set = &mut buffer[..bytes / 4];
        let (calls, bytes) = (CALL.div_ceil((*bytes).max(1)), 4 * set.len());
        let repeat = |one: &mut dyn FnMut()| {
            (0..calls).for_each(|_| one());
            calls
        };
        rates.push(blocks(barrier, || bytes * repeat(&mut || isa::run(Read(set)))));
        rates.push(blocks(barrier, || 2 * bytes * repeat(&mut || isa::run(Scale(set)))));
        let (from, to) = set.split_at_mut(set.len() / 2);
        rates.push(blocks(barrier, || bytes * repeat(&mut || isa::run(ScaleInto(from, to)))));
    }
    rates
}

/// The rate of each block; `work` does a piece and says how much that was.
fn blocks(barrier: &Barrier, mut work: impl FnMut() -> usize) -> Vec<f64> {
    work();
    let block = |_| {
        barrier.wait();
        let (start, mut amount) = (Instant::now(), 0);
        loop {
            amount += work();
            let elapsed = start.elapsed();
            if elapsed >= BLOCK {
                return amount as f64 / elapsed.as_secs_f64();
            }
        }
    };
    (0..BLOCKS).map(block).collect()
}

/// Elements that a loop takes at once.
const LANES: usize = 64;

/// So many rounds of a division and a root on registers; returns how many of both that were.
struct Divide(usize);

impl<E: Element> Kernel<E> for Divide {
    type Output = usize;
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) -> usize {
        // Stays near the cube root of three, whatever the number of rounds.
        let three = R::load(black_box(E::from_f64(3.0)));
        let mut numbers = [R::load(black_box(E::from_f64(1.5))); LANES];
        for _ in 0..self.0 {
            for number in &mut numbers {
                *number = (three / *number).sqrt();
            }
        }
        black_box(numbers.map(R::store));
        2 * LANES * self.0
    }
}

/// Reads every number.
struct Read<'a>(&'a [f32]);

impl Kernel<f32> for Read<'_> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = f32>>(self) {
        let mut sums = [R::zero(); LANES];
        for block in self.0.chunks_exact(LANES) {
            for (sum, &number) in sums.iter_mut().zip(block) {
                *sum = *sum + R::load(number);
            }
        }
        black_box(sums.map(R::store));
    }
}

/// Multiplies every number, in place, by a one that the compiler does not know.
struct Scale<'a>(&'a mut [f32]);

impl Kernel<f32> for Scale<'_> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = f32>>(self) {
        let factor = R::load(black_box(1.0));
        for number in self.0.iter_mut() {
            *number = (R::load(*number) * factor).store();
        }
    }
}

/// [`Scale`] from one array into another.
struct ScaleInto<'a>(&'a [f32], &'a mut [f32]);

impl Kernel<f32> for ScaleInto<'_> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = f32>>(self) {
        let factor = R::load(black_box(1.0));
        for (to, &from) in self.1.iter_mut().zip(self.0) {
            *to = (R::load(from) * factor).store();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_has_a_capacity_and_a_set_that_fits() {
        let found = levels(2, [Some(32 << 10), Some(1 << 20), Some(32 << 20)]);
        let names: Vec<_> = found.iter().map(|(level, _)| level.name).collect();
        assert_eq!(names, ["l1", "l2", "l3", "memory"]);
        let capacities: Vec<_> = found.iter().map(|(level, _)| level.capacity).collect();
        assert_eq!(capacities, [Some(64 << 10), Some(2 << 20), Some(32 << 20), None]);
        let sets: Vec<_> = found.iter().map(|(_, set)| *set).collect();
        assert_eq!(sets, [16 << 10, 512 << 10, 8 << 20, 64 << 20]);
    }

    #[test]
    fn unknown_caches_leave_memory() {
        let found = levels(1, [None; 3]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].0.name, found[0].1), ("memory", MEMORY.1.min(4 * MEMORY.0)));
    }

    #[test]
    fn the_bounds_hold_for_caches_of_any_size() {
        for size in [0, 1, u64::MAX] {
            let (_, set) = levels(3, [Some(size); 3]).pop().expect("memory is always there");
            assert!((MEMORY.0 / 3..=MEMORY.1).contains(&set));
        }
    }

    #[test]
    fn limits_are_positive_on_one_thread_and_on_two() {
        for threads in [1, 2] {
            let limits = measure(threads, [Some(32 << 10), Some(256 << 10), None]).unwrap();
            assert!((1..=threads).contains(&limits.threads));
            let rates = limits.levels.iter().map(|level| level.bandwidth).chain([
                limits.single,
                limits.double,
                limits.single_divisions,
                limits.double_divisions,
            ]);
            assert!(rates.into_iter().all(|rate| rate.is_finite() && rate > 0.0), "{limits:?}");
        }
    }
}
