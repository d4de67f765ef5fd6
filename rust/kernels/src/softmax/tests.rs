//! Softmax and log-softmax against double precision, far out, cut anywhere, on every instruction set.
