//! The register tile, written once over [`Vector`] and stamped per instruction set, element type and size.

use std::hint::black_box;

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
    /// Where a copying tile leaves the vectors of B that it reads, and the distance between their rows.
    pub(super) copy: *mut E,
    pub(super) copy_step: usize,
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
    /// Likewise tiles that copy B as they go, no wider than those with most rows.
    pub(super) run_copying: &'static [[[TileFunction<E>; 2]; WIDEST]],
    /// Tiles of half as many lanes, for columns that fill no more: narrow vectors cost less on some machines, nowhere
    /// more.
    pub(super) narrower: Option<&'static Tiles<E>>,
    /// Transposes a square of B on its way into a panel.
    pub(super) transpose: TransposeFunction<E>,
    /// Tiles of few rows that take B transposed, if there are any.
    pub(super) transposed: Option<&'static TransposedTiles<E>>,
    /// Rounds of multiply-adds on registers alone, and the number of operations; see [`super::peak`].
    pub(super) peak: unsafe fn(usize) -> usize,
}

/// How many vectors wide a tile of `rows` rows can be, so that accumulators, a row of B and a number of A fit
/// `registers`. At most `most`.
pub(super) const fn widest(rows: usize, registers: usize, most: usize) -> usize {
    let vectors = (registers - 1) / (rows + 1);
    if vectors > most { most } else { vectors }
}

/// The same pointer, of which the compiler no longer knows how it was computed.
#[inline(always)]
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
fn opaque<E>(mut pointer: *const E) -> *const E {
    // SAFETY: nothing is executed, and nothing read through the pointer, which is why the block may say `nomem`.
    #[cfg(target_arch = "x86_64")]
    #[allow(clippy::pointers_in_nomem_asm_block)]
    unsafe {
        std::arch::asm!("/* {0} */", inout(reg) pointer, options(pure, nomem, nostack, preserves_flags));
    }
    pointer
}

/// The tile of `ROWS` rows and `VECTORS` vectors. Each accumulator lane is one chain over ascending k.
///
/// # Safety
/// As for [`TileFunction`].
#[inline(always)]
pub(super) unsafe fn tile<
    V: Vector,
    const ROWS: usize,
    const VECTORS: usize,
    const PARTIAL: bool,
    const COPYING: bool,
