//! Normalisation of each row by itself: against double precision, its gradients against differences, cut anywhere.

use tilegrad_kernels::normalization::rows::{Centre, RowNorm};
use tilegrad_kernels::real::Element;

use crate::{bits, close, numbers, on_each_isa, same_bits};

/// Rows shorter and longer than the lanes, and of no multiple of them.
const COLUMNS: [usize; 9] = [1, 3, 16, 17, 63, 64, 85, 512, 4096];
const CENTRES: [Centre; 2] = [Centre::Mean, Centre::Zero];
const EPSILON: f64 = 1e-5;

fn norm(columns: usize, centre: Centre) -> RowNorm {
    RowNorm { columns, centre, epsilon: EPSILON }
}

/// The normalised row, by the definition; the mean is taken off twice, so that nothing of it is left by rounding.
fn normalized(x: &[f64], centre: Centre) -> Vec<f64> {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let mut x = x.to_vec();
    for _ in 0..if centre == Centre::Mean { 2 } else { 0 } {
        let mean = mean(&x);
        x.iter_mut().for_each(|x| *x -= mean);
    }
    let squares: Vec<f64> = x.iter().map(|x| x * x).collect();
    let deviation = (mean(&squares) + EPSILON).sqrt();
    x.iter().map(|x| x / deviation).collect()
}

fn doubles<E: Element>(numbers: &[E]) -> Vec<f64> {
    numbers.iter().map(|number| number.to_f64()).collect()
}

/// Numbers around a mean that is large against their deviation, where it is taken off.
fn row<E: Element>(seed: u64, columns: usize, centre: Centre) -> Vec<E> {
    let far = if centre == Centre::Mean { 1000.0 } else { 0.0 };
    numbers::<E>(seed, columns, 2.0).iter().map(|x| E::from_f64(x.to_f64() + far)).collect()
}

/// The stated bound: 4 units in the last place of `1 + |y|`.
fn check_forward<E: Element>(unit: f64) {
    for centre in CENTRES {
        for columns in COLUMNS {
            let x: Vec<E> = row(7, columns, centre);
            let mut y = vec![E::default(); columns];
            norm(columns, centre).forward(&x, &[], &[], &mut y);
            for (y, expected) in y.iter().zip(normalized(&doubles(&x), centre)) {
                let error = (y.to_f64() - expected).abs() / (unit * (1.0 + expected.abs()));
                assert!(error <= 4.0, "{centre:?}, {columns} columns: {error} units, {} for {expected}", y.to_f64());
            }
            let (weight, bias): (Vec<E>, Vec<E>) = (numbers(8, columns, 2.0), numbers(9, columns, 2.0));
            let (mut scaled, mut shifted) = (y.clone(), y.clone());
            norm(columns, centre).forward(&x, &weight, &[], &mut scaled);
            norm(columns, centre).forward(&x, &weight, &bias, &mut shifted);
            for column in 0..columns {
                let product = y[column].to_f64() * weight[column].to_f64();
                close(scaled[column].to_f64(), product, 2.0 * unit);
                close(shifted[column].to_f64(), product + bias[column].to_f64(), 4.0 * unit);
            }
        }
    }
}

#[test]
fn equals_the_formula_within_the_stated_bound() {
    on_each_isa(|_| in_both_precisions!(check_forward, f64::from(f32::EPSILON), f64::EPSILON));
}

/// `sum(arriving * weight * normalized)`, by the definition.
fn value(x: &[f64], arriving: &[f64], weight: &[f64], centre: Centre) -> f64 {
    let columns = weight.len();
    let normal = x.chunks(columns).flat_map(|row| normalized(row, centre));
    normal.enumerate().map(|(place, normal)| arriving[place] * weight[place % columns] * normal).sum()
}

#[test]
fn gradients_equal_differences() {
    on_each_isa(|_| {
        for (centre, columns) in CENTRES.into_iter().flat_map(|centre| [(centre, 5), (centre, 67)]) {
            let count = 3 * columns;
            let (x, arriving): (Vec<f64>, Vec<f64>) = (numbers(1, count, 2.0), numbers(2, count, 1.0));
            let weight: Vec<f64> = numbers(3, columns, 2.0);
            let mut gradient = vec![0.0; count];
            norm(columns, centre).backward(&arriving, &x, &weight, &mut gradient);
            let moved = |place: usize, step: f64| {
                let mut moved = x.clone();
                moved[place] += step;
                value(&moved, &arriving, &weight, centre)
            };
            for place in 0..count {
                close(gradient[place], (moved(place, 1e-5) - moved(place, -1e-5)) / 2e-5, 1e-8);
            }
            let mut sums = vec![0.0; 2 * columns];
            norm(columns, centre).sums(&arriving, &x, &mut vec![0.0; 2 * columns], &mut sums);
            let product: f64 = sums[..columns].iter().zip(&weight).map(|(sum, weight)| sum * weight).sum();
            close(product, value(&x, &arriving, &weight, centre), 1e-12);
            close(sums[columns], arriving.iter().step_by(columns).sum(), 1e-14);
        }
    });
}

