//! The product by bits against scalar chains, over shapes, strides, instruction sets and threads.

use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;

use super::*;
use crate::activations::Activation;
use crate::arithmetic::{Reduction, ReductionKind};
use crate::real::{Fused, Plain, Real};

/// Numbers between -2 and 2, some of them zeros of either sign.
fn numbers<E: Element>(count: usize, seed: u64) -> Vec<E> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    (0..count)
        .map(|_| match next() % 16 {
            0 => E::from_f64(0.0),
            1 => E::from_f64(-0.0),
            _ => E::from_f64(f64::from(next() % (1 << 24)) / f64::from(1 << 22) - 2.0),
        })
        .collect()
}

/// A layout: row-major or column-major, with a gap after each row or column.
#[derive(Clone, Copy, Debug)]
struct Layout {
    transposed: bool,
    gap: usize,
}

const LAYOUTS: [Layout; 4] = [
    Layout { transposed: false, gap: 0 },
    Layout { transposed: true, gap: 0 },
    Layout { transposed: false, gap: 3 },
    Layout { transposed: true, gap: 5 },
];

fn matrix<E: Element>(data: &[E], rows: usize, columns: usize, layout: Layout) -> Matrix<'_, E> {
    if layout.transposed {
        Matrix { data, rows: columns, columns: rows, row_stride: rows + layout.gap, column_stride: 1 }.transposed()
    } else {
        Matrix { data, rows, columns, row_stride: columns + layout.gap, column_stride: 1 }
    }
}

fn layout() -> impl Strategy<Value = Layout> {
    (any::<bool>(), 0..4usize).prop_map(|(transposed, gap)| Layout { transposed, gap })
}

fn chains<R: Real>(a: Matrix<'_, R::Element>, b: Matrix<'_, R::Element>) -> Vec<R::Element> {
    let mut c = Vec::new();
    for i in 0..a.rows {
        for j in 0..b.columns {
            let mut sum = R::zero();
            for k in 0..a.columns {
                let x = R::load(a.data[i * a.row_stride + k * a.column_stride]);
                sum = x.mul_add(R::load(b.data[k * b.row_stride + j * b.column_stride]), sum);
            }
            c.push(sum.store());
        }
    }
    c
}

fn bits<E: Element>(numbers: &[E]) -> Vec<u64> {
    // Through double the bits of every number are kept, apart from the payload of a NaN.
    numbers.iter().map(|number| number.to_f64().to_bits()).collect()
}

/// Counts how often each element is finished, and keeps what was given.
struct Gather<'a, E> {
    columns: usize,
    counts: &'a [AtomicU32],
    values: &'a std::sync::Mutex<Vec<E>>,
}

// SAFETY: there is no target.
unsafe impl<E: Element> Epilogue<E> for Gather<'_, E> {
    fn check(&self, rows: usize, columns: usize) {
        assert_eq!((rows * columns, columns), (self.counts.len(), self.columns));
    }
    unsafe fn finish(&self, mut tile: Tile<'_, E>) {
        for row in 0..tile.rows() {
            let start = (tile.row() + row) * self.columns + tile.column();
            for column in 0..tile.columns() {
                self.counts[start + column].fetch_add(1, Ordering::Relaxed);
            }
            let numbers = tile.numbers(row);
            self.values.lock().unwrap()[start..start + numbers.len()].copy_from_slice(numbers);
        }
    }
}

