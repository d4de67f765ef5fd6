//! What [`super`] needs to know of double precision. The fits are in the Chebyshev norm; the errors stated are those of the
//! rounded coefficients.

use super::{Tables, bits, horner};
use crate::real::Real;

impl Tables for f64 {
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    // 41 bits, so that their product with an exponent of up to 12 bits is exact.
    const LN_2_HIGH: f64 = 0.693_147_180_559_662_956_511_601_8;
    const LN_2_LOW: f64 = 2.823_529_056_303_157_7e-13;
    const EXP_LOW: f64 = -752.0;
    const EXP_HIGH: f64 = 710.0;
    const EXPM1_LOW: f64 = -40.0;
    const TANH_HIGH: f64 = 20.0;
    const SIGMOID_HIGH: f64 = 40.0;
    const NORMAL_HIGH: f64 = 39.0;
    const LIFT: i32 = 64;
    const LOWER: f64 = 5.421_010_862_427_522e-20;
    const DENSITY: f64 = 0.398_942_280_401_432_7;
    const SMALLEST_NORMAL: f64 = f64::MIN_POSITIVE;

    /// Degree 10; the error of `exp(r) - 1` is at most 2^-61.6 of its value.
    #[inline(always)]
    fn exp_series<R: Real<Element = f64>>(r: R) -> R {
        horner(
            r,
            [
                0.5,
                0.166_666_666_666_666_77,
                0.041_666_666_666_666_678,
                0.008_333_333_333_321_44,
                0.001_388_888_888_887_708_5,
                0.000_198_412_698_865_739_15,
                2.480_158_734_186_028_3e-5,
                2.755_724_378_138_280_5e-6,
                2.755_725_782_729_186_3e-7,
                2.510_918_065_270_175_6e-8,
                2.091_999_569_161_625_3e-9,
            ],
        )
    }

    /// `s (f^2 / 2 + r(s^2)) - f^2 / 2` with `s = f / (2 + f)`, as in FreeBSD's `e_log.c`; r of degree 7 in s^2 after a
    /// factor s^2, the error at most 2^-65 of `ln(1 + f)`.
    #[inline(always)]
    fn ln_series<R: Real<Element = f64>>(f: R) -> R {
        let s = f / (R::constant(2.0) + f);
        let square = s * s;
        let series = horner(
            square,
            [
                0.666_666_666_666_666_63,
                0.400_000_000_000_049_37,
                0.285_714_285_694_044_78,
                0.222_222_226_082_200_8,
                0.181_817_782_403_028_23,
                0.153_869_943_821_289_32,
                0.132_520_145_664_557_86,
                0.132_360_554_402_442_71,
            ],
        );
        let half_square = (R::constant(0.5) * f) * f;
        s.mul_add(square.mul_add(series, half_square), -half_square)
    }

    /// Degrees 10 and 9; the relative error is at most 2^-57.8.
    #[inline(always)]
    fn mills_series<R: Real<Element = f64>>(t: R) -> R {
        let numerator = horner(
            t,
            [
                1.0,
                1.694_240_792_969_016_2,
                1.419_716_411_804_883_2,
                0.761_782_885_571_411_83,
                0.287_385_283_876_074_01,
                0.079_329_836_230_656_129,
                0.016_213_091_965_619_526,
                0.002_426_767_713_987_501_3,
                0.000_255_749_440_196_510_8,
                1.727_608_812_879_968e-5,
                5.762_921_535_417_129_6e-7,
            ],
        );
        let rest = horner(
            t,
            [
                0.797_884_560_802_865_35,
                0.988_428_343_359_963_86,
                0.626_123_007_756_819_34,
                0.257_473_262_430_960_68,
                0.074_649_096_723_461_435,
                0.015_707_354_644_481_392,
                0.002_392_215_576_327_305_8,
                0.000_254_596_855_144_947_04,
                1.727_608_813_746_039_7e-5,
                5.762_921_534_962_520_5e-7,
            ],
        );
        numerator / numerator.mul_add(t, rest)
    }

    /// Degree 12; the error of `erf(z)` is at most 2^-56.3 of its value.
    #[inline(always)]
    fn erf_series<R: Real<Element = f64>>(square: R) -> R {
        horner(
            square,
            [
                0.128_379_167_095_512_59,
                -0.376_126_389_031_840_87,
                0.112_837_916_709_703_18,
                -0.026_866_170_647_865_159,
                0.005_223_977_650_980_856_3,
                -0.000_854_832_843_461_943_55,
                0.000_120_553_824_695_110_35,
                -1.492_679_240_834_302_8e-5,
                1.647_965_247_783_301_7e-6,
                -1.654_258_101_018_509_6e-7,
                1.591_845_681_461_887e-8,
                -1.611_227_155_040_459_1e-9,
                1.377_321_156_383_903_5e-10,
            ],
        )
    }

    bits!(f64, u64, 52, 1023);
}
