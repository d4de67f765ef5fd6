//! Workers that spin for a moment after each job and then sleep, and callers that never depend on them.
//!
//! Whoever has a job claims the pool, posts the job and works on it like everybody else; [`board`](super::board) sees
//! to it that only workers with a task in hand are waited for. If one of those is kept waiting itself, because other
//! programs use its processor, the caller goes on alone for a while: see [`Rest`].

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

use super::board::{Bed, Board, MOST_HELPERS, MOST_TASKS, Task};

/// How long a worker looks out for the next job, and a caller for the end of this one, before it sleeps: ten times what
/// waking takes, and longer than a step of a small network spends between two products.
const SPIN: Duration = Duration::from_micros(60);
/// Looks between two looks at the clock.
const LOOKS: usize = 64;
/// What has to be left of a job that nobody waits for, for waking a worker to pay.
const WORTH_WAKING: Duration = Duration::from_micros(20);
/// A caller that waited this long, and twice as long as it worked, waited for a worker that was not running.
const STALL: Duration = Duration::from_micros(200);
/// How long a caller goes on alone after that: the first time, and at most.
const SHORT_REST: Duration = Duration::from_millis(4);
const LONG_REST: Duration = Duration::from_millis(256);

thread_local! {
    /// Whether this thread is running a task; what it asks for then, it does itself.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// When workers that sleep are woken for a job.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    /// At once.
    Now,
    /// When the first task shows that enough is left for it to pay.
    IfWorth,
}

/// A worker, as the caller sees it.
struct Worker {
    bed: &'static Bed,
    thread: Thread,
}

/// What belongs to the caller that has claimed the pool.
struct Crew {
    workers: Vec<Worker>,
    rest: Rest,
}

/// Says when to leave the workers alone: after a stall, for twice as long as the last time if that was just before.
struct Rest {
    until: Option<Instant>,
    ended: Option<Instant>,
    length: Duration,
}

impl Rest {
    fn new() -> Self {
        Self { until: None, ended: None, length: SHORT_REST }
    }

    #[inline]
    fn lasts(&mut self) -> bool {
        self.until.is_some() && self.lasts_still(Instant::now())
    }

    #[cold]
    fn lasts_still(&mut self, now: Instant) -> bool {
        if self.until.is_some_and(|until| now < until) {
            return true;
        }
        self.ended = self.until.take();
        false
    }

    #[cold]
    fn begin(&mut self, now: Instant) {
        let again = self.ended.is_some_and(|ended| now.saturating_duration_since(ended) < 4 * self.length);
        self.length = if again { (2 * self.length).min(LONG_REST) } else { SHORT_REST };
        self.until = Some(now + self.length);
    }
}

struct Pool {
    board: Board,
    claimed: AtomicBool,
    /// Whether workers and callers spin: not if there are more of them than processors.
    spins: AtomicBool,
    crew: UnsafeCell<Crew>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: `crew` is reached only by the thread that has set `claimed`; the rest may be shared.
unsafe impl Sync for Pool {}

/// The pool of this process; never freed, since its workers are never ended.
static POOL: AtomicPtr<Pool> = AtomicPtr::new(std::ptr::null_mut());

/// A child has none of its parent's workers: it starts without a pool.
#[cfg(unix)]
fn forget_in_children() -> bool {
    unsafe extern "C" {
        fn pthread_atfork(
            prepare: Option<unsafe extern "C" fn()>,
            parent: Option<unsafe extern "C" fn()>,
            child: Option<unsafe extern "C" fn()>,
        ) -> std::ffi::c_int;
    }
    unsafe extern "C" fn forget() {
        POOL.store(std::ptr::null_mut(), Ordering::Release);
    }
    static ASKED: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    // SAFETY: the function is POSIX's; `forget` does nothing that a child of a process with threads may not do.
    *ASKED.get_or_init(|| unsafe { pthread_atfork(None, None, Some(forget)) } == 0)
}

#[cfg(not(unix))]
fn forget_in_children() -> bool {
    true
}

impl Pool {
    /// The pool of this process, made at the first call; none if a child of this process could not be kept apart from
    /// it.
    #[inline]
    fn current() -> Option<&'static Pool> {
        // SAFETY: a pool is never freed once it was put here.
        match unsafe { POOL.load(Ordering::Acquire).as_ref() } {
            Some(pool) => Some(pool),
            None => Self::make(),
        }
    }

