//! What happens to a finished tile of the product: the [`Epilogue`] trait and the ready ones.

use std::marker::PhantomData;

use crate::activations::Activation;
use crate::arithmetic::{CHAIN, sum_columns};
use crate::isa::{self, Kernel};
use crate::real::{Element, Real};

/// A row-major matrix in memory that tiles are written to, each by one thread.
///
/// It gives no access to its numbers, so nobody can look at a tile that another thread is writing.
#[derive(Debug)]
pub struct Target<'a, E> {
    pub(super) pointer: *mut E,
    pub(super) len: usize,
    pub(super) stride: usize,
    lifetime: PhantomData<&'a mut [E]>,
}

// SAFETY: a target is a `&mut [E]` whose numbers are reached only through tiles, which do not overlap.
unsafe impl<E: Send> Send for Target<'_, E> {}
// SAFETY: as above: a shared target gives out no numbers without an exclusive tile.
unsafe impl<E: Send> Sync for Target<'_, E> {}

impl<'a, E: Element> Target<'a, E> {
    /// Rows of `stride` numbers, of which the first ones are written.
    pub fn new(data: &'a mut [E], stride: usize) -> Self {
        Self { pointer: data.as_mut_ptr(), len: data.len(), stride, lifetime: PhantomData }
    }

    /// The same memory, for a shorter time.
    pub fn reborrow(&mut self) -> Target<'_, E> {
        Target { pointer: self.pointer, len: self.len, stride: self.stride, lifetime: PhantomData }
    }

    /// Panics unless `rows` rows of `columns` numbers lie in the memory without overlapping.
    pub(super) fn check(&self, rows: usize, columns: usize, name: &str) {
        assert!(
            rows == 0
                || columns == 0
                || (columns <= self.stride && super::matrix::span(rows, columns, self.stride, 1) <= self.len),
            "multiply: expected `{name}` to hold {rows} rows of {columns} numbers, got {} numbers, {} a row",
            self.len,
            self.stride
        );
    }

    /// The same region of this matrix that `tile` covers of the product.
    ///
    /// # Safety
    /// [`Target::check`] passed for the product's shape, and no other borrow of the region lives as long as the result.
    unsafe fn region<'t>(&'t self, tile: &Tile<'_, E>) -> Tile<'t, E> {
        // SAFETY: the tile lies within the product's shape, which the caller has checked against this memory.
        let pointer = unsafe { self.pointer.add(tile.row * self.stride + tile.column) };
        Tile { pointer, stride: self.stride, lifetime: PhantomData, ..*tile }
    }
}

/// A rectangle of a matrix, held by one thread alone.
#[derive(Debug)]
pub struct Tile<'a, E> {
    pointer: *mut E,
    stride: usize,
    row: usize,
    column: usize,
    rows: usize,
    columns: usize,
    lifetime: PhantomData<&'a mut E>,
}

impl<E: Element> Tile<'_, E> {
    /// The tile at (`row`, `column`) of the product, whose numbers begin at `pointer`.
    ///
    /// # Safety
    /// `rows` rows of `columns` numbers, `stride` apart, are valid at `pointer` and not reached otherwise during `'a`.
    pub(super) unsafe fn new(
        pointer: *mut E,
        stride: usize,
        (row, column): (usize, usize),
        (rows, columns): (usize, usize),
    ) -> Self {
        Self { pointer, stride, row, column, rows, columns, lifetime: PhantomData }
    }

    /// Row of the product that the first number belongs to.
    pub fn row(&self) -> usize {
        self.row
    }

    /// Column of the product that the first number belongs to.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Whether the rows follow each other in memory without gaps.
    fn is_whole(&self) -> bool {
        self.stride == self.columns || self.rows == 1
    }

    /// The numbers of row `index` of the tile.
    #[inline]
    pub fn numbers(&mut self, index: usize) -> &mut [E] {
        assert!(index < self.rows);
        // SAFETY: the row lies in the tile, which is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.add(index * self.stride), self.columns) }
    }

    /// Rows `index..index + count` as one slice; they must be without gaps if there are several.
    #[inline]
    fn stretch(&mut self, index: usize, count: usize) -> &mut [E] {
        assert!(index + count <= self.rows && (count == 1 || self.is_whole()));
        // SAFETY: the rows lie in the tile, which is borrowed exclusively, and follow each other without gaps.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.add(index * self.stride), count * self.columns) }
    }
}

