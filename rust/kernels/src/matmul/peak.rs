//! The machine's peak of multiply-adds, measured on registers alone: what no product can exceed.

use super::driver::tiles;
use crate::isa;
use crate::real::Element;

/// Runs so many rounds of a tile's multiply-adds on registers alone, and returns the number of floating-point
/// operations.
///
/// Enough chains are under way to hide their latency, on one core and the instruction set in use. Divided by the
/// seconds that a call took, this is the limit of every product; some 10,000 rounds make the call itself vanish.
pub fn peak_operations<E: Element>(rounds: usize) -> usize {
    let tiles = tiles::<E>(isa::current());
    // SAFETY: the instruction set in use is one that the machine has.
    unsafe { (tiles.peak)(rounds) }
}
