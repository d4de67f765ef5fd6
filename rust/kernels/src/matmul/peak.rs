//! The machine's peak of multiply-adds, measured on registers alone: what no product can exceed.

use std::hint::black_box;

use super::driver::tiles;
use super::tile::Vector;
use crate::isa;
use crate::real::Element;

/// Runs so many rounds of a tile's multiply-adds on registers alone, and returns the number of floating-point operations.
///
/// Enough chains are under way to hide their latency, on one core and the instruction set in use. Divided by the seconds that a
/// call took, this is the limit of every product; some 10,000 rounds make the call itself vanish.
pub fn peak_operations<E: Element>(rounds: usize) -> usize {
    let tiles = tiles::<E>(isa::current());
    // SAFETY: the instruction set in use is one that the machine has.
    unsafe { (tiles.peak)(rounds) }
}

/// The rounds of [`peak_operations`] with one vector type and number of chains.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub(super) unsafe fn rounds<V: Vector, const CHAINS: usize>(rounds: usize) -> usize {
    let start: [V::Element; 3] = black_box([0.999, 0.001, 0.5].map(V::Element::from_f64));
    // SAFETY: the caller promises the instruction set; the numbers read are those above, the buffer is one vector at most.
    unsafe {
        let (factor, summand) = (V::splat(&start[0]), V::splat(&start[1]));
        let mut chains = [V::splat(&start[2]); CHAINS];
        for _ in 0..rounds {
            for chain in &mut chains {
                *chain = chain.mul_add(factor, summand);
            }
        }
        for chain in chains {
            let mut result = [V::Element::default(); 16];
            chain.store(result.as_mut_ptr());
            black_box(result);
        }
    }
    2 * rounds * CHAINS * V::LANES
}
