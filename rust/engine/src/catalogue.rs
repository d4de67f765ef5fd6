//! The only list of operations: their names, and how each is made from its attributes.
//!
//! Operations that are made in other ways (backward nodes of a gradient, the update of an optimizer) have no name here.

use std::sync::Arc;

use tilegrad_kernels::arithmetic::{BinaryFunction, UnaryFunction};
use tilegrad_kernels::normalization::rows::Centre;

use crate::error::{Result, name_error};
use crate::operation::Operation;
use crate::ops::activation::Forward;
use crate::ops::custom::CustomGradient;
use crate::ops::dropout::Dropout;
use crate::ops::elementwise::{Binary, Unary};
use crate::ops::loss::{Loss, LossWeight, OneHot};
use crate::ops::matmul::MatMul;
use crate::ops::metric::{AmountSum, ClassSum};
use crate::ops::normalization::batch::{BatchNorm, Moments, Track};
use crate::ops::normalization::rows::NormalizeRows;
use crate::ops::reduce::{Reduce, ReduceKind};

use crate::ops::shape::{BroadcastTo, Concatenate, Reshape, Slice, Transpose};
use crate::ops::softmax::Softmax;
use crate::reader::{Reader, closest};
use crate::types::Attributes;

/// An operation once it is made.
type Made = Result<Arc<dyn Operation>>;

/// Makes an operation from its attributes.
type Maker = fn(&mut Reader<'_>) -> Made;

/// Operations that belong to no registry.
const OPERATIONS: &[(&str, Maker)] = &[
    ("matmul", |reader| made(MatMul::read(reader))),
    ("sum", |reader| made(Reduce::read(ReduceKind::Sum, reader))),
    ("mean", |reader| made(Reduce::read(ReduceKind::Mean, reader))),
    ("max", |reader| made(Reduce::read(ReduceKind::Maximum, reader))),
    ("reshape", |reader| made(Reshape::read(reader))),
    ("transpose", |reader| made(Transpose::read(reader))),
    ("broadcast_to", |reader| made(BroadcastTo::read(reader))),
    ("slice", |reader| made(Slice::read(reader))),
    ("concatenate", |reader| made(Concatenate::read(reader))),
    ("softmax", |reader| made(Softmax::read(false, reader))),
    ("log_softmax", |reader| made(Softmax::read(true, reader))),
    ("dropout", |reader| made(Dropout::read(reader))),
    ("moments", |reader| made(Moments::read(reader))),
    ("batch_norm", |reader| made(BatchNorm::read(reader))),
    ("track", |reader| made(Track::read(reader))),
    ("layer_norm", |reader| made(NormalizeRows::read(Centre::Mean, reader))),
    ("rms_norm", |reader| made(NormalizeRows::read(Centre::Zero, reader))),
    ("custom", |reader| made(CustomGradient::read(reader))),
    ("loss_weight", |reader| made(LossWeight::read(reader))),
    ("one_hot", |reader| made(OneHot::read(reader))),
    ("amount_sum", |reader| made(AmountSum::read(reader))),
    ("class_sum", |reader| made(ClassSum::read(reader))),
];

/// Operations listed in a registry of the kernels.
struct Family {
    names: fn() -> Vec<&'static str>,
    /// The operation of this name or alias, if there is one.
    find: fn(&str, &mut Reader<'_>) -> Option<Made>,
}

const FAMILIES: &[Family] = &[
    Family {
        names: || BinaryFunction::ALL.iter().map(|function| function.name()).collect(),
        find: |name, reader| BinaryFunction::named(name).map(|function| plain(Binary(function), reader)),
    },
    Family {
        names: || UnaryFunction::ALL.iter().map(|function| function.name()).collect(),
        find: |name, reader| UnaryFunction::named(name).map(|function| plain(Unary(function), reader)),
    },
    Family {
        names: || tilegrad_kernels::activations::ENTRIES.iter().map(|entry| entry.name).collect(),
        find: |name, reader| Forward::find(name).map(|entry| made(Forward::read(entry, reader))),
    },
    Family {
        names: || tilegrad_kernels::losses::ENTRIES.iter().map(|entry| entry.name).collect(),
        find: |name, reader| Loss::find(name).map(|entry| made(Loss::read(entry, reader))),
    },
];

/// An operation without attributes.
fn plain<O: Operation>(operation: O, reader: &mut Reader<'_>) -> Made {
    made(reader.finish().map(|()| operation))
}

fn made<O: Operation>(operation: Result<O>) -> Made {
    operation.map(|operation| -> Arc<dyn Operation> { Arc::new(operation) })
}

/// The operation of this name with these attributes; the error for an unknown name lists the valid ones and the closest
/// match.
pub fn from_name(name: &str, attributes: &Attributes) -> Result<Arc<dyn Operation>> {
    let mut reader = Reader::new(name, attributes);
    if let Some((_, make)) = OPERATIONS.iter().find(|(known, _)| *known == name) {
        return make(&mut reader);
    }
    if let Some(operation) = FAMILIES.iter().find_map(|family| (family.find)(name, &mut reader)) {
        return operation;
    }
    let names = names();
    name_error!("apply: unknown operation {name:?}{}; expected one of {}", closest(name, &names), names.join(", "))
}

/// All names that [`from_name`] knows, without aliases.
pub fn names() -> Vec<&'static str> {
    let families = FAMILIES.iter().flat_map(|family| (family.names)());
    OPERATIONS.iter().map(|(name, _)| *name).chain(families).collect()
}
