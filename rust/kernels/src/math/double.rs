//! What [`super`] needs to know of double precision. The fits are in the Chebyshev norm; the errors stated are those of
//! the rounded coefficients.

use super::{Tables, bits, horner, mills};
use crate::real::Real;

impl Tables for f64 {
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    // 41 bits, so that their product with an exponent of up to 12 bits is exact.
    const LN_2_HIGH: f64 = 0.693_147_180_559_663;
    const LN_2_LOW: f64 = 2.823_529_056_303_157_7e-13;
    const LN_2_IN_ONE: bool = false;
    const EXP_LOW: f64 = -752.0;
    const EXP_HIGH: f64 = 710.0;
    const EXPM1_LOW: f64 = -40.0;
    const TANH_HIGH: f64 = 20.0;
    const NORMAL_HIGH: f64 = 38.7;
    const GELU_TANH_LOW: f64 = -21.58;
    const LIFT: i32 = 64;
    const LOWER: f64 = 5.421_010_862_427_522e-20;
    const SMALLEST_NORMAL: f64 = f64::MIN_POSITIVE;
    const LARGE_UNIT: f64 = 5.363_123_171_977_039e154;
    const LARGEST: f64 = f64::MAX;

    /// Degree 10; the error of `exp(r) - 1` is at most 2^-61.6 of its value.
    #[inline(always)]
    fn exp_series<R: Real<Element = f64>>(r: R) -> R {
        horner(
            r,
            [
                0.5,
                0.166_666_666_666_666_77,
                0.041_666_666_666_666_68,
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

    /// By `exp_series`.
    #[inline(always)]
    fn exp_short<R: Real<Element = f64>>(r: R, first: f64, ratio: f64) -> R {
        R::constant(first) * Self::exp_series(R::constant(ratio) * r)
    }

    /// By `exp_series`.
    #[inline(always)]
    fn exp2_fraction<R: Real<Element = f64>>(f: R) -> R {
        let r = f * R::constant(std::f64::consts::LN_2);
        (r * r).mul_add(Self::exp_series(r), r)
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
                0.666_666_666_666_666_6,
                0.400_000_000_000_049_37,
                0.285_714_285_694_044_8,
                0.222_222_226_082_200_8,
                0.181_817_782_403_028_23,
                0.153_869_943_821_289_32,
                0.132_520_145_664_557_86,
                0.132_360_554_402_442_7,
            ],
        );
        let half_square = (R::constant(0.5) * f) * f;
        s.mul_add(square.mul_add(series, half_square), -half_square)
    }

    /// By `ln_series`, halved where `1 + e` is beyond sqrt(2).
    #[inline(always)]
    fn ln_1p_series<R: Real<Element = f64>>(e: R) -> R {
        let half = R::constant(0.5);
        let halved = e > R::constant(std::f64::consts::SQRT_2 - 1.0);
        let f = R::select(halved, e.mul_add(half, -half), e);
        let high = R::select(halved, R::constant(Self::LN_2_HIGH), R::zero());
        let low = R::select(halved, R::constant(Self::LN_2_LOW), R::zero());
        high + (f + (Self::ln_series(f) + low))
    }

    /// Degrees 10 and 9; the relative error is at most 2^-58.8.
    #[inline(always)]
    fn mills_series<R: Real<Element = f64>>(t: R, unit: f64) -> (R, R) {
        let p = [
            1.0,
            1.674_470_720_641_440_9,
            1.388_358_757_170_164_5,
            0.737_231_983_269_659_8,
            0.275_172_737_461_119_03,
            0.075_113_805_847_819_26,
            0.015_169_087_694_674_28,
            0.002_241_203_257_302_022_8,
            0.000_232_817_835_148_944_84,
            1.547_153_819_815_452_5e-5,
            5.061_238_805_816_441e-7,
        ];
        let q = [
            2.438_082_288_257_612_5,
            1.524_750_076_706_390_8,
            0.619_448_396_146_247_6,
            0.177_434_640_067_975,
            0.036_868_767_818_937_78,
            0.005_540_300_919_455_57,
            0.000_581_050_433_116_950_9,
            3.878_139_521_047_58e-5,
            1.268_664_428_375_761_3e-6,
            5.456_449_992_075_535_5e-18,
        ];
        mills(t, p, q, unit)
    }

    /// The same.
    #[inline(always)]
    fn mills_short<R: Real<Element = f64>>(t: R) -> (R, R) {
        Self::mills_series(t, 1.0)
    }

    /// Degree 12; the error of `erf(z)` is at most 2^-56.3 of its value.
    #[inline(always)]
    fn erf_series<R: Real<Element = f64>>(square: R) -> R {
        horner(
            square,
            [
                0.128_379_167_095_512_6,
                -0.376_126_389_031_840_87,
                0.112_837_916_709_703_18,
                -0.026_866_170_647_865_16,
                0.005_223_977_650_980_856,
                -0.000_854_832_843_461_943_5,
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

    /// Degree 23 around the middle of the range; the relative error is at most 2^-56.5.
    #[inline(always)]
    fn tanh_shrink_series<R: Real<Element = f64>>(square: R) -> R {
        let middle = R::constant(1.125);
        horner(
            square - middle,
            [
                0.230_249_702_146_778_92,
                -0.062_983_965_061_698_65,
                0.017_491_030_600_495_887,
                -0.004_867_189_682_961_91,
                0.001_354_784_828_553_514_6,
                -0.000_377_122_080_230_115_1,
                0.000_104_977_589_324_813_3,
                -2.922_211_806_020_017_5e-5,
                8.134_424_926_664_455e-6,
                -2.264_342_054_915_696_8e-6,
                6.303_145_445_669_624e-7,
                -1.754_577_306_111_11e-7,
                4.884_086_921_210_281e-8,
                -1.359_560_579_365_001_4e-8,
                3.785_453_112_190_879e-9,
                -1.053_738_991_423_778_8e-9,
                2.921_891_079_410_031_3e-10,
                -8.133_532_414_263_315e-11,
                2.357_901_891_453_530_5e-11,
                -6.563_581_920_946_35e-12,
                1.335_540_402_559_515_3e-12,
                -3.717_681_754_574_31e-13,
                2.514_386_423_085_714_5e-13,
                -6.999_180_639_642_659e-14,
            ],
        )
    }

    bits!(f64, u64, 52, 1023);
}
