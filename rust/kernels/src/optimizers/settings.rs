//! The settings of a rule by their names: made, changed, read.

use super::list::Optimizer;
use crate::error::{Result, name_error, value_error};
use crate::real::Element;
use crate::registry::{OptimizerEntry, Setting};

impl Optimizer {
    /// The rule of this name with the given settings, the others at their defaults. Settings are checked.
    pub fn new(name: &str, settings: &[(&str, Setting<'_>)]) -> Result<Self> {
        let mut optimizer = Self::of_name(name)?;
        for (name, setting) in settings {
            optimizer.assign(name, *setting)?;
        }
        optimizer.check()?;
        Ok(optimizer)
    }

    /// Changes a setting; the next step uses it. Refused, with nothing changed, if the value is out of range or the
    /// rule would then need other slots than it has.
    pub fn set(&mut self, name: &str, setting: Setting<'_>) -> Result<()> {
        let mut changed = *self;
        changed.assign(name, setting)?;
        changed.check()?;
        if changed.slots() != self.slots() {
            let function = self.entry().name;
            return value_error!(
                "{function}: expected `{name}` to keep the slots {:?}, got a value that needs {:?}; make a new optimizer instead",
                self.slots(),
                changed.slots()
            );
        }
        *self = changed;
        Ok(())
    }

    /// The value of a setting: a number, an option or a flag.
    pub fn get(&self, name: &str) -> Option<Setting<'static>> {
        let entry = self.entry();
        if let Some(index) = entry.parameters.iter().position(|parameter| parameter.name == name) {
            let mut copy = *self;
            return Some(Setting::Number(*copy.number_mut(index)));
        }
        let index = entry.choices.iter().position(|choice| choice.name == name)?;
        let choice = &entry.choices[index];
        let option = self.option(index);
        Some(if choice.is_flag() { Setting::Flag(option == 1) } else { Setting::Option(choice.options[option]) })
    }

    /// Every setting, in the order of the entry: numbers, then choices.
    pub fn settings(&self) -> Vec<(&'static str, Setting<'static>)> {
        let entry = self.entry();
        let names = entry.parameters.iter().map(|parameter| parameter.name);
        names
            .chain(entry.choices.iter().map(|choice| choice.name))
            .filter_map(|name| self.get(name).map(|setting| (name, setting)))
            .collect()
    }

    /// One step over a parameter: `prepare(step)`, then `Step::update`. `step` counts from 1.
    ///
    /// `slots` has one slice for each name of [`Optimizer::slots`], in that order, all as long as `weight`.
    pub fn update<E: Element>(&self, step: u64, weight: &mut [E], gradient: &[E], slots: &mut [&mut [E]]) {
        self.prepare(step).update(weight, gradient, slots);
    }

    fn assign(&mut self, name: &str, setting: Setting<'_>) -> Result<()> {
        let entry: &OptimizerEntry = self.entry();
        let function = entry.name;
        if let Some(index) = entry.parameters.iter().position(|parameter| parameter.name == name) {
            let parameter = &entry.parameters[index];
            let Setting::Number(value) = setting else {
                return value_error!("{function}: expected `{name}` to be a number, got {setting}");
            };
            if !parameter.range.contains(value) {
                return value_error!("{function}: expected `{name}` in {}, got {value}", parameter.range);
            }
            *self.number_mut(index) = value;
            return Ok(());
        }
        let Some(index) = entry.choices.iter().position(|choice| choice.name == name) else {
            let known = entry.parameters.iter().map(|parameter| parameter.name);
            let known: Vec<&str> = known.chain(entry.choices.iter().map(|choice| choice.name)).collect();
            return name_error!("{function}: unknown parameter {name:?}; expected one of {}", known.join(", "));
        };
        let choice = &entry.choices[index];
        let option = match setting {
            Setting::Option(option) => choice.index(function, option)?,
            Setting::Flag(flag) if choice.is_flag() => usize::from(flag),
            other => {
                let kind = if choice.is_flag() { "true or false" } else { "a word" };
                return value_error!("{function}: expected `{name}` to be {kind}, got {other}");
            }
        };
        self.set_option(index, option);
        Ok(())
    }
}
