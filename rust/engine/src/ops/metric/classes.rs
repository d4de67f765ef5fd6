//! Terms of metrics for classes.

use crate::error::{Result, shape_error, value_error};
use crate::operation::{GradientRule, InputGradient, Operation};
use crate::reader::{Reader, word_for};
use crate::routine::{Routine, Run};
use crate::types::{Attribute, Attributes, Dtype, Site, Type, Typed, require_type, with_element};

use super::batch::{check_rows, sums, weights};

/// The term to add up over the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Term {
    /// `1`.
    Weight,
    /// Whether the row is correct: its class, or all of its labels.
    Hits,
    /// For each class (or label): how often it was correctly predicted, predicted, and true; three blocks.
    Counts,
    /// The share of the row's labels that are wrong.
    Mistakes,
    /// The negative logarithm of the probability of the true class.
    LogLoss,
    /// The squared distance between the probabilities and the truth.
    Brier,
    /// For this many equal bins of the largest probability: weight, probability, and correct predictions; three blocks.
    Calibration,
    /// Whether the true class is among this many classes with the largest scores.
    Top,
    /// By how much the margin of the true score falls short of 1.
    Hinge,
}

impl Term {
    const WORDS: [(&'static str, Self); 9] = [
        ("weight", Self::Weight),
        ("hits", Self::Hits),
        ("counts", Self::Counts),
        ("mistakes", Self::Mistakes),
        ("log_loss", Self::LogLoss),
        ("brier", Self::Brier),
        ("calibration", Self::Calibration),
        ("top", Self::Top),
        ("hinge", Self::Hinge),
    ];
}

/// For each kind of scores, the threshold above which a single score, and a single target, means yes.
pub fn thresholds() -> impl Iterator<Item = (&'static str, f64, f64)> {
    Link::WORDS.into_iter().map(|(word, link)| (word, link.threshold(), link.target_threshold()))
}

/// The kind of scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// Logits: of softmax for several columns, of sigmoid for a single column or for labels.
    Logits,
    /// Probabilities.
    Probabilities,
    /// Scores without probabilities; positive scores mean true.
    Scores,
}

impl Link {
    const WORDS: [(&'static str, Self); 3] =
        [("logits", Self::Logits), ("probabilities", Self::Probabilities), ("scores", Self::Scores)];

    /// Above this, a single score means yes.
    fn threshold(self) -> f64 {
        if self == Self::Probabilities { 0.5 } else { 0.0 }
    }

    /// Above this, a single target means yes.
    fn target_threshold(self) -> f64 {
        if self == Self::Scores { 0.0 } else { 0.5 }
    }
}

/// The sum of a term over the rows. The inputs are scores, target (labels, or floats like the scores) and, if weighted,
/// sample weights. Rows whose label is not a class do not count; NaN is never correct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassSum {
    term: Term,
    /// The number of bins, or of top classes.
    parameter: usize,
    link: Link,
    /// Whether every column is a yes-or-no question of its own.
    labels: bool,
    weighted: bool,
}

impl ClassSum {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let term = reader.choice("term", "hits", &Term::WORDS)?;
        let parameter = reader.integer("parameter")?.unwrap_or(1);
        let Some(parameter) = usize::try_from(parameter).ok().filter(|number| (1..=1 << 20).contains(number)) else {
            return value_error!("class_sum: expected `parameter` from 1 to 1048576, got {parameter}");
        };
        let link = reader.choice("link", "logits", &Link::WORDS)?;
        let (labels, weighted) = (reader.flag("labels", false)?, reader.flag("weighted", false)?);
        reader.finish()?;
        Ok(Self { term, parameter, link, labels, weighted })
    }

    fn count(&self, columns: usize) -> usize {
        match self.term {
            Term::Counts if self.labels => 3 * columns,
            Term::Counts => 3 * columns.max(2),
            Term::Calibration => 3 * self.parameter,
            _ => 1,
        }
    }
}

impl Operation for ClassSum {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let rows = check_rows("class_sum", inputs, self.weighted)?;
        let (scores, target) = (inputs[0], inputs[1]);
        if scores.rank() > 2 || scores.shape.get(1) == Some(&0) {
            return shape_error!("class_sum: expected `prediction` of shape ({rows}, classes), got {scores}");
        }
        let dense = target == scores;
        let labels = target.dtype == Dtype::I32 && target.shape.first() == Some(&rows) && target.len() == rows;
        if !(dense || labels && !self.labels) {
            let classes = Type::new(&[rows], Dtype::I32);
            let expected = if target.dtype == Dtype::I32 && !self.labels { &classes } else { scores };
            require_type("class_sum", "target", target, &[expected])?;
        }
        Ok(sums(self.count(scores.shape.get(1).copied().unwrap_or(1))))
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        Ok(vec![InputGradient::Zero; rule.inputs.len()])
    }
}

/// The truth about a row.
#[derive(Clone, Copy)]
enum Truth<'a, E> {
    /// One class.
    Class(usize),
    /// A number for each column.
    Dense(&'a [E]),
}

