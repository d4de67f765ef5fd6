//! Tiles of 64-bit Arm: 8 x 12 of `f32`.

use std::arch::aarch64::*;

use super::pack::transpose;
use super::tile::{Vector, tiles};

/// A vector type by its intrinsics.
macro_rules! vector {
    ($vector:ty, $element:ty, $lanes:literal, $splat:ident, $load:ident, $store:ident, $mul_add:ident) => {
        // The functions are the intrinsics of the same names; the promises are those of `Vector`. Where the whole
        // program is compiled for the set, some of them are safe.
        #[allow(clippy::undocumented_unsafe_blocks, unused_unsafe)]
        impl Vector for $vector {
            type Element = $element;
            type Mask = usize;
            const LANES: usize = $lanes;
            const MASKS: bool = false;
            #[inline(always)]
            unsafe fn zero() -> Self {
                unsafe { $splat(0.0) }
            }
            #[inline(always)]
            unsafe fn splat(pointer: *const $element) -> Self {
                unsafe { $splat(*pointer) }
            }
            #[inline(always)]
            unsafe fn mask(count: usize) -> usize {
                count
            }
            #[inline(always)]
            unsafe fn load(pointer: *const $element) -> Self {
                unsafe { $load(pointer) }
            }
            #[inline(always)]
            unsafe fn load_partial(pointer: *const $element, count: usize) -> Self {
                // NEON has no masks: the lanes go through a buffer.
                let mut buffer = [0.0; $lanes];
                unsafe {
                    std::ptr::copy_nonoverlapping(pointer, buffer.as_mut_ptr(), count);
                    $load(buffer.as_ptr())
                }
            }
            #[inline(always)]
            unsafe fn store(self, pointer: *mut $element) {
                unsafe { $store(pointer, self) }
            }
            #[inline(always)]
            unsafe fn store_partial(self, pointer: *mut $element, count: usize) {
                let mut buffer = [0.0; $lanes];
                unsafe {
                    $store(buffer.as_mut_ptr(), self);
                    std::ptr::copy_nonoverlapping(buffer.as_ptr(), pointer, count);
                }
            }
            #[inline(always)]
            unsafe fn mul_add(self, factor: Self, summand: Self) -> Self {
                // The intrinsic takes the summand first.
                unsafe { $mul_add(summand, self, factor) }
            }
        }
    };
}

vector!(float32x4_t, f32, 4, vdupq_n_f32, vld1q_f32, vst1q_f32, vfmaq_f32);
vector!(float64x2_t, f64, 2, vdupq_n_f64, vld1q_f64, vst1q_f64, vfmaq_f64);

tiles! { NEON_F32, float32x4_t, f32, registers 32, widest 4, [1 2 3 4 5 6 7 8], narrower None, transpose transpose }
tiles! { NEON_F64, float64x2_t, f64, registers 32, widest 4, [1 2 3 4 5 6 7 8], narrower None, transpose transpose }
