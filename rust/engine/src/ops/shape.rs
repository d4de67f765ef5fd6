//! Operations that move numbers: reshape, transpose, broadcast_to, slice, concatenate.

use tilegrad_kernels::arithmetic::{BinaryFunction, Broadcast, Permutation, permute};

use crate::error::{Error, Result, dtype_error, shape_error, value_error};
use crate::operation::{GradientRule, InputGradient, Operation};
use crate::ops::checks::{axis, one_real_input, require_real, types_text};
use crate::reader::Reader;
use crate::routine::{Routine, Run};
use crate::types::{Attribute, Attributes, MAXIMUM_RANK, Shape, Site, Type, with_element};
use crate::work::Work;

fn integers(values: &[usize]) -> Attribute {
    Attribute::Ints(values.iter().map(|&value| value as i64).collect())
}

/// A copy of the first input, used where a view must have its own memory.
pub(crate) fn copy(site: &Site<'_>) -> Run {
    with_element!(site.dtype(), E => Box::new(|call| call.output::<E>(0).copy_from_slice(call.input(0))))
}

/// The same numbers, in the same order, in another shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reshape {
    /// One size may be -1, which stands for the rest.
    shape: Vec<i64>,
}

impl Reshape {
    /// To this shape.
    pub fn to(shape: &[usize]) -> Self {
        Self { shape: shape.iter().map(|&count| count as i64).collect() }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let shape = reader.integers("shape")?;
        reader.finish()?;
        let shape = shape.ok_or_else(|| Error::Value("reshape: expected `shape`, got none".into()))?;
        if shape.iter().any(|&count| count < -1) || shape.iter().filter(|&&count| count == -1).count() > 1 {
            return shape_error!("reshape: expected `shape` of sizes from 0 and at most one -1, got {shape:?}");
        }
        Ok(Self { shape })
    }

    fn resolve(&self, count: usize) -> Option<Vec<usize>> {
        let known = self.shape.iter().filter_map(|&count| usize::try_from(count).ok());
        let product = known.clone().try_fold(1usize, usize::checked_mul)?;
        let open = self.shape.contains(&-1);
        if (!open && product != count) || (open && (product == 0 || !count.is_multiple_of(product))) {
            return None;
        }
        Some(self.shape.iter().map(|&size| usize::try_from(size).unwrap_or(count / product.max(1))).collect())
    }
}

impl Operation for Reshape {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let input = one_real_input("reshape", inputs)?;
        match self.resolve(input.len()) {
            Some(shape) if shape.len() <= MAXIMUM_RANK => Ok(input.with_shape(&shape)),
            _ => {
                let (count, shape) = (input.len(), Shape(&input.shape));
                shape_error!("reshape: expected a shape of {count} elements for {shape}, got {:?}", self.shape)
            }
        }
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let shape = rule.graph.shape(rule.inputs[0]).to_vec();
        Ok(vec![InputGradient::Value(rule.graph.reshape(rule.gradient, &shape)?)])
    }

    fn is_view(&self, _training: bool) -> bool {
        true
    }
}

impl Routine for Reshape {
    fn name(&self) -> &str {
        "reshape"
    }

    fn attributes(&self) -> Attributes {
        Attributes::from([("shape".to_string(), Attribute::Ints(self.shape.clone()))])
    }

    fn work(&self, site: &Site<'_>) -> Work {
        Work::moving(site)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        copy(site)
    }
}

/// Axes in another order; without `axes`, in reverse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transpose {
    axes: Option<Vec<i64>>,
}

impl Transpose {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let axes = reader.integers("axes")?;
        reader.finish()?;
        Ok(Self { axes })
    }

    fn order(&self, rank: usize) -> Result<Vec<usize>> {
        let Some(axes) = &self.axes else {
            return Ok((0..rank).rev().collect());
        };
        let order = axes.iter().map(|&number| axis("transpose", number, rank)).collect::<Result<Vec<_>, _>>()?;
        if order.len() != rank || (0..rank).any(|axis| !order.contains(&axis)) {
            return shape_error!("transpose: expected `axes` to name each of {rank} axes once, got {axes:?}");
        }
        Ok(order)
    }
}

impl Operation for Transpose {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let input = one_real_input("transpose", inputs)?;
        let shape: Vec<usize> = self.order(input.rank())?.iter().map(|&axis| input.shape[axis]).collect();
        Ok(input.with_shape(&shape))
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let order = self.order(rule.graph.shape(rule.inputs[0]).len())?;
        let mut inverse = vec![0; order.len()];
        for (index, &axis) in order.iter().enumerate() {
            inverse[axis] = index as i64;
        }
        let transposed = rule.graph.add_node(Transpose { axes: Some(inverse) }, &[rule.gradient])?;
        Ok(vec![InputGradient::Value(transposed)])
    }
}

