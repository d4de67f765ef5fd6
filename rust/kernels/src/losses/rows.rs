//! The loops of cross-entropy.

use super::{CrossEntropy, RowBatch, RowTarget, Totals};
use crate::real::Element;

/// Runs the batch; `row_losses` and `gradient` may be empty.
pub(super) fn run<E: Element>(
    loss: &CrossEntropy,
    batch: &RowBatch<'_, E>,
    scale: f64,
    row_losses: &mut [E],
    gradient: &mut [E],
) -> Totals {
    let columns = batch.columns;
    let mut totals = Totals::default();
    for (row, logits) in batch.logits.chunks(columns).enumerate() {
        let ignored = loss.is_ignored(batch.target, row);
        let sample = if ignored { 0.0 } else { batch.sample_weight.map_or(1.0, |weight| weight[row].to_f64()) };
        let max = logits.iter().map(|x| x.to_f64()).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logits.iter().map(|x| (x.to_f64() - max).exp()).sum();
        let share = |column: usize| {
            let share = match batch.target {
                RowTarget::Classes(classes) => f64::from(u8::from(classes[row] as usize == column)),
                RowTarget::Distributions(shares) => shares[row * columns + column].to_f64(),
            };
            let weight = batch.class_weight.map_or(1.0, |weight| weight[column].to_f64());
            weight * ((1.0 - loss.label_smoothing) * share + loss.label_smoothing / columns as f64)
        };
        let all: f64 = (0..columns).map(share).sum();
        let value: f64 = (0..columns).map(|column| share(column) * (sum.ln() - (logits[column].to_f64() - max))).sum();
        let value = if sample == 0.0 { 0.0 } else { sample * value };
        totals += Totals { loss: value, weight: loss.row_weight(batch, row) };
        if !row_losses.is_empty() {
            row_losses[row] = E::from_f64(value);
        }
        if !gradient.is_empty() {
            let factor = scale * sample * batch.upstream.map_or(1.0, |upstream| upstream[row].to_f64());
            for column in 0..columns {
                let slope = (logits[column].to_f64() - max).exp() / sum * all - share(column);
                gradient[row * columns + column] = E::from_f64(if sample == 0.0 { 0.0 } else { factor * slope });
            }
        }
    }
    totals
}
