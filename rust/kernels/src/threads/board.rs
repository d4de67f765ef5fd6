//! Where a caller posts a job and workers take tasks from it: one word, changed by whole exchanges.
//!
//! The word holds how many tasks nobody has taken yet, how many workers may help, how many of them are at work, and two
//! flags. A worker joins by taking its first task and leaves when none are left; both are one exchange. So whoever
//! counts as at work has taken a task, and a worker that comes late, or that the system keeps waiting, is never waited
//! for.
//!
//! - The job is written before the word that offers its tasks, and read only by the caller and by workers at work.
//! - The caller posts again, or returns, only when no task is left and nobody is at work.
//! - Who goes to sleep says so before looking at the word a last time; the caller writes the word before it looks for
//!   sleepers. A fence stands between the two on both sides, so one of them sees the other.

use super::sync::{AtomicBool, AtomicU64, Ordering, Thread, UnsafeCell, current, fence, park};

/// A task to call with indices, whoever posts it waits for its end.
pub(super) type Task = *const (dyn Fn(usize) + Sync);

const FIELD: u32 = 12;
/// Most workers that can help: what a field of the word can count.
pub(super) const MOST_HELPERS: usize = (1 << FIELD) - 1;
/// Most tasks of a job; more are done in several.
pub(super) const MOST_TASKS: usize = u32::MAX as usize;
const ONE_TASK: u64 = 1;
const ACTIVE_AT: u32 = 32;
const ONE_ACTIVE: u64 = 1 << ACTIVE_AT;
const HELPERS_AT: u32 = ACTIVE_AT + FIELD;
/// A worker's task panicked.
const FAILED: u64 = 1 << 62;
/// The caller sleeps until the last worker has left.
const WAITING: u64 = 1 << 63;

fn tasks_left(word: u64) -> u64 {
    word & (ONE_ACTIVE - 1)
}

fn active(word: u64) -> u64 {
    word >> ACTIVE_AT & MOST_HELPERS as u64
}

fn helpers(word: u64) -> usize {
    (word >> HELPERS_AT) as usize & MOST_HELPERS
}

/// What is posted.
struct Job {
    task: Option<Task>,
    tasks: usize,
}

/// One job at a time, and who works on it. On cache lines of its own, since every thread looks at it all the time.
#[repr(align(128))]
pub(super) struct Board {
    word: AtomicU64,
    job: UnsafeCell<Job>,
    waiter: UnsafeCell<Option<Thread>>,
}

// SAFETY: the cells are only reached as the head of this file says; a task is `Sync`, and a thread's handle may be
// shared.
unsafe impl Send for Board {}
// SAFETY: as above.
unsafe impl Sync for Board {}

impl Board {
    pub(super) fn new() -> Self {
        let job = UnsafeCell::new(Job { task: None, tasks: 0 });
        Self { word: AtomicU64::new(0), job, waiter: UnsafeCell::new(None) }
    }

