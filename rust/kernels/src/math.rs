//! Transcendental functions, branch-free, each with its stated error bound. (First version: replaced below.)

macro_rules! scaffold {
    ($e:ident) => {
        use crate::real::Real;
        macro_rules! via {
            ($f:ident) => {
                /// Scaffold.
                #[inline(always)]
                pub fn $f<R: Real<Element = $e>>(x: R) -> R {
                    R::load(x.store().$f())
                }
            };
        }
        via!(ln);
        via!(exp);
        via!(ln_1p);
        /// Scaffold.
        #[inline(always)]
        pub fn expm1<R: Real<Element = $e>>(x: R) -> R {
            R::load(x.store().exp_m1())
        }
        via!(tanh);
        /// Scaffold (Abramowitz-Stegun 7.1.26, 1e-7).
        #[inline(always)]
        pub fn erf<R: Real<Element = $e>>(x: R) -> R {
            R::one() - erfc(x)
        }
        /// Scaffold.
        #[inline(always)]
        pub fn erfc<R: Real<Element = $e>>(x: R) -> R {
            let z = f64::from(x.store());
            let t = 1.0 / (1.0 + 0.5 * z.abs());
            let p = -z * z - 1.26551223
                + t * (1.00002368
                    + t * (0.37409196
                        + t * (0.09678418
                            + t * (-0.18628806
                                + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
            let r = t * p.exp();
            R::constant(if z >= 0.0 { r } else { 2.0 - r })
        }
        /// Scaffold.
        #[inline(always)]
        pub fn exp_sum<R: Real<Element = $e>>(x: R, tail: R) -> R {
            exp(x + tail)
        }
        /// Scaffold.
        #[inline(always)]
        pub fn sigmoid_scaled<R: Real<Element = $e>>(x: R, _tail: R, scale: R) -> R {
            scale * R::load(1.0 / (1.0 + (-x.store()).exp()))
        }
        /// Scaffold.
        #[inline(always)]
        pub fn softplus<R: Real<Element = $e>>(x: R, _tail: R) -> R {
            x.maximum(R::zero()) + ln_1p(exp(-x.abs()))
        }
        /// Scaffold.
        #[inline(always)]
        pub fn normal_cdf<R: Real<Element = $e>>(x: R) -> R {
            R::constant(0.5) * erfc(R::constant(-std::f64::consts::FRAC_1_SQRT_2) * x)
        }
        /// Scaffold.
        #[inline(always)]
        pub fn exact_product<R: Real<Element = $e>>(x: R, y: R) -> (R, R) {
            (x * y, R::zero())
        }
    };
}

/// Single precision.
pub mod single {
    scaffold!(f32);
}
/// Double precision.
pub mod double {
    scaffold!(f64);
}
