//! Losses: golden numbers with their source, and the laws every loss passes.

use tilegrad_kernels::losses::{
    CrossEntropy, ENTRIES, Normalization, POINT_ENTRIES, PointBatch, PointLoss, RowBatch, RowTarget, Totals,
    check_classes, entry,
};
use tilegrad_kernels::real::Element;
use tilegrad_kernels::registry::{Domain, LossEntry, LossKind, LossReduction};

use crate::{bits, close, numbers, on_each_isa, same_bits, turn};

fn batch<'a, E>(logits: &'a [E], columns: usize, target: RowTarget<'a, E>) -> RowBatch<'a, E> {
    RowBatch { logits, columns, target, class_weight: None, sample_weight: None, upstream: None }
}

/// The worked example of the catalogue: logits (0.9, 0.1) of the first class and (0.2, 0.8) of the second.
const LOGITS: [f64; 4] = [0.9, 0.1, 0.2, 0.8];
const CLASSES: [i32; 2] = [0, 1];
const ONE_HOT: [f64; 4] = [1.0, 0.0, 0.0, 1.0];

#[test]
fn golden_cross_entropy() {
    on_each_isa(|_| {
        let loss = CrossEntropy::default();
        for target in [RowTarget::Classes(&CLASSES), RowTarget::Distributions(&ONE_HOT)] {
            let (mut rows, mut gradient) = ([0.0; 2], [0.0; 4]);
            let batch = batch(&LOGITS, 2, target);
            let totals = loss.run(&batch, 0.5, Some(&mut rows), Some(&mut gradient));
            close(totals.mean(), 0.404294308217, 1e-12);
            close(rows[0], 0.371100665948, 1e-12);
            close(rows[1], 0.437487950486, 1e-12);
            let expected = [-0.155012759436, 0.155012759436, 0.177171846887, -0.177171846887];
            gradient.iter().zip(expected).for_each(|(got, expected)| close(*got, expected, 1e-12));

            let smooth = CrossEntropy { label_smoothing: 0.1, ..loss };
            close(smooth.run(&batch, 1.0, Some(&mut rows), None).mean(), 0.439294308217, 1e-12);
            close(rows[0], 0.411100665948, 1e-12);
            close(rows[1], 0.467487950486, 1e-12);

            let weighted = RowBatch { class_weight: Some(&[1.0, 3.0]), ..batch };
            close(loss.run(&weighted, 1.0, None, None).mean(), 0.420891129351, 1e-12);
            let samples = CrossEntropy { normalization: Normalization::Samples, ..loss };
            close(samples.run(&weighted, 1.0, None, None).mean(), 0.841782258703, 1e-12);
        }
        // -ln 0.9: the logits are logarithms of probabilities.
        let logits = [0.9f64.ln(), 0.1f64.ln()];
        close(loss.run(&batch(&logits, 2, RowTarget::Classes(&[0])), 1.0, None, None).loss, 0.105360515658, 1e-12);
    });
}