/// The fewest stretches of memory that the rows of a tile fall into: (first row, number of rows) of each.
/// `whole` tells whether all matrices involved have the rows of the tile without gaps.
fn stretches(rows: usize, whole: bool) -> impl Iterator<Item = (usize, usize)> {
    let count = if whole { rows } else { 1 };
    (0..rows).step_by(count.max(1)).map(move |row| (row, count))
}

/// What happens to a finished tile of the product.
///
/// A tile covers up to a few hundred columns of a few rows; each element of the product is in exactly one.
///
/// # Safety
/// Between `multiply`'s first and last use of it, the memory of [`Epilogue::target`] must be reached only through the
/// tiles.
pub unsafe trait Epilogue<E: Element>: Sync {
    /// Panics unless the operands fit a product of this shape. Called first.
    fn check(&self, rows: usize, columns: usize);

    /// Where the product itself is to be written; `finish` then gets its tiles in place. Without a target they come in
    /// a scratch buffer and `finish` alone decides what reaches memory.
    fn target(&mut self) -> Option<Target<'_, E>> {
        None
    }

    /// Called once before the first tile of a product of (rows, columns). `ascending` tells whether all tiles of a
    /// column are finished by one thread, from the first row to the last.
    fn begin(&mut self, size: (usize, usize), ascending: bool) {
        let _ = (size, ascending);
    }

    /// Called once after the last tile.
    fn end(&mut self) {}

    /// Finishes a tile, from any thread; its numbers may be overwritten.
    ///
    /// # Safety
    /// `check` passed, the tile lies within that shape, and calls for overlapping tiles do not run at once.
    unsafe fn finish(&self, tile: Tile<'_, E>);
}

/// `C = A B`.
#[derive(Debug)]
pub struct Store<'a, E>(Target<'a, E>);

impl<'a, E: Element> Store<'a, E> {
    /// Writes the product to `c`, row-major with rows `stride` apart.
    pub fn new(c: &'a mut [E], stride: usize) -> Self {
        Self(Target::new(c, stride))
    }
}

// SAFETY: the target is reached through tiles only.
unsafe impl<E: Element> Epilogue<E> for Store<'_, E> {
    fn check(&self, rows: usize, columns: usize) {
        self.0.check(rows, columns, "c");
    }
    fn target(&mut self) -> Option<Target<'_, E>> {
        Some(self.0.reborrow())
    }
    #[inline]
    unsafe fn finish(&self, _tile: Tile<'_, E>) {}
}

/// A dense layer: `C = f(A B + bias)`, and the pre-activation `A B + bias` beside it where the backward pass needs it.
#[derive(Debug)]
pub struct Dense<'a, E> {
    c: Target<'a, E>,
    bias: Option<&'a [E]>,
    activation: Option<Activation>,
    pre_activation: Option<Target<'a, E>>,
}

impl<'a, E: Element> Dense<'a, E> {
    /// Writes `f(A B + bias)` to `c`, row-major with rows `stride` apart, and `A B + bias` to `pre_activation`,
    /// likewise.
    pub fn new(
        c: &'a mut [E],
        stride: usize,
        bias: Option<&'a [E]>,
        activation: Option<Activation>,
        pre_activation: Option<&'a mut [E]>,
    ) -> Self {
        let pre_activation = pre_activation.map(|z| Target::new(z, stride));
        Self { c: Target::new(c, stride), bias, activation, pre_activation }
    }
}

