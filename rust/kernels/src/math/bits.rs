//! The bit tricks of both precisions: numbers are built from and taken to their exponent and digits.

/// The bit tricks of [`super::Tables`] for a type, its integer, its stored digits and its exponent bias. Wrapping
/// integer arithmetic throughout: for NaN the results are meaningless, and NaN reaches the function's result by another
/// operand.
macro_rules! bits {
    ($float:ident, $integer:ident, $digits:literal, $bias:literal) => {
        #[inline(always)]
        fn power_of_two(shifted: $float, offset: i32) -> $float {
            const ROUNDER: $integer = (<$float as Tables>::ROUNDER as $float).to_bits();
            let exponent = ($bias + offset) as $integer;
            let exponent = shifted.to_bits().wrapping_add(exponent.wrapping_sub(ROUNDER));
            $float::from_bits(exponent << $digits)
        }

        #[inline(always)]
        fn one_over_power_of_two(power: $float) -> $float {
            $float::from_bits(((2 * $bias as $integer) << $digits).wrapping_sub(power.to_bits()))
        }

        #[inline(always)]
        fn times_power_of_two(value: $float, shifted: $float) -> $float {
            // The leading bits of ROUNDER are shifted out.
            $float::from_bits(value.to_bits().wrapping_add(shifted.to_bits() << $digits))
        }

        #[inline(always)]
        fn powers_of_two(shifted: $float) -> ($float, $float) {
            const ROUNDER: $integer = (<$float as Tables>::ROUNDER as $float).to_bits();
            // The sum of both exponents; logical shifts do, since it is positive.
            let sum = shifted.to_bits().wrapping_add((2 * $bias as $integer).wrapping_sub(ROUNDER));
            let first = sum >> 1;
            ($float::from_bits(first << $digits), $float::from_bits(sum.wrapping_sub(first) << $digits))
        }

        #[inline(always)]
        fn split_exponent(x: $float) -> ($float, $float, $float) {
            const ONE: $integer = ($bias as $integer) << $digits;
            const DIGITS: $integer = (1 << $digits) - 1;
            const ROOT_HALF: $integer = (std::f64::consts::FRAC_1_SQRT_2 as $float).to_bits();
            // Two to the digits: its last place is 1, so that an integer in the low bits is added.
            const COUNTER: $float = (1u64 << $digits) as $float;
            let moved = x.to_bits().wrapping_add(ONE - ROOT_HALF);
            let exponent = moved >> $digits;
            let significand = $float::from_bits((moved & DIGITS).wrapping_add(ROOT_HALF));
            let k = $float::from_bits(exponent | COUNTER.to_bits()) - (COUNTER + $bias as $float);
            let double_scale = $float::from_bits(((2 * $bias + 1) as $integer).wrapping_sub(exponent) << $digits);
            (significand, k, double_scale)
        }

        #[inline(always)]
        fn leading_half(x: $float) -> $float {
            const MASK: $integer = !((1 << ($digits / 2 + 1)) - 1);
            $float::from_bits(x.to_bits() & MASK)
        }
    };
}
pub(super) use bits;
