//! The calls into which fusion turns several operations.

use std::sync::Arc;

use tilegrad_kernels::activations::Activation;
use tilegrad_kernels::arithmetic::{Reduction, ReductionKind};
use tilegrad_kernels::matmul::{self, Each, Store, Target};

use crate::memory::ALIGNMENT;
use crate::ops::tiled::{ReadyProduct, TiledProduct};
use crate::ops::update::Update;
use crate::routine::{ControlBuffer, Routine, Run};
use crate::types::{Site, Type, with_element};
use crate::work::Work;

/// What fusion makes of a product and of what follows it.
pub(super) trait Fusible {
    /// With a bias and an activation; with the pre-activation beside it if it `keeps` that.
    fn dense(&self, has_bias: bool, activation: Option<Activation>, keeps: bool) -> Arc<dyn Routine>;
    /// Times the slope of an activation; with the sums of its columns beside it if `sums`.
    fn sloped(&self, activation: Activation, sums: bool) -> Arc<dyn Routine>;
    /// As the gradient of a weight, with its update.
    fn updating(&self, update: &Update) -> Arc<dyn Routine>;
}

impl<P: TiledProduct> Fusible for P {
    fn dense(&self, has_bias: bool, activation: Option<Activation>, keeps: bool) -> Arc<dyn Routine> {
        Arc::new(Dense::new(*self, has_bias, activation, keeps))
    }

    fn sloped(&self, activation: Activation, sums: bool) -> Arc<dyn Routine> {
        Arc::new(SlopedProduct::new(*self, activation, sums))
    }

    fn updating(&self, update: &Update) -> Arc<dyn Routine> {
        Arc::new(WeightUpdate::new(*self, update))
    }
}

/// `f(A B + bias)`, along with the pre-activation if something else reads it.
#[derive(Debug)]
struct Dense<P> {
    product: P,
    has_bias: bool,
    activation: Option<Activation>,
    keeps: bool,
    name: String,
}

impl<P: TiledProduct> Dense<P> {
    fn new(product: P, has_bias: bool, activation: Option<Activation>, keeps: bool) -> Self {
        let mut name = product.name().to_string();
        if has_bias {
            name.push_str(" + bias");
        }
        if let Some(activation) = activation {
            name.push_str(" + ");
            name.push_str(activation.entry().name);
        }
        Self { product, has_bias, activation, keeps, name }
    }
}

impl<P: TiledProduct> Routine for Dense<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn workspace(&self, site: &Site<'_>) -> usize {
        self.product.scratch(site.inputs)
    }

    fn work(&self, site: &Site<'_>) -> Work {
        let parts = u64::from(self.has_bias) + u64::from(self.activation.is_some());
        let operations = self.product.operations(site.inputs) + parts * site.outputs[0].len() as u64;
        Work::moving(site).and(operations)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let product = self.product.ready(site.inputs);
        let (has_bias, activation, keeps) = (self.has_bias, self.activation, self.keeps);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let bias = has_bias.then(|| call.input(2));
            let pre_activation = keeps.then(|| call.output(1));
            let mut epilogue = matmul::Dense::new(call.output(0), product.columns(), bias, activation, pre_activation);
            product.run::<E>(call.input(0), call.input(1), &mut epilogue, call.workspace());
        }))
    }
}

/// `(A B) f'`: the gradient with respect to the input of an activation, along with the sums of its columns if
/// they are the gradient of a bias.
#[derive(Debug)]
struct SlopedProduct<P> {
    product: P,
    activation: Activation,
    sums: bool,
    name: String,
}

impl<P: TiledProduct> SlopedProduct<P> {
    fn new(product: P, activation: Activation, sums: bool) -> Self {
        let sum = if sums { " + sum" } else { "" };
        let name = format!("{} + {}_backward{sum}", product.name(), activation.entry().name);
        Self { product, activation, sums, name }
    }
}

