//! The register tile, written once over [`Vector`] and stamped per instruction set, element type and size.

use super::pack::TransposeFunction;
use crate::real::Element;

/// A vector register of an instruction set.
///
/// Its functions are inlined into functions compiled for that set.
pub(super) trait Vector: Copy {
    /// What a lane holds.
    type Element: Element;
    /// Which lanes a partial load or store reaches.
    type Mask: Copy;
    /// Number of lanes.
    const LANES: usize;
    /// Whether a partial load costs no more than a whole one, so that the loop over the depth may use it. Without, B is
    /// packed, padded to whole vectors, where its last vector is partial.
    const MASKS: bool;
    /// All lanes zero.
    ///
    /// # Safety
    /// The machine has the instruction set (as for every function here).
    unsafe fn zero() -> Self;
    /// All lanes the number at `pointer`.
    ///
    /// # Safety
    /// One element can be read.
    unsafe fn splat(pointer: *const Self::Element) -> Self;
    /// The mask of the first `count` lanes, 1 to [`Vector::LANES`].
    ///
    /// # Safety
    /// See [`Vector::zero`].
    unsafe fn mask(count: usize) -> Self::Mask;
    /// All lanes from memory.
    ///
    /// # Safety
    /// All lanes can be read.
    unsafe fn load(pointer: *const Self::Element) -> Self;
    /// The lanes of the mask from memory, the others zero.
    ///
    /// # Safety
    /// The lanes of the mask can be read; the others are not touched.
    unsafe fn load_partial(pointer: *const Self::Element, mask: Self::Mask) -> Self;
    /// All lanes to memory.
    ///
    /// # Safety
    /// All lanes can be written.
    unsafe fn store(self, pointer: *mut Self::Element);
    /// The lanes of the mask to memory.
    ///
    /// # Safety
    /// The lanes of the mask can be written; the others are not touched.
    unsafe fn store_partial(self, pointer: *mut Self::Element, mask: Self::Mask);
    /// `self * factor + summand`, rounded once where the instruction set can.
    ///
    /// # Safety
    /// See [`Vector::zero`].
    unsafe fn mul_add(self, factor: Self, summand: Self) -> Self;
}

/// Operands of one register tile: `C (+)= A B` for a few rows and vectors of columns.
#[derive(Clone, Copy)]
pub(super) struct Operands<E> {
    /// Length of the chains.
    pub(super) depth: usize,
    /// First element of A, the distance between its rows, and between its columns.
    pub(super) a: *const E,
    pub(super) a_row: usize,
    pub(super) a_step: usize,
    /// First element of B and the distance between its rows; its columns are 1 apart.
    pub(super) b: *const E,
    pub(super) b_step: usize,
    /// First element of C and the distance between its rows.
    pub(super) c: *mut E,
    pub(super) c_row: usize,
    /// Columns of C in the last vector: 1 to the number of lanes.
    pub(super) last: usize,
    /// Whether the chains go on from what C holds; they begin with zero otherwise.
    pub(super) resume: bool,
}

/// Computes a tile of fixed size.
///
/// # Safety
/// The machine has the instruction set, and the operands name memory that can be read and written.
pub(super) type TileFunction<E> = unsafe fn(&Operands<E>);

/// Most vectors that a tile is wide.
pub(super) const WIDEST: usize = 4;

/// The tiles of an instruction set and element type.
pub(super) struct Tiles<E: 'static> {
    /// Lanes of a vector.
    pub(super) lanes: usize,
    /// Whether partial loads of B are as good as whole ones; see [`Vector::MASKS`].
    pub(super) masks: bool,
    /// Most rows of a tile.
    pub(super) rows: usize,
    /// Most vectors of a tile, by its number of rows less one.
    pub(super) vectors: &'static [usize],
    /// The tile, by its rows less one, vectors less one, and whether the last vector is partial.
    pub(super) run: &'static [[[TileFunction<E>; 2]; WIDEST]],
    /// Transposes a square of B on its way into a panel.
    pub(super) transpose: TransposeFunction<E>,
    /// Rounds of multiply-adds on registers alone, and the number of operations; see [`super::peak`].
    pub(super) peak: unsafe fn(usize) -> usize,
}

/// How many vectors wide a tile of `rows` rows can be, so that accumulators, a row of B and a number of A fit `registers`.
pub(super) const fn widest(rows: usize, registers: usize) -> usize {
    let vectors = (registers - 1) / (rows + 1);
    if vectors > WIDEST { WIDEST } else { vectors }
}

