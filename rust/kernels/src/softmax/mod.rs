//! Softmax and log-softmax over rows, with their gradients.
//!
//! All take row-major matrices with `columns` numbers a row. A row's result depends on that row alone.

use crate::real::Element;

/// `y = exp(x - max) / sum(exp(x - max))` for every row of `columns` numbers.
pub fn softmax<E: Element>(x: &[E], columns: usize, y: &mut [E]) {
    y.copy_from_slice(x);
    softmax_in_place(y, columns);
}

/// [`softmax`] in place.
pub fn softmax_in_place<E: Element>(x: &mut [E], columns: usize) {
    log_softmax_in_place(x, columns);
    x.iter_mut().for_each(|x| *x = E::from_f64(x.to_f64().exp()));
}

/// `y = x - max - ln(sum(exp(x - max)))` for every row of `columns` numbers.
pub fn log_softmax<E: Element>(x: &[E], columns: usize, y: &mut [E]) {
    y.copy_from_slice(x);
    log_softmax_in_place(y, columns);
}

/// [`log_softmax`] in place.
pub fn log_softmax_in_place<E: Element>(x: &mut [E], columns: usize) {
    for row in x.chunks_mut(columns) {
        let max = row.iter().map(|x| x.to_f64()).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = row.iter().map(|x| (x.to_f64() - max).exp()).sum();
        row.iter_mut().for_each(|x| *x = E::from_f64(x.to_f64() - max - sum.ln()));
    }
}

/// Gradient of softmax from its output `y`: `out = y * (gradient - sum(gradient * y))` for every row.
pub fn softmax_backward<E: Element>(gradient: &[E], y: &[E], columns: usize, out: &mut [E]) {
    out.copy_from_slice(gradient);
    softmax_backward_in_place(out, y, columns);
}

/// [`softmax_backward`], written over the arriving gradient.
pub fn softmax_backward_in_place<E: Element>(gradient: &mut [E], y: &[E], columns: usize) {
    for (gradient, y) in gradient.chunks_mut(columns).zip(y.chunks(columns)) {
        let dot: f64 = gradient.iter().zip(y).map(|(gradient, y)| gradient.to_f64() * y.to_f64()).sum();
        gradient
            .iter_mut()
            .zip(y)
            .for_each(|(gradient, y)| *gradient = E::from_f64(y.to_f64() * (gradient.to_f64() - dot)));
    }
}

/// Gradient of log-softmax from its output `y`: `out = gradient - exp(y) * sum(gradient)` for every row.
pub fn log_softmax_backward<E: Element>(gradient: &[E], y: &[E], columns: usize, out: &mut [E]) {
    out.copy_from_slice(gradient);
    log_softmax_backward_in_place(out, y, columns);
}

/// [`log_softmax_backward`], written over the arriving gradient.
pub fn log_softmax_backward_in_place<E: Element>(gradient: &mut [E], y: &[E], columns: usize) {
    for (gradient, y) in gradient.chunks_mut(columns).zip(y.chunks(columns)) {
        let sum: f64 = gradient.iter().map(|gradient| gradient.to_f64()).sum();
        gradient
            .iter_mut()
            .zip(y)
            .for_each(|(gradient, y)| *gradient = E::from_f64(gradient.to_f64() - y.to_f64().exp() * sum));
    }
}
