//! Operations by name: finding one, and reading its attributes with an error for whatever does not fit.

use std::sync::Arc;

use tilegrad_kernels::arithmetic::{BinaryFunction, UnaryFunction};

use super::custom::Custom;
use super::dropout::Dropout;
use super::elementwise::{Binary, Unary};
use super::matmul::MatMul;
use super::metric::{AmountSum, ClassSum};
use super::reduce::{Reduce, ReduceKind};
use super::shape::{BroadcastTo, Concatenate, Reshape, Slice, Transpose};
use super::softmax::Softmax;
use super::{Operation, activation, loss};
use crate::error::{Error, Result, name_error, shape_error, value_error};
use crate::types::{Attribute, Attributes};

/// Makes an operation from its attributes.
type Maker = fn(&mut Reader<'_>) -> Result<Arc<dyn Operation>>;

/// The operations that no registry of the kernels lists.
const MAKERS: &[(&str, Maker)] = &[
    ("matmul", |reader| share(MatMul::read(reader))),
    ("sum", |reader| share(Reduce::read(ReduceKind::Sum, reader))),
    ("mean", |reader| share(Reduce::read(ReduceKind::Mean, reader))),
    ("max", |reader| share(Reduce::read(ReduceKind::Maximum, reader))),
    ("reshape", |reader| share(Reshape::read(reader))),
    ("transpose", |reader| share(Transpose::read(reader))),
    ("broadcast_to", |reader| share(BroadcastTo::read(reader))),
    ("slice", |reader| share(Slice::read(reader))),
    ("concatenate", |reader| share(Concatenate::read(reader))),
    ("softmax", |reader| share(Softmax::read(false, reader))),
    ("log_softmax", |reader| share(Softmax::read(true, reader))),
    ("dropout", |reader| share(Dropout::read(reader))),
    ("custom", |reader| share(Custom::read(reader))),
    ("amount_sum", |reader| share(AmountSum::read(reader))),
    ("class_sum", |reader| share(ClassSum::read(reader))),
];

fn share<O: Operation>(operation: Result<O>) -> Result<Arc<dyn Operation>> {
    operation.map(|operation| -> Arc<dyn Operation> { Arc::new(operation) })
}

/// The operation of this name with these attributes; an error lists the valid names and the closest match.
pub fn from_name(name: &str, attributes: &Attributes) -> Result<Arc<dyn Operation>> {
    let mut reader = Reader { function: name, attributes, known: Vec::new() };
    if let Some((_, make)) = MAKERS.iter().find(|(known, _)| *known == name) {
        return make(&mut reader);
    }
    if let Some(&function) = BinaryFunction::ALL.iter().find(|function| function.name() == name) {
        return share(Binary::read(function, &mut reader));
    }
    if let Some(&function) = UnaryFunction::ALL.iter().find(|function| function.name() == name) {
        return share(Unary::read(function, &mut reader));
    }
    if let Some(entry) = activation::entry(name) {
        return share(activation::read(entry, &mut reader));
    }
    if let Some(operation) = loss::read(name, &mut reader) {
        return operation;
    }
    let names = names();
    name_error!("apply: unknown operation {name:?}{}; expected one of {}", closest(name, &names), names.join(", "))
}

/// Every name [`from_name`] knows, aliases left out.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = MAKERS.iter().map(|(name, _)| *name).collect();
    names.extend(BinaryFunction::ALL.iter().map(|function| function.name()));
    names.extend(UnaryFunction::ALL.iter().map(|function| function.name()));
    names.extend(tilegrad_kernels::activations::ENTRIES.iter().map(|entry| entry.name));
    names.extend(loss::names());
    names
}

/// A hint at the nearest of the names, if one is near.
fn closest(name: &str, names: &[&str]) -> String {
    let nearest = names.iter().map(|known| (distance(name, known), known)).min();
    match nearest {
        Some((distance, known)) if distance <= 2.max(known.len() / 3) => format!(" (did you mean {known:?}?)"),
        _ => String::new(),
    }
}

/// Edit distance between two names (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

/// Reads attributes one by one and then refuses those that nobody asked for.
#[derive(Debug)]
pub struct Reader<'a> {
    function: &'a str,
    attributes: &'a Attributes,
    known: Vec<&'static str>,
}