#[test]
fn sums_of_many_rows_are_those_of_their_runs() {
    let (rows, columns) = (700, 20);
    let (x, arriving): (Vec<f32>, Vec<f32>) = (numbers(1, rows * columns, 2.0), numbers(2, rows * columns, 1.0));
    let norm = norm(columns, Centre::Mean);
    let sums = |range: std::ops::Range<usize>, width: usize| {
        let (x, arriving) =
            (&x[range.start * columns..range.end * columns], &arriving[range.start * columns..range.end * columns]);
        let (mut scratch, mut sums) = (vec![f32::NAN; norm.scratch(range.len(), width)], vec![f32::NAN; width]);
        norm.sums(arriving, x, &mut scratch, &mut sums);
        sums
    };
    let all = sums(0..rows, 2 * columns);
    let parts = [sums(0..256, 2 * columns), sums(256..512, 2 * columns), sums(512..rows, 2 * columns)];
    for (column, sum) in all.iter().enumerate() {
        assert_eq!(*sum, parts.iter().map(|part| f64::from(part[column])).sum::<f64>() as f32);
    }
    assert_eq!(sums(0..rows, columns), all[..columns], "without the sums of the gradient");
    assert_eq!(sums(0..0, columns), vec![0.0; columns]);
}

fn everything<E: Element>(rows: usize, columns: usize) -> Vec<u64> {
    let mut all = Vec::new();
    for centre in CENTRES {
        let (x, arriving): (Vec<E>, Vec<E>) = (numbers(4, rows * columns, 3.0), numbers(5, rows * columns, 1.0));
        let (weight, bias) = (numbers::<E>(6, columns, 2.0), numbers::<E>(7, columns, 2.0));
        let (norm, mut y) = (norm(columns, centre), x.clone());
        norm.forward(&x, &weight, &bias, &mut y);
        all.extend(bits(&y));
        norm.backward(&arriving, &x, &weight, &mut y);
        all.extend(bits(&y));
        let (mut scratch, mut sums) =
            (vec![E::default(); norm.scratch(rows, 2 * columns)], vec![E::default(); 2 * columns]);
        norm.sums(&arriving, &x, &mut scratch, &mut sums);
        all.extend(bits(&sums));
    }
    all
}

#[test]
fn bits_do_not_depend_on_threads_or_instruction_sets() {
    same_bits(|| (everything::<f32>(300, 700), everything::<f64>(300, 700), everything::<f32>(3, 21)));
}

#[test]
fn a_row_does_not_know_its_neighbours() {
    on_each_isa(|_| {
        for (centre, columns) in CENTRES.into_iter().flat_map(|centre| [(centre, 10), (centre, 85)]) {
            let x: Vec<f32> = numbers(3, 5 * columns, 2.0);
            let (mut all, mut alone) = (vec![0.0; 5 * columns], vec![0.0; columns]);
            norm(columns, centre).forward(&x, &[], &[], &mut all);
            for (x, y) in x.chunks(columns).zip(all.chunks(columns)) {
                norm(columns, centre).forward(x, &[], &[], &mut alone);
                assert_eq!(bits(&alone), bits(y));
            }
        }
    });
}

#[test]
fn what_is_not_finite_stays_in_its_row_and_constant_rows_are_zero() {
    on_each_isa(|_| {
        for (centre, wrong) in CENTRES.into_iter().flat_map(|centre| [(centre, f32::NAN), (centre, f32::INFINITY)]) {
            let columns = 70;
            let mut x: Vec<f32> = numbers(3, 2 * columns, 2.0);
            x[68] = wrong;
            let mut y = vec![0.0; 2 * columns];
            norm(columns, centre).forward(&x, &[], &[], &mut y);
            assert!(y[68].is_nan() && y[columns..].iter().all(|y| y.is_finite()));
        }
        let mut y = [1.0; 20];
        norm(20, Centre::Mean).forward(&[3.3_f32; 20], &[], &[], &mut y);
        assert_eq!(y, [0.0; 20]);
    });
}
