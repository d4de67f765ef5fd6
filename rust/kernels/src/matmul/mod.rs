//! Matrix product with an epilogue: `C = A B`, finished tile by tile while the tile is warm.
//!
//! Each element of the product is one chain of fused multiply-adds over ascending k, beginning with zero, so every
//! fused instruction set, any tile size and any number of threads give the same bits.

mod block;
mod blocking;
mod driver;
mod epilogue;
mod matrix;
#[cfg(target_arch = "aarch64")]
mod neon;
mod pack;
mod peak;
mod portable;
mod prefetch;
mod tile;
mod transposed;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use epilogue::{Dense, Each, Epilogue, MOST_MATRICES, Slope, Store, Target, Tile, Visit};
pub use matrix::Matrix;
pub use peak::peak_operations;
pub use prefetch::name_rows;

use crate::isa::{self, Isa};
use crate::real::Element;
use crate::threads;
use blocking::{Cuts, Shape};

/// Length of the workspace that [`multiply`] needs for a product (`rows`, `depth`) x (`depth`, `columns`).
/// `a_row_major` and `b_row_major` tell whether the columns of the matrix are 1 apart.
///
/// It has room for every instruction set and for as many threads as may be used now; with more threads later the
/// product works all the same, on this many.
pub fn workspace_len<E: Element>(
    rows: usize,
    depth: usize,
    columns: usize,
    a_row_major: bool,
    b_row_major: bool,
) -> usize {
    let len = |wide| {
        let cuts = Cuts::new::<E>(Shape { rows, depth, columns, a_row_major, b_row_major }, threads::count(), wide);
        cuts.lanes * cuts.lane_len()
    };
    len(false).max(len(true))
}

/// The product `A B`, each finished tile given to the epilogue. A depth of zero gives zeros.
///
/// `workspace` has at least [`workspace_len`] elements; what it holds before and after does not matter. Panics if
/// shapes or lengths do not fit.
pub fn multiply<E: Element>(a: Matrix<'_, E>, b: Matrix<'_, E>, epilogue: &mut dyn Epilogue<E>, workspace: &mut [E]) {
    product(a, b, epilogue, workspace, isa::current(), threads::count());
}

/// [`multiply`] on an instruction set of this machine, with so many threads.
fn product<E: Element>(
    a: Matrix<'_, E>,
    b: Matrix<'_, E>,
    epilogue: &mut dyn Epilogue<E>,
    workspace: &mut [E],
    isa: Isa,
    threads: usize,
) {
    assert_eq!(a.columns, b.rows, "multiply: expected `b` to have as many rows as `a` has columns");
    a.check("a");
    b.check("b");
    epilogue.check(a.rows, b.columns);
    if a.rows == 0 || b.columns == 0 {
        epilogue.begin((a.rows, b.columns), true);
        return epilogue.end();
    }
    let shape = shape(&a, &b);
    let cuts = Cuts::new::<E>(shape, threads, isa == Isa::Avx512);
    epilogue.begin((a.rows, b.columns), cuts.row_tasks == 1);
    // SAFETY: both callers name a set of this machine; everything else was checked above.
    unsafe { driver::run(a, b, epilogue, workspace, cuts, isa) };
    epilogue.end();
}

/// Shape of the product and of the memory its operands lie in.
#[inline]
fn shape<E>(a: &Matrix<'_, E>, b: &Matrix<'_, E>) -> Shape {
    Shape {
        rows: a.rows,
        depth: a.columns,
        columns: b.columns,
        a_row_major: a.column_stride == 1,
        b_row_major: b.column_stride == 1,
    }
}

#[cfg(test)]
mod tests;