// SAFETY: the targets are reached through tiles only.
unsafe impl<E: Element> Epilogue<E> for Dense<'_, E> {
    fn check(&self, rows: usize, columns: usize) {
        self.c.check(rows, columns, "c");
        if let Some(z) = &self.pre_activation {
            z.check(rows, columns, "pre_activation");
        }
        if let Some(bias) = self.bias {
            assert_eq!(bias.len(), columns, "multiply: expected `bias` to have one number a column");
        }
    }

    fn target(&mut self) -> Option<Target<'_, E>> {
        Some(self.pre_activation.as_mut().unwrap_or(&mut self.c).reborrow())
    }

    unsafe fn finish(&self, mut tile: Tile<'_, E>) {
        if let Some(bias) = self.bias {
            isa::run(AddRow { tile: &mut tile, row: bias });
        }
        if self.pre_activation.is_some() {
            // SAFETY: `c` was checked, is another memory than the tile's, and the tile is this thread's alone.
            let mut c = unsafe { self.c.region(&tile) };
            for (row, count) in stretches(tile.rows, tile.is_whole() && c.is_whole()) {
                let (z, c) = (tile.stretch(row, count), c.stretch(row, count));
                match self.activation {
                    Some(activation) => activation.forward(z, c),
                    None => c.copy_from_slice(z),
                }
            }
        } else if let Some(activation) = self.activation {
            for (row, count) in stretches(tile.rows, tile.is_whole()) {
                activation.forward_in_place(tile.stretch(row, count));
            }
        }
    }
}

/// Adds `row`, which is as long as the product's rows, to each row of the tile.
struct AddRow<'t, 'm, E> {
    tile: &'t mut Tile<'m, E>,
    row: &'t [E],
}

impl<E: Element> Kernel<E> for AddRow<'_, '_, E> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        let summands = &self.row[self.tile.column..self.tile.column + self.tile.columns];
        for index in 0..self.tile.rows {
            for (number, summand) in self.tile.numbers(index).iter_mut().zip(summands) {
                *number = (R::load(*number) + R::load(*summand)).store();
            }
        }
    }
}

/// The gradient through an activation: `C = A B * f'`, with the slope from the saved input or output of `f`; and where
/// a bias stands before `f`, its gradient, the sum of each column of `C`.
#[derive(Debug)]
pub struct Slope<'a, E> {
    c: Target<'a, E>,
    saved: &'a [E],
    activation: Activation,
    sums: Option<Target<'a, E>>,
    size: (usize, usize),
    sums_in_tiles: bool,
}

impl<'a, E: Element> Slope<'a, E> {
    /// Writes to `c`, row-major with rows `stride` apart, as those of `saved` are. `saved` is the input or the output
    /// of the activation, as [`Activation::backward`] takes it. With `sums`, there are no gaps between the rows; the
    /// sums have the bits of a reduction over the rows.
    pub fn new(
        c: &'a mut [E],
        stride: usize,
        saved: &'a [E],
        activation: Activation,
        sums: Option<&'a mut [E]>,
    ) -> Self {
        let sums = sums.map(|sums| Target::new(sums, stride));
        Self { c: Target::new(c, stride), saved, activation, sums, size: (0, 0), sums_in_tiles: false }
    }
}