/// The product of this shape has the bits of the chains, on every instruction set, in a target and in the scratch
/// buffer.
fn agrees<E: Element>((m, k, n): (usize, usize, usize), a_layout: Layout, b_layout: Layout, threads: usize) {
    let a_data = numbers::<E>((m + 9) * (k + 9), 1);
    let b_data = numbers::<E>((k + 9) * (n + 9), 2);
    let (a, b) = (matrix(&a_data, m, k, a_layout), matrix(&b_data, k, n, b_layout));
    let fused = chains::<E::Fused>(a, b);
    let plain = chains::<E::Plain>(a, b);
    for isa in isa::available() {
        let expected = bits(if isa.is_fused() { &fused } else { &plain });
        let cuts = Cuts::new::<E>(shape(&a, &b), threads, isa == Isa::Avx512);
        let mut workspace = vec![E::from_f64(f64::NAN); cuts.lanes * cuts.lane_len()];

        let stride = n + 2;
        let untouched = E::from_f64(77.0);
        let mut c = vec![untouched; m * stride];
        product(a, b, &mut Store::new(&mut c, stride), &mut workspace, isa, threads);
        for (row, expected) in c.chunks(stride).zip(expected.chunks(n.max(1))) {
            assert_eq!(bits(&row[..n]), expected, "{isa:?} {m}x{k}x{n} {a_layout:?} {b_layout:?}");
            assert!(row[n..] == [untouched; 2], "{isa:?} {m}x{k}x{n} wrote beyond its columns");
        }

        let counts: Vec<AtomicU32> = (0..m * n).map(|_| AtomicU32::new(0)).collect();
        let values = std::sync::Mutex::new(vec![untouched; m * n]);
        let mut gather = Gather { columns: n, counts: &counts, values: &values };
        product(a, b, &mut gather, &mut workspace, isa, threads);
        assert_eq!(bits(&values.into_inner().unwrap()), expected, "{isa:?} {m}x{k}x{n} without a target");
        assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn small_shapes_have_the_bits_of_the_chains(
        shape in (0..=40usize, 0..=40usize, 0..=40usize), a in layout(), b in layout(),
    ) {
        agrees::<f32>(shape, a, b, 1);
        agrees::<f64>(shape, a, b, 1);
    }

    #[test]
    fn wide_shapes_have_the_bits_of_the_chains(
        shape in (0..=70usize, 0..=70usize, 0..=300usize), a in layout(), b in layout(),
    ) {
        agrees::<f32>(shape, a, b, 1);
        agrees::<f64>(shape, a, b, 2);
    }
}

#[test]
fn every_count_of_rows_and_edge_of_columns() {
    for m in 0..=26 {
        for n in [0, 1, 3, 10, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65] {
            agrees::<f32>((m, 5, n), LAYOUTS[0], LAYOUTS[0], 1);
            agrees::<f64>((m, 5, n), LAYOUTS[1], LAYOUTS[1], 1);
        }
    }
}

#[test]
fn few_columns_and_single_rows_against_every_layout() {
    for (m, n) in
        [(1, 1), (1, 10), (1, 70), (2, 45), (2, 101), (50, 1), (64, 2), (33, 3), (64, 10), (13, 10), (49, 26), (97, 10)]
    {
        for (index, k) in [1, 4, 17, 130].into_iter().enumerate() {
            for b in LAYOUTS {
                agrees::<f32>((m, k, n), LAYOUTS[index], b, 1);
                agrees::<f64>((m, k, n), LAYOUTS[index], b, 1);
            }
        }
    }
}

#[test]
fn many_rows_read_what_the_first_packed() {
    // Large enough to be packed for narrow tiles, and for wide ones.
    for (index, shape) in [(100, 300, 130), (61, 700, 77), (50, 1030, 1050)].into_iter().enumerate() {
        for b in [LAYOUTS[index % 4], LAYOUTS[(index + 1) % 4]] {
            agrees::<f32>(shape, LAYOUTS[(index + 3) % 4], b, 1);
            agrees::<f64>(shape, LAYOUTS[index % 4], b, 1);
        }
    }
}

#[test]
fn blocks_of_depth_continue_the_chains() {
    for (index, shape) in [(7, 1025, 33), (300, 1100, 40), (13, 2050, 600), (1, 5000, 3)].into_iter().enumerate() {
        agrees::<f32>(shape, LAYOUTS[index % 4], LAYOUTS[(index + 1) % 4], 1);
        agrees::<f64>(shape, LAYOUTS[(index + 2) % 4], LAYOUTS[index % 4], 2);
    }
}

#[test]
fn threads_change_no_bits() {
    for threads in 1..=3 {
        for (index, shape) in [(784, 32, 128), (32, 784, 128), (130, 70, 530), (260, 1030, 300)].into_iter().enumerate()
        {
            agrees::<f32>(shape, LAYOUTS[index % 4], LAYOUTS[(index + threads) % 4], threads);
        }
    }
}

#[test]
fn a_stride_of_zero_sums_columns() {
    let ones = Matrix { data: &[1.0f32], rows: 1, columns: 50, row_stride: 0, column_stride: 0 };
    let data = numbers::<f32>(50 * 20, 3);
    let mut sums = [0.0; 20];
    let mut workspace = vec![0.0; workspace_len::<f32>(1, 50, 20, false, true)];
    multiply(ones, Matrix::new(&data, 50, 20), &mut Store::new(&mut sums, 20), &mut workspace);
    for (column, sum) in sums.iter().enumerate() {
        let expected = (0..50).fold(0.0f32, |total, row| total + data[row * 20 + column]);
        assert_eq!(sum.to_bits(), expected.to_bits());
    }
}

#[test]
fn sums_beside_a_slope_are_those_of_a_reduction() {
    let relu = Activation::new("relu", &[]).unwrap();
    for (m, k, n) in
        [(1, 3, 5), (13, 4, 64), (133, 40, 259), (400, 90, 33), (2048, 3, 20), (2049, 3, 20), (0, 3, 4), (77, 3, 1)]
    {
        let (a_data, b_data) = (numbers::<f32>(m * k, 8), numbers::<f32>(k * n, 9));
        let (a, b, saved) = (Matrix::new(&a_data, m, k), Matrix::new(&b_data, k, n), numbers::<f32>(m * n, 10));
        let sum = Reduction::new(ReductionKind::Sum { factor: 1.0 }, &[m, n], &[true, false]);
        for threads in 1..=3 {
            let (mut c, mut sums, mut expected) = (vec![0.0; m * n], vec![f32::NAN; n], vec![0.0; n]);
            let length = Cuts::new::<f32>(
                Shape { rows: m, depth: k, columns: n, a_row_major: false, b_row_major: true },
                threads,
                isa::current() == Isa::Avx512,
            );
            let mut workspace = vec![0.0; length.lanes * length.lane_len()];
            let mut slope = Slope::new(&mut c, n, &saved, relu, Some(&mut sums));
            product(a, b, &mut slope, &mut workspace, isa::current(), threads);
            sum.run(&c, &mut expected);
            assert_eq!(bits(&sums), bits(&expected), "{m} x {k} x {n}, {threads} threads");
        }
    }
}

/// A product with its workspace.
fn finished(a: Matrix<'_, f32>, b: Matrix<'_, f32>, epilogue: &mut dyn Epilogue<f32>) {
    let length = workspace_len::<f32>(a.rows, a.columns, b.columns, a.column_stride == 1, b.column_stride == 1);
    multiply(a, b, epilogue, &mut vec![0.0; length]);
}

proptest! {
    #[test]
    fn epilogues_do_what_separate_sweeps_do((m, k, n) in (1..30usize, 0..20usize, 1..90usize), gap in 0..3usize) {
        let (a_data, b_data) = (numbers::<f32>(m * k, 4), numbers::<f32>(k * n, 5));
        let (a, b) = (Matrix::new(&a_data, m, k), Matrix::new(&b_data, k, n));
        let stride = n + gap;
        let product = &mut vec![0.0f32; m * stride];
        finished(a, b, &mut Store::new(product, stride));
        let bias = numbers::<f32>(n, 6);
        let relu = Activation::new("relu", &[]).unwrap();

        let mut biased = product.clone();
        for row in biased.chunks_mut(stride) {
            row.iter_mut().zip(&bias).for_each(|(x, bias)| *x += bias);
        }
        let mut activated = biased.clone();
        for row in activated.chunks_mut(stride) {
            relu.forward_in_place(&mut row[..n]);
        }
        let (mut c, mut z) = (vec![0.0; m * stride], vec![0.0; m * stride]);
        finished(a, b, &mut Dense::new(&mut c, stride, Some(&bias), Some(relu), None));
        prop_assert_eq!(bits(&c), bits(&activated));
        c.fill(0.0);
        finished(a, b, &mut Dense::new(&mut c, stride, Some(&bias), Some(relu), Some(&mut z)));
        prop_assert_eq!(bits(&c), bits(&activated));
        prop_assert_eq!(bits(&z), bits(&biased));

        let saved = numbers::<f32>(m * stride, 7);
        let mut sloped = product.clone();
        for (row, saved) in sloped.chunks_mut(stride).zip(saved.chunks(stride)) {
            relu.backward_in_place(&mut row[..n], &saved[..n]);
        }
        finished(a, b, &mut Slope::new(&mut c, stride, &saved, relu, None));
        prop_assert_eq!(bits(&c), bits(&sloped));

        let (mut weight, mut seen) = (saved.clone(), vec![0.0; m * n]);
        let mut matrices = [Target::new(&mut weight, stride), Target::new(&mut seen, n)];
        finished(a, b, &mut Each::new(&mut matrices, &|gradient, matrices| {
            let [weight, seen] = matrices else { panic!("two matrices were given") };
            for ((weight, seen), gradient) in weight.iter_mut().zip(seen.iter_mut()).zip(gradient) {
                *weight -= *gradient;
                *seen += *gradient;
            }
        }));
        for i in 0..m {
            for j in 0..n {
                let gradient = product[i * stride + j];
                prop_assert_eq!(weight[i * stride + j].to_bits(), (saved[i * stride + j] - gradient).to_bits());
                prop_assert_eq!(seen[i * n + j], gradient);
            }
        }
    }
}

#[test]
#[should_panic(expected = "expected `c` to hold 3 rows of 4 numbers")]
fn a_short_target_is_refused() {
    let data = [0.0f32; 12];
    finished(Matrix::new(&data, 3, 2), Matrix::new(&data, 2, 4), &mut Store::new(&mut [0.0; 11], 4));
}

#[test]
#[should_panic(expected = "expected `b` to hold 2 x 4 numbers")]
fn a_short_operand_is_refused() {
    let data = [0.0f32; 6];
    finished(Matrix::new(&data, 3, 2), Matrix::new(&data, 2, 4), &mut Store::new(&mut [0.0; 12], 4));
}

#[test]
fn a_chain_rounds_once_where_it_is_fused() {
    let x = 1.0f32 + f32::EPSILON;
    let square = x * x;
    assert_eq!(Plain(x).mul_add(Plain(x), Plain(-square)).store(), 0.0);
    assert_eq!(Fused(x).mul_add(Fused(x), Fused(-square)).store(), f32::EPSILON * f32::EPSILON);
}

#[test]
fn the_peak_counts_its_operations() {
    let one = peak_operations::<f32>(1);
    assert!(one > 0 && one.is_multiple_of(2));
    assert_eq!(peak_operations::<f32>(1000), 1000 * one);
    assert_eq!(peak_operations::<f64>(0), 0);
}
