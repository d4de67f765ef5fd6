//! Random numbers addressed by (seed, stream, element): Philox4x32-10 counters (Salmon, Moraes, Dror and Shaw, 2011).
//!
//! Nothing is carried from call to call, so any element can be had in any order, by any thread, on any machine, with
//! the same bits. The generator works on whole numbers only; normal numbers are made without fused multiply-add for
//! that reason.
//!
//! Element `i` of a fill reads **word `i`** of the stream: word `(i / 16) % 4` of block `16 (i / 64) + i % 16`. Sixteen
//! blocks are computed at a time, and this order lets every vector lane keep the words of its own block.

use std::f64::consts::FRAC_PI_2;

use crate::isa::{self, Kernel};
use crate::real::{Element, Plain, Real};
use crate::threads;

/// Blocks computed at a time.
const LANES: usize = 16;
/// Words of [`LANES`] blocks.
const CHUNK: usize = 4 * LANES;
/// Elements a thread takes at once; a multiple of [`CHUNK`].
const PART: usize = 1 << 16;

/// Standard deviation of a standard normal number cut off at -2 and 2.
const TRUNCATED_DEVIATION: f64 = 0.879_625_661_034_239_8;

/// A stream of random numbers: any element can be asked for in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The user's seed: the key of the generator.
    pub seed: u64,
    /// Which stream, for instance a purpose and a step: the upper half of the counter.
    pub stream: u64,
}

/// Ten rounds of Philox on a counter of four words, with a key of two, for several counters at once.
#[inline(always)]
fn philox<const N: usize>(mut counter: [[u32; N]; 4], key: [u32; 2]) -> [[u32; N]; 4] {
    // Multipliers and key increments of the paper; the increments are the golden ratio and sqrt(3) - 1, times 2^32.
    const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
    const INCREMENTS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    let mut key = key;
    for _ in 0..10 {
        let mut next = [[0; N]; 4];
        for lane in 0..N {
            let first = u64::from(counter[0][lane]) * u64::from(MULTIPLIERS[0]);
            let second = u64::from(counter[2][lane]) * u64::from(MULTIPLIERS[1]);
            next[0][lane] = (second >> 32) as u32 ^ counter[1][lane] ^ key[0];
            next[1][lane] = second as u32;
            next[2][lane] = (first >> 32) as u32 ^ counter[3][lane] ^ key[1];
            next[3][lane] = first as u32;
        }
        counter = next;
        key = [key[0].wrapping_add(INCREMENTS[0]), key[1].wrapping_add(INCREMENTS[1])];
    }
    counter
}

/// Lower and upper half.
#[inline(always)]
fn halves(number: u64) -> [u32; 2] {
    [number as u32, (number >> 32) as u32]
}

impl Stream {
    /// Four random words: block `index` of the stream.
    pub fn block(&self, index: u64) -> [u32; 4] {
        let ([low, high], [stream_low, stream_high]) = (halves(index), halves(self.stream));
        philox([[low], [high], [stream_low], [stream_high]], halves(self.seed)).map(|[word]| word)
    }

    /// Random words 64 `chunk` to 64 `chunk` + 63.
    #[inline(always)]
    fn chunk(&self, chunk: u64) -> [u32; CHUNK] {
        let first = chunk.wrapping_mul(LANES as u64);
        let stream = halves(self.stream);
        let mut counter = [[0; LANES], [0; LANES], [stream[0]; LANES], [stream[1]; LANES]];
        for lane in 0..LANES {
            // The sixteen blocks start at a multiple of sixteen, so only the lower word differs.
            counter[0][lane] = halves(first)[0] + lane as u32;
            counter[1][lane] = halves(first)[1];
        }
        let words = philox(counter, halves(self.seed));
        let mut all = [0; CHUNK];
        for word in 0..4 {
            all[word * LANES..(word + 1) * LANES].copy_from_slice(&words[word]);
        }
        all
    }