impl<E: Typed> Truth<'_, E> {
    /// The true share of this class.
    fn share(self, class: usize) -> f64 {
        match self {
            Self::Class(label) => f64::from(u8::from(label == class)),
            // A single column gives the share of class 1; class 0 has the rest.
            Self::Dense([share]) => {
                if class == 0 {
                    1.0 - share.to_f64()
                } else {
                    share.to_f64()
                }
            }
            Self::Dense(row) => row[class].to_f64(),
        }
    }

    /// The class with the largest true share.
    fn class(self, threshold: f64) -> Option<usize> {
        match self {
            Self::Class(label) => Some(label),
            Self::Dense(row) => class(row, threshold),
        }
    }
}

/// The index of the largest number, the first one among equals; `None` if there is a NaN.
fn largest<E: Typed>(row: &[E]) -> Option<usize> {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        value.partial_cmp(value)?;
        if *value > row[best] {
            best = index;
        }
    }
    Some(best)
}

/// The class that a row stands for; a single number is a score (or target) of class 1.
fn class<E: Typed>(row: &[E], threshold: f64) -> Option<usize> {
    match row {
        [score] => yes(*score, threshold).map(usize::from),
        _ => largest(row),
    }
}

/// Whether a number means yes; `None` if it is NaN.
fn yes<E: Typed>(score: E, threshold: f64) -> Option<bool> {
    let score = score.to_f64();
    (!score.is_nan()).then_some(score > threshold)
}

/// A row and how to read it.
struct Row<'a, E> {
    scores: &'a [E],
    truth: Truth<'a, E>,
    link: Link,
    labels: bool,
}

impl<E: Typed> Row<'_, E> {
    fn predicted(&self) -> Option<usize> {
        class(self.scores, self.link.threshold())
    }

    fn actual(&self) -> Option<usize> {
        self.truth.class(self.link.target_threshold())
    }

    /// Whether this label is predicted, and whether it is true.
    fn label(&self, column: usize) -> Option<(bool, bool)> {
        let actual = self.truth.share(if self.scores.len() == 1 { 1 } else { column }) > self.link.target_threshold();
        yes(self.scores[column], self.link.threshold()).map(|predicted| (predicted, actual))
    }

    fn is_hit(&self) -> bool {
        if self.labels {
            return (0..self.scores.len()).all(|column| self.label(column).is_some_and(|(one, other)| one == other));
        }
        self.predicted().is_some_and(|class| self.actual() == Some(class))
    }

    /// The share of labels that are wrong.
    fn mistakes(&self) -> f64 {
        if !self.labels {
            return f64::from(u8::from(!self.is_hit()));
        }
        let right = |&column: &usize| self.label(column).is_some_and(|(one, other)| one == other);
        1.0 - (0..self.scores.len()).filter(right).count() as f64 / self.scores.len() as f64
    }

    fn count(&self, weight: f64, sums: &mut [f64]) {
        let classes = sums.len() / 3;
        let mut note = |predicted: Option<usize>, actual: Option<usize>| {
            if let Some(class) = predicted {
                sums[classes + class] += weight;
                sums[class] += if actual == predicted { weight } else { 0.0 };
            }
            if let Some(class) = actual {
                sums[2 * classes + class] += weight;
            }
        };
        if !self.labels {
            return note(self.predicted(), self.actual());
        }
        for column in 0..self.scores.len() {
            let of = |holds: bool| holds.then_some(column);
            let label = self.label(column).map_or((None, None), |(one, other)| (of(one), of(other)));
            note(label.0, label.1);
        }
    }

    /// The logarithm of the sum of `exp` over the scores.
    fn log_sum(&self) -> f64 {
        let top = self.scores.iter().fold(f64::NEG_INFINITY, |top, score| top.max(score.to_f64()));
        top + self.scores.iter().map(|score| (score.to_f64() - top).exp()).sum::<f64>().ln()
    }

    fn log_loss(&self) -> f64 {
        let columns = self.scores.len();
        if self.labels || columns == 1 {
            let share = |column| self.truth.share(if columns == 1 { 1 } else { column });
            let all = (0..columns).map(|column| binary_log_loss(self.link, self.scores[column], share(column)));
            return all.sum::<f64>() / columns as f64;
        }
        let log_sum = if self.link == Link::Logits { self.log_sum() } else { 0.0 };
        let mut total = 0.0;
        for (class, score) in self.scores.iter().enumerate() {
            let share = self.truth.share(class);
            if share != 0.0 {
                total += share * if self.link == Link::Logits { log_sum - score.to_f64() } else { cost(*score) };
            }
        }
        total
    }

    fn brier(&self) -> f64 {
        let columns = self.scores.len();
        if self.labels || columns == 1 {
            let share = |column| self.truth.share(if columns == 1 { 1 } else { column });
            let apart = |column: usize| (probability(self.link, self.scores[column]) - share(column)).powi(2);
            return (0..columns).map(apart).sum::<f64>() / columns as f64;
        }
        let log_sum = if self.link == Link::Logits { self.log_sum() } else { 0.0 };
        let each = self.scores.iter().enumerate().map(|(class, score)| {
            let score = score.to_f64();
            let probability = if self.link == Link::Logits { (score - log_sum).exp() } else { score };
            (probability - self.truth.share(class)).powi(2)
        });
        each.sum()
    }

    /// The probability of the predicted class.
    fn confidence(&self) -> Option<f64> {
        let class = self.predicted()?;
        if let [score] = self.scores {
            let probability = probability(self.link, *score);
            return Some(if class == 1 { probability } else { 1.0 - probability });
        }
        let score = self.scores[class].to_f64();
        Some(if self.link == Link::Logits { (score - self.log_sum()).exp() } else { score })
    }

    fn calibrate(&self, weight: f64, sums: &mut [f64]) {
        let bins = sums.len() / 3;
        let Some(confidence) = self.confidence() else { return };
        let bin = ((confidence * bins as f64).ceil() as usize).clamp(1, bins) - 1;
        sums[bin] += weight;
        sums[bins + bin] += weight * confidence;
        sums[2 * bins + bin] += if self.is_hit() { weight } else { 0.0 };
    }

    /// Whether fewer than this many classes come before the true one; among equals, the first comes first.
    fn is_among(&self, count: usize) -> bool {
        let Some(actual) = self.actual() else { return false };
        if largest(self.scores).is_none() {
            return false;
        }
        if self.scores.len() == 1 {
            return count > 1 || self.is_hit();
        }
        let own = self.scores[actual];
        let before = |&(class, score): &(usize, &E)| *score > own || (*score == own && class < actual);
        self.scores.iter().enumerate().filter(before).count() < count
    }

    fn hinge(&self) -> f64 {
        let Some(actual) = self.actual() else { return f64::NAN };
        if let [score] = self.scores {
            let score = score.to_f64();
            return (1.0 - if actual == 1 { score } else { -score }).max(0.0);
        }
        let others = self.scores.iter().enumerate().filter(|(class, _)| *class != actual);
        let best = others.fold(f64::NEG_INFINITY, |best, (_, score)| best.max(score.to_f64()));
        (1.0 - (self.scores[actual].to_f64() - best)).max(0.0)
    }

    fn add(&self, (term, parameter): (Term, usize), weight: f64, sums: &mut [f64]) {
        let flag = |holds: bool| f64::from(u8::from(holds));
        let value = match term {
            Term::Counts => return self.count(weight, sums),
            Term::Calibration => return self.calibrate(weight, sums),
            Term::Weight => 1.0,
            Term::Hits => flag(self.is_hit()),
            Term::Mistakes => self.mistakes(),
            Term::LogLoss => self.log_loss(),
            Term::Brier => self.brier(),
            Term::Top => flag(self.is_among(parameter)),
            Term::Hinge => self.hinge(),
        };
        sums[0] += weight * value;
    }
}