    /// Offers the tasks from 1 on to the first `helpers` workers; task 0 is the caller's.
    ///
    /// # Safety
    /// One caller at a time posts, and does not return before [`Board::done`]; until then the task can be called.
    pub(super) unsafe fn post(&self, task: Task, tasks: usize, helpers: usize) {
        debug_assert!((1..=MOST_TASKS).contains(&tasks) && helpers <= MOST_HELPERS);
        // SAFETY: the former job is done, so no worker reads the cell before the word below offers a task.
        self.job.with_mut(|job| unsafe { *job = Job { task: Some(task), tasks } });
        self.word.store((tasks as u64 - 1) | (helpers as u64) << HELPERS_AT, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    /// A task of the posted job, for the caller.
    #[inline]
    pub(super) fn take(&self, tasks: usize) -> Option<usize> {
        let mut word = self.word.load(Ordering::Relaxed);
        while tasks_left(word) > 0 {
            // What the workers did is waited for later; the caller's own job needs no ordering.
            match self.word.compare_exchange_weak(word, word - ONE_TASK, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(tasks - tasks_left(word) as usize),
                Err(now) => word = now,
            }
        }
        None
    }

    /// Whether this worker would find a task.
    #[inline]
    pub(super) fn offers(&self, worker: usize) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        tasks_left(word) > 0 && worker < helpers(word)
    }

    /// Joins the posted job with a task of it, if there is one for this worker.
    #[inline]
    pub(super) fn join(&self, worker: usize) -> Option<(Task, usize)> {
        let mut word = self.word.load(Ordering::Relaxed);
        while tasks_left(word) > 0 && worker < helpers(word) {
            let joined = word - ONE_TASK + ONE_ACTIVE;
            match self.word.compare_exchange_weak(word, joined, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => {
                    let first = |tasks: usize| tasks - tasks_left(word) as usize;
                    // SAFETY: this worker is at work from now on, so the job stays as it is; the exchange read what the
                    // caller stored after writing it, or a later exchange of that word.
                    return self.job.with(|job| unsafe { Some(((*job).task?, first((*job).tasks))) });
                }
                Err(now) => word = now,
            }
        }
        None
    }

    /// Another task for a worker at work; without one it has left, and must not touch the job again.
    #[inline]
    pub(super) fn next(&self) -> Option<usize> {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if tasks_left(word) > 0 {
                match self.word.compare_exchange_weak(word, word - ONE_TASK, Ordering::Relaxed, Ordering::Relaxed) {
                    // SAFETY: this worker is at work, so nobody writes the cell.
                    Ok(_) => return Some(self.job.with(|job| unsafe { (*job).tasks }) - tasks_left(word) as usize),
                    Err(now) => word = now,
                }
                continue;
            }
            // Read while the caller still has to wait for this worker, used afterwards.
            let last = active(word) == 1 && word & WAITING != 0;
            let waiter = if last { self.waiting_caller() } else { None };
            match self.word.compare_exchange_weak(word, word - ONE_ACTIVE, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => {
                    if let Some(waiter) = waiter {
                        waiter.unpark();
                    }
                    return None;
                }
                Err(now) => word = now,
            }
        }
    }

    #[cold]
    fn waiting_caller(&self) -> Option<Thread> {
        fence(Ordering::Acquire);
        // SAFETY: the caller wrote the cell before it set the flag that was read, and this worker is at work, so the
        // caller does not write it again.
        self.waiter.with(|waiter| unsafe { (*waiter).clone() })
    }

    /// Nobody takes a further task.
    #[cold]
    pub(super) fn abandon(&self) {
        let mut word = self.word.load(Ordering::Relaxed);
        while let Err(now) = self.word.compare_exchange_weak(
            word,
            (word - tasks_left(word)) | FAILED,
            Ordering::AcqRel,
            Ordering::Relaxed,
        ) {
            word = now;
        }
    }

    /// Whether everybody has left; then what they did is there to see, and whether a task failed is told.
    #[inline]
    pub(super) fn done(&self) -> Option<bool> {
        let word = self.word.load(Ordering::Acquire);
        (active(word) == 0).then_some(word & FAILED != 0)
    }

    /// Sleeps until everybody has left; tells whether a task failed. For the caller, once [`Board::take`] gave nothing.
    #[cold]
    pub(super) fn sleep_until_done(&self) -> bool {
        // SAFETY: workers read the cell only once the flag below is set.
        self.waiter.with_mut(|waiter| unsafe { *waiter = Some(current()) });
        self.word.fetch_or(WAITING, Ordering::AcqRel);
        loop {
            if let Some(failed) = self.done() {
                return failed;
            }
            park();
        }
    }
}

/// A worker's bed.
#[repr(align(128))]
pub(super) struct Bed {
    asleep: AtomicBool,
}

impl Bed {
    pub(super) fn new() -> Self {
        Self { asleep: AtomicBool::new(false) }
    }

    /// Parks this worker until [`Bed::wake`], unless the board offers it a task.
    pub(super) fn sleep(&self, board: &Board, worker: usize) {
        // Exchanges on both sides, so that there is one order of them that everybody sees.
        self.asleep.swap(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if board.offers(worker) {
            self.asleep.swap(false, Ordering::Relaxed);
            return;
        }
        while self.asleep.load(Ordering::Relaxed) {
            park();
        }
    }

    /// Whether the worker is to be woken, by whoever asks first. To be called after [`Board::post`].
    #[inline]
    pub(super) fn wake(&self) -> bool {
        self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::Relaxed)
    }
}
