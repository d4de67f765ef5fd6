//! Graph of operations -> gradient graph -> fusion -> memory -> plan -> run.
//!
//! The design, in a few decisions:
//!
//! **A. One graph.** [`graph::Graph`] holds inputs, parameters, constants and operations with concrete shapes.
//! [`gradient::gradients`] adds the backward nodes to the same graph, so they can be drawn, fused and differentiated
//! again.
//!
//! **B. An operation is one struct.** Its shape rule, its gradient rule and its kernel call are side by side in
//! [`ops`].
//!
//! **C. A plan is a flat list.** [`plan::Plan::compile`] keeps what the outputs need, fuses neighbours, gives every
//! value a place in one arena, and leaves a list of calls. [`plan::Plan::run`] walks it: no allocation, no look-up, no
//! locks.
//!
//! **D. Same bits.** Fusion, reuse of memory and the number of threads change the time a step takes, but not a bit of
//! its result.

pub mod bindings;
mod call;
pub mod capacity;
pub mod catalogue;
mod describe;
pub mod epoch;
pub mod fusion;
pub mod gradient;
pub mod graph;
pub mod memory;
pub mod operation;
pub mod ops;
mod order;
pub mod plan;
pub mod reader;
mod routine;
pub mod rows;
pub mod types;
mod work;

pub use tilegrad_kernels::error;

pub use bindings::{Bindings, Buffers, NotFinite, State, Tally};
pub use call::Call;
pub use graph::{Graph, ValueId};
pub use memory::AlignedBuffer;
pub use plan::profile::{CallInfo, Profile};
pub use plan::{Options, Plan};
pub use routine::{Routine, Run};
pub use types::{Array, Attribute, Attributes, Dtype, Site, Type};
pub use work::Work;