/// The formula in double precision: rows' losses, gradient for scale 1, weights.
fn reference<E: Element>(loss: &CrossEntropy, batch: &RowBatch<'_, E>) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let columns = batch.columns;
    let (mut values, mut gradient, mut weights) = (vec![], vec![], vec![]);
    for (row, logits) in batch.logits.chunks(columns).enumerate() {
        let ignored = matches!(batch.target, RowTarget::Classes(classes) if Some(classes[row]) == loss.ignore_index);
        let sample = if ignored { 0.0 } else { batch.sample_weight.map_or(1.0, |weight| weight[row].to_f64()) };
        let x: Vec<f64> = logits.iter().map(|x| x.to_f64()).collect();
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = x.iter().map(|x| (x - max).exp()).sum();
        let share = |column: usize| match batch.target {
            RowTarget::Classes(classes) => f64::from(u8::from(classes[row] == column as i32)),
            RowTarget::Distributions(shares) => shares[row * columns + column].to_f64(),
        };
        let class_weight = |column: usize| batch.class_weight.map_or(1.0, |weight| weight[column].to_f64());
        let q: Vec<f64> = (0..columns)
            .map(|c| {
                class_weight(c) * ((1.0 - loss.label_smoothing) * share(c) + loss.label_smoothing / columns as f64)
            })
            .collect();
        let all: f64 = q.iter().sum();
        values.push(sample * q.iter().zip(&x).map(|(q, x)| q * (sum.ln() - (x - max))).sum::<f64>());
        let factor = sample * batch.upstream.map_or(1.0, |upstream| upstream[row].to_f64());
        gradient.extend(q.iter().zip(&x).map(|(q, x)| factor * ((x - max).exp() / sum * all - q)));
        weights.push(match loss.normalization {
            Normalization::Samples => f64::from(u8::from(!ignored)),
            Normalization::Weights => sample * (0..columns).map(|c| class_weight(c) * share(c)).sum::<f64>(),
        });
    }
    (values, gradient, weights)
}

fn check_cross_entropy<E: Element>(tolerance: f64) {
    for (columns, rows) in [(1, 3), (2, 1), (10, 37), (64, 16), (65, 5), (100, 19)] {
        let logits: Vec<E> = numbers(1, rows * columns, 6.0);
        let classes: Vec<i32> = (0..rows).map(|row| ((row * 7) % columns) as i32).collect();
        let mut shares: Vec<E> = numbers(2, rows * columns, 2.0);
        tilegrad_kernels::softmax::softmax_in_place(&mut shares, columns);
        let class_weight: Vec<E> = numbers(3, columns, 0.5).iter().map(|w: &E| E::from_f64(w.to_f64() + 1.0)).collect();
        let sample_weight: Vec<E> = (0..rows).map(|row| E::from_f64((row % 3) as f64)).collect();
        let upstream: Vec<E> = numbers(4, rows, 1.0);
        for target in [RowTarget::Classes(&classes), RowTarget::Distributions(&shares)] {
            for form in 0..32 {
                let chosen = |bit: usize| form >> bit & 1 == 1;
                let loss = CrossEntropy {
                    label_smoothing: if chosen(0) { 0.2 } else { 0.0 },
                    normalization: if chosen(1) { Normalization::Samples } else { Normalization::Weights },
                    ignore_index: chosen(2).then_some(0),
                };
                let batch = RowBatch {
                    class_weight: chosen(3).then_some(&class_weight),
                    sample_weight: chosen(4).then_some(&sample_weight),
                    upstream: chosen(3).then_some(&upstream),
                    ..batch(&logits, columns, target)
                };
                let (values, gradient, weights) = reference(&loss, &batch);
                let (mut got, mut slopes) = (vec![E::default(); rows], vec![E::default(); rows * columns]);
                let totals = loss.run(&batch, 0.25, Some(&mut got), Some(&mut slopes));
                got.iter().zip(&values).for_each(|(got, value)| close(got.to_f64(), *value, tolerance));
                slopes.iter().zip(&gradient).for_each(|(got, slope)| close(got.to_f64(), 0.25 * slope, tolerance));
                close(totals.loss / rows as f64, values.iter().sum::<f64>() / rows as f64, tolerance);
                close(totals.weight, weights.iter().sum(), tolerance);
                close(loss.denominator(&batch), totals.weight, 1e-14);
                check_halves(&loss, &batch, totals, &got, &slopes);
            }
        }
    }
}

/// Value alone and gradient alone have the bits of both together.
fn check_halves<E: Element>(loss: &CrossEntropy, batch: &RowBatch<'_, E>, totals: Totals, values: &[E], slopes: &[E]) {
    let (mut got, mut gradient) = (vec![E::default(); values.len()], vec![E::default(); slopes.len()]);
    assert_eq!(loss.run(batch, 0.25, None, None), totals);
    assert_eq!(loss.run(batch, 0.25, Some(&mut got), None), totals);
    assert_eq!(loss.run(batch, 0.25, None, Some(&mut gradient)), totals);
    assert_eq!((bits(&got), bits(&gradient)), (bits(values), bits(slopes)));
}