    /// Uniform numbers in [0, 1), from element `start` on.
    ///
    /// f32: the upper 24 bits of word `i`, times 2^-24. f64: of chunk `i / 32` (words `64 (i / 32)` on), the word
    /// `32 ((i / 16) % 2) + i % 16` is the upper and the one 16 further the lower half of 64 bits, whose upper 53 are
    /// taken times 2^-53.
    pub fn uniform<E: Element>(&self, start: u64, out: &mut [E]) {
        self.fill(Uniform, start, out);
    }

    /// Uniform numbers in [`low`, `high`), from element `start` on: `low + (high - low) u`.
    pub fn uniform_between<E: Element>(&self, start: u64, low: f64, high: f64, out: &mut [E]) {
        self.uniform(start, out);
        for number in out {
            *number = E::from_f64(low + (high - low) * number.to_f64());
        }
    }

    /// Standard normal numbers, from element `start` on, by Box and Muller (1958): elements `2 j` and `2 j + 1` are
    /// `sqrt(-2 ln u)` times the cosine and the sine of `2 pi v`, with `u` in (0, 1] from words 0 and 1 and `v` in [0,
    /// 1) from words 2 and 3 of block `j`, 53 bits each. Computed in double precision, then rounded.
    pub fn normal<E: Element>(&self, start: u64, out: &mut [E]) {
        threads::for_each_part([out], PART, &|first, [out]| {
            isa::run(Normal { stream: *self, start: start + first as u64, out });
        });
    }

    /// Normal numbers cut off at two standard deviations, scaled so that their own standard deviation is one, from
    /// element `start` on. Element `i` tries the two normal numbers of block `i`, then of block `i + 2^40`, `i + 2^41`,
    /// ..., and takes the first within (-2, 2).
    pub fn truncated_normal<E: Element>(&self, start: u64, out: &mut [E]) {
        threads::for_each_part([out], PART, &|first, [out]| {
            for (index, number) in (start + first as u64..).zip(out.iter_mut()) {
                let mut tries = (0..u64::MAX).flat_map(|attempt| self.normal_pair(index.wrapping_add(attempt << 40)));
                let normal = tries.find(|normal| normal.abs() < 2.0).unwrap_or(0.0);
                *number = E::from_f64(normal / TRUNCATED_DEVIATION);
            }
        });
    }

    /// Whole numbers in [0, `bound`), from element `start` on: the 64 bits of element `i` (as [`Stream::uniform`] reads
    /// them for f64) times `bound`, divided by 2^64. The bias is below `bound / 2^64`.
    pub fn integers(&self, start: u64, bound: u32, out: &mut [u32]) {
        isa::run::<f32, _>(Integers { stream: *self, start, bound, out });
    }

    /// A random order of 0, ..., `out.len()` - 1, at most 2^32 of them: Fisher and Yates's shuffle, in which place `i`,
    /// from 1 on, changes with place `integers(i, i + 1)`.
    pub fn permutation(&self, out: &mut [u32]) {
        assert!(u32::try_from(out.len().saturating_sub(1)).is_ok(), "a permutation of at most 2^32 places");
        isa::run::<f32, _>(Permutation { stream: *self, out });
    }

    /// `out[i] = x[i] / (1 - rate)` where element `start + i` is kept, else 0. An element is kept if its word is not
    /// below `rate * 2^32`; so the backward pass makes the same mask again from the same stream.
    pub fn dropout<E: Element>(&self, start: u64, rate: f64, x: &[E], out: &mut [E]) {
        assert_eq!(x.len(), out.len());
        threads::for_each_part([out], PART, &|first, [out]| {
            out.copy_from_slice(&x[first..first + out.len()]);
            isa::run(Dropout { stream: *self, start: start + first as u64, rate, x: out });
        });
    }

    /// [`Stream::dropout`] in place.
    pub fn dropout_in_place<E: Element>(&self, start: u64, rate: f64, x: &mut [E]) {
        threads::for_each_part([x], PART, &|first, [x]| {
            isa::run(Dropout { stream: *self, start: start + first as u64, rate, x });
        });
    }

    fn normal_pair(&self, block: u64) -> [f64; 2] {
        let words = self.block(block).map(u64::from);
        normal_pair(words[0] << 32 | words[1], words[2] << 32 | words[3])
    }

