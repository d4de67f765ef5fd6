//! Every task once, whatever the number of threads, the nesting and the neighbours.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;

/// The count is one for the whole process, so tests that set it take turns.
static TURN: Mutex<()> = Mutex::new(());

fn with_count<T>(threads: usize, body: impl FnOnce() -> T) -> T {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let before = count();
    set_count(threads);
    let result = body();
    set_count(before);
    result
}

/// How often each task ran.
fn tally(tasks: usize) -> Vec<usize> {
    let runs: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
    for_each(tasks, &|index| {
        runs[index].fetch_add(1, Ordering::Relaxed);
    });
    runs.into_iter().map(AtomicUsize::into_inner).collect()
}

#[test]
fn every_task_runs_once() {
    for threads in [1, 2, 3, 8] {
        for tasks in [0, 1, 2, 7, 1000] {
            assert_eq!(with_count(threads, || tally(tasks)), vec![1; tasks], "{threads} threads, {tasks} tasks");
        }
    }
}

#[test]
fn tasks_may_ask_for_tasks() {
    let total = AtomicUsize::new(0);
    with_count(3, || {
        for_each(20, &|_| {
            for_each(10, &|index| {
                total.fetch_add(index, Ordering::Relaxed);
            });
        });
    });
    assert_eq!(total.into_inner(), 20 * 45);
}

#[test]
fn several_threads_may_call_at_once() {
    with_count(3, || {
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for tasks in 0..200 {
                        assert_eq!(tally(tasks), vec![1; tasks]);
                    }
                });
            }
        });
    });
}

#[test]
fn a_panic_reaches_the_caller_and_the_pool_goes_on() {
    for threads in [1, 2, 8] {
        with_count(threads, || {
            for failing in [0, 5, 99] {
                let result = std::panic::catch_unwind(|| {
                    for_each(100, &|index| assert!(index != failing, "task {index} fails"));
                });
                let message = *result.expect_err("the panic goes on").downcast::<String>().expect("a message");
                assert_eq!(message, format!("task {failing} fails"));
                assert_eq!(tally(100), vec![1; 100]);
            }
        });
    }
}

#[test]
fn many_small_jobs_in_a_row() {
    let total = AtomicUsize::new(0);
    with_count(2, || {
        for _ in 0..1000 {
            for_each(2, &|index| {
                total.fetch_add(index + 1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(total.into_inner(), 1000 * 3);
}

#[test]
fn counts_are_read_from_text() {
    assert_eq!(parse("3"), Ok(3));
    assert_eq!(parse(" 12 "), Ok(12));
    for text in ["0", "-1", "two", "1.5", "100000", "99999999999999999999999"] {
        let error = parse(text).expect_err(text);
        assert!(error.message().contains("from 1 to 1024") && error.message().contains(text), "{error}");
    }
}

#[test]
fn slices_are_split_with_their_results() {
    let (mut rows, mut numbers, mut empty) = ([0; 5], [0; 10], [0; 0]);
    let mut sums = [0; 3];
    with_count(3, || {
        for_each_split([(&mut rows, 2), (&mut numbers, 4), (&mut empty, 4)], &mut sums, &|part, slices, sum| {
            *sum = 100 * slices[0].len() + 10 * slices[1].len() + slices[2].len();
            slices.into_iter().flatten().for_each(|number| *number = part + 1);
        });
    });
    assert_eq!(rows, [1, 1, 2, 2, 3]);
    assert_eq!(numbers, [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
    assert_eq!(sums, [240, 240, 120]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parts_cover_a_slice_without_overlap(len in 0usize..500, part in 1usize..70, threads in 1usize..5) {
        let (mut first, mut second) = (vec![0usize; len], vec![0usize; len]);
        with_count(threads, || {
            for_each_part([&mut first, &mut second], part, &|start, slices| {
                for slice in slices {
                    assert!(slice.len() == part || start + slice.len() == len);
                    slice.iter_mut().zip(start..).for_each(|(number, index)| *number += index + 1);
                }
            });
        });
        prop_assert_eq!(&first, &(1..=len).collect::<Vec<_>>());
        prop_assert_eq!(&second, &first);
    }
}