impl<P: TiledProduct> Routine for SlopedProduct<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn workspace(&self, site: &Site<'_>) -> usize {
        self.product.scratch(site.inputs)
    }

    fn work(&self, site: &Site<'_>) -> Work {
        let passes = 1 + u64::from(self.sums);
        Work::moving(site).and(self.product.operations(site.inputs) + passes * site.outputs[0].len() as u64)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let product = self.product.ready(site.inputs);
        let (activation, sums) = (self.activation, self.sums);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let sums = sums.then(|| call.output(1));
            let mut epilogue = matmul::Slope::new(call.output(0), product.columns(), call.input(2), activation, sums);
            product.run::<E>(call.input(0), call.input(1), &mut epilogue, call.workspace());
        }))
    }
}

/// The gradient `A B` of a weight goes tile by tile into weight and slots, and is never stored.
///
/// A small gradient is computed as a whole in scratch memory, which stays in the first-level cache; then the rule is
/// called once.
#[derive(Debug)]
struct WeightUpdate<P> {
    product: P,
    update: Update,
    name: String,
}

/// Up to this many bytes, a gradient is computed as a whole.
const WHOLE_BYTES: usize = 16 << 10;

impl<P: TiledProduct> WeightUpdate<P> {
    fn new(product: P, update: &Update) -> Self {
        Self { product, update: update.clone(), name: format!("{} + {}", product.name(), update.name()) }
    }

    /// Bytes of scratch memory for the whole gradient, if it is small.
    fn whole_bytes(weight: &Type) -> usize {
        if weight.bytes() <= WHOLE_BYTES { weight.bytes().next_multiple_of(ALIGNMENT) } else { 0 }
    }
}

impl<P: TiledProduct> Routine for WeightUpdate<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn kept(&self) -> Option<(usize, ControlBuffer)> {
        self.update.kept()
    }

    fn workspace(&self, site: &Site<'_>) -> usize {
        self.product.scratch(site.inputs) + Self::whole_bytes(&site.outputs[0])
    }

    fn work(&self, site: &Site<'_>) -> Work {
        let operations = self.product.operations(site.inputs);
        self.update.least(&site.outputs[0]).reading(site.inputs).and(operations)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let product = self.product.ready(site.inputs);
        let action = self.update.action();
        let (len, whole) = (site.outputs[0].len(), Self::whole_bytes(&site.outputs[0]) / site.dtype().size());
        with_element!(site.dtype(), E => match whole {
            0 => Box::new(move |call| {
                let columns = product.columns();
                let mut matrices = action.changed::<E>(call).map(|numbers| Target::new(numbers, columns));
                let scalars = action.scalars(call);
                let visit =
                    |gradient: &mut [E], state: &mut [&mut [E]]| action.take::<E, true>(&scalars, gradient, state);
                let mut each = Each::new(&mut matrices[..action.state()], &visit);
                product.run::<E>(call.input(0), call.input(1), &mut each, call.workspace());
            }),
            _ => Box::new(move |call| {
                let (gradient, scratch) = call.workspace::<E>().split_at_mut(whole);
                let mut store = Store::new(gradient, product.columns());
                product.run::<E>(call.input(0), call.input(1), &mut store, scratch);
                let state = &mut action.changed::<E>(call)[..action.state()];
                action.take::<E, false>(&action.scalars(call), &mut gradient[..len], state);
            }),
        })
    }
}

/// The gradient of a bias (the sum of each column) and the update of the bias.
#[derive(Debug)]
pub(super) struct BiasUpdate {
    update: Update,
    name: String,
}

impl BiasUpdate {
    pub(super) fn new(update: &Update) -> Self {
        Self { update: update.clone(), name: format!("sum + {}", update.name()) }
    }
}

impl Routine for BiasUpdate {
    fn name(&self) -> &str {
        &self.name
    }

    fn kept(&self) -> Option<(usize, ControlBuffer)> {
        self.update.kept()
    }

    fn workspace(&self, site: &Site<'_>) -> usize {
        site.outputs[0].bytes()
    }

    fn work(&self, site: &Site<'_>) -> Work {
        self.update.least(&site.outputs[0]).reading(site.inputs).and(site.inputs[0].len() as u64)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let action = self.update.action();
        let sum = Reduction::new(ReductionKind::Sum { factor: 1.0 }, &site.inputs[0].shape, &[true, false]);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let gradient = call.workspace::<E>();
            sum.run(call.input::<E>(0), gradient);
            let state = &mut action.changed::<E>(call)[..action.state()];
            action.take::<E, false>(&action.scalars(call), gradient, state);
        }))
    }
}