#[test]
fn cross_entropy_equals_the_formula_in_every_form() {
    on_each_isa(|_| in_both_precisions!(check_cross_entropy, 4e-6, 1e-14));
}

#[test]
fn classes_and_one_hot_rows_give_the_same_bits() {
    on_each_isa(|_| {
        for columns in [10, 64, 65, 200] {
            let rows = 33;
            let logits: Vec<f32> = numbers(5, rows * columns, 5.0);
            let classes: Vec<i32> = (0..rows).map(|row| ((row * 5) % columns) as i32).collect();
            let mut one_hot = vec![0.0f32; rows * columns];
            classes.iter().enumerate().for_each(|(row, class)| one_hot[row * columns + *class as usize] = 1.0);
            let weight: Vec<f32> = (0..columns).map(|column| 0.5 + column as f32 / 8.0).collect();
            let run = |target, class_weight| {
                let mut gradient = vec![0.0; logits.len()];
                let batch = RowBatch { class_weight, ..batch(&logits, columns, target) };
                let totals = CrossEntropy::default().run(&batch, 0.1, None, Some(&mut gradient));
                (totals, bits(&gradient))
            };
            for class_weight in [None, Some(weight.as_slice())] {
                let expected = run(RowTarget::Classes(&classes), class_weight);
                assert_eq!(run(RowTarget::Distributions(&one_hot), class_weight), expected);
            }
        }
    });
}

#[test]
fn far_out_logits_and_shifts() {
    on_each_isa(|_| {
        let loss = CrossEntropy::default();
        for columns in [10, 100] {
            let mut logits = vec![-1e4f32; columns];
            logits[3] = 1e4;
            assert_eq!(loss.run(&batch(&logits, columns, RowTarget::Classes(&[3])), 1.0, None, None).loss, 0.0);
            assert_eq!(loss.run(&batch(&logits, columns, RowTarget::Classes(&[4])), 1.0, None, None).loss, 2e4);
            let x: Vec<f32> = numbers::<f32>(6, columns, 8.0).iter().map(|x| (x * 16.0).round() / 16.0).collect();
            let shifted: Vec<f32> = x.iter().map(|x| x + 1e6).collect();
            let run = |x: &[f32]| {
                let mut gradient = vec![0.0; columns];
                let totals = loss.run(&batch(x, columns, RowTarget::Classes(&[2])), 1.0, None, Some(&mut gradient));
                (totals, bits(&gradient))
            };
            assert_eq!(run(&shifted), run(&x));
        }
    });
}

#[test]
fn absent_rows_count_for_nothing_whatever_they_hold() {
    on_each_isa(|_| {
        for columns in [4, 90] {
            let mut logits: Vec<f32> = numbers(7, 20 * columns, 3.0);
            let kept = logits[..19 * columns].to_vec();
            logits[19 * columns..].fill(f32::NAN);
            let mut classes = vec![1; 20];
            let loss = CrossEntropy { ignore_index: Some(-100), ..CrossEntropy::default() };
            let expected = loss.run(&batch(&kept, columns, RowTarget::Classes(&classes[..19])), 1.0, None, None);
            let mut sample_weight = vec![1.0f32; 20];
            sample_weight[19] = 0.0;
            let mut gradient = vec![1.0f32; logits.len()];
            let weighted = RowBatch {
                sample_weight: Some(&sample_weight),
                ..batch(&logits, columns, RowTarget::Classes(&classes))
            };
            assert_eq!(loss.run(&weighted, 1.0, None, Some(&mut gradient)), expected);
            assert!(gradient[19 * columns..].iter().all(|slope| *slope == 0.0));
            gradient.fill(1.0);
            classes[19] = -100;
            let ignored = batch(&logits, columns, RowTarget::Classes(&classes));
            assert_eq!(loss.run(&ignored, 1.0, None, Some(&mut gradient)), expected);
            assert!(gradient[19 * columns..].iter().all(|slope| *slope == 0.0));
        }
    });
}

