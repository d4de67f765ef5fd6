//! The words that choose between forms of a rule, and the macro that declares a rule's settings.

/// A setting that is one of a few words.
pub(super) trait Word: Copy {
    /// The words, in the order of the indices.
    const WORDS: &'static [&'static str];
    /// The setting of this index, which is in range.
    fn from_index(index: usize) -> Self;
    /// The index of this setting.
    fn index(self) -> usize;
}

impl Word for bool {
    const WORDS: &'static [&'static str] = &["false", "true"];
    fn from_index(index: usize) -> Self {
        index == 1
    }
    fn index(self) -> usize {
        usize::from(self)
    }
}

macro_rules! words {
    ($(#[doc = $doc:literal])* $type:ident { $($(#[doc = $option_doc:literal])* $option:ident = $word:literal),* $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type {
            $($(#[doc = $option_doc])* $option,)*
        }
        impl Word for $type {
            const WORDS: &'static [&'static str] = &[$($word),*];
            fn from_index(index: usize) -> Self {
                [$(Self::$option),*][index]
            }
            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

words! {
    /// How a velocity takes in the gradient `g`, with momentum `m` and learning rate `r`.
    MomentumStyle {
        /// `v = m v + g; w = w - r v` (PyTorch, optax).
        HeavyBall = "heavy-ball",
        /// `v = m v + (1 - m) g; w = w - r v`: an exponential moving average, as textbooks write it.
        Ema = "ema",
        /// `v = m v - r g; w = w + v` (Keras, scikit-learn): an old speed survives a change of the learning rate.
        Keras = "keras",
    }
}

words! {
    /// Where epsilon stands in `g / sqrt(s)`, with `s` an average of squared gradients.
    EpsilonMode {
        /// `g / (sqrt(s) + epsilon)`, `s` after bias correction where there is one.
        Outside = "outside",
        /// `g / sqrt(s + epsilon)`, `s` after bias correction where there is one.
        Inside = "inside",
        /// `g / (sqrt(s) + epsilon)` with `s` *before* bias correction, corrected afterwards (Kingma and Ba's second form; Keras, scikit-learn).
        Hat = "hat",
    }
}

/// What is added to an average of squares under the root, and to the root: `g / (sqrt(s + inner) + outer)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Epsilons {
    pub(super) inner: f64,
    pub(super) outer: f64,
}

impl EpsilonMode {
    /// The two summands for an average that still has to be divided by `correction`, after `sqrt(correction)` has been
    /// moved from the root to the step's factor.
    pub(super) fn split(self, epsilon: f64, correction: f64) -> Epsilons {
        match self {
            EpsilonMode::Outside => Epsilons { inner: 0.0, outer: epsilon * correction.sqrt() },
            EpsilonMode::Inside => Epsilons { inner: epsilon * correction, outer: 0.0 },
            EpsilonMode::Hat => Epsilons { inner: 0.0, outer: epsilon },
        }
    }
}

/// Declares a rule: its documentation, settings, slots and facts, beside which its scalars and formula are written.
macro_rules! rule {
    (
        $(#[doc = $doc:literal])*
        $type:ident $name:literal
        { $($number:ident : $default:expr, $range:expr, $number_doc:literal;)* }
        { $($choice:ident : $word:ty = $choice_default:literal, $choice_doc:literal;)* }
        slots $slots:expr;
        facts $facts:expr;
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $type {
            $(#[doc = $number_doc] pub $number: f64,)*
            $(#[doc = $choice_doc] pub $choice: $word,)*
        }

        impl Settings for $type {
            const ENTRY: OptimizerEntry = OptimizerEntry {
                name: $name,
                doc: concat!($($doc, "\n"),*),
                parameters: &[$(Parameter {
                    name: stringify!($number), default: $default, range: $range, doc: $number_doc,
                }),*],
                choices: &[$(Choice {
                    name: stringify!($choice), default: $choice_default, options: <$word as Word>::WORDS, doc: $choice_doc,
                }),*],
                slots: $slots,
                facts: $facts,
            };

            fn defaults() -> Self {
                Self {
                    $($number: $default,)*
                    $($choice: {
                        let words = <$word as Word>::WORDS;
                        <$word as Word>::from_index(words.iter().position(|word| *word == $choice_default).unwrap_or(0))
                    },)*
                }
            }

            fn number_mut(&mut self, index: usize) -> &mut f64 {
                let numbers = [$(&mut self.$number),*];
                numbers.into_iter().nth(index).expect("the entry has this parameter")
            }

            #[allow(unused_variables)]
            fn option(&self, index: usize) -> usize {
                let options: &[usize] = &[$(self.$choice.index()),*];
                options[index]
            }

            #[allow(unused_variables, unused_mut, unused_assignments)]
            fn set_option(&mut self, index: usize, option: usize) {
                let mut place = 0;
                $(
                    if place == index {
                        self.$choice = <$word as Word>::from_index(option);
                    }
                    place += 1;
                )*
            }
        }
    };
}
pub(super) use rule;