/// The negative logarithm of a probability, which is kept away from 0 by the machine epsilon of its dtype.
fn cost<E: Typed>(probability: E) -> f64 {
    let least = if E::DTYPE == Dtype::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) };
    -probability.to_f64().clamp(least, 1.0 - least).ln()
}

/// The log loss of a yes-or-no question.
fn binary_log_loss<E: Typed>(link: Link, score: E, share: f64) -> f64 {
    let number = score.to_f64();
    if link == Link::Probabilities {
        return share * cost(score) + (1.0 - share) * cost(E::from_f64(1.0 - number));
    }
    number.max(0.0) - number * share + (-number.abs()).exp().ln_1p()
}

fn probability<E: Typed>(link: Link, score: E) -> f64 {
    let score = score.to_f64();
    if link == Link::Probabilities { score } else { 1.0 / (1.0 + (-score).exp()) }
}

impl Routine for ClassSum {
    fn name(&self) -> &str {
        "class_sum"
    }

    fn attributes(&self) -> Attributes {
        Attributes::from([
            ("term".to_string(), Attribute::Text(word_for(&Term::WORDS, &self.term).to_string())),
            ("parameter".to_string(), Attribute::Int(self.parameter as i64)),
            ("link".to_string(), Attribute::Text(word_for(&Link::WORDS, &self.link).to_string())),
            ("labels".to_string(), Attribute::Bool(self.labels)),
            ("weighted".to_string(), Attribute::Bool(self.weighted)),
        ])
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let Self { term, parameter, link, labels, weighted } = *self;
        let columns = site.inputs[0].shape.get(1).copied().unwrap_or(1);
        let given = site.inputs[1].dtype == Dtype::I32;
        with_element!(site.inputs[0].dtype, E => Box::new(move |call| {
            let (weight, sums) = (weights::<E>(call, weighted), call.output::<f64>(0));
            sums.fill(0.0);
            for (index, scores) in call.input::<E>(0).chunks_exact(columns).enumerate() {
                let truth = if given {
                    match usize::try_from(call.labels(1)[index]) {
                        Ok(label) if label < columns.max(2) => Truth::Class(label),
                        _ => continue,
                    }
                } else {
                    Truth::Dense(&call.input::<E>(1)[index * columns..][..columns])
                };
                let weight = weight(index);
                if weight != 0.0 {
                    Row { scores, truth, link, labels }.add((term, parameter), weight, sums);
                }
            }
        }))
    }
}
