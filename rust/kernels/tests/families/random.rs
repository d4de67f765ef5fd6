//! Random streams: published vectors, moments, and that nothing but seed, stream and element matters.

use tilegrad_kernels::random::Stream;

use crate::{bits, close, same_bits};

const STREAM: Stream = Stream { seed: 42, stream: 7 };

#[test]
fn known_answers_of_the_paper() {
    // The `kat_vectors` for philox4x32 with ten rounds that the authors publish with the paper.
    let zeros = Stream { seed: 0, stream: 0 };
    assert_eq!(zeros.block(0), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    let ones = Stream { seed: u64::MAX, stream: u64::MAX };
    assert_eq!(ones.block(u64::MAX), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    let digits_of_pi = Stream { seed: 0x299f_31d0_a409_3822, stream: 0x0370_7344_1319_8a2e };
    assert_eq!(digits_of_pi.block(0x85a3_08d3_243f_6a88), [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
}

#[test]
fn uniform_follows_its_recipe() {
    let mut single = vec![0.0f32; 200];
    STREAM.uniform(0, &mut single);
    let word = |index: u64| STREAM.block(16 * (index / 64) + index % 16)[(index / 16 % 4) as usize];
    for (index, number) in (0..).zip(&single) {
        assert_eq!(f64::from(*number), f64::from(word(index) >> 8) / 16_777_216.0);
    }
    let mut double = vec![0.0f64; 100];
    STREAM.uniform(0, &mut double);
    for (index, number) in (0..).zip(&double) {
        let upper = 64 * (index / 32) + 32 * (index / 16 % 2) + index % 16;
        let random = u64::from(word(upper)) << 32 | u64::from(word(upper + 16));
        assert_eq!(*number, (random >> 11) as f64 / 9_007_199_254_740_992.0);
    }
}

#[test]
fn any_part_can_be_had_alone() {
    let (mut uniform, mut double, mut normal, mut cut) =
        (vec![0.0f32; 500], vec![0.0f64; 500], vec![0.0f32; 500], vec![0.0f64; 500]);
    let mut integers = vec![0; 500];
    STREAM.uniform(0, &mut uniform);
    STREAM.uniform(0, &mut double);
    STREAM.normal(0, &mut normal);
    STREAM.truncated_normal(0, &mut cut);
    STREAM.integers(0, 1000, &mut integers);
    for (start, len) in [(0, 1), (1, 63), (17, 200), (64, 64), (63, 3), (499, 1), (5, 0)] {
        let range = start as usize..start as usize + len;
        let (mut single, mut wide, mut whole) = (vec![0.0f32; len], vec![0.0f64; len], vec![0; len]);
        STREAM.uniform(start, &mut single);
        assert_eq!(single, uniform[range.clone()]);
        STREAM.uniform(start, &mut wide);
        assert_eq!(wide, double[range.clone()]);
        STREAM.normal(start, &mut single);
        assert_eq!(single, normal[range.clone()]);
        STREAM.truncated_normal(start, &mut wide);
        assert_eq!(wide, cut[range.clone()]);
        STREAM.integers(start, 1000, &mut whole);
        assert_eq!(whole, integers[range]);
    }
}

fn moments(numbers: &[f64]) -> (f64, f64) {
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / numbers.len() as f64;
    (mean, variance.sqrt())
}

#[test]
fn moments_are_right() {
    // The bounds are five standard errors.
    let mut numbers = vec![0.0f64; 200_000];
    STREAM.uniform(0, &mut numbers);
    assert!(numbers.iter().all(|x| (0.0..1.0).contains(x)));
    let (mean, deviation) = moments(&numbers);
    close(mean, 0.5, 0.0033);
    close(deviation, 12.0f64.sqrt().recip(), 0.002);
    STREAM.normal(0, &mut numbers);
    let (mean, deviation) = moments(&numbers);
    close(mean, 0.0, 0.0112);
    close(deviation, 1.0, 0.008);
    let tails = numbers.iter().filter(|x| x.abs() > 1.959_963_985).count() as f64 / numbers.len() as f64;
    close(tails, 0.05, 0.0025);
    STREAM.truncated_normal(0, &mut numbers);
    let (mean, deviation) = moments(&numbers);
    close(mean, 0.0, 0.0112);
    close(deviation, 1.0, 0.008);
    assert!(numbers.iter().all(|x| x.abs() < 2.0 / 0.879));
}

#[test]
fn normal_numbers_made_sixteen_at_a_time_are_those_made_one_by_one() {
    // The truncated normal of element i is the first of block i's pair, made alone, if that lies within (-2, 2).
    let mut normal = vec![0.0f64; 20_000];
    let mut cut = vec![0.0f64; normal.len() / 2];
    STREAM.normal(0, &mut normal);
    STREAM.truncated_normal(0, &mut cut);
    for (pair, cut) in normal.chunks_exact(2).zip(cut) {
        if pair[0].abs() < 2.0 {
            assert_eq!((pair[0] / 0.879_625_661_034_239_8).to_bits(), cut.to_bits());
        }
    }
}

#[test]
fn permutations_hold_every_index_once() {
    for len in [0usize, 1, 2, 33, 1000, 60_000] {
        let mut order = vec![0; len];
        STREAM.permutation(&mut order);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.iter().copied().eq(0..len as u32));
        let other = Stream { stream: 8, ..STREAM };
        let mut second = vec![0; len];
        other.permutation(&mut second);
        assert_eq!(order == second, len <= 1 || (len == 2 && order == second));
    }
}

#[test]
fn every_order_of_four_comes_up_alike() {
    let mut counts = std::collections::HashMap::new();
    for stream in 0..24_000 {
        let mut order = [0; 4];
        Stream { seed: 1, stream }.permutation(&mut order);
        *counts.entry(order).or_insert(0u32) += 1;
    }
    assert_eq!(counts.len(), 24);
    assert!(counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
}

#[test]
fn integers_stay_below_their_bound() {
    for bound in [1, 2, 10, u32::MAX] {
        let mut numbers = vec![0; 10_000];
        STREAM.integers(0, bound, &mut numbers);
        assert!(numbers.iter().all(|number| *number < bound));
        let mean = numbers.iter().map(|number| f64::from(*number)).sum::<f64>() / 10_000.0;
        close(mean / f64::from(bound), (1.0 - 1.0 / f64::from(bound)) / 2.0, 0.02);
    }
}

#[test]
fn dropout_keeps_the_mean_and_its_mask() {
    let x = vec![1.0f32; 100_003];
    for rate in [0.0, 0.2, 0.5, 0.9, 1.0] {
        let mut out = vec![0.0; x.len()];
        STREAM.dropout(0, rate, &x, &mut out);
        let kept = out.iter().filter(|x| **x != 0.0).count() as f64 / x.len() as f64;
        close(kept, 1.0 - rate, 0.008);
        assert!(out.iter().all(|x| *x == 0.0 || *x == (1.0 / (1.0 - rate)) as f32));
        let mut again = x[100..70_000].to_vec();
        STREAM.dropout_in_place(100, rate, &mut again);
        assert_eq!(again, out[100..70_000]);
        let mut double = vec![1.0f64; 1000];
        STREAM.dropout_in_place(0, rate, &mut double);
        assert!(double.iter().zip(&out).all(|(double, single)| (*double == 0.0) == (*single == 0.0)));
    }
}

#[test]
fn threads_and_instruction_sets_give_the_same_bits() {
    let mut baseline = None;
    same_bits(|| {
        let (mut single, mut double) = (vec![0.0f32; 150_001], vec![0.0f64; 150_001]);
        let mut order = vec![0; 1000];
        STREAM.uniform(3, &mut single);
        STREAM.truncated_normal(3, &mut double);
        STREAM.permutation(&mut order);
        STREAM.dropout_in_place(9, 0.4, &mut single);
        let mut all = (bits(&single), bits(&double), order);
        STREAM.normal(5, &mut single);
        all.0.extend(bits(&single));
        // Whole numbers and plain arithmetic: the baseline has the bits of the fused sets.
        assert!(*baseline.get_or_insert_with(|| all.clone()) == all);
        all
    });
}