impl Reader<'_> {
    /// Name of the operation, for error messages.
    pub fn function(&self) -> &str {
        self.function
    }

    fn get(&mut self, name: &'static str) -> Option<&Attribute> {
        self.known.push(name);
        self.attributes.get(name)
    }

    fn unexpected<T>(&self, name: &str, expected: &str, got: &Attribute) -> Result<T> {
        value_error!("{}: expected `{name}` to be {expected}, got {}", self.function, show(got))
    }

    /// Whether the attribute is given.
    pub fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }

    /// A number.
    pub fn number(&mut self, name: &'static str, default: f64) -> Result<f64> {
        match self.get(name).cloned() {
            None => Ok(default),
            Some(Attribute::Float(value)) => Ok(value),
            Some(Attribute::Int(value)) => Ok(value as f64),
            Some(other) => self.unexpected(name, "a number", &other),
        }
    }

    /// A whole number.
    pub fn integer(&mut self, name: &'static str) -> Result<Option<i64>> {
        match self.get(name).cloned() {
            None => Ok(None),
            Some(Attribute::Int(value)) => Ok(Some(value)),
            Some(other) => self.unexpected(name, "a whole number", &other),
        }
    }

    /// Yes or no.
    pub fn flag(&mut self, name: &'static str, default: bool) -> Result<bool> {
        match self.get(name).cloned() {
            None => Ok(default),
            Some(Attribute::Bool(value)) => Ok(value),
            Some(Attribute::Int(value @ (0 | 1))) => Ok(value == 1),
            Some(other) => self.unexpected(name, "true or false", &other),
        }
    }

    /// Yes or no, if it is said.
    pub fn optional_flag(&mut self, name: &'static str) -> Result<Option<bool>> {
        let given = self.has(name);
        Ok(Some(self.flag(name, false)?).filter(|_| given))
    }

    /// One of some words.
    pub fn word(&mut self, name: &'static str, default: &str, choices: &[&str]) -> Result<String> {
        match self.get(name).cloned() {
            None => Ok(default.to_string()),
            Some(Attribute::Text(word)) if choices.contains(&word.as_str()) => Ok(word),
            Some(Attribute::Text(word)) => {
                let choices = choices.join(", ");
                name_error!("{}: expected `{name}` to be one of {choices}, got {word:?}", self.function)
            }
            Some(other) => self.unexpected(name, &format!("one of {}", choices.join(", ")), &other),
        }
    }

    /// Whole numbers; a single one counts as a list.
    pub fn integers(&mut self, name: &'static str) -> Result<Option<Vec<i64>>> {
        match self.get(name).cloned() {
            None => Ok(None),
            Some(Attribute::Ints(values)) => Ok(Some(values)),
            Some(Attribute::Int(value)) => Ok(Some(vec![value])),
            Some(Attribute::Floats(values)) if values.is_empty() => Ok(Some(Vec::new())),
            Some(other) => self.unexpected(name, "whole numbers", &other),
        }
    }

    /// A shape, which must be given.
    pub fn shape(&mut self, name: &'static str) -> Result<Vec<usize>> {
        let Some(values) = self.integers(name)? else {
            return value_error!("{}: expected `{name}`, got none", self.function);
        };
        let shape: Result<Vec<usize>, _> = values.iter().map(|&value| usize::try_from(value)).collect();
        shape.map_err(|_| Error::Value(format!("{}: expected `{name}` of sizes from 0, got {values:?}", self.function)))
    }

    /// An error if there is an attribute that was not asked for.
    pub fn finish(&mut self) -> Result<()> {
        let Some(name) = self.attributes.keys().find(|name| !self.known.contains(&name.as_str())) else {
            return Ok(());
        };
        let valid = if self.known.is_empty() { "none".to_string() } else { self.known.join(", ") };
        let hint = closest(name, &self.known);
        name_error!("{}: unknown attribute {name:?}{hint}; expected one of {valid}", self.function)
    }
}

fn show(attribute: &Attribute) -> String {
    match attribute {
        Attribute::Int(value) => value.to_string(),
        Attribute::Float(value) => value.to_string(),
        Attribute::Bool(value) => value.to_string(),
        Attribute::Text(value) => format!("{value:?}"),
        Attribute::Ints(values) => format!("{values:?}"),
        Attribute::Floats(values) => format!("{values:?}"),
    }
}

/// An axis counted from the front (0 ...) or the back (-1 ...), or an error.
pub(crate) fn axis(function: &str, axis: i64, rank: usize) -> Result<usize> {
    let signed_rank = i64::try_from(rank).unwrap_or(i64::MAX);
    let counted = if axis < 0 { axis + signed_rank } else { axis };
    match usize::try_from(counted) {
        Ok(index) if index < rank => Ok(index),
        _ => shape_error!("{function}: expected an axis of a shape of {rank} axes, got {axis}"),
    }
}
