//! The words that choose between forms of a rule.

use crate::real::Real;

/// A setting that is one of a few words.
pub(super) trait Word: Copy {
    /// The words, in the order of the indices.
    const WORDS: &'static [&'static str];
    /// What each word stands for; nothing of a yes-or-no.
    const MEANINGS: &'static [&'static str];
    /// The setting of this index, which is in range.
    fn from_index(index: usize) -> Self;
    /// The index of this setting.
    fn index(self) -> usize;
}

impl Word for bool {
    const WORDS: &'static [&'static str] = &["false", "true"];
    const MEANINGS: &'static [&'static str] = &[];
    fn from_index(index: usize) -> Self {
        index == 1
    }
    fn index(self) -> usize {
        usize::from(self)
    }
}

/// The place of a word among some; asked for in constants, so that a word that is not among them does not compile.
pub(super) const fn place_of(words: &[&str], word: &str) -> usize {
    let mut place = 0;
    while place < words.len() {
        let (known, word) = (words[place].as_bytes(), word.as_bytes());
        let mut equal = 0;
        while equal < known.len() && equal < word.len() && known[equal] == word[equal] {
            equal += 1;
        }
        if equal == known.len() && equal == word.len() {
            return place;
        }
        place += 1;
    }
    panic!("the default is not one of the words")
}

macro_rules! words {
    (
        $(#[doc = $doc:literal])*
        $type:ident { $($(#[doc = $option_doc:literal])* $option:ident = $word:literal),* $(,)? }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type {
            $($(#[doc = $option_doc])* $option,)*
        }
        impl Word for $type {
            const WORDS: &'static [&'static str] = &[$($word),*];
            const MEANINGS: &'static [&'static str] = &[$(concat!($($option_doc, "\n"),*)),*];
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

impl MomentumStyle {
    /// What a velocity takes in of the gradient, and what the weight moves by it.
    pub(super) fn split(self, momentum: f64, learning_rate: f64) -> (f64, f64) {
        match self {
            MomentumStyle::HeavyBall => (1.0, -learning_rate),
            MomentumStyle::Ema => (1.0 - momentum, -learning_rate),
            MomentumStyle::Keras => (-learning_rate, 1.0),
        }
    }
}

words! {
    /// How weights are pulled towards zero.
    WeightDecayStyle {
        /// The gradient has `weight_decay * weight` added to it, an L2 penalty, which the rule then scales (PyTorch).
        Coupled = "coupled",
        /// The weight is first multiplied by `1 - learning_rate * weight_decay`, apart from the rule (Keras; AdamW
        /// anywhere).
        Decoupled = "decoupled",
    }
}

words! {
    /// Which second moment of AMSGrad is the largest so far.
    AmsgradMode {
        /// The one before bias correction, which is corrected afterwards (PyTorch, Keras).
        Raw = "raw",
        /// The one after bias correction (optax).
        Corrected = "corrected",
    }
}

words! {
    /// How the points of a schedule-free rule count in their average.
    Averaging {
        /// By the square of the warm-up's factor (the authors, optax).
        Weighted = "weighted",
        /// All alike (Keras).
        Uniform = "uniform",
    }
}

words! {
    /// Where epsilon stands beside the largest gradient of Adamax.
    EpsilonModeLargest {
        /// `max(u, |g| + epsilon)` (PyTorch, optax).
        Inside = "inside",
        /// `max(u, |g|) + epsilon` (Keras).
        Outside = "outside",
    }
}

words! {
    /// How long an orthogonal step of a matrix of `rows` inputs and `columns` outputs is, times the learning rate.
    RateAdjustment {
        /// `sqrt(max(1, columns / rows))` (the author; PyTorch and optax for the same layer).
        Original = "original",
        /// `0.2 sqrt(max(rows, columns))`: as long as a step of AdamW usually is (Liu et al., 2025).
        Matched = "match-adamw",
    }
}

words! {
    /// Where epsilon stands in `g / sqrt(s)`, with `s` an average of squared gradients.
    EpsilonMode {
        /// `g / (sqrt(s) + epsilon)`, `s` after bias correction where there is one.
        Outside = "outside",
        /// `g / sqrt(s + epsilon)`, `s` after bias correction where there is one.
        Inside = "inside",
        /// `g / (sqrt(s) + epsilon)` with `s` *before* bias correction, corrected afterwards (Kingma and Ba's second
        /// form; Keras, scikit-learn).
        Hat = "hat",
    }
}

/// [`EpsilonMode`] of a rule without bias correction, where "hat" would be "outside".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpsilonModeUncorrected(pub EpsilonMode);

impl Word for EpsilonModeUncorrected {
    const WORDS: &'static [&'static str] = &["outside", "inside"];
    const MEANINGS: &'static [&'static str] = &[EpsilonMode::MEANINGS[0], EpsilonMode::MEANINGS[1]];
    fn from_index(index: usize) -> Self {
        Self(EpsilonMode::from_index(index))
    }
    fn index(self) -> usize {
        self.0.index()
    }
}

/// What is added to an average of squares under the root, and to the root: `g / (sqrt(s + inner) + outer)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Epsilons {
    pub(super) inner: f64,
    pub(super) outer: f64,
}

impl Epsilons {
    /// The divisor.
    #[inline(always)]
    pub(super) fn root<R: Real>(&self, squares: R) -> R {
        (squares + R::constant(self.inner)).sqrt() + R::constant(self.outer)
    }
}

/// Smallest constant in a divisor: a normal number in single precision, so that it does not vanish there.
const SMALLEST: f64 = 1e-37;

impl EpsilonMode {
    /// The two summands for an average that still has to be divided by `correction`, after `sqrt(correction)` has been
    /// moved from the root to the step's factor.
    pub(super) fn split(self, epsilon: f64, correction: f64) -> Epsilons {
        match self {
            EpsilonMode::Outside => Epsilons { inner: 0.0, outer: (epsilon * correction.sqrt()).max(SMALLEST) },
            EpsilonMode::Inside => Epsilons { inner: (epsilon * correction).max(SMALLEST), outer: 0.0 },
            EpsilonMode::Hat => Epsilons { inner: 0.0, outer: epsilon },
        }
    }
}
