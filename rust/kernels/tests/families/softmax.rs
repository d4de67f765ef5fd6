//! Softmax and log-softmax against double precision, far out, cut anywhere.

use tilegrad_kernels::real::Element;
use tilegrad_kernels::softmax::*;

use crate::{bits, close, numbers, on_each_isa, same_bits};

const COLUMNS: [usize; 11] = [1, 2, 3, 10, 16, 17, 63, 64, 65, 100, 1000];

fn reference(row: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = row.iter().map(|x| (x - max).exp()).sum();
    let log: Vec<f64> = row.iter().map(|x| x - max - sum.ln()).collect();
    (log.iter().map(|log| log.exp()).collect(), log)
}

fn doubles<E: Element>(numbers: &[E]) -> Vec<f64> {
    numbers.iter().map(|number| number.to_f64()).collect()
}

fn check_values<E: Element>(tolerance: f64) {
    for columns in COLUMNS {
        for rows in [1, 5, 16, 37] {
            let x: Vec<E> = numbers(columns as u64, rows * columns, 8.0);
            let (mut y, mut log) = (vec![E::default(); x.len()], vec![E::default(); x.len()]);
            softmax(&x, columns, &mut y);
            log_softmax(&x, columns, &mut log);
            for (index, row) in x.chunks(columns).enumerate() {
                let (shares, logs) = reference(&doubles(row));
                for column in 0..columns {
                    let place = index * columns + column;
                    close(y[place].to_f64() / shares[column], 1.0, tolerance);
                    close(log[place].to_f64(), logs[column], tolerance);
                }
            }
            let (mut y_place, mut log_place) = (x.clone(), x.clone());
            softmax_in_place(&mut y_place, columns);
            log_softmax_in_place(&mut log_place, columns);
            assert_eq!((bits(&y_place), bits(&log_place)), (bits(&y), bits(&log)));
        }
    }
}

#[test]
fn equals_the_formula_in_double_precision() {
    on_each_isa(|_| in_both_precisions!(check_values, 2e-6, 4e-15));
}

fn check_gradients<E: Element>(tolerance: f64) {
    for columns in COLUMNS {
        let rows = 19;
        let (x, gradient) = (numbers::<E>(1, rows * columns, 3.0), numbers::<E>(2, rows * columns, 1.0));
        let (mut y, mut log) = (x.clone(), x.clone());
        softmax_in_place(&mut y, columns);
        log_softmax_in_place(&mut log, columns);
        let (mut out, mut out_log) = (x.clone(), x.clone());
        softmax_backward(&gradient, &y, columns, &mut out);
        log_softmax_backward(&gradient, &log, columns, &mut out_log);
        for row in 0..rows {
            let range = row * columns..(row + 1) * columns;
            let (g, y) = (doubles(&gradient[range.clone()]), doubles(&y[range.clone()]));
            let dot: f64 = g.iter().zip(&y).map(|(g, y)| g * y).sum();
            let sum: f64 = g.iter().sum();
            for column in 0..columns {
                close(out[range.start + column].to_f64(), y[column] * (g[column] - dot), tolerance);
                close(out_log[range.start + column].to_f64(), g[column] - y[column] * sum, tolerance);
            }
        }
        let (mut place, mut place_log) = (gradient.clone(), gradient.clone());
        softmax_backward_in_place(&mut place, &y, columns);
        log_softmax_backward_in_place(&mut place_log, &log, columns);
        assert_eq!((bits(&place), bits(&place_log)), (bits(&out), bits(&out_log)));
    }
}

#[test]
fn gradients_equal_the_formula() {
    on_each_isa(|_| in_both_precisions!(check_gradients, 4e-6, 1e-14));
}

#[test]
fn far_out_and_shifted() {
    on_each_isa(|_| {
        for columns in [3, 10, 100] {
            // Multiples of 1/16, so that a shift by a million is exact in single precision.
            let x: Vec<f32> = numbers::<f32>(3, 7 * columns, 8.0).iter().map(|x| (x * 16.0).round() / 16.0).collect();
            let mut y = x.clone();
            softmax_in_place(&mut y, columns);
            for shift in [1e6f32, -1e6] {
                let mut shifted: Vec<f32> = x.iter().map(|x| x + shift).collect();
                softmax_in_place(&mut shifted, columns);
                assert_eq!(bits(&shifted), bits(&y));
            }
            let mut extreme: Vec<f32> = (0..columns).map(|column| if column == 1 { 1e4 } else { -1e4 }).collect();
            softmax_in_place(&mut extreme, columns);
            assert!(extreme.iter().enumerate().all(|(column, y)| *y == f32::from(u8::from(column == 1))));
        }
    });
}

#[test]
fn a_nan_stays_in_its_row() {
    on_each_isa(|_| {
        for columns in [5, 80] {
            let x: Vec<f32> = numbers(4, 20 * columns, 2.0);
            let mut clean = x.clone();
            softmax_in_place(&mut clean, columns);
            let mut y = x;
            y[7 * columns + 2] = f32::NAN;
            softmax_in_place(&mut y, columns);
            for (row, (y, clean)) in y.chunks(columns).zip(clean.chunks(columns)).enumerate() {
                assert!(if row == 7 { y.iter().all(|y| y.is_nan()) } else { bits(y) == bits(clean) });
            }
        }
    });
}

#[test]
fn a_row_does_not_depend_on_its_neighbours() {
    on_each_isa(|_| {
        for columns in COLUMNS {
            let x: Vec<f32> = numbers(5, 40 * columns, 4.0);
            let mut all = x.clone();
            softmax_in_place(&mut all, columns);
            for row in [0, 3, 15, 16, 39] {
                let range = row * columns..(row + 1) * columns;
                let mut alone = x[range.clone()].to_vec();
                softmax_in_place(&mut alone, columns);
                assert_eq!(bits(&alone), bits(&all[range]));
            }
        }
    });
}

#[test]
fn threads_and_fused_sets_give_the_same_bits() {
    for (columns, rows) in [(10, 12_000), (130, 1200)] {
        let x: Vec<f32> = numbers(6, rows * columns, 4.0);
        let wide: Vec<f64> = numbers(6, rows * columns, 4.0);
        same_bits(|| {
            let (mut y, mut log) = (x.clone(), wide.clone());
            softmax_in_place(&mut y, columns);
            log_softmax_in_place(&mut log, columns);
            (bits(&y), bits(&log))
        });
    }
}
