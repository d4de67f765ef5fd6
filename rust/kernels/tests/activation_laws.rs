//! The laws every activation passes, under each instruction set, in both precisions. Error bounds have tests of their
//! own: `exhaustive.rs` and `golden.rs`.

mod common;

use common::{default_activation, each_isa, sample};
use tilegrad_kernels::activations::{Activation, ENTRIES};
use tilegrad_kernels::isa::{self, Kernel};
use tilegrad_kernels::real::{Element, Real};
use tilegrad_kernels::registry::{ActivationEntry, Parity, SlopeFrom};

/// Lengths around the widths of blocks and registers.
const LENGTHS: [usize; 12] = [0, 1, 3, 7, 15, 16, 17, 31, 63, 64, 65, 200];

fn forward<E: Element>(activation: &Activation, x: &[E]) -> Vec<E> {
    let mut y = vec![E::default(); x.len()];
    activation.forward(x, &mut y);
    y
}

/// What the backward pass reads, as the entry says.
fn saved<E: Element>(activation: &Activation, x: &[E]) -> Vec<E> {
    match activation.entry().slope_from {
        SlopeFrom::Input => x.to_vec(),
        SlopeFrom::Output => forward(activation, x),
    }
}

fn backward<E: Element>(activation: &Activation, gradient: &[E], x: &[E]) -> Vec<E> {
    let mut out = vec![E::default(); x.len()];
    activation.backward(gradient, &saved(activation, x), &mut out);
    out
}

/// The bits, as a double has them: equal for equal numbers of the same sign, and for NaN.
fn bits<E: Element>(values: &[E]) -> Vec<u64> {
    values.iter().map(|value| if value.to_f64().is_nan() { u64::MAX } else { value.to_f64().to_bits() }).collect()
}

/// Each registry entry with its defaults, and once more with other parameters where it has any.
fn activations() -> Vec<Activation> {
    let other = |entry: &ActivationEntry| {
        let values: Vec<f64> = entry.parameters.iter().map(|parameter| parameter.default * 0.5 + 0.3).collect();
        Activation::new(entry.name, &values).expect("in range")
    };
    ENTRIES.iter().flat_map(|entry| [default_activation(entry.name), other(entry)]).collect()
}

fn each_precision(law: impl Fn(&Activation, &[f32]), same_law: impl Fn(&Activation, &[f64])) {
    let (single, double) = (sample::<f32>(2000), sample::<f64>(2000));
    each_isa(|_| {
        for activation in activations() {
            law(&activation, &single);
            same_law(&activation, &double);
        }
    });
}