>(
    operands: &Operands<V::Element>,
) {
    let Operands { depth, a, a_row, a_step, mut b, b_step, c, c_row, last, resume, mut copy, copy_step } = *operands;
    // SAFETY: the caller promises the instruction set, and that `ROWS` rows and `VECTORS` vectors (the last one `last`
    // lanes if partial) lie in memory for each of the `depth` steps, and as many whole vectors at `copy` if it is
    // copied. The pointers are advanced without being read beyond that.
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
        // A narrow vector has too little work to hide that the address of each row is computed from that of the row
        // before: so a pointer to every third row.
        let mut thirds = [a; 4];
        for third in 1..ROWS.div_ceil(3) {
            let row = a.wrapping_add(3 * third * a_row);
            thirds[third] = if VECTORS == 1 && size_of::<V>() <= 32 { opaque(row) } else { row };
        }
        for _ in 0..depth {
            let mut y = [V::zero(); VECTORS];
            for v in 0..VECTORS {
                y[v] = load(b, v, V::MASKS);
                if COPYING {
                    y[v].store(copy.add(v * V::LANES));
                }
            }
            for r in 0..ROWS {
                let x = V::splat(thirds[r / 3].wrapping_add(r % 3 * a_row));
                for v in 0..VECTORS {
                    sums[r][v] = x.mul_add(y[v], sums[r][v]);
                }
            }
            for third in &mut thirds {
                *third = third.wrapping_add(a_step);
            }
            b = b.wrapping_add(b_step);
            if COPYING {
                copy = copy.wrapping_add(copy_step);
            }
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

/// The tiles of an instruction set and element type that take B transposed.
pub(super) struct TransposedTiles<E: 'static> {
    /// Lanes of a vector.
    pub(super) lanes: usize,
    /// By rows less one: the wide tile and the narrow one.
    pub(super) run: &'static [[super::tile::TileFunction<E>; 2]],
}

/// The rounds of [`peak_operations`](super::peak_operations) with one vector type and number of chains.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub(super) unsafe fn rounds<V: Vector, const CHAINS: usize>(rounds: usize) -> usize {
    let start: [V::Element; 3] = black_box([0.999, 0.001, 0.5].map(V::Element::from_f64));
    // SAFETY: the caller promises the instruction set; the numbers read are those above, the buffer is one vector at
    // most.
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

/// Stamps the tiles of a vector type: a function compiled with the given attributes, and the table of its sizes.
macro_rules! tiles {
    (
        $name:ident, $vector:ty, $element:ty, registers $registers:literal, widest $widest:literal, [$($rows:literal)*],
        narrower $narrower:expr, transpose $transpose:expr $(, transposed $transposed:expr)? $(, #[$attribute:meta])?
    ) => {
        pub(in crate::matmul) static $name: $crate::matmul::tile::Tiles<$element> = {
            use $crate::matmul::tile::{Operands, TileFunction, Tiles, Vector, tile, widest};
            $(#[$attribute])?
            unsafe fn stamp<const ROWS: usize, const VECTORS: usize, const PARTIAL: bool, const COPYING: bool>(
                operands: &Operands<$element>,
            ) {
                // SAFETY: the caller's promise is the same.
                unsafe { tile::<$vector, ROWS, VECTORS, PARTIAL, COPYING>(operands) }
            }
            $(#[$attribute])?
            unsafe fn peak(rounds: usize) -> usize {
                // SAFETY: the caller's promise is the same.
                unsafe { $crate::matmul::tile::rounds::<$vector, { $registers * 3 / 4 }>(rounds) }
            }
            /// Sizes that do not fit the registers are never asked for; the widest that fits stands in their places.
            const fn clip(rows: usize, vectors: usize) -> usize {
                let widest = widest(rows, $registers, $widest);
                if vectors > widest { widest } else { vectors }
            }
            type Row = [[TileFunction<$element>; 2]; $crate::matmul::tile::WIDEST];
            const TABLE: &[Row] = &[$([
                [stamp::<$rows, 1, false, false>, stamp::<$rows, 1, true, false>],
                [stamp::<$rows, { clip($rows, 2) }, false, false>, stamp::<$rows, { clip($rows, 2) }, true, false>],
                [stamp::<$rows, { clip($rows, 3) }, false, false>, stamp::<$rows, { clip($rows, 3) }, true, false>],
                [stamp::<$rows, { clip($rows, 4) }, false, false>, stamp::<$rows, { clip($rows, 4) }, true, false>],
            ]),*];
            /// Vectors of a panel.
            const PANEL: usize = clip(TABLE.len(), 4);
            const fn clip_copying(vectors: usize) -> usize {
                if vectors > PANEL { PANEL } else { vectors }
            }
            const COPYING: &[Row] = &[$([
                [stamp::<$rows, 1, false, true>, stamp::<$rows, 1, true, true>],
                [stamp::<$rows, { clip_copying(2) }, false, true>, stamp::<$rows, { clip_copying(2) }, true, true>],
                [stamp::<$rows, { clip_copying(3) }, false, true>, stamp::<$rows, { clip_copying(3) }, true, true>],
                [stamp::<$rows, { clip_copying(4) }, false, true>, stamp::<$rows, { clip_copying(4) }, true, true>],
            ]),*];
            Tiles {
                lanes: <$vector as Vector>::LANES,
                masks: <$vector as Vector>::MASKS,
                rows: TABLE.len(),
                vectors: &[$(widest($rows, $registers, $widest)),*],
                run: TABLE,
                run_copying: COPYING,
                narrower: $narrower,
                transpose: $transpose,
                peak,
                transposed: {
                    // Never changed in a set without such tiles, changed before it is read in one with them.
                    #[allow(unused_mut, unused_assignments)]
                    let mut transposed = None;
                    $(transposed = $transposed;)?
                    transposed
                },
            }
        };
    };
}
pub(super) use tiles;
