//! Objects that one thread uses at a time. Waiting never holds the interpreter lock, and no thread waits for itself.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use pyo3::Python;

use crate::errors::{Error, Result};

/// A value that one thread uses at a time, even while the interpreter lock is released.
#[derive(Debug)]
pub(crate) struct Locked<T> {
    value: Mutex<T>,
    /// The thread that has it; zero for none.
    owner: AtomicUsize,
}

/// Access to the value, until dropped.
pub(crate) struct Guard<'a, T> {
    value: MutexGuard<'a, T>,
    owner: &'a AtomicUsize,
}

/// How long a waiting thread sleeps before it looks again.
const NAP: Duration = Duration::from_micros(200);

impl<T> Locked<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: Mutex::new(value), owner: AtomicUsize::new(0) }
    }

    /// Waits for the value. A thread that already has it (a callback that runs the plan it is called from) gets an
    /// error instead of waiting for itself; Ctrl-C ends the wait.
    pub(crate) fn lock(&self, py: Python<'_>, name: &str) -> Result<Guard<'_, T>> {
        loop {
            match self.value.try_lock() {
                Ok(value) => return Ok(self.own(value)),
                // A panic leaves half-written numbers, nothing else, and the caller got an error.
                Err(TryLockError::Poisoned(error)) => return Ok(self.own(error.into_inner())),
                Err(TryLockError::WouldBlock) => {}
            }
            if self.owner.load(Ordering::Acquire) == this_thread() {
                return Err(Error::Runtime(format!(
                    "{name}: it is at work already, and a callback cannot use it meanwhile"
                )));
            }
            py.detach(|| std::thread::sleep(NAP));
            py.check_signals()?;
        }
    }

    fn own<'a>(&'a self, value: MutexGuard<'a, T>) -> Guard<'a, T> {
        self.owner.store(this_thread(), Ordering::Release);
        Guard { value, owner: &self.owner }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        self.owner.store(0, Ordering::Release);
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// A number that no other living thread has.
fn this_thread() -> usize {
    thread_local!(static MARK: u8 = const { 0 });
    MARK.with(|mark| std::ptr::from_ref(mark) as usize)
}
