//! Products with their rounding errors.

use super::Tables;
use crate::real::Real;

/// What rounding took from `product = x * y`: one fused multiply-add, else Dekker's splitting (1971).
#[inline(always)]
pub(crate) fn product_error<R: Real>(x: R, y: R, product: R) -> R {
    if R::FUSED {
        return x.mul_add(y, -product);
    }
    let (x_high, y_high) = (leading_half(x), leading_half(y));
    let (x_low, y_low) = (x - x_high, y - y_high);
    ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low
}

/// `x * y` rounded, and its rounding error: NaN where the product is not finite.
#[inline(always)]
pub(crate) fn exact_product<R: Real>(x: R, y: R) -> (R, R) {
    let product = x * y;
    (product, product_error(x, y, product))
}

#[inline(always)]
fn leading_half<R: Real>(x: R) -> R {
    R::load(R::Element::leading_half(x.store()))
}
