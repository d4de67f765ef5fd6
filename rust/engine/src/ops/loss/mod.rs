//! Losses: the loss itself, its gradient, what its mean divides by, and what takes part in their making.

mod backward;
mod batch;
mod forward;
mod host;
mod one_hot;
mod weight;

pub use backward::LossBackward;
pub(crate) use backward::fused;
pub use batch::Loss;
pub use host::{HostFunction, HostLoss};
pub use one_hot::OneHot;
pub use weight::LossWeight;
