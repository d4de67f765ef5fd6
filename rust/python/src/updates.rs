//! One step of an update rule over many arrays: a list of addresses that is kept between calls, and one loop over all.

pub(crate) use tilegrad_kernels::optimizers::MOST_SLOTS;
use tilegrad_kernels::optimizers::Step;
use tilegrad_kernels::real::Element;
use tilegrad_kernels::sweep::PART;
use tilegrad_kernels::threads;

/// The addresses of an array, its gradient and its slots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UpdatedArray {
    weight: usize,
    gradient: usize,
    slots: [usize; MOST_SLOTS],
    len: usize,
    is_double: bool,
}

impl UpdatedArray {
    /// A weight and its gradient at these addresses; slots follow.
    pub(crate) fn new(weight: usize, gradient: usize, len: usize, is_double: bool) -> Self {
        Self { weight, gradient, slots: [0; MOST_SLOTS], len, is_double }
    }

    /// Whether weight and gradient are the same memory.
    fn is_same(&self, other: &UpdatedArray) -> bool {
        let of = |place: &UpdatedArray| (place.weight, place.gradient, place.len, place.is_double);
        of(self) == of(other)
    }

    /// The first address of the weight or gradient that begins at `start`, and the one after the last.
    fn extent(&self, start: usize) -> (usize, usize) {
        (start, start + self.len * if self.is_double { 8 } else { 4 })
    }

    /// Updates the elements of a range.
    ///
    /// # Safety
    /// The arrays must be alive, aligned and of this length and type; nobody else may use this range of weight and
    /// slots meanwhile.
    unsafe fn update(&self, step: &Step, slots: usize, first: usize, count: usize) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            if self.is_double {
                self.update_typed::<f64>(step, slots, first, count);
            } else {
                self.update_typed::<f32>(step, slots, first, count);
            }
        }
    }

    #[inline(always)]
    unsafe fn update_typed<E: Element>(&self, step: &Step, slots: usize, first: usize, count: usize) {
        let place = |address: usize| (address as *mut E).wrapping_add(first);
        // SAFETY: the caller of `update` guarantees that the range lies within the arrays; the slots are separate
        // blocks.
        unsafe {
            let changed = |address: usize| std::slice::from_raw_parts_mut(place(address), count);
            let (weight, gradient) =
                (changed(self.weight), std::slice::from_raw_parts(place(self.gradient).cast_const(), count));
            let mut places =
                self.slots.map(|address| if address == 0 { &mut [] as &mut [E] } else { changed(address) });
            step.update_here(weight, gradient, &mut places[..slots]);
        }
    }
}

impl UpdatedArray {
    /// Updates a whole array of this shape by a rule that needs to see its whole gradient.
    ///
    /// # Safety
    /// As for [`UpdatedArray::update`].
    unsafe fn update_whole<E: Element>(&self, step: &Step, slots: usize, shape: &[usize], scratch: &mut Vec<E>) {
        scratch.resize(scratch.len().max(step.scratch::<E>(shape)), E::default());
        // SAFETY: guaranteed by the caller; the slots are separate blocks.
        unsafe {
            let changed = |address: usize| std::slice::from_raw_parts_mut(address as *mut E, self.len);
            let gradient = std::slice::from_raw_parts(self.gradient as *const E, self.len);
            let mut places =
                self.slots.map(|address| if address == 0 { &mut [] as &mut [E] } else { changed(address) });
            step.update_whole(changed(self.weight), gradient, &mut places[..slots], shape, scratch);
        }
    }
}

/// Scratch memory of both types, which is kept between steps.
#[derive(Debug, Default)]
pub(crate) struct Scratch(Vec<f32>, Vec<f64>);

/// The addresses used in a step; the next step reuses the memory of the list.
#[derive(Debug, Default)]
pub(crate) struct UpdatedArrays {
    list: Vec<UpdatedArray>,
    /// Those of the previous step, which are known not to overlap.
    known: Vec<UpdatedArray>,
    extents: Vec<(usize, usize, bool, usize)>,
}

impl UpdatedArrays {
    /// Forgets the addresses of the previous step, but remembers that they do not overlap.
    pub(crate) fn begin(&mut self) {
        std::mem::swap(&mut self.list, &mut self.known);
        self.list.clear();
    }

    /// Adds an array.
    pub(crate) fn add(&mut self, place: UpdatedArray) {
        self.list.push(place);
    }

    /// Sets the addresses of an array's slots.
    pub(crate) fn set_slots(&mut self, index: usize, slots: [usize; MOST_SLOTS]) {
        self.list[index].slots = slots;
    }

    /// Total number of elements.
    pub(crate) fn elements(&self) -> usize {
        self.list.iter().map(|place| place.len).sum()
    }

    /// Checks that no weight shares memory with another weight or a gradient; if one does, says which.
    pub(crate) fn overlap(&mut self) -> Option<usize> {
        let is_same = |(new, old): (&UpdatedArray, &UpdatedArray)| new.is_same(old);
        if self.list.len() == self.known.len() && self.list.iter().zip(&self.known).all(is_same) {
            return None;
        }
        self.extents.clear();
        for (index, place) in self.list.iter().enumerate().filter(|(_, place)| place.len > 0) {
            for (address, is_weight) in [(place.weight, true), (place.gradient, false)] {
                let (start, end) = place.extent(address);
                self.extents.push((start, end, is_weight, index));
            }
        }
        self.extents.sort_unstable();
        let (mut written, mut read) = (0, 0);
        for &(start, end, is_weight, index) in &self.extents {
            if start < written || (is_weight && start < read) {
                self.list.clear();
                return Some(index);
            }
            if is_weight { written = written.max(end) } else { read = read.max(end) }
        }
        None
    }

    /// Updates all arrays, one after the other, by a rule that needs to see the whole gradient of each.
    ///
    /// # Safety
    /// As for [`UpdatedArrays::update`], and every array has its shape.
    pub(crate) unsafe fn update_whole<'a>(
        &self,
        step: &Step,
        slots: usize,
        shapes: impl Iterator<Item = &'a [usize]>,
        scratch: &mut Scratch,
    ) {
        for (place, shape) in self.list.iter().zip(shapes) {
            // SAFETY: guaranteed by the caller.
            unsafe {
                if place.is_double {
                    place.update_whole::<f64>(step, slots, shape, &mut scratch.1);
                } else {
                    place.update_whole::<f32>(step, slots, shape, &mut scratch.0);
                }
            }
        }
    }

    /// Updates all arrays; long work is split over the threads by position in the whole list.
    ///
    /// # Safety
    /// The arrays of every place must be alive, aligned and of its length and type, nobody else may use their memory
    /// meanwhile, and the rule must have that many slots.
    pub(crate) unsafe fn update(&self, step: &Step, slots: usize) {
        let all = self.elements();
        if all <= PART {
            for place in &self.list {
                // SAFETY: guaranteed by the caller.
                unsafe { place.update(step, slots, 0, place.len) };
            }
            return;
        }
        threads::for_each(all.div_ceil(PART), &|part| {
            let (mut skip, mut left) = (part * PART, PART);
            for place in &self.list {
                if skip >= place.len {
                    skip -= place.len;
                    continue;
                }
                let count = left.min(place.len - skip);
                // SAFETY: guaranteed by the caller, and no two parts share an element.
                unsafe { place.update(step, slots, skip, count) };
                (skip, left) = (0, left - count);
                if left == 0 {
                    break;
                }
            }
        });
    }
}
