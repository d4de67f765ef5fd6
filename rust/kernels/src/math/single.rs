//! What [`super`] needs to know of single precision. The fits are in the Chebyshev norm, each coefficient rounded
//! before those of higher degree are fitted again; the errors stated are those of the rounded ones.

use super::{Tables, bits, horner, horner_scaled, mills};
use crate::real::Real;

impl Tables for f32 {
    const ROUNDER: f64 = 12_582_912.0;
    // 15 bits, so that their product with an exponent of up to 9 bits is exact.
    const LN_2_HIGH: f64 = 0.693_145_751_953_125;
    const LN_2_LOW: f64 = 1.428_606_820_309_417_2e-6;
    const LN_2_IN_ONE: bool = true;
    const EXP_LOW: f64 = -114.0;
    const EXP_HIGH: f64 = 89.0;
    const EXPM1_LOW: f64 = -18.0;
    const TANH_HIGH: f64 = 9.25;
    const NORMAL_HIGH: f64 = 14.5;
    const GELU_TANH_LOW: f64 = -11.0;
    const LIFT: i32 = 40;
    const LOWER: f64 = 9.094_947_017_729_282e-13;
    const SMALLEST_NORMAL: f64 = f32::MIN_POSITIVE as f64;
    const LARGE_UNIT: f64 = 73_786_976_294_838_206_464.0;
    const LARGEST: f64 = f32::MAX as f64;

    /// Degree 5; the error of `exp(r) - 1` is at most 2^-31.1 of its value.
    #[inline(always)]
    fn exp_series<R: Real<Element = f32>>(r: R) -> R {
        horner(r, [0.5, 0.166_666_671_6, 0.041_666_489_09, 0.008_333_208_039, 0.001_393_266_837, 0.000_199_442_423_8])
    }

    /// Degree 4; the error is at most 2^-28.2 of `exp(r)`.
    #[inline(always)]
    fn exp_short<R: Real<Element = f32>>(r: R, first: f64, ratio: f64) -> R {
        let series = [0.499_999_940_4, 0.166_665_211_3, 0.041_668_254_88, 0.008_368_662_558, 0.001_382_146_846];
        horner_scaled(r, series, first, ratio)
    }

    /// Degree 6; the error is at most 2^-28.3 of `2^f`.
    #[inline(always)]
    fn exp2_fraction<R: Real<Element = f32>>(f: R) -> R {
        f * horner(
            f,
            [
                0.693_147_182_5,
                0.240_226_477_4,
                0.055_503_599_35,
                0.009_618_505_836,
                0.001_339_081_209,
                0.000_153_264_962_1,
            ],
        )
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

    /// Degrees 5 and 3; the relative error is at most 2^-29. All are times 0.64, so that fewer of the numbers that
    /// count are just above a power of two, where rounding takes most.
    #[inline(always)]
    fn mills_series<R: Real<Element = f32>>(t: R, unit: f64) -> (R, R) {
        let p = [0.64, 0.694_345_653_1, 0.361_761_152_7, 0.109_100_647_3, 0.019_045_479_6, 0.001_589_267_747];
        mills(t, p, [0.805_741_429_3, 0.265_945_255_8, 0.047_719_873_49, 0.003_984_103_445], unit)
    }

    /// Degrees 4 and 2; the relative error is at most 2^-24.3.
    #[inline(always)]
    fn mills_short<R: Real<Element = f32>>(t: R) -> (R, R) {
        let p = [1.0, 0.952_610_552_3, 0.425_178_498, 0.101_709_201_9, 0.011_432_926_17];
        mills(t, p, [0.994_365_692_1, 0.255_860_924_7, 0.028_633_411_97], 1.0)
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

    /// Degree 10 around the middle of the range; the relative error is at most 2^-26.4.
    #[inline(always)]
    fn tanh_shrink_series<R: Real<Element = f32>>(square: R) -> R {
        let middle = R::constant(1.167_968_75);
        horner(
            square - middle,
            [
                0.227_575_27,
                -0.061_507_374,
                0.016_878_352,
                -0.004_641_024_4,
                0.001_276_442_5,
                -0.000_351_635_45,
                9.702_476e-5,
                -2.573_118_8e-5,
                6.772_18e-6,
                -2.638_160_6e-6,
                8.341_446e-7,
            ],
        )
    }

    bits!(f32, u32, 23, 127);
}
