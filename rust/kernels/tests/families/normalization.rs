//! Normalisation over a batch against double precision, its gradient against differences, cut anywhere.

use tilegrad_kernels::normalization::batch::*;
use tilegrad_kernels::real::Element;

use crate::{bits, close, numbers, on_each_isa, same_bits};

/// Columns around every width of a block, rows around a run.
const SHAPES: [(usize, usize); 9] =
    [(1, 3), (2, 1), (5, 4), (17, 16), (40, 63), (33, 85), (256, 64), (257, 21), (700, 130)];
const EPSILON: f64 = 1e-3;

fn mean_and_variance(x: &[f64], columns: usize, column: usize) -> (f64, f64) {
    let numbers: Vec<f64> = x.iter().skip(column).step_by(columns).copied().collect();
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    (mean, numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / numbers.len() as f64)
}

fn doubles<E: Element>(numbers: &[E]) -> Vec<f64> {
    numbers.iter().map(|number| number.to_f64()).collect()
}

/// Numbers around a mean that is large against their deviation.
fn far<E: Element>(seed: u64, count: usize) -> Vec<E> {
    numbers::<E>(seed, count, 1.0).iter().map(|x| E::from_f64(x.to_f64() + 100.0)).collect()
}

fn check_forward<E: Element>(tolerance: f64) {
    for (rows, columns) in SHAPES {
        let x: Vec<E> = far(7, rows * columns);
        let (weight, bias) = (numbers::<E>(8, columns, 2.0), numbers::<E>(9, columns, 2.0));
        let mut found = vec![E::default(); 2 * columns];
        moments(&x, columns, &mut found);
        let (mut y, mut plain) = (x.clone(), x.clone());
        normalize(&x, &found, EPSILON, Some((&weight, &bias)), &mut y);
        normalize(&x, &found, EPSILON, None, &mut plain);
        let wide = doubles(&x);
        for column in 0..columns {
            let (mean, variance) = mean_and_variance(&wide, columns, column);
            close(found[column].to_f64(), mean, 100.0 * tolerance);
            close(found[columns + column].to_f64(), variance, tolerance);
            for row in 0..rows {
                let place = row * columns + column;
                let normal = (wide[place] - mean) / (variance + EPSILON).sqrt();
                close(plain[place].to_f64(), normal, 500.0 * tolerance);
                close(y[place].to_f64(), normal * weight[column].to_f64() + bias[column].to_f64(), 1000.0 * tolerance);
            }
        }
    }
}

#[test]
fn equals_the_formula_in_double_precision() {
    on_each_isa(|_| in_both_precisions!(check_forward, 2e-6, 4e-14));
}

/// `sum(arriving * normalized)`, by its definition.
fn value(x: &[f64], arriving: &[f64], weight: &[f64]) -> f64 {
    let columns = weight.len();
    let one = |place: usize| {
        let (mean, variance) = mean_and_variance(x, columns, place % columns);
        arriving[place] * weight[place % columns] * (x[place] - mean) / (variance + EPSILON).sqrt()
    };
    (0..x.len()).map(one).sum()
}

#[test]
fn gradients_equal_differences() {
    on_each_isa(|_| {
        let (rows, columns) = (6, 5);
        let (x, arriving): (Vec<f64>, Vec<f64>) = (numbers(1, 30, 2.0), numbers(2, 30, 1.0));
        let weight: Vec<f64> = numbers(3, columns, 2.0);
        let (mut found, mut sum) = (vec![0.0; 10], vec![0.0; 10]);
        moments(&x, columns, &mut found);
        sums(&arriving, &x, &found, EPSILON, &mut sum);
        let mut gradient = x.clone();
        backward(&arriving, &x, &found, &sum, EPSILON, Some(&weight), &mut gradient);
        for place in 0..rows * columns {
            let (mut above, mut below) = (x.clone(), x.clone());
            above[place] += 1e-5;
            below[place] -= 1e-5;
            close(
                gradient[place],
                (value(&above, &arriving, &weight) - value(&below, &arriving, &weight)) / 2e-5,
                1e-8,
            );
        }
        let ones = vec![1.0; columns];
        let product: f64 = (0..columns).map(|column| sum[columns + column]).sum();
        close(product, value(&x, &arriving, &ones), 1e-12);
        close(sum[0], arriving.iter().step_by(columns).sum(), 1e-14);
    });
}

fn everything<E: Element>(rows: usize, columns: usize) -> Vec<u64> {
    let (x, arriving): (Vec<E>, Vec<E>) = (far(4, rows * columns), numbers(5, rows * columns, 1.0));
    let weight = numbers::<E>(6, columns, 2.0);
    let (mut found, mut sum) = (vec![E::default(); 2 * columns], vec![E::default(); 2 * columns]);
    moments(&x, columns, &mut found);
    sums(&arriving, &x, &found, EPSILON, &mut sum);
    let (mut y, mut gradient) = (x.clone(), x.clone());
    normalize(&x, &found, EPSILON, Some((&weight, &weight)), &mut y);
    backward(&arriving, &x, &found, &sum, EPSILON, Some(&weight), &mut gradient);
    [found, sum, y, gradient].iter().flat_map(|numbers| bits(numbers)).collect()
}

#[test]
fn bits_do_not_depend_on_threads_or_instruction_sets() {
    same_bits(|| (everything::<f32>(300, 700), everything::<f64>(300, 700), everything::<f32>(3, 21)));
}

#[test]
fn a_column_does_not_know_its_neighbours() {
    on_each_isa(|_| {
        let (rows, columns) = (300, 85);
        let x: Vec<f32> = far(3, rows * columns);
        let mut all = vec![0.0; 2 * columns];
        moments(&x, columns, &mut all);
        for column in [0, 63, 64, 80, 84] {
            let alone: Vec<f32> = x.iter().skip(column).step_by(columns).copied().collect();
            let mut found = [0.0; 2];
            moments(&alone, 1, &mut found);
            assert_eq!(bits(&found), bits(&[all[column], all[columns + column]]));
        }
    });
}