#[test]
fn classes_are_checked() {
    assert_eq!(check_classes(&[0, 4, 2], 5, None), Ok(()));
    assert_eq!(check_classes(&[], 5, None), Ok(()));
    assert_eq!(check_classes(&[0, 5, 9], 5, None), Err((1, 5)));
    assert_eq!(check_classes(&[0, -1], 5, None), Err((1, -1)));
    assert_eq!(check_classes(&[0, -100, 7], 5, Some(-100)), Err((2, 7)));
    assert_eq!(check_classes(&[0, -100, 4], 5, Some(-100)), Ok(()));
    assert!(CrossEntropy::new(0.1, "samples", None).is_ok());
    assert!(CrossEntropy::new(f64::NAN, "samples", None).is_err() && CrossEntropy::new(1.5, "samples", None).is_err());
    assert!(CrossEntropy::new(0.0, "rows", None).expect_err("unknown").message().contains("\"weights\", \"samples\""));
}

/// Numbers of a domain.
fn of_domain<E: Element>(domain: Domain, seed: u64, count: usize) -> Vec<E> {
    let place = |x: f64| match domain {
        Domain::Real => x,
        Domain::UnitInterval => 0.5 + x / 10.0,
        Domain::NonNegative => x.abs(),
        Domain::AboveMinusOne => x.abs() - 0.9,
        Domain::Sign => 1f64.copysign(x),
        Domain::ZeroOrOne | Domain::Classes => f64::from(u8::from(x > 0.0)),
    };
    numbers::<f64>(seed, count, 4.9).into_iter().map(|x| E::from_f64(place(x))).collect()
}

/// Predictions and targets that a loss accepts.
fn point_operands<E: Element>(entry: &LossEntry, count: usize) -> (Vec<E>, Vec<E>) {
    (of_domain(entry.predictions, 12, count), of_domain(entry.targets, 11, count))
}

fn point_batch<'a, E>(prediction: &'a [E], target: &'a [E]) -> PointBatch<'a, E> {
    PointBatch { prediction, target, weight: None, upstream: None }
}

/// The reference of the values is in Python; here the slope is that of the value, and all that is known holds.
fn check_point<E: Element>(tolerance: f64) {
    for entry in POINT_ENTRIES {
        let loss = PointLoss::new(entry.name, &[]).expect("defaults");
        let value = |x: f64, t: f64| {
            let mut value = [0.0];
            loss.run(&point_batch(&[x], &[t]), 1.0, Some(&mut value), None);
            value[0]
        };
        for count in [1, 15, 16, 17, 100, 1000] {
            let (x, t) = point_operands::<E>(entry, count);
            let (mut values, mut gradient) = (vec![E::default(); count], vec![E::default(); count]);
            let totals = loss.run(&point_batch(&x, &t), 1.0, Some(&mut values), Some(&mut gradient));
            let sum: f64 = values.iter().map(|value| value.to_f64()).sum();
            for index in 0..count {
                let (x, t) = (x[index].to_f64(), t[index].to_f64());
                let f = |offset: f64| value(x + offset, t);
                close(values[index].to_f64(), f(0.0), tolerance);
                assert!(!entry.non_negative || values[index].to_f64() >= 0.0, "{}", entry.name);
                // Fourth-order differences, away from kinks: there those of half the step differ.
                let h = 1e-3 * if entry.predictions == Domain::Real { 1.0 } else { (0.1 + x).min(1.0).abs() / 10.0 };
                let slope = |h: f64| (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h);
                if (slope(h) - slope(h / 2.0)).abs() < 1e-8 {
                    close(gradient[index].to_f64(), slope(h), tolerance.max(1e-8));
                }
            }
            close(totals.loss, sum, 1e-12);
            check_point_batch(entry, &loss, totals, (&x, &t), &gradient);
        }
    }
}