    fn fill<E: Element, F: FromWords>(&self, recipe: F, start: u64, out: &mut [E]) {
        threads::for_each_part([out], PART, &|first, [out]| {
            isa::run(Fill { stream: *self, recipe, start: start + first as u64, out });
        });
    }
}

/// Two normal numbers of 128 random bits; without branches, so that several pairs are made at a time.
#[inline(always)]
fn normal_pair(first: u64, second: u64) -> [f64; 2] {
    let scale = (-53.0f64).exp2();
    let radius = (-2.0 * Plain(((first >> 11) + 1) as f64 * scale).ln().store()).sqrt();
    let (sine, cosine) = sine_and_cosine((second >> 11) as f64 * scale);
    [radius * cosine, radius * sine]
}

/// Sine and cosine of `2 pi turns`, for `turns` in [0, 1); within 2e-16 of the true value.
#[inline(always)]
fn sine_and_cosine(turns: f64) -> (f64, f64) {
    // The nearest quarter turn is taken off, so Taylor's series meets at most pi / 4, where its rest is below 1e-17.
    let quarter = (4.0 * turns + 0.5).floor();
    let x = (4.0 * turns - quarter) * FRAC_PI_2;
    let square = x * x;
    let (mut sine, mut cosine) = (1.0, 1.0);
    for term in (1..=9u8).rev() {
        let n = f64::from(2 * term);
        sine = 1.0 - square / (n * (n + 1.0)) * sine;
        cosine = 1.0 - square / ((n - 1.0) * n) * cosine;
    }
    sine *= x;
    // After one or three quarter turns the two change places; the signs are those of the quadrant.
    let odd = (quarter == 1.0) | (quarter == 3.0);
    let (first, second) = if odd { (cosine, sine) } else { (sine, cosine) };
    let below = (quarter == 2.0) | (quarter == 3.0);
    let left = (quarter == 1.0) | (quarter == 2.0);
    (if below { -first } else { first }, if left { -second } else { second })
}

/// What a fill makes of random words.
trait FromWords: Copy + Send + Sync {
    /// The elements of a chunk of words (f64: the first half of the result).
    fn elements<R: Real>(&self, words: &[u32; CHUNK]) -> [R::Element; CHUNK];
}

/// The upper and lower words of element `index` of a chunk, for elements of 64 bits.
#[inline(always)]
fn wide(words: &[u32; CHUNK], index: usize) -> u64 {
    let upper = (index / LANES) * 2 * LANES + index % LANES;
    u64::from(words[upper]) << 32 | u64::from(words[upper + LANES])
}

#[derive(Clone, Copy)]
struct Uniform;

impl FromWords for Uniform {
    #[inline(always)]
    fn elements<R: Real>(&self, words: &[u32; CHUNK]) -> [R::Element; CHUNK] {
        let mut elements = [R::Element::default(); CHUNK];
        if size_of::<R::Element>() == 4 {
            for index in 0..CHUNK {
                elements[index] = R::Element::from_f64(f64::from(words[index] >> 8) * (-24.0f64).exp2());
            }
        } else {
            for index in 0..CHUNK / 2 {
                elements[index] = R::Element::from_f64((wide(words, index) >> 11) as f64 * (-53.0f64).exp2());
            }
        }
        elements
    }
}

/// Elements that a chunk of words makes.
const fn per_chunk<E>() -> usize {
    CHUNK * 4 / size_of::<E>()
}

struct Fill<'a, E, F> {
    stream: Stream,
    recipe: F,
    start: u64,
    out: &'a mut [E],
}

impl<E: Element, F: FromWords> Kernel<E> for Fill<'_, E, F> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        let per_chunk = per_chunk::<E>();
        let mut skip = (self.start % per_chunk as u64) as usize;
        let mut chunk = self.start / per_chunk as u64;
        let mut out = self.out;
        while !out.is_empty() {
            let elements = self.recipe.elements::<R>(&self.stream.chunk(chunk));
            let (now, later) = out.split_at_mut((per_chunk - skip).min(out.len()));
            now.copy_from_slice(&elements[skip..skip + now.len()]);
            (out, skip, chunk) = (later, 0, chunk + 1);
        }
    }
}

struct Normal<'a, E> {
    stream: Stream,
    start: u64,
    out: &'a mut [E],
}

