//! Tiles of plain code (4 x 8 of `f32`), for architectures without tiles of their own. What they lack is speed only.

use super::pack::transpose;
use super::tile::{Vector, tiles};
use crate::real::{Plain, Real};

/// `N` numbers that the compiler keeps in whatever registers there are.
#[derive(Clone, Copy)]
pub(super) struct Lanes<R, const N: usize>([R; N]);

impl<R: Real, const N: usize> Vector for Lanes<R, N> {
    type Element = R::Element;
    type Mask = usize;
    const LANES: usize = N;
    const MASKS: bool = false;
    #[inline(always)]
    unsafe fn zero() -> Self {
        Self([R::zero(); N])
    }
    #[inline(always)]
    unsafe fn splat(pointer: *const R::Element) -> Self {
        // SAFETY: the caller's promise.
        Self([R::load(unsafe { *pointer }); N])
    }
    #[inline(always)]
    unsafe fn mask(count: usize) -> usize {
        count
    }
    #[inline(always)]
    unsafe fn load(pointer: *const R::Element) -> Self {
        // SAFETY: the caller's promise: `N` elements can be read.
        let elements = unsafe { pointer.cast::<[R::Element; N]>().read_unaligned() };
        Self(elements.map(R::load))
    }
    #[inline(always)]
    unsafe fn load_partial(pointer: *const R::Element, count: usize) -> Self {
        let mut elements = [R::Element::default(); N];
        // SAFETY: the caller's promise: `count`, at most `N`, elements can be read.
        unsafe { std::ptr::copy_nonoverlapping(pointer, elements.as_mut_ptr(), count) };
        Self(elements.map(R::load))
    }
    #[inline(always)]
    unsafe fn store(self, pointer: *mut R::Element) {
        // SAFETY: the caller's promise: `N` elements can be written.
        unsafe { pointer.cast::<[R::Element; N]>().write_unaligned(self.0.map(R::store)) }
    }
    #[inline(always)]
    unsafe fn store_partial(self, pointer: *mut R::Element, count: usize) {
        // SAFETY: the caller's promise: `count`, at most `N`, elements can be written.
        unsafe { std::ptr::copy_nonoverlapping(self.0.map(R::store).as_ptr(), pointer, count) }
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, summand: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane].mul_add(factor.0[lane], summand.0[lane])))
    }
}

type Plain32 = Lanes<Plain<f32>, 4>;
type Plain64 = Lanes<Plain<f64>, 2>;
tiles! { PLAIN_F32, Plain32, f32, registers 12, widest 4, [1 2 3 4], narrower None, transpose transpose }
tiles! { PLAIN_F64, Plain64, f64, registers 12, widest 4, [1 2 3 4], narrower None, transpose transpose }
