//! Losses: the loss itself, its gradient, the divisor of its mean, and their building blocks.

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
