//! The formulas of the point losses, by family: documentation, value and slope side by side.

mod binary;
mod margins;
mod regression;

pub use binary::{BinaryCrossEntropy, BinaryCrossEntropyWithLogits, BinaryFocal};
pub use margins::{Contrastive, Hinge, HingeEmbedding, SoftMargin, SquaredHinge};
pub use regression::{
    AbsoluteError, AbsolutePercentageError, Huber, LogCosh, Pinball, Poisson, SmoothL1, SquaredError,
    SquaredLogarithmicError,
};
