//! Workers that park on a condition variable until there is a job.
//!
//! One job at a time. It lives on its caller's stack; a worker may touch it from the moment it joined until it left, both
//! under the lock, and the caller does not return before everyone has left.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

thread_local! {
    /// Whether this thread is running a task; what it asks for then, it does itself.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Tasks that are being done.
struct Job<'a> {
    task: &'a (dyn Fn(usize) + Sync),
    tasks: usize,
    next: AtomicUsize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Job<'_> {
    /// Takes tasks until there are none left.
    fn work(&self) {
        let before = INSIDE.replace(true);
        let result = catch_unwind(AssertUnwindSafe(|| {
            loop {
                let index = self.next.fetch_add(1, Ordering::Relaxed);
                if index >= self.tasks {
                    break;
                }
                (self.task)(index);
            }
        }));
        INSIDE.set(before);
        if let Err(panic) = result {
            // Nobody takes a further task; `tasks` is far from where the counter could wrap around.
            self.next.store(self.tasks, Ordering::Relaxed);
            lock(&self.panic).get_or_insert(panic);
        }
    }
}

/// A job's address; valid while the job is offered or someone who joined it has not left.
#[derive(Clone, Copy)]
struct Address(*const Job<'static>);
// SAFETY: `Job` is only shared (`task` is `Sync`, the rest atomics and locks), and the protocol above keeps it alive.
unsafe impl Send for Address {}

/// What is under the lock.
struct State {
    /// The job on offer.
    job: Option<Address>,
    /// How many more workers may join it.
    open: usize,
    /// How many joined and have not left.
    active: usize,
    /// Workers there are.
    workers: usize,
}

struct Pool {
    /// The process whose threads the workers are: after a fork, the child has none of them.
    process: u32,
    state: Mutex<State>,
    /// A job is on offer.
    offered: Condvar,
    /// The last worker has left.
    left: Condvar,
}

/// The pool of this process; never freed, since its workers are never ended.
static POOL: AtomicPtr<Pool> = AtomicPtr::new(std::ptr::null_mut());

/// A lock whose holder cannot have panicked half-way: no task runs under it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// The pool of this process, made at the first call and again after a fork, when the old one's lock may be held for
    /// ever by a thread that the child does not have.
    fn current() -> &'static Pool {
        let process = std::process::id();
        let mut known = POOL.load(Ordering::Acquire);
        loop {
            // SAFETY: a pool is never freed once it was put here.
            match unsafe { known.as_ref() } {
                Some(pool) if pool.process == process => return pool,
                _ => {}
            }
            let state = State { job: None, open: 0, active: 0, workers: 0 };
            let fresh = Box::into_raw(Box::new(Pool {
                process,
                state: Mutex::new(state),
                offered: Condvar::new(),
                left: Condvar::new(),
            }));
            match POOL.compare_exchange(known, fresh, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => known = fresh,
                Err(other) => {
                    // SAFETY: `fresh` came from `Box::into_raw` just above and nobody else has seen it.
                    drop(unsafe { Box::from_raw(fresh) });
                    known = other;
                }
            }
        }
    }

    /// Starts workers until there are `wanted`; fewer if the system gives no more threads.
    fn hire(&'static self, state: &mut State, wanted: usize) {
        while state.workers < wanted {
            let worker = std::thread::Builder::new().name(format!("tilegrad-{}", state.workers + 1));
            if worker.spawn(move || self.serve()).is_err() {
                break;
            }
            state.workers += 1;
        }
    }

    /// A worker's life.
    fn serve(&self) {
        let mut state = lock(&self.state);
        loop {
            let Some(Address(job)) = state.job.filter(|_| state.open > 0) else {
                state = self.offered.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.open -= 1;
            state.active += 1;
            drop(state);
            // SAFETY: this worker joined under the lock while the job was on offer, and its caller waits until it has left.
            unsafe { &*job }.work();
            state = lock(&self.state);
            state.active -= 1;
            if state.active == 0 {
                self.left.notify_all();
            }
        }
    }
}

/// Runs the tasks on up to `threads` threads, the caller included.
pub(super) fn run(tasks: usize, threads: usize, task: &(dyn Fn(usize) + Sync)) {
    if INSIDE.get() {
        return (0..tasks).for_each(task);
    }
    let pool = Pool::current();
    let job = Job { task, tasks, next: AtomicUsize::new(0), panic: Mutex::new(None) };
    {
        let mut state = lock(&pool.state);
        if state.job.is_some() || state.active > 0 {
            drop(state);
            return (0..tasks).for_each(task);
        }
        pool.hire(&mut state, threads - 1);
        // The lifetime is left out here; `Address` says why the job outlives every use.
        state.job = Some(Address((&raw const job).cast()));
        state.open = threads - 1;
    }
    for _ in 1..threads {
        pool.offered.notify_one();
    }
    job.work();
    let mut state = lock(&pool.state);
    state.job = None;
    while state.active > 0 {
        state = pool.left.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    drop(state);
    if let Some(panic) = job.panic.into_inner().unwrap_or_else(PoisonError::into_inner) {
        resume_unwind(panic);
    }
}
