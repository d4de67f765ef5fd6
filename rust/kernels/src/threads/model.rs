//! The board under every order that its atomics allow:
//! `RUSTFLAGS="--cfg loom" cargo test -p tilegrad-kernels --lib model`.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::board::{Bed, Board, Task};

/// A place for each task of a job; loom fails the test if two threads reach one without an order between them.
struct Places([UnsafeCell<usize>; 2]);

// SAFETY: loom watches the cells.
unsafe impl Sync for Places {}
// SAFETY: as above.
unsafe impl Send for Places {}

impl Places {
    fn new() -> Self {
        Self([UnsafeCell::new(0), UnsafeCell::new(0)])
    }

    fn count(&self, index: usize) {
        // SAFETY: loom checks that nobody else is there.
        self.0[index].with_mut(|place| unsafe { *place += 1 });
    }

    fn all(&self) -> [usize; 2] {
        // SAFETY: as above.
        [0, 1].map(|index| self.0[index].with(|place| unsafe { *place }))
    }
}

struct Shared {
    board: Board,
    bed: Bed,
    over: AtomicBool,
}

/// What the pool's worker does, without spinning; it ends with the model.
fn serve(shared: &Shared) {
    while !shared.over.load(Ordering::Relaxed) {
        match shared.board.join(0) {
            Some((task, first)) => {
                let mut index = Some(first);
                while let Some(now) = index {
                    // SAFETY: the caller waits for who has joined.
                    (unsafe { &*task })(now);
                    index = shared.board.next();
                }
            }
            None => shared.bed.sleep(&shared.board, 0),
        }
    }
}

/// Posts a job of two tasks and wakes the worker.
///
/// # Safety
/// The task can be called until the worker has left the job.
unsafe fn post(shared: &Shared, worker: &thread::Thread, task: &(dyn Fn(usize) + Sync)) {
    // SAFETY: only the lifetime is left out; the rest is the caller's promise.
    unsafe {
        let task = std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), Task>(task);
        shared.board.post(task, 2, 1);
    }
    if shared.bed.wake() {
        worker.unpark();
    }
}

/// What the pool's caller does; whether a task failed.
fn call(shared: &Shared, worker: &thread::Thread, places: &Places) -> bool {
    let task: &(dyn Fn(usize) + Sync) = &|index| places.count(index);
    // SAFETY: the places outlive the job, which is over when this function returns.
    unsafe { post(shared, worker, task) };
    task(0);
    while let Some(index) = shared.board.take(2) {
        task(index);
    }
    shared.board.done().unwrap_or_else(|| shared.board.sleep_until_done())
}

/// Runs so many jobs under every order, or under those in which threads interrupt each other at most so often.
fn jobs(count: usize, interruptions: Option<usize>) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = interruptions;
    model.check(move || {
        let shared = Arc::new(Shared { board: Board::new(), bed: Bed::new(), over: AtomicBool::new(false) });
        let worker = {
            let shared = shared.clone();
            thread::spawn(move || serve(&shared))
        };
        for _ in 0..count {
            // On the stack of the caller, as the pool's jobs are: gone when the job is over.
            let places = Places::new();
            assert!(!call(&shared, worker.thread(), &places));
            assert_eq!(places.all(), [1, 1]);
        }
        // The last task is left to the worker: one that was not woken would sleep for ever, which loom reports.
        let quit: &(dyn Fn(usize) + Sync) = &|_| shared.over.store(true, Ordering::Relaxed);
        // SAFETY: the task outlives the worker.
        unsafe { post(&shared, worker.thread(), quit) };
        worker.join().unwrap();
    });
}

#[test]
fn every_task_of_a_job_is_done_once_and_seen() {
    jobs(1, None);
}

#[test]
fn a_job_follows_another() {
    jobs(2, Some(3));
}
