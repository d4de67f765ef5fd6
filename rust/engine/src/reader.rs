//! Reads the attributes of an operation one by one; for any that does not fit, the error message says what would.

use crate::error::{Error, Result, name_error, value_error};
use crate::types::{Attribute, Attributes};

/// A hint with the closest of the names, if one is close.
pub(crate) fn closest(name: &str, names: &[&str]) -> String {
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

/// Reads attributes one by one, and finally rejects those that nobody asked for.
#[derive(Debug)]
pub struct Reader<'a> {
    function: &'a str,
    attributes: &'a Attributes,
    known: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    /// Reads the attributes of the operation of this name.
    pub fn new(function: &'a str, attributes: &'a Attributes) -> Self {
        Self { function, attributes, known: Vec::new() }
    }
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

    /// Yes or no, or `None` if it is not given.
    pub fn optional_flag(&mut self, name: &'static str) -> Result<Option<bool>> {
        if self.attributes.contains_key(name) {
            return self.flag(name, false).map(Some);
        }
        self.known.push(name);
        Ok(None)
    }

    /// The meaning of one of several words.
    pub fn choice<T: Copy>(&mut self, name: &'static str, default: &str, choices: &[(&str, T)]) -> Result<T> {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let given = self.word(name, default, &words)?;
        let chosen = choices.iter().find(|(word, _)| *word == given);
        Ok(chosen.expect("the default is one of the words").1)
    }

    /// One of several words.
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

/// The word that stands for a choice.
pub fn word_for<T: PartialEq>(choices: &[(&'static str, T)], choice: &T) -> &'static str {
    let found = choices.iter().find(|(_, known)| known == choice);
    found.expect("every choice has a word").0
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
