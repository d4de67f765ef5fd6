//! Activations, taken from the registry of the kernels: forward, backward, and the curvature for second derivatives.

use tilegrad_kernels::activations::{Activation, ENTRIES};
use tilegrad_kernels::registry::{ActivationEntry, SlopeFrom};

use crate::error::Result;
use crate::operation::{GradientRule, InputGradient, Operation};
use crate::ops::checks::{alike, one_real_input};
use crate::reader::Reader;
use crate::routine::{Routine, Run};
use crate::types::{Attribute, Attributes, Site, Type, with_element};

fn attributes(activation: &Activation) -> Attributes {
    let names = activation.entry().parameters.iter().map(|parameter| parameter.name.to_string());
    names.zip(activation.parameters().into_iter().map(Attribute::Float)).collect()
}

/// `f(x)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forward(pub Activation);

impl Forward {
    /// The entry with this name or alias.
    pub(crate) fn find(name: &str) -> Option<&'static ActivationEntry> {
        ENTRIES.iter().find(|entry| entry.name == name || entry.aliases.contains(&name))
    }

    /// The activation of an entry, with attributes for its parameters.
    pub(crate) fn read(entry: &ActivationEntry, reader: &mut Reader<'_>) -> Result<Self> {
        let mut parameters = Vec::with_capacity(entry.parameters.len());
        for parameter in entry.parameters {
            parameters.push(reader.number(parameter.name, parameter.default)?);
        }
        reader.finish()?;
        Ok(Self(Activation::new(entry.name, &parameters)?))
    }
}

impl Operation for Forward {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        one_real_input(self.name(), inputs)
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let inputs = [rule.gradient, rule.inputs[0], rule.output];
        Ok(vec![InputGradient::Value(rule.graph.add_node(Backward::new(self.0), &inputs)?)])
    }
}

impl Routine for Forward {
    fn name(&self) -> &str {
        self.0.entry().name
    }

    fn attributes(&self) -> Attributes {
        attributes(&self.0)
    }

    fn in_place(&self) -> &'static [usize] {
        &[0]
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let activation = self.0;
        with_element!(site.dtype(), E => match site.in_place {
            Some(_) => Box::new(move |call| activation.forward_in_place(call.output::<E>(0))),
            None => Box::new(move |call| activation.forward(call.input(0), call.output::<E>(0))),
        })
    }
}

/// `gradient f'(x)`, from (gradient, x, y = f(x)); only one of x and y is read, depending on the registry.
#[derive(Clone, Debug, PartialEq)]
pub struct Backward {
    /// The activation.
    pub activation: Activation,
    name: String,
}

impl Backward {
    /// The backward pass of this activation.
    pub fn new(activation: Activation) -> Self {
        Self { activation, name: format!("{}_backward", activation.entry().name) }
    }
}

impl Operation for Backward {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        alike(&self.name, inputs, 3)
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let [gradient, x, y] = [rule.inputs[0], rule.inputs[1], rule.inputs[2]];
        let arriving = rule.gradient;
        let first = rule.when_needed(0, |rule| rule.graph.add_node(self.clone(), &[arriving, x, y]))?;
        // As a function of x alone: the slope's dependence on y is part of the curvature.
        let second = rule.when_needed(1, |rule| {
            let product = rule.graph.multiply(arriving, gradient)?;
            rule.graph.add_node(Curvature::new(self.activation), &[product, x])
        })?;
        Ok(vec![first, second, InputGradient::Zero])
    }

    fn reads(&self, input: usize) -> bool {
        match self.activation.entry().slope_from {
            SlopeFrom::Input => input != 2,
            SlopeFrom::Output => input != 1,
        }
    }
}

impl Routine for Backward {
    fn name(&self) -> &str {
        &self.name
    }

    fn attributes(&self) -> Attributes {
        attributes(&self.activation)
    }

    fn in_place(&self) -> &'static [usize] {
        &[0]
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let activation = self.activation;
        with_element!(site.dtype(), E => match site.in_place {
            Some(_) => Box::new(move |call| activation.backward_in_place(call.output::<E>(0), call.input(1))),
            None => Box::new(move |call| activation.backward(call.input(0), call.input(1), call.output::<E>(0))),
        })
    }
}

/// `gradient f''(x)`, from (gradient, x).
#[derive(Clone, Debug, PartialEq)]
pub struct Curvature {
    activation: Activation,
    name: String,
}

impl Curvature {
    /// The curvature of this activation.
    pub fn new(activation: Activation) -> Self {
        Self { activation, name: format!("{}_curvature", activation.entry().name) }
    }
}

impl Operation for Curvature {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        alike(&self.name, inputs, 2)
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let (x, arriving) = (rule.inputs[1], rule.gradient);
        let first = rule.when_needed(0, |rule| rule.graph.add_node(self.clone(), &[arriving, x]))?;
        Ok(vec![first, InputGradient::Undefined])
    }
}

impl Routine for Curvature {
    fn name(&self) -> &str {
        &self.name
    }

    fn attributes(&self) -> Attributes {
        attributes(&self.activation)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let activation = self.activation;
        with_element!(site.dtype(), E => Box::new(move |call| {
            activation.curvature(call.input(0), call.input(1), call.output::<E>(0));
        }))
    }
}
