//! After the first step, a step allocates nothing. A binary of its own: the counting allocator sees all of it.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use common::network::{Memory, Recipe};
use tilegrad_engine::types::Values;
use tilegrad_engine::{Array, Bindings, Dtype, Options};
use tilegrad_kernels::threads;

/// The system's allocator, which counts.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_step_after_the_first_allocates_nothing() {
    for (count, batch) in [(1, 9), (2, 256)] {
        threads::set_count(count);
        for loss in tilegrad_kernels::losses::ENTRIES {
            let recipe = Recipe::new(&[31, 64, 33, 10], batch, "gelu", loss.name);
            let network = Recipe { dropout: 0.2, dtype: Dtype::F32, ..recipe }.build();
            let mut plan = network.training_plan(Options::default());
            let mut memory = Memory::new(&network.graph);
            let mut state = memory.state();
            let inputs: Vec<Array<'_>> = network.inputs.iter().map(Values::array).collect();
            plan.run(&mut Bindings { inputs: &inputs, state: &mut state, seed: 1 }).unwrap();
            let before = ALLOCATIONS.load(Ordering::Relaxed);
            for _ in 0..5 {
                state.step += 1;
                plan.run(&mut Bindings { inputs: &inputs, state: &mut state, seed: 1 }).unwrap();
            }
            let after = ALLOCATIONS.load(Ordering::Relaxed);
            assert_eq!(after - before, 0, "{}, {count} threads: allocations in five steps", loss.name);
        }
    }
}