impl Routine for Transpose {
    fn name(&self) -> &str {
        "transpose"
    }

    fn attributes(&self) -> Attributes {
        self.axes.clone().map(|axes| ("axes".to_string(), Attribute::Ints(axes))).into_iter().collect()
    }

    fn work(&self, site: &Site<'_>) -> Work {
        Work::moving(site)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let shape = &site.inputs[0].shape;
        let permutation = Permutation::new(shape, &self.order(shape.len()).expect("the shape rule has checked it"));
        with_element!(site.dtype(), E => Box::new(move |call| {
            permute::<E>(&permutation, call.input(0), call.output(0));
        }))
    }
}

/// Broadcasts to a shape as in NumPy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroadcastTo {
    /// The shape.
    pub shape: Vec<usize>,
}

impl BroadcastTo {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let shape = reader.shape("shape")?;
        reader.finish()?;
        Ok(Self { shape })
    }
}

impl Operation for BroadcastTo {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let input = one_real_input("broadcast_to", inputs)?;
        let fits =
            tilegrad_kernels::arithmetic::broadcast_shape(&input.shape, &self.shape).as_ref() == Some(&self.shape);
        if !fits || self.shape.len() > MAXIMUM_RANK {
            let (from, to) = (Shape(&input.shape), Shape(&self.shape));
            return shape_error!("broadcast_to: expected a shape that {from} stretches to, got {to}");
        }
        Ok(input.with_shape(&self.shape))
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let shape = rule.graph.shape(rule.inputs[0]).to_vec();
        Ok(vec![InputGradient::Value(rule.graph.sum_to(rule.gradient, &shape)?)])
    }
}

impl Routine for BroadcastTo {
    fn name(&self) -> &str {
        "broadcast_to"
    }

    fn attributes(&self) -> Attributes {
        Attributes::from([("shape".to_string(), integers(&self.shape))])
    }

    fn work(&self, site: &Site<'_>) -> Work {
        Work::moving(site)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let broadcast = Broadcast::new(&self.shape, &site.inputs[0].shape).expect("the shape rule has checked it");
        // Adding the numbers to zeros would lose the sign of -0, and the maximum of two copies would not
        // keep NaN payloads, so the numbers are copied by multiplying them by one, which is exact.
        with_element!(site.dtype(), E => Box::new(move |call| {
            let out = call.output::<E>(0);
            out.fill(1.0);
            BinaryFunction::Multiply.apply_in_place(&broadcast, out, call.input(0));
        }))
    }
}

/// A slice along one axis: indices `start` to `stop`, excluding `stop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    axis: i64,
    start: usize,
    stop: usize,
}

impl Slice {
    /// Indices `start` to `stop` along an axis.
    pub(crate) fn along(axis: i64, start: usize, stop: usize) -> Self {
        Self { axis, start, stop }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let axis = reader.integer("axis")?.unwrap_or(0);
        let bounds = (reader.integer("start")?.unwrap_or(0), reader.integer("stop")?);
        reader.finish()?;
        let (Ok(start), Some(Ok(stop))) = (usize::try_from(bounds.0), bounds.1.map(usize::try_from)) else {
            return value_error!("slice: expected `start` and `stop` from 0, got {} and {:?}", bounds.0, bounds.1);
        };
        Ok(Self { axis, start, stop })
    }
}

/// The numbers of elements outside and inside an axis: an array is `outer` blocks of `count * inner` elements.
fn blocks(shape: &[usize], axis: usize) -> (usize, usize) {
    (shape[..axis].iter().product(), shape[axis + 1..].iter().product())
}

impl Operation for Slice {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let mut kind = one_real_input("slice", inputs)?;
        let index = axis("slice", self.axis, kind.rank())?;
        let count = kind.shape[index];
        if self.start > self.stop || self.stop > count {
            let (start, stop) = (self.start, self.stop);
            return value_error!("slice: expected 0 <= `start` <= `stop` <= {count}, got {start} and {stop}");
        }
        kind.shape[index] = self.stop - self.start;
        Ok(kind)
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        // The gradient is padded with zeros.
        let kind = rule.graph.kind(rule.inputs[0]).clone();
        let index = axis("slice", self.axis, kind.rank())?;
        let mut parts = Vec::new();
        for (before, count) in [(true, self.start), (false, kind.shape[index] - self.stop)] {
            if !before {
                parts.push(rule.gradient);
            }
            if count > 0 {
                let mut shape = kind.shape.clone();
                shape[index] = count;
                let zero = rule.graph.scalar(0.0, kind.dtype);
                parts.push(rule.graph.broadcast_to(zero, &shape)?);
            }
        }
        let slope = match parts[..] {
            [single] => single,
            _ => rule.graph.add_node(Concatenate { axis: self.axis }, &parts)?,
        };
        Ok(vec![InputGradient::Value(slope)])
    }
}