macro_rules! law {
    ($(#[doc = $doc:literal])* $name:ident, $check:ident) => {
        $(#[doc = $doc])*
        #[test]
        fn $name() {
            each_precision($check::<f32>, $check::<f64>);
        }
    };
}

fn check_lengths<E: Element>(activation: &Activation, x: &[E]) {
    let gradient = &sample::<E>(4000)[2000..];
    let (value, slope) = (bits(&forward(activation, x)), bits(&backward(activation, gradient, x)));
    for length in LENGTHS {
        assert_eq!(bits(&forward(activation, &x[..length])), value[..length], "{activation:?}, {length} elements");
        let short = backward(activation, &gradient[..length], &x[..length]);
        assert_eq!(bits(&short), slope[..length], "backward of {activation:?}, {length} elements");
    }
}
law!(
    /// `f(x)[..k]` has the bits of `f(x[..k])`.
    rests_have_the_same_bits, check_lengths
);

fn check_in_place<E: Element>(activation: &Activation, x: &[E]) {
    let gradient = &sample::<E>(4000)[2000..];
    let mut y = x.to_vec();
    activation.forward_in_place(&mut y);
    assert_eq!(bits(&y), bits(&forward(activation, x)), "{activation:?}");
    let mut out = gradient.to_vec();
    activation.backward_in_place(&mut out, &saved(activation, x));
    assert_eq!(bits(&out), bits(&backward(activation, gradient, x)), "backward of {activation:?}");
}
law!(
    /// In place gives the bits of out of place.
    in_place_has_the_same_bits, check_in_place
);

fn check_from_input<E: Element>(activation: &Activation, x: &[E]) {
    let gradient = &sample::<E>(4000)[2000..];
    let expected = bits(&backward(activation, gradient, x));
    let mut out = vec![E::default(); x.len()];
    activation.backward_from_input(gradient, x, &mut out);
    assert_eq!(bits(&out), expected, "{activation:?}");
    out.copy_from_slice(gradient);
    activation.backward_from_input_in_place(&mut out, x);
    assert_eq!(bits(&out), expected, "{activation:?} in place");
}
law!(
    /// The backward pass from the input gives the bits of that from what is saved.
    from_the_input_has_the_same_bits, check_from_input
);

fn check_nan<E: Element>(activation: &Activation, _: &[E]) {
    let x = vec![E::from_f64(f64::NAN); 17];
    assert!(forward(activation, &x).iter().all(|y| y.to_f64().is_nan()), "{activation:?}");
    // A constant slope is the identity's alone.
    if activation.entry().name != "identity" {
        let slope = backward(activation, &[E::from_f64(1.0); 17], &x);
        assert!(slope.iter().all(|slope| slope.to_f64().is_nan()), "slope of {activation:?}");
    }
}
law!(
    /// NaN in, NaN out, in value and slope.
    nan_stays, check_nan
);

fn check_infinities<E: Element>(activation: &Activation, _: &[E]) {
    let far = if E::NAME == "float32" { 1e30 } else { 1e300 };
    let x: Vec<E> = [-f64::INFINITY, -far, f64::INFINITY, far].into_iter().map(E::from_f64).collect();
    let one = [E::from_f64(1.0); 4];
    let slopes: Vec<f64> = backward(activation, &one, &x).iter().map(|slope| slope.to_f64()).collect();
    for (x, y) in x.iter().zip(forward(activation, &x)) {
        assert!(!y.to_f64().is_nan(), "{activation:?} of {x:?}");
    }
    // A slope that grows without end is infinite at infinity.
    let is_limit = |at_infinity: f64, far: f64| at_infinity == far || (far > 1e3 && at_infinity == f64::INFINITY);
    let limits = is_limit(slopes[0], slopes[1]) && is_limit(slopes[2], slopes[3]);
    assert!(limits, "slopes of {activation:?} at the ends: {slopes:?}");
}
law!(
    /// No NaN at infinity, and the slope there is the one far out.
    infinity_has_a_limit, check_infinities
);

/// At and near the ends of the parameters' ranges no number gives NaN, neither in value nor in slope nor in curvature.
fn check_boundary_parameters<E: Element>() {
    let x: Vec<E> = [0.0, 1e-30, 0.5, 1.0, 3.0, 1e4, 1e30, f64::INFINITY]
        .into_iter()
        .flat_map(|x| [E::from_f64(x), E::from_f64(-x)])
        .collect();
    let ones = vec![E::from_f64(1.0); x.len()];
    for activation in ENTRIES.iter().flat_map(boundaries) {
        let mut curvature = ones.clone();
        activation.curvature(&ones, &x, &mut curvature);
        let results = [forward(&activation, &x), backward(&activation, &ones, &x), curvature];
        for (result, what) in results.iter().zip(["value", "slope", "curvature"]) {
            for (x, y) in x.iter().zip(result) {
                assert!(!y.to_f64().is_nan(), "{what} of {activation:?} at {x:?}");
            }
        }
    }
}

/// The activation with each of its parameters at and near the ends of its range.
fn boundaries(entry: &ActivationEntry) -> Vec<Activation> {
    let mut choices: Vec<Vec<f64>> = vec![Vec::new()];
    for parameter in entry.parameters {
        let ends = [-1e300, -1e30, -1.0, -1e-30, -1e-300, 0.0, 1e-300, 1e-30, 1.0, 1e30, 1e36, 1e300];
        let inside: Vec<f64> = ends.into_iter().filter(|&value| parameter.range.contains(value)).collect();
        choices = choices.iter().flat_map(|head| inside.iter().map(|&end| [&head[..], &[end]].concat())).collect();
    }
    choices.iter().map(|values| Activation::new(entry.name, values).expect("in range")).collect()
}

#[test]
fn boundary_parameters_give_no_nan() {
    each_isa(|_| {
        check_boundary_parameters::<f32>();
        check_boundary_parameters::<f64>();
    });
}

/// Parameters of zero, times infinity, are no NaN.
#[test]
fn zero_parameters_have_limits() {
    each_isa(|_| {
        let x = [f32::NEG_INFINITY, -3.0, 2.0, f32::INFINITY];
        let leaky = Activation::new("leaky_relu", &[0.0]).expect("in range");
        assert_eq!(forward(&leaky, &x), [0.0, 0.0, 2.0, f32::INFINITY]);
        let swish = Activation::new("swish", &[0.0]).expect("in range");
        assert_eq!(forward(&swish, &x), [f32::NEG_INFINITY, -1.5, 1.0, f32::INFINITY]);
        assert_eq!(backward(&swish, &[1.0; 4], &x), [0.5; 4]);
        // So slight a slope that the gate is 1/2 for all but the largest numbers.
        let slight = Activation::new("swish", &[1e-36]).expect("in range");
        assert_eq!(forward(&slight, &[-1e28f32, 4.0]), [-5e27, 2.0]);
    });
}

fn check_facts<E: Element>(activation: &Activation, x: &[E]) {
    let entry = activation.entry();
    if *activation != default_activation(entry.name) {
        return;
    }
    let mut x: Vec<E> = x.iter().copied().filter(|x| !x.to_f64().is_nan()).collect();
    // The saturated tails and what lies around zero, densely.
    x.extend((-40_000..=40_000).map(|index| E::from_f64(f64::from(index) * 3e-3)));
    x.sort_by(|a, b| a.partial_cmp(b).expect("no NaN"));
    let y = forward(activation, &x);
    let (low, high) = (E::from_f64(entry.bounds.0).to_f64(), E::from_f64(entry.bounds.1).to_f64());
    let epsilon = if E::NAME == "float32" { f64::from(f32::EPSILON) } else { f64::EPSILON };
    for (x, y) in x.iter().zip(&y) {
        // The least values of swish and gelu are rounded as any others; 0 and 1 are bounds to the bit.
        let slack = if low.is_infinite() || low.fract() == 0.0 { 0.0 } else { entry.ulp_f64 * epsilon * low.abs() };
        assert!(
            y.to_f64() >= low - slack && y.to_f64() <= high,
            "{} of {x:?} is {y:?}, beyond {low} to {high}",
            entry.name
        );
    }
    if entry.monotone {
        for pair in y.windows(2).zip(x.windows(2)) {
            // Where an error bound is stated, neighbours may swap within it.
            let (first, second) = (pair.0[0].to_f64(), pair.0[1].to_f64());
            let slack = entry.ulp_f32.max(entry.ulp_f64) * epsilon * first.abs();
            assert!(first <= second || first - second <= slack, "{} falls at {:?}: {:?}", entry.name, pair.1, pair.0);
        }
    }
    let mirrored: Vec<E> = forward(activation, &x.iter().map(|x| E::from_f64(-x.to_f64())).collect::<Vec<E>>());
    for ((x, y), mirrored) in x.iter().zip(&y).zip(&mirrored) {
        match entry.parity {
            Parity::Odd => assert_eq!(mirrored.to_f64(), -y.to_f64(), "{} is odd, at {x:?}", entry.name),
            Parity::Even => assert_eq!(mirrored, y, "{} is even, at {x:?}", entry.name),
            Parity::None => {}
        }
    }
}
law!(
    /// Declared bounds, monotonicity and parity, in the saturated tails too.
    facts_hold, check_facts
);

/// Slopes by the entry beside the derivatives that dual numbers give in double precision.
fn check_slope<E: Element>(activation: &Activation, _: &[E]) {
    let entry = activation.entry();
    let epsilon = if E::NAME == "float32" { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let x: Vec<E> = (0..3000).map(|index| E::from_f64(f64::from(index) * 0.0217 - 32.5)).collect();
    let slopes = backward(activation, &vec![E::from_f64(1.0); x.len()], &x);
    let exact = isa::run(Derivative { activation: *activation, x: x.iter().map(|x| x.to_f64()).collect() });
    let mut largest = 0f64;
    for ((x, slope), exact) in x.iter().zip(slopes).zip(exact) {
        let error = (slope.to_f64() - exact).abs() / epsilon / exact.abs().max(1.0);
        assert!(
            error <= entry.ulp_slope.max(0.5),
            "slope of {activation:?} at {x:?}: {slope:?}, exactly {exact:e}: {error}"
        );
        largest = largest.max(error);
    }
    println!("{:9} {} slope of {activation:?}: {largest:.2}", isa::current().name(), E::NAME);
}
law!(
    /// The slope is the derivative that dual numbers give, within the stated bound.
    slopes_are_derivatives, check_slope
);

/// The value's derivative over dual numbers in double precision.
struct Derivative {
    activation: Activation,
    x: Vec<f64>,
}

impl Kernel<f64> for Derivative {
    type Output = Vec<f64>;
    #[inline(always)]
    fn run<R: Real<Element = f64>>(self) -> Vec<f64> {
        self.x.iter().map(|&x| self.activation.derivative(R::load(x)).store()).collect()
    }
}

/// A parabola through the slopes: curvature is the slope's derivative.
#[test]
fn curvatures_are_derivatives_of_slopes() {
    each_isa(|_| {
        for activation in activations() {
            let x: Vec<f64> = (0..400).map(|index| f64::from(index) * 0.05 - 10.01).collect();
            let mut curvature = vec![0.0; x.len()];
            activation.curvature(&vec![1.0; x.len()], &x, &mut curvature);
            let step = 1e-4;
            let shifted = |by: f64| {
                let x: Vec<f64> = x.iter().map(|x| x + by).collect();
                backward(&activation, &vec![1.0; x.len()], &x)
            };
            let (up, down) = (shifted(step), shifted(-step));
            for index in 0..x.len() {
                let difference = (up[index] - down[index]) / (2.0 * step);
                let allowed = 1e-6 * curvature[index].abs().max(1.0);
                assert!((curvature[index] - difference).abs() < allowed, "{activation:?} at {}", x[index]);
            }
        }
    });
}

#[test]
fn fused_instruction_sets_give_the_same_bits() {
    let (single, double) = (sample::<f32>(5000), sample::<f64>(5000));
    let mut first: Option<Vec<Vec<u64>>> = None;
    each_isa(|isa| {
        let results: Vec<Vec<u64>> = activations()
            .iter()
            .flat_map(|activation| {
                [
                    bits(&forward(activation, &single)),
                    bits(&backward(activation, &single, &single)),
                    bits(&forward(activation, &double)),
                    bits(&backward(activation, &double, &double)),
                ]
            })
            .collect();
        if isa.is_fused() {
            assert!(first.get_or_insert(results.clone()) == &results, "{} differs", isa.name());
        }
    });
}

#[test]
fn golden_numbers() {
    each_isa(|_| {
        let value = |name: &str, x: f64| forward(&default_activation(name), &[x])[0];
        let slope = |name: &str, x: f64| backward(&default_activation(name), &[1.0], &[x])[0];
        let near =
            |got: f64, want: f64| assert!((got - want).abs() <= 5e-13 * want.abs().max(1.0), "{got} against {want}");
        near(value("swish", 1.0), 0.731_058_578_630_005);
        near(slope("swish", 1.0), 0.927_670_511_871_486_7);
        near(value("swish", -1.278_464_542_761_074), -0.278_464_542_761_074);
        near(slope("swish", 0.0), 0.5);
        near(slope("sigmoid", 0.0), 0.25);
        near(slope("sigmoid", 5.0), 0.006_648_056_670_790_155);
        near(slope("tanh", 2.0), 0.070_650_824_853_164_47);
        near(slope("tanh", 0.0), 1.0);
        near(value("leaky_relu", -3.0), -0.03);
        near(value("elu", -1.0), -0.632_120_558_828_557_7);
        near(value("gelu", 0.5), 0.345_731_230_637_006_55);
        near(value("gelu_tanh", 0.5), 0.345_714_009_825_143_9);
        near(value("softplus", 0.0), std::f64::consts::LN_2);
        // Kinks and limits, to the bit.
        for (name, at_zero) in [("relu", 0.0), ("leaky_relu", 0.01), ("elu", 1.0)] {
            assert_eq!(slope(name, 0.0), at_zero, "{name}");
        }
        for name in ["swish", "gelu", "gelu_tanh"] {
            assert_eq!(value(name, f64::NEG_INFINITY).to_bits(), (-0.0f64).to_bits(), "{name}");
        }
    });
}
