//! A few rows against a transposed B: its squares are transposed in registers, where packing would cost more than the
//! product.

use super::tile::{Operands, Vector};

/// A vector type that transposes.
pub(super) trait Turned: Vector {
    /// Rows of a square, at most 4; it has a column for each lane.
    const ROWS: usize;
    /// The rows of a square whose columns are contiguous and `column_stride` apart; those beyond [`Turned::ROWS`] are
    /// zero.
    ///
    /// # Safety
    /// The columns can be read, and the machine has the instruction set.
    unsafe fn turned(from: *const Self::Element, column_stride: usize) -> [Self; 4];
}

/// Vectors side by side in the wider tiles, so that as many chains are under way.
pub(super) const SIDE_BY_SIDE: usize = 4;

/// The tile of `ROWS` rows and `VECTORS` vectors, for a B whose columns are contiguous and `b_step` apart. Each
/// accumulator lane is one chain over ascending k.
///
/// # Safety
/// The machine has the instruction set; rows of A and C and columns of B lie in memory for every step of the depth.
#[inline(always)]
pub(super) unsafe fn tile_transposed<V: Turned, const ROWS: usize, const VECTORS: usize>(
    operands: &Operands<V::Element>,
) {
    let Operands { depth, a, a_row, a_step, b, b_step, c, c_row, resume, .. } = *operands;
    // SAFETY: the caller's promise; squares and single numbers beyond them lie within the depth.
    unsafe {
        let mut sums = [[V::zero(); VECTORS]; ROWS];
        if resume {
            for r in 0..ROWS {
                for v in 0..VECTORS {
                    sums[r][v] = V::load(c.add(r * c_row + v * V::LANES));
                }
            }
        }
        let whole = depth / V::ROWS * V::ROWS;
        for start in (0..whole).step_by(V::ROWS) {
            for v in 0..VECTORS {
                let b = b.add(v * V::LANES * b_step + start);
                let rows = V::turned(b, b_step);
                for k in 0..V::ROWS {
                    for r in 0..ROWS {
                        sums[r][v] = V::splat(a.add(r * a_row + (start + k) * a_step)).mul_add(rows[k], sums[r][v]);
                    }
                }
            }
        }
        for k in whole..depth {
            for v in 0..VECTORS {
                let mut row = [V::Element::default(); 16];
                for lane in 0..V::LANES {
                    row[lane] = *b.add((v * V::LANES + lane) * b_step + k);
                }
                let row = V::load(row.as_ptr());
                for r in 0..ROWS {
                    sums[r][v] = V::splat(a.add(r * a_row + k * a_step)).mul_add(row, sums[r][v]);
                }
            }
        }
        for r in 0..ROWS {
            for v in 0..VECTORS {
                sums[r][v].store(c.add(r * c_row + v * V::LANES));
            }
        }
    }
}

/// Stamps the tiles of a vector type, by rows less one: the tile of [`SIDE_BY_SIDE`] vectors and that of one.
macro_rules! transposed_tiles {
    ($name:ident, $vector:ty, $element:ty, [$($rows:literal)*], #[$attribute:meta]) => {
        pub(in crate::matmul) static $name: $crate::matmul::tile::TransposedTiles<$element> = {
            use $crate::matmul::transposed::{SIDE_BY_SIDE, tile_transposed};
            use $crate::matmul::tile::{Operands, TransposedTiles, Vector};
            #[$attribute]
            unsafe fn stamp<const ROWS: usize, const VECTORS: usize>(operands: &Operands<$element>) {
                // SAFETY: the caller's promise is the same.
                unsafe { tile_transposed::<$vector, ROWS, VECTORS>(operands) }
            }
            TransposedTiles {
                lanes: <$vector as Vector>::LANES,
                run: &[$([stamp::<$rows, SIDE_BY_SIDE>, stamp::<$rows, 1>]),*],
            }
        };
    };
}
pub(super) use transposed_tiles;