impl Routine for Slice {
    fn name(&self) -> &str {
        "slice"
    }

    fn attributes(&self) -> Attributes {
        let values = [("axis", self.axis), ("start", self.start as i64), ("stop", self.stop as i64)];
        values.into_iter().map(|(name, value)| (name.to_string(), Attribute::Int(value))).collect()
    }

    fn work(&self, site: &Site<'_>) -> Work {
        // Only the part of the input that becomes the result is read.
        Work::moving(&Site { inputs: site.outputs, ..*site })
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let shape = &site.inputs[0].shape;
        let index = axis("slice", self.axis, shape.len()).expect("the shape rule has checked it");
        let (_, inner) = blocks(shape, index);
        let (from, width, step) = (self.start * inner, (self.stop - self.start) * inner, shape[index] * inner);
        with_element!(site.dtype(), E => Box::new(move |call| {
            if width == 0 {
                return;
            }
            let rows = call.output::<E>(0).chunks_exact_mut(width);
            for (out, x) in rows.zip(call.input::<E>(0).chunks_exact(step)) {
                out.copy_from_slice(&x[from..from + width]);
            }
        }))
    }
}

/// Concatenates values along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concatenate {
    axis: i64,
}

impl Concatenate {
    /// Along this axis.
    pub(crate) fn along(axis: i64) -> Self {
        Self { axis }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let axis = reader.integer("axis")?.unwrap_or(0);
        reader.finish()?;
        Ok(Self { axis })
    }
}

impl Operation for Concatenate {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let [first, ..] = inputs else {
            return shape_error!("concatenate: expected at least 1 input, got 0");
        };
        require_real("concatenate", "x", first)?;
        let index = axis("concatenate", self.axis, first.rank())?;
        let mut kind = first.with_shape(&first.shape);
        kind.shape[index] = 0;
        for input in inputs {
            if input.dtype != first.dtype {
                return dtype_error!(
                    "concatenate: expected inputs of dtype {}, got dtype {}",
                    first.dtype,
                    input.dtype
                );
            }
            let mut other = (*input).clone();
            if let Some(count) = other.shape.get_mut(index) {
                kind.shape[index] += std::mem::replace(count, first.shape[index]);
            }
            if other != **first {
                let got = types_text(inputs);
                return shape_error!("concatenate: expected inputs that differ along axis {index} only, got {got}");
            }
        }
        Ok(kind)
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let index = axis("concatenate", self.axis, rule.graph.shape(rule.output).len())?;
        let (mut slopes, mut start) = (Vec::new(), 0);
        for (position, &input) in rule.inputs.iter().enumerate() {
            let stop = start + rule.graph.shape(input)[index];
            let slice = Slice { axis: self.axis, start, stop };
            slopes.push(rule.when_needed(position, |rule| rule.graph.add_node(slice, &[rule.gradient]))?);
            start = stop;
        }
        Ok(slopes)
    }
}

impl Routine for Concatenate {
    fn name(&self) -> &str {
        "concatenate"
    }

    fn attributes(&self) -> Attributes {
        Attributes::from([("axis".to_string(), Attribute::Int(self.axis))])
    }

    fn work(&self, site: &Site<'_>) -> Work {
        Work::moving(site)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let index = axis("concatenate", self.axis, site.outputs[0].rank()).expect("the shape rule has checked it");
        let widths: Vec<usize> =
            site.inputs.iter().map(|kind| kind.shape[index] * blocks(&kind.shape, index).1).collect();
        let step: usize = widths.iter().sum();
        with_element!(site.dtype(), E => Box::new(move |call| {
            let out = call.output::<E>(0);
            let mut start = 0;
            for (position, &width) in widths.iter().enumerate().filter(|(_, width)| **width > 0) {
                for (row, x) in call.input::<E>(position).chunks_exact(width).enumerate() {
                    out[row * step + start..][..width].copy_from_slice(x);
                }
                start += width;
            }
        }))
    }
}
