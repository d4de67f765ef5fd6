//! The worker pool. Work is cut by its size, never by the number of threads, so results do not depend on it.
//!
//! Everything above this module says *what* may run side by side ([`for_each`] and the two ways to cut slices). How
//! workers wait and wake is private to `pool`; what they and the caller tell each other, to `board`.
//!
//! | file | holds | knows |
//! |---|---|---|
//! | `sync` | the atomics: the standard library's, or loom's | nothing here |
//! | `board` | where a caller posts a job and workers take tasks from it | `sync` |
//! | `pool` | the workers: how they spin, sleep and wake | `board` |
//! | `model` | the board under every order of its atomics, a test for loom | `board` |

mod board;
#[cfg(all(loom, test))]
mod model;
mod pool;
mod sync;
#[cfg(all(not(loom), test))]
mod tests;

use crate::environment::Asked;
use crate::error::{Result, value_error};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use pool::Wake;

/// Most threads that can be asked for.
pub const MOST: usize = 1024;

/// Zero until the first call of [`count`] or [`set_count`].
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// How many threads a call may use, the caller included: what [`set_count`] or `TILEGRAD_THREADS` asked for, else
/// [`processors`].
#[inline]
pub fn count() -> usize {
    match THREADS.load(Ordering::Relaxed) {
        0 => detect(),
        count => count,
    }
}

#[cold]
fn detect() -> usize {
    // The Python module asks at import, where a value that is wrong is an exception.
    let asked = from_environment().unwrap_or_else(|error| panic!("{error}"));
    let count = asked.unwrap_or(MOST).min(processors());
    // Whoever set a count meanwhile goes before.
    THREADS.compare_exchange(0, count, Ordering::Relaxed, Ordering::Relaxed).err().unwrap_or(count)
}

/// Processors that the affinity mask and the cgroup quota leave to this process, as they were at the first call; a
/// quota counts as the whole processors it amounts to, and as one at least.
#[inline]
pub fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    // The standard library asks for both: sched_getaffinity, and the quotas of cgroup versions 1 and 2.
    *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from).min(MOST))
}

/// What `TILEGRAD_THREADS` asked for when it was first read; an error if it is not a number of threads.
pub fn from_environment() -> Result<Option<usize>> {
    static ASKED: Asked<usize> = Asked::new();
    ASKED.get("TILEGRAD_THREADS", parse)
}

/// The number of threads that a text names, or an error.
pub fn parse(text: &str) -> Result<usize> {
    match text.trim().parse() {
        Ok(count) if (1..=MOST).contains(&count) => Ok(count),
        _ => value_error!("threads: expected `TILEGRAD_THREADS` to be a whole number from 1 to {MOST}, got {text:?}"),
    }
}

/// Sets how many threads a call may use, the caller included; from 1 to [`MOST`], other numbers count as the nearest of
/// them.
///
/// More than [`processors`] take turns there: the results are the same, nobody spins, and nothing gets faster.
pub fn set_count(count: usize) {
    THREADS.store(count.clamp(1, MOST), Ordering::Relaxed);
}

/// Calls `task(0)`, ..., `task(tasks - 1)`, each once, on this thread and the pool's; returns when all are done.
///
/// Every task writes to places of its own, so their order does not matter. With one task or one thread nothing is
/// handed over; neither is it within a task, or while another thread has the pool: then this thread does all. If tasks
/// panic, one of the panics goes on in this thread once no other task is running; which tasks were run is then unknown.
#[inline]
pub fn for_each(tasks: usize, task: &(dyn Fn(usize) + Sync)) {
    spread(tasks, Wake::Now, task);
}

#[inline]
fn spread(tasks: usize, wake: Wake, task: &(dyn Fn(usize) + Sync)) {
    let count = count();
    if tasks <= 1 || count == 1 {
        (0..tasks).for_each(task);
    } else {
        pool::run(tasks, count.min(tasks), count > processors(), wake, task);
    }
}

/// Cuts the slices, which have equal lengths, into parts of `part` elements (the last may be shorter) and calls
/// `task(start, parts)` for each place, spread as by [`for_each`]. `start` is the index of a part's first element.
///
/// Threads that sleep are woken once the first part shows that this pays.
pub fn for_each_part<T: Send, const N: usize>(
    slices: [&mut [T]; N],
    part: usize,
    task: &(dyn Fn(usize, [&mut [T]; N]) + Sync),
) {
    /// The beginning of a slice, which several threads take different parts of.
    struct Base<T>(*mut T);
    // SAFETY: each thread reaches only the part whose index it was given, and `T: Send` lets that part change threads.
    unsafe impl<T: Send> Sync for Base<T> {}

    let len = slices.first().map_or(0, |slice| slice.len());
    assert!(part > 0 && slices.iter().all(|slice| slice.len() == len));
    let bases = slices.map(|slice| Base(slice.as_mut_ptr()));
    spread(len.div_ceil(part), Wake::IfWorth, &|index| {
        let start = index * part;
        let count = part.min(len - start);
        let bases = &bases;
        task(
            start,
            std::array::from_fn(|n| {
                // SAFETY: `start + count <= len`, the slices live as long as this call, and `for_each` gives each index
                // to one task once, so no two of these parts overlap.
                unsafe { std::slice::from_raw_parts_mut(bases[n].0.add(start), count) }
            }),
        );
    });
}

/// What [`for_each_split`] calls: with the index of a part, the part of each slice, and the part's result.
pub type SplitTask<'a, T, S, const N: usize> = dyn Fn(usize, [&mut [T]; N], &mut S) + Sync + 'a;

/// Cuts each slice into parts of its own length (`slices[n].1` elements, the last shorter; parts past the end are
/// empty) and calls `task(part, parts, result)` once for each of `results`, spread as by [`for_each_part`].
// The lists in the signature are what the function is about.
#[allow(clippy::type_complexity)]
pub fn for_each_split<T: Send, S: Send, const N: usize>(
    slices: [(&mut [T], usize); N],
    results: &mut [S],
    task: &SplitTask<'_, T, S, N>,
) {
    /// The beginnings of slices, which several threads take different parts of.
    struct Bases<T, S, const N: usize>([(*mut T, usize, usize); N], *mut S);
    // SAFETY: each thread reaches only the parts whose index it was given; `T: Send` and `S: Send` let them change
    // threads.
    unsafe impl<T: Send, S: Send, const N: usize> Sync for Bases<T, S, N> {}

    let count = results.len();
    let bases = Bases(slices.map(|(slice, part)| (slice.as_mut_ptr(), slice.len(), part)), results.as_mut_ptr());
    spread(count, Wake::IfWorth, &|index| {
        let bases = &bases;
        let parts = std::array::from_fn(|n| {
            let (start, len, part) = bases.0[n];
            let first = len.min(index * part);
            let last = len.min((index + 1) * part);
            // SAFETY: `first <= last <= len`, the slices outlive this call, and each index is given out once, so no two
            // parts overlap.
            unsafe { std::slice::from_raw_parts_mut(start.add(first), last - first) }
        });
        // SAFETY: `index < count`, and each index is given out once.
        task(index, parts, unsafe { &mut *bases.1.add(index) });
    });
}
