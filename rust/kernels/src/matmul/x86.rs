//! Tiles of x86-64: what every machine has (6 x 8 of `f32`), AVX2 with FMA (6 x 16) and AVX-512 (12 x 32).

use std::arch::x86_64::*;

use super::pack::transpose;
use super::tile::{Vector, tiles};
use super::transposed::{Turned, transposed_tiles};

/// A vector type by its intrinsics; the sets differ in how they mask only.
macro_rules! vector {
    (
        $(#[$doc:meta])*
        $name:ident($vector:ty), $element:ty, $lanes:literal, masks $masks:literal $mask:ty, $zero:ident,
         $splat:ident, $load:ident, $store:ident, $mul_add:ident,
        |$count:ident| $make_mask:expr,
        |$from:ident, $load_mask:ident| $load_partial:expr,
        |$this:ident, $to:ident, $store_mask:ident| $store_partial:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(super) struct $name($vector);

        // The functions are the intrinsics of the same names; the promises are those of `Vector`. Where the whole
        // program is compiled for the set, some of them are safe.
        #[allow(clippy::undocumented_unsafe_blocks, unused_unsafe)]
        impl Vector for $name {
            type Element = $element;
            type Mask = $mask;
            const LANES: usize = $lanes;
            const MASKS: bool = $masks;
            #[inline(always)]
            unsafe fn zero() -> Self {
                Self(unsafe { $zero() })
            }
            #[inline(always)]
            unsafe fn splat(pointer: *const $element) -> Self {
                Self(unsafe { $splat(*pointer) })
            }
            #[inline(always)]
            unsafe fn mask($count: usize) -> $mask {
                $make_mask
            }
            #[inline(always)]
            unsafe fn load(pointer: *const $element) -> Self {
                Self(unsafe { $load(pointer) })
            }
            #[inline(always)]
            unsafe fn load_partial($from: *const $element, $load_mask: $mask) -> Self {
                Self(unsafe { $load_partial })
            }
            #[inline(always)]
            unsafe fn store(self, pointer: *mut $element) {
                unsafe { $store(pointer, self.0) }
            }
            #[inline(always)]
            unsafe fn store_partial(self, $to: *mut $element, $store_mask: $mask) {
                let $this = self.0;
                unsafe { $store_partial }
            }
            #[inline(always)]
            unsafe fn mul_add(self, factor: Self, summand: Self) -> Self {
                Self(unsafe { $mul_add(self.0, factor.0, summand.0) })
            }
        }
    };
}

vector! {
    /// AVX-512, `f32`.
    Zmm(__m512), f32, 16, masks true __mmask16,
    _mm512_setzero_ps, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_fmadd_ps,
    |count| u16::MAX >> (16 - count),
    |pointer, mask| _mm512_maskz_loadu_ps(mask, pointer),
    |this, pointer, mask| _mm512_mask_storeu_ps(pointer, mask, this)
}
vector! {
    /// AVX-512, `f64`.
    ZmmDouble(__m512d), f64, 8, masks true __mmask8,
    _mm512_setzero_pd, _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd, _mm512_fmadd_pd,
    |count| u8::MAX >> (8 - count),
    |pointer, mask| _mm512_maskz_loadu_pd(mask, pointer),
    |this, pointer, mask| _mm512_mask_storeu_pd(pointer, mask, this)
}

/// Lanes whose sign bit is set are reached: a window into these gives any number of leading lanes.
static WINDOW: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

// A mask in the loop over the depth takes the register that the tile has not left, and halves the speed.
vector! {
    /// AVX2, `f32`.
    Ymm(__m256), f32, 8, masks false __m256i,
    _mm256_setzero_ps, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_fmadd_ps,
    |count| unsafe { _mm256_loadu_si256(WINDOW[8 - count..].as_ptr().cast()) },
    |pointer, mask| _mm256_maskload_ps(pointer, mask),
    |this, pointer, mask| _mm256_maskstore_ps(pointer, mask, this)
}
vector! {
    /// AVX2, `f64`.
    YmmDouble(__m256d), f64, 4, masks false __m256i,
    _mm256_setzero_pd, _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_fmadd_pd,
    |count| unsafe { _mm256_loadu_si256(WINDOW[8 - 2 * count..].as_ptr().cast()) },
    |pointer, mask| _mm256_maskload_pd(pointer, mask),
    |this, pointer, mask| _mm256_maskstore_pd(pointer, mask, this)
}

// Half and quarter vectors of AVX-512 with its masks.
vector! {
    /// Half a vector of AVX-512, `f32`.
    ZmmHalf(__m256), f32, 8, masks true __mmask8, _mm256_setzero_ps, _mm256_set1_ps, _mm256_loadu_ps,
    _mm256_storeu_ps, _mm256_fmadd_ps,
    |count| u8::MAX >> (8 - count),
    |pointer, mask| _mm256_maskz_loadu_ps(mask, pointer),
    |this, pointer, mask| _mm256_mask_storeu_ps(pointer, mask, this)
}
vector! {
    /// A quarter of a vector of AVX-512, `f32`.
    ZmmQuarter(__m128), f32, 4, masks true __mmask8, _mm_setzero_ps, _mm_set1_ps, _mm_loadu_ps,
    _mm_storeu_ps, _mm_fmadd_ps,
    |count| u8::MAX >> (8 - count),
    |pointer, mask| _mm_maskz_loadu_ps(mask, pointer),
    |this, pointer, mask| _mm_mask_storeu_ps(pointer, mask, this)
}
vector! {
    /// Half a vector of AVX-512, `f64`.
    ZmmDoubleHalf(__m256d), f64, 4, masks true __mmask8, _mm256_setzero_pd, _mm256_set1_pd, _mm256_loadu_pd,
    _mm256_storeu_pd, _mm256_fmadd_pd,
    |count| u8::MAX >> (8 - count),
    |pointer, mask| _mm256_maskz_loadu_pd(mask, pointer),
    |this, pointer, mask| _mm256_mask_storeu_pd(pointer, mask, this)
}
vector! {
    /// A quarter of a vector of AVX-512, `f64`.
    ZmmDoubleQuarter(__m128d), f64, 2, masks true __mmask8, _mm_setzero_pd, _mm_set1_pd, _mm_loadu_pd,
    _mm_storeu_pd, _mm_fmadd_pd,
    |count| u8::MAX >> (8 - count),
    |pointer, mask| _mm_maskz_loadu_pd(mask, pointer),
    |this, pointer, mask| _mm_mask_storeu_pd(pointer, mask, this)
}

vector! {
    /// Half a vector of AVX2, `f32`; one of them leaves a register for the mask.
    YmmHalf(__m128), f32, 4, masks true __m128i, _mm_setzero_ps, _mm_set1_ps, _mm_loadu_ps, _mm_storeu_ps, _mm_fmadd_ps,
    |count| unsafe { _mm_loadu_si128(WINDOW[8 - count..].as_ptr().cast()) },
    |pointer, mask| _mm_maskload_ps(pointer, mask),
    |this, pointer, mask| _mm_maskstore_ps(pointer, mask, this)
}
vector! {
    /// Half a vector of AVX2, `f64`.
    YmmDoubleHalf(__m128d), f64, 2, masks true __m128i,
    _mm_setzero_pd, _mm_set1_pd, _mm_loadu_pd, _mm_storeu_pd, _mm_fmadd_pd,
    |count| unsafe { _mm_loadu_si128(WINDOW[8 - 2 * count..].as_ptr().cast()) },
    |pointer, mask| _mm_maskload_pd(pointer, mask),
    |this, pointer, mask| _mm_maskstore_pd(pointer, mask, this)
}

/// Multiplies and adds, rounding twice: the baseline has no fused form.
#[inline(always)]
fn mul_add_ps(x: __m128, y: __m128, summand: __m128) -> __m128 {
    // SAFETY: every x86-64 has SSE2. Younger versions of Rust know that, and call the intrinsics safe.
    #[allow(unused_unsafe)]
    unsafe {
        _mm_add_ps(_mm_mul_ps(x, y), summand)
    }
}

/// [`mul_add_ps`] of doubles.
#[inline(always)]
fn mul_add_pd(x: __m128d, y: __m128d, summand: __m128d) -> __m128d {
    // SAFETY: every x86-64 has SSE2. Younger versions of Rust know that, and call the intrinsics safe.
    #[allow(unused_unsafe)]
    unsafe {
        _mm_add_pd(_mm_mul_pd(x, y), summand)
    }
}

// There are no masks: the lanes of a partial vector go through a buffer.
vector! {
    /// SSE2, `f32`.
    Sse(__m128), f32, 4, masks false usize, _mm_setzero_ps, _mm_set1_ps, _mm_loadu_ps, _mm_storeu_ps, mul_add_ps,
    |count| count,
    |pointer, count| {
        let mut buffer = [0.0; 4];
        std::ptr::copy_nonoverlapping(pointer, buffer.as_mut_ptr(), count);
        _mm_loadu_ps(buffer.as_ptr())
    },
    |this, pointer, count| {
        let mut buffer = [0.0; 4];
        _mm_storeu_ps(buffer.as_mut_ptr(), this);
        std::ptr::copy_nonoverlapping(buffer.as_ptr(), pointer, count);
    }
}
vector! {
    /// SSE2, `f64`.
    SseDouble(__m128d), f64, 2, masks false usize, _mm_setzero_pd, _mm_set1_pd, _mm_loadu_pd, _mm_storeu_pd, mul_add_pd,
    |count| count,
    |pointer, count| {
        let mut buffer = [0.0; 2];
        std::ptr::copy_nonoverlapping(pointer, buffer.as_mut_ptr(), count);
        _mm_loadu_pd(buffer.as_ptr())
    },
    |this, pointer, count| {
        let mut buffer = [0.0; 2];
        _mm_storeu_pd(buffer.as_mut_ptr(), this);
        std::ptr::copy_nonoverlapping(buffer.as_ptr(), pointer, count);
    }
}

tiles! {
    SSE2_F32, Sse, f32, registers 16, widest 4, [1 2 3 4 5 6], narrower None, transpose transpose
}
tiles! {
    SSE2_F64, SseDouble, f64, registers 16, widest 4, [1 2 3 4 5 6], narrower None, transpose transpose
}
tiles! {
    AVX512_F32, Zmm, f32, registers 32, widest 4, [1 2 3 4 5 6 7 8 9 10 11 12],
    narrower Some(&AVX512_F32_HALF), transpose transpose_f32, transposed Some(&AVX512_F32_TRANSPOSED),
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,bmi1,bmi2")]
}
tiles! {
    AVX512_F32_HALF, ZmmHalf, f32, registers 32, widest 1, [1 2 3 4 5 6 7 8 9 10 11 12],
    narrower Some(&AVX512_F32_QUARTER), transpose transpose_f32,
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,bmi1,bmi2")]
}
tiles! {
    AVX512_F32_QUARTER, ZmmQuarter, f32, registers 32, widest 1, [1 2 3 4 5 6 7 8 9 10 11 12],
    narrower None, transpose transpose_f32,
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,bmi1,bmi2")]
}
tiles! {
    AVX512_F64, ZmmDouble, f64, registers 32, widest 4, [1 2 3 4 5 6 7 8 9 10 11 12],
    narrower Some(&AVX512_F64_HALF), transpose transpose_f64, transposed Some(&AVX512_F64_TRANSPOSED),
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,bmi1,bmi2")]
}
tiles! {
    AVX512_F64_HALF, ZmmDoubleHalf, f64, registers 32, widest 1, [1 2 3 4 5 6 7 8 9 10 11 12],
    narrower Some(&AVX512_F64_QUARTER), transpose transpose_f64,
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,bmi1,bmi2")]
}
tiles! {
    AVX512_F64_QUARTER, ZmmDoubleQuarter, f64, registers 32, widest 1, [1 2 3 4 5 6 7 8 9 10 11 12],
    narrower None, transpose transpose_f64,
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,bmi1,bmi2")]
}
tiles! {
    AVX2_F32, Ymm, f32, registers 16, widest 4, [1 2 3 4 5 6],
    narrower Some(&AVX2_F32_HALF), transpose transpose_f32, transposed Some(&AVX2_F32_TRANSPOSED),
    #[target_feature(enable = "avx2,fma,bmi1,bmi2")]
}
tiles! {
    AVX2_F32_HALF, YmmHalf, f32, registers 16, widest 1, [1 2 3 4 5 6], narrower None, transpose transpose_f32,
    #[target_feature(enable = "avx2,fma,bmi1,bmi2")]
}
tiles! {
    AVX2_F64, YmmDouble, f64, registers 16, widest 4, [1 2 3 4 5 6],
    narrower Some(&AVX2_F64_HALF), transpose transpose_f64, transposed Some(&AVX2_F64_TRANSPOSED),
    #[target_feature(enable = "avx2,fma,bmi1,bmi2")]
}
tiles! {
    AVX2_F64_HALF, YmmDoubleHalf, f64, registers 16, widest 1, [1 2 3 4 5 6], narrower None, transpose transpose_f64,
    #[target_feature(enable = "avx2,fma,bmi1,bmi2")]
}

/// 8 columns of 4 numbers as 4 rows: halves of two columns lie in one register.
///
/// # Safety
/// The columns can be read, and the machine has AVX2.
#[inline(always)]
unsafe fn turned_f32(from: *const f32, column_stride: usize) -> [__m256; 4] {
    // SAFETY: the caller's promise.
    unsafe {
        let pair = |column: usize| {
            let low = _mm256_castps128_ps256(_mm_loadu_ps(from.add(column * column_stride)));
            _mm256_insertf128_ps::<1>(low, _mm_loadu_ps(from.add((column + 4) * column_stride)))
        };
        let (first, second, third, fourth) = (pair(0), pair(1), pair(2), pair(3));
        let (low, high) = (_mm256_unpacklo_ps(first, second), _mm256_unpackhi_ps(first, second));
        let (next_low, next_high) = (_mm256_unpacklo_ps(third, fourth), _mm256_unpackhi_ps(third, fourth));
        [
            _mm256_shuffle_ps::<0x44>(low, next_low),
            _mm256_shuffle_ps::<0xEE>(low, next_low),
            _mm256_shuffle_ps::<0x44>(high, next_high),
            _mm256_shuffle_ps::<0xEE>(high, next_high),
        ]
    }
}

/// 4 columns of 2 numbers as 2 rows.
///
/// # Safety
/// As for [`turned_f32`].
#[inline(always)]
unsafe fn turned_f64(from: *const f64, column_stride: usize) -> [__m256d; 2] {
    // SAFETY: the caller's promise.
    unsafe {
        let pair = |column: usize| {
            let low = _mm256_castpd128_pd256(_mm_loadu_pd(from.add(column * column_stride)));
            _mm256_insertf128_pd::<1>(low, _mm_loadu_pd(from.add((column + 2) * column_stride)))
        };
        let (first, second) = (pair(0), pair(1));
        [_mm256_unpacklo_pd(first, second), _mm256_unpackhi_pd(first, second)]
    }
}

impl Turned for Ymm {
    const ROWS: usize = 4;
    #[inline(always)]
    unsafe fn turned(from: *const f32, column_stride: usize) -> [Self; 4] {
        // SAFETY: the caller's promise.
        unsafe { turned_f32(from, column_stride) }.map(Self)
    }
}

impl Turned for YmmDouble {
    const ROWS: usize = 2;
    #[inline(always)]
    unsafe fn turned(from: *const f64, column_stride: usize) -> [Self; 4] {
        // SAFETY: the caller's promise.
        unsafe {
            let [first, second] = turned_f64(from, column_stride);
            [Self(first), Self(second), Self::zero(), Self::zero()]
        }
    }
}

transposed_tiles! { AVX2_F32_TRANSPOSED, Ymm, f32, [1 2], #[target_feature(enable = "avx2,fma,bmi1,bmi2")] }
transposed_tiles! { AVX2_F64_TRANSPOSED, YmmDouble, f64, [1 2], #[target_feature(enable = "avx2,fma,bmi1,bmi2")] }
transposed_tiles! {
    AVX512_F32_TRANSPOSED, Ymm, f32, [1 2],
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,bmi1,bmi2")]
}
transposed_tiles! {
    AVX512_F64_TRANSPOSED, YmmDouble, f64, [1 2],
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,bmi1,bmi2")]
}

/// [`super::pack::TransposeFunction`] by [`turned_f32`].
#[target_feature(enable = "avx2")]
unsafe fn transpose_f32(from: *const f32, column_stride: usize, to: *mut f32, width: usize, squares: usize) {
    for half in 0..2 * squares {
        // SAFETY: the caller's promise: 8 columns of 4 numbers can be read, 4 rows of 8 numbers written.
        unsafe {
            let rows = turned_f32(from.add(4 * half), column_stride);
            for (k, row) in rows.into_iter().enumerate() {
                _mm256_storeu_ps(to.add((4 * half + k) * width), row);
            }
        }
    }
}

/// [`super::pack::TransposeFunction`] by [`turned_f64`].
#[target_feature(enable = "avx2")]
unsafe fn transpose_f64(from: *const f64, column_stride: usize, to: *mut f64, width: usize, squares: usize) {
    for pair in 0..4 * squares {
        for column in [0, 4] {
            // SAFETY: the caller's promise: 4 columns of 2 numbers can be read, 2 rows of 4 numbers written.
            unsafe {
                let rows = turned_f64(from.add(2 * pair + column * column_stride), column_stride);
                for (k, row) in rows.into_iter().enumerate() {
                    _mm256_storeu_pd(to.add((2 * pair + k) * width + column), row);
                }
            }
        }
    }
}