/// The tile of `ROWS` rows and `VECTORS` vectors. Each accumulator lane is one chain over ascending k.
///
/// # Safety
/// As for [`TileFunction`].
#[inline(always)]
pub(super) unsafe fn tile<V: Vector, const ROWS: usize, const VECTORS: usize, const PARTIAL: bool>(
    operands: &Operands<V::Element>,
) {
    let Operands { depth, mut a, a_row, a_step, mut b, b_step, c, c_row, last, resume } = *operands;
    // SAFETY: the caller promises the instruction set, and that `ROWS` rows and `VECTORS` vectors (the last one `last` lanes
    // if partial) lie in memory for each of the `depth` steps. The pointers are advanced without being read beyond that.
    unsafe {
        let mask = V::mask(if PARTIAL { last } else { V::LANES });
        let load = |pointer: *const V::Element, v: usize, masked: bool| {
            let pointer = pointer.add(v * V::LANES);
            if PARTIAL && masked && v + 1 == VECTORS { V::load_partial(pointer, mask) } else { V::load(pointer) }
        };
        let mut sums = [[V::zero(); VECTORS]; ROWS];
        if resume {
            for r in 0..ROWS {
                for v in 0..VECTORS {
                    sums[r][v] = load(c.add(r * c_row), v, true);
                }
            }
        }
        for _ in 0..depth {
            let mut y = [V::zero(); VECTORS];
            for v in 0..VECTORS {
                y[v] = load(b, v, V::MASKS);
            }
            for r in 0..ROWS {
                let x = V::splat(a.add(r * a_row));
                for v in 0..VECTORS {
                    sums[r][v] = x.mul_add(y[v], sums[r][v]);
                }
            }
            a = a.wrapping_add(a_step);
            b = b.wrapping_add(b_step);
        }
        for r in 0..ROWS {
            for v in 0..VECTORS {
                let pointer = c.add(r * c_row + v * V::LANES);
                if PARTIAL && v + 1 == VECTORS {
                    sums[r][v].store_partial(pointer, mask);
                } else {
                    sums[r][v].store(pointer);
                }
            }
        }
    }
}

/// Stamps the tiles of a vector type: a function compiled with the given attributes, and the table of its sizes.
macro_rules! tiles {
    (
        $name:ident, $vector:ty, $element:ty, registers $registers:literal, [$($rows:literal)*], transpose $transpose:expr
        $(, #[$attribute:meta])?
    ) => {
        pub(in crate::matmul) static $name: $crate::matmul::tile::Tiles<$element> = {
            use $crate::matmul::tile::{Operands, TileFunction, Tiles, Vector, tile, widest};
            $(#[$attribute])?
            unsafe fn stamp<const ROWS: usize, const VECTORS: usize, const PARTIAL: bool>(operands: &Operands<$element>) {
                // SAFETY: the caller's promise is the same.
                unsafe { tile::<$vector, ROWS, VECTORS, PARTIAL>(operands) }
            }
            $(#[$attribute])?
            unsafe fn peak(rounds: usize) -> usize {
                // SAFETY: the caller's promise is the same.
                unsafe { $crate::matmul::peak::rounds::<$vector, { $registers * 3 / 4 }>(rounds) }
            }
            /// Sizes that do not fit the registers are never asked for; the widest that fits stands in their places.
            const fn clip(rows: usize, vectors: usize) -> usize {
                let widest = widest(rows, $registers);
                if vectors > widest { widest } else { vectors }
            }
            type Row = [[TileFunction<$element>; 2]; $crate::matmul::tile::WIDEST];
            const TABLE: &[Row] = &[$([
                [stamp::<$rows, 1, false>, stamp::<$rows, 1, true>],
                [stamp::<$rows, { clip($rows, 2) }, false>, stamp::<$rows, { clip($rows, 2) }, true>],
                [stamp::<$rows, { clip($rows, 3) }, false>, stamp::<$rows, { clip($rows, 3) }, true>],
                [stamp::<$rows, { clip($rows, 4) }, false>, stamp::<$rows, { clip($rows, 4) }, true>],
            ]),*];
            Tiles {
                lanes: <$vector as Vector>::LANES,
                masks: <$vector as Vector>::MASKS,
                rows: TABLE.len(),
                vectors: &[$(widest($rows, $registers)),*],
                run: TABLE,
                transpose: $transpose,
                peak,
            }
        };
    };
}
pub(super) use tiles;
