//! What [`super`] needs to know of single precision. The fits are in the Chebyshev norm, each coefficient rounded before
//! those of higher degree are fitted again; the errors stated are those of the rounded ones.

use super::{Tables, bits, horner};
use crate::real::Real;

impl Tables for f32 {
    const ROUNDER: f64 = 12_582_912.0;
    // 15 bits, so that their product with an exponent of up to 9 bits is exact.
    const LN_2_HIGH: f64 = 0.693_145_751_953_125;
    const LN_2_LOW: f64 = 1.428_606_820_309_417_2e-6;
    const EXP_LOW: f64 = -114.0;
    const EXP_HIGH: f64 = 89.0;
    const EXPM1_LOW: f64 = -18.0;
    const TANH_HIGH: f64 = 9.25;
    const NORMAL_HIGH: f64 = 14.5;
    const LIFT: i32 = 40;
    const LOWER: f64 = 9.094_947_017_729_282e-13;
    const SMALLEST_NORMAL: f64 = f32::MIN_POSITIVE as f64;

    /// Degree 5; the error of `exp(r) - 1` is at most 2^-31.1 of its value.
    #[inline(always)]
    fn exp_series<R: Real<Element = f32>>(r: R) -> R {
        horner(r, [0.5, 0.166_666_671_6, 0.041_666_489_09, 0.008_333_208_039, 0.001_393_266_837, 0.000_199_442_423_8])
    }

    /// Degree 6; the relative error is at most 2^-28.2.
    #[inline(always)]
    fn exp_whole<R: Real<Element = f32>>(r: R) -> R {
        horner(r, [1.0, 1.0, 0.499_999_940_4, 0.166_665_211_3, 0.041_668_254_88, 0.008_368_662_558, 0.001_382_146_846])
    }

    /// `f^2 (f p(f) - 1/2)`, p of degree 7; the error is at most 2^-27.3 of `ln(1 + f)`.
    #[inline(always)]
    fn ln_series<R: Real<Element = f32>>(f: R) -> R {
        let series = horner(
            f,
            [
                -0.5,
                0.333_333_164_5,
                -0.250_008_076_4,
                0.200_022_772,
                -0.166_246_578_1,
                0.141_816_496_8,
                -0.131_282_001_7,
                0.128_777_340_1,
                -0.078_559_979_8,
            ],
        );
        (f * f) * series
    }

    /// `e + e^2 q(e)`, q of degree 8; the relative error is at most 2^-27.5.
    #[inline(always)]
    fn ln_1p_series<R: Real<Element = f32>>(e: R) -> R {
        let series = horner(
            e,
            [
                -0.499_999_344_3,
                0.333_305_537_7,
                -0.249_589_860_4,
                0.196_972_921_5,
                -0.153_605_043_9,
                0.106_887_497,
                -0.057_741_746_31,
                0.020_244_192_33,
                -0.003_326_976_672,
            ],
        );
        (e * e).mul_add(series, e)
    }

    /// Degrees 5 and 3; the relative error is at most 2^-29.7.
    #[inline(always)]
    fn mills_series<R: Real<Element = f32>>(t: R) -> R {
        let p = horner(t, [1.0, 1.085_242_51, 0.565_568_089_5, 0.170_612_946_2, 0.029_793_424_53, 0.002_487_286_925]);
        let q = horner(t, [1.259_625_793, 0.415_873_855_4, 0.074_649_974_7, 0.006_235_319_19]);
        // sqrt(2 pi)
        p / p.mul_add(R::constant(2.506_628_274_631_000_7), q).mul_add(t, R::constant(2.0))
    }

    /// Degree 6; the error of `erf(z)` is at most 2^-29.4 of its value.
    #[inline(always)]
    fn erf_series<R: Real<Element = f32>>(square: R) -> R {
        horner(
            square,
            [
                0.128_379_166_1,
                -0.376_126_259_6,
                0.112_835_794_7,
                -0.026_853_419_84,
                0.005_187_388_975,
                -0.000_800_069_479_7,
                7.819_277_38e-5,
            ],
        )
    }

    bits!(f32, u32, 23, 127);
}
