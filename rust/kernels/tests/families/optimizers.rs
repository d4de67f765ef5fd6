//! Update rules: golden numbers with their source, and the laws every rule passes.

use tilegrad_kernels::isa;
use tilegrad_kernels::optimizers::{ENTRIES, Optimizer};
use tilegrad_kernels::real::Element;
use tilegrad_kernels::registry::OptimizerEntry;
use tilegrad_kernels::registry::Setting::{self, Flag, Number, Option};

use crate::{bits, close, numbers, on_each_isa, same_bits, turn};

type Settings = Vec<(&'static str, Setting<'static>)>;

/// Weights with their slots and the count of steps.
struct Trained<E> {
    optimizer: Optimizer,
    shape: Vec<usize>,
    weight: Vec<E>,
    slots: Vec<Vec<E>>,
    steps: u64,
}

impl<E: Element> Trained<E> {
    fn new(name: &str, settings: &[(&str, Setting<'_>)], weight: Vec<E>) -> Self {
        let optimizer = Optimizer::new(name, settings).expect("valid settings");
        let start = |slot: &&str| vec![E::from_f64(optimizer.slot_start(slot)); weight.len()];
        let slots = optimizer.slots().iter().map(start).collect();
        Self { optimizer, shape: vec![weight.len()], weight, slots, steps: 0 }
    }

    fn step(&mut self, gradient: &[E]) {
        self.steps += 1;
        let mut slots: Vec<&mut [E]> = self.slots.iter_mut().map(Vec::as_mut_slice).collect();
        let step = self.optimizer.prepare(self.steps);
        let mut scratch = vec![E::default(); step.scratch::<E>(&self.shape)];
        step.update_whole(&mut self.weight, gradient, &mut slots, &self.shape, &mut scratch);
    }

    /// A step by calls for so many elements each, as within another kernel.
    fn step_in_stretches(&mut self, gradient: &[E], stretch: usize) {
        self.steps += 1;
        let step = self.optimizer.prepare(self.steps);
        for start in (0..gradient.len()).step_by(stretch) {
            let range = start..gradient.len().min(start + stretch);
            let mut slots: Vec<&mut [E]> = self.slots.iter_mut().map(|slot| &mut slot[range.clone()]).collect();
            step.update_here(&mut self.weight[range.clone()], &gradient[range], &mut slots);
        }
    }

    fn all_bits(&self) -> Vec<u64> {
        self.slots.iter().chain([&self.weight]).flat_map(|numbers| bits(numbers)).collect()
    }
}

/// Iterates on `w^2 / 2` from 1.
fn iterates(name: &str, settings: &[(&str, Setting<'_>)], count: usize) -> Vec<f64> {
    let mut trained = Trained::new(name, settings, vec![1.0f64]);
    (0..count)
        .map(|_| {
            let gradient = trained.weight.clone();
            trained.step(&gradient);
            trained.weight[0]
        })
        .collect()
}

const RATE: (&str, Setting<'static>) = ("learning_rate", Number(0.1));
const EPSILON: (&str, Setting<'static>) = ("epsilon", Number(0.1));

/// Golden numbers: rule, settings, iterates on `w^2 / 2` from 1, tolerance (the digits that the source gives).
#[test]
#[allow(clippy::type_complexity)]
fn golden_numbers() {
    let momentum = ("momentum", Number(0.9));
    let style = |style| ("momentum_style", Option(style));
    let mode = |mode| ("epsilon_mode", Option(mode));
    // Worked by hand from the formulas, and printed by PyTorch 2.13, Keras 3.15 and optax 0.2.8 where they have the
    // form.
    let golden: &[(&str, Settings, &[f64], f64)] = &[
        ("sgd", vec![RATE], &[0.9, 0.81, 0.729], 1e-14),
        ("sgd", vec![RATE, momentum], &[0.9, 0.72, 0.486], 1e-14),
        ("sgd", vec![RATE, momentum, style("ema")], &[0.99, 0.9711, 0.944379], 1e-14),
        ("sgd", vec![RATE, momentum, style("keras")], &[0.9, 0.72, 0.486], 1e-14),
        ("sgd", vec![RATE, momentum, ("nesterov", Flag(true))], &[0.81, 0.5751, 0.327321], 1e-14),
        ("sgd", vec![RATE, momentum, style("keras"), ("nesterov", Flag(true))], &[0.81, 0.5751, 0.327321], 1e-14),
        ("rmsprop", vec![RATE], &[0.683772249795, 0.498870626655, 0.369180573876], 1e-11),
        ("rmsprop", vec![RATE, ("decay", Number(0.999))], &[-2.1622618489], 1e-10),
        ("rmsprop", vec![RATE, EPSILON, mode("outside")], &[0.759747, 0.602886, 0.485010], 1e-6),
        ("rmsprop", vec![RATE, EPSILON, mode("inside")], &[0.776393, 0.621201, 0.502492], 1e-6),
        ("adagrad", vec![RATE], &[0.9, 0.833103526852, 0.780456181366], 1e-10),
        ("adam", vec![RATE, EPSILON, mode("inside")], &[0.904653741075, 0.810103724098, 0.716695406524], 1e-11),
        ("adam", vec![RATE, EPSILON], &[0.909090909091, 0.818891102381, 0.729687567828], 1e-11),
        ("adam", vec![RATE, EPSILON, mode("hat")], &[0.975974692665, 0.945356007361, 0.910655128985], 1e-11),
        ("adamw", vec![RATE, ("weight_decay", Number(0.1))], &[0.89, 0.781572], 1e-6),
    ];
    on_each_isa(|_| {
        for (name, settings, expected, tolerance) in golden {
            let got = iterates(name, settings, expected.len());
            got.iter().zip(*expected).for_each(|(got, expected)| close(*got, *expected, *tolerance));
        }
    });
}

#[test]
fn a_cut_of_the_learning_rate_keeps_the_speed_of_keras_only() {
    let _turn = turn();
    for (style, expected) in [("heavy-ball", [0.6966, 0.6686]), ("keras", [0.5508, 0.3930])] {
        let settings = [RATE, ("momentum", Number(0.9)), ("momentum_style", Option(style))];
        let mut trained = Trained::new("sgd", &settings, vec![1.0f64]);
        let mut seen = Vec::new();
        for step in 0..4 {
            if step == 2 {
                trained.optimizer.set("learning_rate", Number(0.01)).expect("in range");
            }
            let gradient = trained.weight.clone();
            trained.step(&gradient);
            seen.push(trained.weight[0]);
        }
        seen[2..].iter().zip(expected).for_each(|(got, expected)| close(*got, expected, 5e-5));
    }
}

#[test]
fn a_scale_free_first_step_is_the_learning_rate() {
    let _turn = turn();
    for entry in ENTRIES.iter().filter(|entry| entry.facts.scale_free_start) {
        let has_epsilon = entry.parameters.iter().any(|parameter| parameter.name == "epsilon");
        let epsilon = if has_epsilon { &[("epsilon", Number(1e-30))][..] } else { &[] };
        let steps: Vec<f64> = [1e-3, 1.0, 1e3]
            .into_iter()
            .map(|gradient| {
                let mut trained = Trained::new(entry.name, epsilon, vec![1.0f64]);
                trained.step(&[gradient]);
                1.0 - trained.weight[0]
            })
            .collect();
        steps.iter().for_each(|step| close(*step / steps[0], 1.0, 1e-10));
    }
    let mut adam = Trained::new("adam", &[RATE], vec![1.0f64]);
    adam.step(&[1e3]);
    close(1.0 - adam.weight[0], 0.1, 1e-10);
}

/// Rules with their settings, forms other than the default too.
fn forms() -> Vec<(&'static str, Settings)> {
    forms_of(ENTRIES.iter())
}

fn forms_of(entries: impl Iterator<Item = &'static OptimizerEntry> + Clone) -> Vec<(&'static str, Settings)> {
    let mut forms: Vec<_> = entries.clone().map(|entry| (entry.name, vec![])).collect();
    for entry in entries {
        for choice in entry.choices {
            for option in choice.options {
                let setting = if choice.is_flag() { Flag(*option == "true") } else { Option(option) };
                let mut settings = vec![(choice.name, setting)];
                for (name, value) in [("momentum", 0.9), ("weight_decay", 0.05), ("warmup_steps", 3.0)] {
                    if entry.parameters.iter().any(|parameter| parameter.name == name) {
                        settings.push((name, Number(value)));
                    }
                }
                forms.push((entry.name, settings));
            }
        }
    }
    forms
}

fn check_concatenation<E: Element>() {
    for (name, settings) in forms_of(ENTRIES.iter().filter(|entry| entry.facts.elementwise)) {
        let gradients: Vec<Vec<E>> = (0..5).map(|step| numbers(step, 100, 1.0)).collect();
        let start = numbers::<E>(99, 100, 1.0);
        let mut whole = Trained::new(name, &settings, start.clone());
        gradients.iter().for_each(|gradient| whole.step(gradient));
        for stretch in [1, 7, 16, 32, 70, 100] {
            let mut parts = Trained::new(name, &settings, start.clone());
            gradients.iter().for_each(|gradient| parts.step_in_stretches(gradient, stretch));
            assert_eq!(parts.all_bits(), whole.all_bits(), "{name} {settings:?} in stretches of {stretch}");
        }
        for cut in [1, 16, 37, 63] {
            let mut parts =
                [start[..cut].to_vec(), start[cut..].to_vec()].map(|part| Trained::new(name, &settings, part));
            for gradient in &gradients {
                parts[0].step(&gradient[..cut]);
                parts[1].step(&gradient[cut..]);
            }
            let joined: Vec<E> = parts.iter().flat_map(|part| part.weight.clone()).collect();
            assert_eq!(bits(&joined), bits(&whole.weight), "{name} {settings:?} cut at {cut}");
        }
    }
}

#[test]
fn concatenating_parameters_changes_nothing() {
    on_each_isa(|_| in_both_precisions!(check_concatenation));
}

#[test]
fn a_saved_state_goes_on_with_the_same_bits() {
    let _turn = turn();
    for (name, settings) in forms() {
        let mut trained = Trained::new(name, &settings, numbers::<f32>(1, 50, 1.0));
        (0..3).for_each(|step| trained.step(&numbers(step, 50, 1.0)));
        let mut loaded = Trained {
            optimizer: Optimizer::new(name, &trained.optimizer.settings()).expect("its own settings"),
            shape: trained.shape.clone(),
            weight: trained.weight.clone(),
            slots: trained.slots.clone(),
            steps: trained.steps,
        };
        for step in 3..6 {
            trained.step(&numbers(step, 50, 1.0));
            loaded.step(&numbers(step, 50, 1.0));
        }
        assert_eq!(trained.all_bits(), loaded.all_bits(), "{name}");
    }
}

#[test]
fn parabola_and_rosenbrock_converge() {
    let _turn = turn();
    for entry in ENTRIES {
        let rate = [("learning_rate", Number(entry.facts.parabola_rate))];
        let value = iterates(entry.name, &rate, 500)[499].powi(2) / 2.0;
        assert!(value < 1e-3, "{}: {value} on the parabola", entry.name);
        let rate = [("learning_rate", Number(entry.facts.rosenbrock_rate))];
        let mut trained = Trained::new(entry.name, &rate, vec![-1.2f64, 1.0]);
        for _ in 0..20_000 {
            let (x, y) = (trained.weight[0], trained.weight[1]);
            trained.step(&[-400.0 * x * (y - x * x) - 2.0 * (1.0 - x), 200.0 * (y - x * x)]);
        }
        let (x, y) = (trained.weight[0], trained.weight[1]);
        let value = (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
        assert!(value < 1e-2, "{}: {value} on Rosenbrock's function", entry.name);
    }
}

#[test]
fn a_zero_gradient_moves_nothing_but_decayed_weights() {
    let _turn = turn();
    for entry in ENTRIES {
        let mut trained = Trained::new(entry.name, &[], vec![1.0f32, -2.0]);
        (0..3).for_each(|_| trained.step(&[0.0, 0.0]));
        assert_eq!(trained.weight == [1.0, -2.0], entry.facts.rests_at_zero_gradient, "{}", entry.name);
        assert!(trained.weight.iter().all(|weight| weight.is_finite()));
    }
}

#[test]
fn threads_and_all_instruction_sets_give_the_same_bits() {
    let gradients: Vec<Vec<f32>> = (0..2).map(|step| numbers(step, 150_001, 1.0)).collect();
    for (name, settings) in forms() {
        let mut baseline = None;
        same_bits(|| {
            let mut trained = Trained::new(name, &settings, numbers(9, 150_001, 1.0));
            gradients.iter().for_each(|gradient| trained.step(gradient));
            let result = trained.all_bits();
            assert!(*baseline.get_or_insert_with(|| result.clone()) == result, "{name} on {}", isa::current().name());
            result
        });
    }
}

/// Matrices, of which some rules keep rows and columns apart: long and short rows, several parts, rests of every loop.
/// What multiplies matrices has other bits without fused multiply-add.
#[test]
fn rules_of_whole_matrices_give_the_same_bits_for_threads_and_fused_sets() {
    for shape in [[1031, 131], [67, 1031]] {
        let count = shape.iter().product();
        let gradients: Vec<Vec<f32>> = (0..2).map(|step| numbers(step, count, 1.0)).collect();
        for (name, settings) in forms_of(ENTRIES.iter().filter(|entry| !entry.facts.elementwise)) {
            same_bits(|| {
                let mut trained = Trained::new(name, &settings, numbers(9, count, 1.0));
                trained.shape = shape.to_vec();
                gradients.iter().for_each(|gradient| trained.step(gradient));
                trained.all_bits()
            });
        }
    }
}

#[test]
fn settings_are_checked_and_can_change() {
    for entry in ENTRIES {
        for parameter in entry.parameters {
            for value in [f64::NAN, f64::INFINITY, -1.0]
                .into_iter()
                .filter(|&value| value != -1.0 || !parameter.range.contains(value))
            {
                let error = Optimizer::new(entry.name, &[(parameter.name, Number(value))]).expect_err("out of range");
                assert!(
                    error.message().starts_with(&format!("{}: expected `{}` in ", entry.name, parameter.name)),
                    "{error}"
                );
            }
            assert!(parameter.range.contains(parameter.default));
        }
        for choice in entry.choices {
            assert!(choice.options.contains(&choice.default));
            let error = Optimizer::new(entry.name, &[(choice.name, Option("sideways"))]).expect_err("unknown option");
            assert!(error.message().contains(choice.name) && error.message().contains("sideways"), "{error}");
            assert!(Optimizer::new(entry.name, &[(choice.name, Number(1.0))]).is_err());
        }
        assert!(Optimizer::new(entry.name, &[("learningrate", Number(1.0))]).is_err());
        assert!(Optimizer::new(entry.name, &[("learning_rate", Option("fast"))]).is_err());
    }
    assert!(Optimizer::new("adamm", &[]).expect_err("unknown").message().contains("adamw"));
    assert!(Optimizer::new("sgd", &[("nesterov", Flag(true))]).is_err());

    let mut sgd = Optimizer::new("sgd", &[]).expect("defaults");
    assert_eq!(sgd.slots(), [""; 0]);
    sgd.set("learning_rate", Number(0.5)).expect("in range");
    assert_eq!(sgd.get("learning_rate"), Some(Number(0.5)));
    assert!(sgd.set("learning_rate", Number(-0.5)).is_err());
    assert!(sgd.set("momentum", Number(0.9)).expect_err("it has no slot").message().contains("velocity"));
    assert_eq!((sgd.get("learning_rate"), sgd.get("momentum")), (Some(Number(0.5)), Some(Number(0.0))));
    assert_eq!((sgd.get("nesterov"), sgd.get("speed")), (Some(Flag(false)), None));
}