/// Counts and reductions, prefixes, and the perfect prediction.
fn check_point_batch<E: Element>(
    entry: &LossEntry,
    loss: &PointLoss,
    totals: Totals,
    (x, t): (&[E], &[E]),
    slopes: &[E],
) {
    let count = x.len();
    assert_eq!((totals.weight, point_batch(x, t).denominator()), (count as f64, count as f64));
    let expected = if entry.reduction == LossReduction::Sum { totals.loss } else { totals.loss / count as f64 };
    close(totals.reduced(entry.reduction), expected, 1e-12);
    // Cut off: the same bits.
    let half = count / 2;
    let mut gradient = vec![E::default(); half];
    loss.run(&point_batch(&x[..half], &t[..half]), 1.0, None, Some(&mut gradient));
    assert_eq!(bits(&gradient), bits(&slopes[..half]));
    if entry.zero_at_perfect {
        let mut gradient = vec![E::default(); count];
        let totals = loss.run(&point_batch(t, t), 1.0, None, Some(&mut gradient));
        assert!(totals.loss == 0.0 && gradient.iter().all(|slope| slope.to_f64() == 0.0), "{}", entry.name);
    }
}

#[test]
fn point_losses_equal_their_formulas_and_differences() {
    on_each_isa(|_| in_both_precisions!(check_point, 4e-6, 1e-14));
}

#[test]
fn weights_scale_and_arriving_gradients_multiply() {
    on_each_isa(|_| {
        for entry in POINT_ENTRIES {
            let loss = PointLoss::new(entry.name, &[]).expect("no parameters");
            let (count, row) = (120, 8);
            let (mut x, t) = point_operands::<f64>(entry, count);
            let mut slope = vec![0.0; count];
            let mut plain = vec![0.0; count];
            loss.run(&point_batch(&x, &t), 1.0, Some(&mut plain), Some(&mut slope));
            let by_row: Vec<f64> = (0..count / row).map(|row| (row % 4) as f64).collect();
            let by_element: Vec<f64> = by_row.iter().flat_map(|weight| [*weight; 8]).collect();
            let upstream = numbers::<f64>(13, count, 1.0);
            let mut results = vec![];
            // Elements of weight zero may hold anything.
            x[3] = f64::NAN;
            for weight in [&by_row, &by_element] {
                let batch = PointBatch { weight: Some(weight), upstream: Some(&upstream), ..point_batch(&x, &t) };
                let (mut values, mut gradient) = (vec![0.0; count], vec![0.0; count]);
                let totals = loss.run(&batch, 0.5, Some(&mut values), Some(&mut gradient));
                close(totals.weight, by_element.iter().sum(), 1e-14);
                close(batch.denominator(), totals.weight, 1e-14);
                for index in 0..count {
                    close(values[index], by_element[index] * plain[index], 1e-14);
                    close(gradient[index], 0.5 * upstream[index] * by_element[index] * slope[index], 1e-14);
                }
                results.push((totals, bits(&values), bits(&gradient)));
            }
            assert_eq!(results[0], results[1]);
        }
    });
}

#[test]
fn far_out_logits_of_the_binary_loss_are_exact() {
    on_each_isa(|_| {
        let loss = PointLoss::new("binary_cross_entropy_with_logits", &[]).expect("no parameters");
        let (mut values, mut gradient) = ([0.0f64; 4], [0.0f64; 4]);
        let batch = point_batch(&[200.0, -200.0, 200.0, -200.0], &[0.0, 1.0, 1.0, 0.0]);
        loss.run(&batch, 1.0, Some(&mut values), Some(&mut gradient));
        let tiny = (-200.0f64).exp();
        assert_eq!((values[0], values[1], gradient[0], gradient[1]), (200.0, 200.0, 1.0, -1.0));
        close(values[2] / tiny, 1.0, 1e-13);
        close(values[3] / tiny, 1.0, 1e-13);
        close(gradient[2] / -tiny, 1.0, 1e-13);
        close(gradient[3] / tiny, 1.0, 1e-13);
        let mut single = [0.0f32; 2];
        loss.run(&point_batch(&[200.0f32, -200.0], &[0.0, 1.0]), 1.0, Some(&mut single), None);
        assert_eq!(single, [200.0, 200.0]);
    });
}

