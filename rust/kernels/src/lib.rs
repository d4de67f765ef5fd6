//! Numbers in, numbers out: the arithmetic of tilegrad. No graph, no Python, no allocation on a hot path.
//!
//! The design, in a few decisions:
//!
//! **A. One formula, every machine.** A formula is a struct of hyperparameters with `value` and `slope` written once
//! over [`real::Real`]. [`isa`] stamps the generic loops of [`sweep`] into one function per instruction set, and the
//! compiler vectorises the plain scalar code there. Only the register tiles of [`matmul`] use intrinsics.
//!
//! **B. Same bits.** Every instruction set with fused multiply-add uses it in the same order; reductions use a fixed
//! lane count and a fixed tree; work is cut by size, never by the number of threads.
//!
//! **C. Branch-free.** Formulas select between results, so that every lane runs the same instructions; transcendental
//! functions come from [`math`], never from `std`.
//!
//! **D. A list, not a table.** What exists is listed once per family (activations, losses, optimizers); [`registry`] is
//! read by everything else: validation, documentation, tests, benches.
//!
//! Where things are; each line knows those above it, and none of those below:
//!
//! | module | holds |
//! |---|---|
//! | [`error`], `environment` | the one error of kernels and engine; what environment variables ask for |
//! | [`real`], [`math`] | numbers that formulas are written over (plain, fused, dual), and their functions |
//! | [`isa`], [`threads`] | instruction sets, stamped and chosen; the pool of workers |
//! | [`registry`] | what an entry says of an activation, a loss or an update rule |
//! | [`sweep`], [`sums`] | loops over elements, and the sizes all loops are cut by; sums in double precision |
//! | [`arithmetic`], [`random`] | functions of arrays that broadcast, and reductions; random streams |
//! | [`softmax`], [`normalization`] | loops over rows; loops over columns |
//! | [`activations`] | every activation, and its sweeps |
//! | [`matmul`], [`roofline`] | products with an epilogue; what the machine can do at most |
//! | [`losses`] | every loss |
//! | [`controls`], [`constraints`] | what happens to gradients before an update, and to weights after it |
//! | [`orthogonal`] | orthonormal rows, for initialisers |
//! | [`optimizers`] | every update rule |

pub mod activations;
pub mod arithmetic;
pub mod constraints;
pub mod controls;
mod environment;
pub mod error;
pub mod isa;
pub mod losses;
pub mod math;
pub mod matmul;
pub mod normalization;
pub mod optimizers;
pub mod orthogonal;
pub mod random;
pub mod real;
pub mod registry;
pub mod roofline;
pub mod softmax;
pub mod sums;
pub mod sweep;
pub mod threads;