    #[cold]
    fn make() -> Option<&'static Pool> {
        if !forget_in_children() {
            return None;
        }
        let fresh = Box::into_raw(Box::new(Pool {
            board: Board::new(),
            claimed: AtomicBool::new(false),
            spins: AtomicBool::new(true),
            crew: UnsafeCell::new(Crew { workers: Vec::new(), rest: Rest::new() }),
            panic: Mutex::new(None),
        }));
        match POOL.compare_exchange(std::ptr::null_mut(), fresh, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: it is never freed from now on.
            Ok(_) => Some(unsafe { &*fresh }),
            Err(other) => {
                // SAFETY: `fresh` came from `Box::into_raw` just above and nobody else has seen it.
                drop(unsafe { Box::from_raw(fresh) });
                // SAFETY: as in `current`.
                unsafe { other.as_ref() }
            }
        }
    }

    /// The pool, unless another thread has it.
    #[inline]
    fn claim(&'static self) -> Option<Claim> {
        let free = !self.claimed.load(Ordering::Relaxed) && !self.claimed.swap(true, Ordering::Acquire);
        free.then(|| Claim(self))
    }

    /// Looks for something that is about to come, without sleeping; gives up after a moment.
    #[inline]
    fn look_for<T>(&self, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        if !self.spins.load(Ordering::Relaxed) {
            return look();
        }
        let began = Instant::now();
        loop {
            for _ in 0..LOOKS {
                if let Some(found) = look() {
                    return Some(found);
                }
                spin_loop();
            }
            if began.elapsed() > SPIN {
                return None;
            }
        }
    }

    /// A worker's life.
    fn serve(&self, bed: &Bed, worker: usize) {
        INSIDE.set(true);
        loop {
            match self.look_for(|| self.board.join(worker)) {
                Some((task, first)) => self.work(task, first),
                None => bed.sleep(&self.board, worker),
            }
        }
    }

    /// Tasks from the first on, until there are none left.
    fn work(&self, task: Task, first: usize) {
        let result = catch_unwind(AssertUnwindSafe(|| {
            let mut index = Some(first);
            while let Some(now) = index {
                // SAFETY: this worker has joined, so the caller waits for it until `next` gives nothing.
                (unsafe { &*task })(now);
                index = self.board.next();
            }
        }));
        if let Err(panic) = result {
            lock(&self.panic).get_or_insert(panic);
            self.board.abandon();
            let left = self.board.next();
            debug_assert!(left.is_none());
        }
    }
}

/// The right to post jobs, until it is dropped.
struct Claim(&'static Pool);

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.claimed.store(false, Ordering::Release);
    }
}

impl Claim {
    fn crew(&mut self) -> &mut Crew {
        // SAFETY: the claim is the only one, and `&mut self` makes this the only way to what it guards.
        unsafe { &mut *self.0.crew.get() }
    }

    /// Starts workers until there are `wanted`, or as many as the system gives; how many of these there are.
    #[inline]
    fn hire(&mut self, wanted: usize) -> usize {
        if self.crew().workers.len() < wanted {
            self.hire_more(wanted);
        }
        self.crew().workers.len().min(wanted)
    }

    #[cold]
    fn hire_more(&mut self, wanted: usize) {
        let pool = self.0;
        let workers = &mut self.crew().workers;
        while workers.len() < wanted {
            let (index, bed) = (workers.len(), &*Box::leak(Box::new(Bed::new())));
            let builder = std::thread::Builder::new().name(format!("tilegrad-{}", index + 1));
            let Ok(handle) = builder.spawn(move || pool.serve(bed, index)) else { break };
            workers.push(Worker { bed, thread: handle.thread().clone() });
        }
    }

    fn wake(&mut self, helpers: usize) {
        for worker in &self.crew().workers[..helpers] {
            if worker.bed.wake() {
                worker.thread.unpark();
            }
        }
    }

    /// Runs a job on this thread and so many workers.
    fn run(&mut self, tasks: usize, helpers: usize, wake: Wake, task: &(dyn Fn(usize) + Sync)) {
        let board = &self.0.board;
        // SAFETY: only the lifetime is left out; the job is over before this function returns or a panic goes on.
        let anyhow = unsafe { std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), Task>(task) };
        // SAFETY: the claim is the only one, and `wait` follows whatever happens.
        unsafe { board.post(anyhow, tasks, helpers) };
        let began = Instant::now();
        if wake == Wake::Now {
            self.wake(helpers);
        }
        let before = INSIDE.replace(true);
        let result = catch_unwind(AssertUnwindSafe(|| {
            task(0);
            if wake == Wake::IfWorth && began.elapsed() * u32::try_from(tasks).unwrap_or(u32::MAX) > WORTH_WAKING {
                self.wake(helpers);
            }
            while let Some(index) = board.take(tasks) {
                task(index);
            }
        }));
        INSIDE.set(before);
        if result.is_err() {
            board.abandon();
        }
        let failed = self.wait(began);
        if let Err(panic) = result {
            lock(&self.0.panic).take();
            resume_unwind(panic);
        }
        if failed && let Some(panic) = lock(&self.0.panic).take() {
            resume_unwind(panic);
        }
    }

    /// Waits until every worker has left the job that began then; whether one of its tasks failed.
    #[inline]
    fn wait(&mut self, began: Instant) -> bool {
        let board = &self.0.board;
        match board.done() {
            Some(failed) => failed,
            None => self.wait_long(began),
        }
    }

    fn wait_long(&mut self, began: Instant) -> bool {
        let pool = self.0;
        let waiting = Instant::now();
        if let Some(failed) = pool.look_for(|| pool.board.done()) {
            return failed;
        }
        let failed = pool.board.sleep_until_done();
        let now = Instant::now();
        let waited = now - waiting;
        if waited > STALL && waited > 2 * (waiting - began) {
            self.crew().rest.begin(now);
        }
        failed
    }
}

/// A lock whose holder cannot have panicked half-way: no task runs under it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the tasks on up to `threads` threads, the caller included. `crowded` says that these are more than processors.
pub(super) fn run(tasks: usize, threads: usize, crowded: bool, wake: Wake, task: &(dyn Fn(usize) + Sync)) {
    let alone = || (0..tasks).for_each(task);
    if INSIDE.get() || tasks > MOST_TASKS {
        return alone();
    }
    let Some(mut claim) = Pool::current().and_then(Pool::claim) else { return alone() };
    if claim.crew().rest.lasts() {
        drop(claim);
        return alone();
    }
    let helpers = claim.hire((threads - 1).min(MOST_HELPERS));
    if claim.0.spins.load(Ordering::Relaxed) == crowded {
        claim.0.spins.store(!crowded, Ordering::Relaxed);
    }
    claim.run(tasks, helpers, wake, task);
}