#[test]
fn the_slope_of_the_absolute_error_is_zero_at_the_kink() {
    let _turn = turn();
    let loss = PointLoss::new("mean_absolute_error", &[]).expect("no parameters");
    let mut gradient = [9.0f32; 3];
    loss.run(&point_batch(&[1.0, 2.0, 0.0], &[1.0, 1.0, 1.0]), 1.0, None, Some(&mut gradient));
    assert_eq!(gradient, [0.0, 1.0, -1.0]);
}

#[test]
fn the_registry_knows_every_loss() {
    assert_eq!(ENTRIES.len(), POINT_ENTRIES.len() + 1);
    for known in ENTRIES {
        assert_eq!(entry(known.name).expect("listed").name, known.name);
        assert_eq!(known.kind == LossKind::Point, PointLoss::new(known.name, &[]).is_ok());
        assert!(known.doc.len() > 60 && ENTRIES.iter().filter(|other| other.name == known.name).count() == 1);
    }
    assert!(entry("mean_square_error").expect_err("unknown").message().contains("mean_squared_error"));
    assert!(PointLoss::new("hube", &[]).is_err() && PointLoss::new("huber", &[0.0]).is_err());
    assert!(PointLoss::new("huber", &[1.0]).is_ok() && PointLoss::new("huber", &[1.0, 1.0]).is_err());
    assert!(PointLoss::new("poisson", &[1e-8, 0.0]).is_ok() && PointLoss::new("poisson", &[1e-8, 0.5]).is_err());
}

#[test]
fn the_mean_does_not_depend_on_batching_beyond_rounding() {
    let _turn = turn();
    let logits: Vec<f32> = numbers(14, 10 * 10_000, 4.0);
    let classes: Vec<i32> = (0..10_000).map(|row| row % 10).collect();
    let run = |rows: std::ops::Range<usize>| {
        let logits = &logits[rows.start * 10..rows.end * 10];
        CrossEntropy::default().run(&batch(logits, 10, RowTarget::Classes(&classes[rows])), 1.0, None, None)
    };
    let whole = run(0..10_000);
    let mut parts = Totals::default();
    (0..10_000).step_by(77).for_each(|start| parts += run(start..10_000.min(start + 77)));
    close(parts.mean(), whole.mean(), 1e-14);
}

#[test]
fn threads_and_fused_sets_give_the_same_bits() {
    for columns in [10, 100] {
        let rows = 90_000 / columns;
        let logits: Vec<f32> = numbers(15, rows * columns, 4.0);
        let classes: Vec<i32> = (0..rows).map(|row| (row % columns) as i32).collect();
        same_bits(|| {
            let mut gradient = vec![0.0; logits.len()];
            let loss = CrossEntropy { label_smoothing: 0.1, ..CrossEntropy::default() };
            let totals =
                loss.run(&batch(&logits, columns, RowTarget::Classes(&classes)), 0.1, None, Some(&mut gradient));
            (totals, bits(&gradient))
        });
    }
    for entry in POINT_ENTRIES {
        let (x, t) = point_operands::<f32>(entry, 200_001);
        let loss = PointLoss::new(entry.name, &[]).expect("no parameters");
        same_bits(|| {
            let mut gradient = vec![0.0; x.len()];
            (loss.run(&point_batch(&x, &t), 0.1, None, Some(&mut gradient)), bits(&gradient))
        });
    }
}