impl<E: Element> Kernel<E> for Normal<'_, E> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        // Sixteen blocks of four words make a pair each.
        const PER_CHUNK: usize = 2 * LANES;
        let mut skip = (self.start % PER_CHUNK as u64) as usize;
        let mut chunk = self.start / PER_CHUNK as u64;
        let mut out = self.out;
        while !out.is_empty() {
            let words = self.stream.chunk(chunk);
            let word = |index: usize| u64::from(words[index]);
            let mut numbers = [[0.0; 2]; LANES];
            for (lane, pair) in numbers.iter_mut().enumerate() {
                let first = word(lane) << 32 | word(LANES + lane);
                let second = word(2 * LANES + lane) << 32 | word(3 * LANES + lane);
                *pair = normal_pair(first, second);
            }
            let (now, later) = out.split_at_mut((PER_CHUNK - skip).min(out.len()));
            for (number, normal) in now.iter_mut().zip(&numbers.as_flattened()[skip..]) {
                *number = E::from_f64(*normal);
            }
            (out, skip, chunk) = (later, 0, chunk + 1);
        }
    }
}

struct Integers<'a> {
    stream: Stream,
    start: u64,
    bound: u32,
    out: &'a mut [u32],
}

impl Kernel<f32> for Integers<'_> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = f32>>(self) {
        const PER_CHUNK: u64 = CHUNK as u64 / 2;
        let mut words = [0; CHUNK];
        for (place, out) in self.out.iter_mut().enumerate() {
            let index = self.start + place as u64;
            if place == 0 || index.is_multiple_of(PER_CHUNK) {
                words = self.stream.chunk(index / PER_CHUNK);
            }
            *out = below(wide(&words, (index % PER_CHUNK) as usize), self.bound.into());
        }
    }
}

/// `random * bound / 2^64`.
#[inline(always)]
fn below(random: u64, bound: u64) -> u32 {
    ((u128::from(random) * u128::from(bound)) >> 64) as u32
}

struct Permutation<'a> {
    stream: Stream,
    out: &'a mut [u32],
}

impl Kernel<f32> for Permutation<'_> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = f32>>(self) {
        const PER_CHUNK: usize = CHUNK / 2;
        for (first, chunk) in (0..self.out.len()).step_by(PER_CHUNK).zip(0..) {
            let words = self.stream.chunk(chunk);
            for index in first..self.out.len().min(first + PER_CHUNK) {
                // The inside-out form: place `index` is filled and changed in one move.
                let other = below(wide(&words, index - first), index as u64 + 1) as usize;
                self.out[index] = self.out[other];
                self.out[other] = index as u32;
            }
        }
    }
}

struct Dropout<'a, E> {
    stream: Stream,
    start: u64,
    rate: f64,
    x: &'a mut [E],
}

impl<E: Element> Kernel<E> for Dropout<'_, E> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        // A word of 32 bits is below 2^32, so a rate of 1 drops all.
        let threshold = (self.rate * 32.0f64.exp2()) as u64;
        let scale = R::constant(if self.rate < 1.0 { 1.0 / (1.0 - self.rate) } else { 0.0 });
        let mut skip = (self.start % CHUNK as u64) as usize;
        let mut chunk = self.start / CHUNK as u64;
        let mut x = self.x;
        while !x.is_empty() {
            let words = self.stream.chunk(chunk);
            let (now, later) = x.split_at_mut((CHUNK - skip).min(x.len()));
            if now.len() == CHUNK {
                for index in 0..CHUNK {
                    now[index] = kept::<R>(now[index], words[index], threshold, scale);
                }
            } else {
                for (x, word) in now.iter_mut().zip(&words[skip..]) {
                    *x = kept::<R>(*x, *word, threshold, scale);
                }
            }
            (x, skip, chunk) = (later, 0, chunk + 1);
        }
    }
}

/// `x * scale` if the word is not below the threshold, else 0.
#[inline(always)]
fn kept<R: Real>(x: R::Element, word: u32, threshold: u64, scale: R) -> R::Element {
    R::select(u64::from(word) >= threshold, R::load(x) * scale, R::zero()).store()
}