// SAFETY: the targets are reached through tiles only, the sums through that of their first row.
unsafe impl<E: Element> Epilogue<E> for Slope<'_, E> {
    fn check(&self, rows: usize, columns: usize) {
        self.c.check(rows, columns, "c");
        assert!(
            self.saved.len() >= super::matrix::span(rows, columns, self.c.stride, 1),
            "multiply: expected `saved` to have the shape of the product"
        );
        if let Some(sums) = &self.sums {
            sums.check(1, columns, "sums");
            assert_eq!(columns, self.c.stride, "multiply: expected rows without gaps to sum");
        }
    }

    fn target(&mut self) -> Option<Target<'_, E>> {
        Some(self.c.reborrow())
    }

    fn begin(&mut self, (rows, columns): (usize, usize), ascending: bool) {
        self.size = (rows, columns);
        self.sums_in_tiles = ascending && rows <= CHAIN && (columns > 1 || rows <= 1);
        if let Some(sums) = &mut self.sums {
            // The sum of one number is that number, a negative zero too.
            let start = E::from_f64(if rows == 1 { -0.0 } else { 0.0 });
            // SAFETY: checked to hold a row, and no tile exists yet.
            unsafe { std::slice::from_raw_parts_mut(sums.pointer, columns) }.fill(start);
        }
    }

    unsafe fn finish(&self, mut tile: Tile<'_, E>) {
        for (row, count) in stretches(tile.rows, tile.is_whole()) {
            let start = (tile.row + row) * self.c.stride + tile.column;
            let gradient = tile.stretch(row, count);
            self.activation.backward_in_place(gradient, &self.saved[start..start + gradient.len()]);
        }
        if let (Some(sums), true) = (&self.sums, self.sums_in_tiles) {
            // SAFETY: tiles of these columns are all this thread's, one after the other.
            let sums = unsafe { std::slice::from_raw_parts_mut(sums.pointer.add(tile.column), tile.columns) };
            isa::run(AddRows { tile: &mut tile, sums });
        }
    }

    fn end(&mut self) {
        if let (Some(sums), false) = (&self.sums, self.sums_in_tiles) {
            let (rows, columns) = self.size;
            // SAFETY: both were checked to hold so many numbers, and no tile exists any more.
            let (c, sums) = unsafe {
                (
                    std::slice::from_raw_parts(self.c.pointer, rows * columns),
                    std::slice::from_raw_parts_mut(sums.pointer, columns),
                )
            };
            sum_columns(c, sums);
        }
    }
}

/// Adds each row of the tile to `sums`, from the first to the last.
struct AddRows<'t, 'm, E> {
    tile: &'t mut Tile<'m, E>,
    sums: &'t mut [E],
}

impl<E: Element> Kernel<E> for AddRows<'_, '_, E> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        for index in 0..self.tile.rows {
            for (sum, number) in self.sums.iter_mut().zip(self.tile.numbers(index)) {
                *sum = (R::load(*sum) + R::load(*number)).store();
            }
        }
    }
}

/// A function of a stretch of the product and the same stretch of other matrices.
pub type Visit<'v, E> = dyn Fn(&mut [E], &mut [&mut [E]]) + Sync + 'v;

/// Most matrices that an [`Each`] can take.
pub const MOST_MATRICES: usize = 8;

/// Hands each stretch of the product to a function together with the same stretch of other matrices, which it may
/// update: a weight gradient goes straight into the weights and the optimizer's slots and is never stored.
pub struct Each<'a, 'd, E> {
    matrices: &'a mut [Target<'d, E>],
    visit: &'a Visit<'a, E>,
}

impl<'a, 'd, E: Element> Each<'a, 'd, E> {
    /// `visit(product, matrices)` is called with stretches of equal lengths: parts of a row, or several whole rows
    /// where no matrix has gaps between its rows. At most [`MOST_MATRICES`] matrices.
    pub fn new(matrices: &'a mut [Target<'d, E>], visit: &'a Visit<'a, E>) -> Self {
        assert!(matrices.len() <= MOST_MATRICES);
        Self { matrices, visit }
    }
}

// SAFETY: there is no target.
unsafe impl<E: Element> Epilogue<E> for Each<'_, '_, E> {
    fn check(&self, rows: usize, columns: usize) {
        for matrix in self.matrices.iter() {
            matrix.check(rows, columns, "matrices");
        }
    }
    unsafe fn finish(&self, mut tile: Tile<'_, E>) {
        let matrices = &*self.matrices;
        let whole = tile.is_whole() && matrices.iter().all(|m| m.stride == tile.columns || tile.rows == 1);
        for (row, count) in stretches(tile.rows, whole) {
            let mut parts: [&mut [E]; MOST_MATRICES] = Default::default();
            for (part, matrix) in parts.iter_mut().zip(matrices) {
                let start = (tile.row + row) * matrix.stride + tile.column;
                // SAFETY: the stretch was checked to lie in the matrix, and belongs to this tile's thread alone.
                *part = unsafe { std::slice::from_raw_parts_mut(matrix.pointer.add(start), count * tile.columns) };
            }
            (self.visit)(tile.stretch(row, count), &mut parts[..matrices.len()]);
        }
    }
}
