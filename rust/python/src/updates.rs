//! One step of an update rule over many arrays: a list of places that is kept from call to call, and one loop over all.

pub(crate) use tilegrad_kernels::optimizers::MOST_SLOTS;
use tilegrad_kernels::optimizers::Step;
use tilegrad_kernels::real::Element;
use tilegrad_kernels::sweep::PART;
use tilegrad_kernels::threads;

/// Where an array, its gradient and its slots lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    weight: usize,
    gradient: usize,
    slots: [usize; MOST_SLOTS],
    len: usize,
    is_double: bool,
}

impl Place {
    /// A weight and its gradient at these addresses; slots follow.
    pub(crate) fn new(weight: usize, gradient: usize, len: usize, is_double: bool) -> Self {
        Self { weight, gradient, slots: [0; MOST_SLOTS], len, is_double }
    }

    /// Whether weight and gradient are the same numbers.
    fn is_same(&self, other: &Place) -> bool {
        let of = |place: &Place| (place.weight, place.gradient, place.len, place.is_double);
        of(self) == of(other)
    }

    /// First address of the weight or gradient that begins at `start`, and the one after the last.
    fn extent(&self, start: usize) -> (usize, usize) {
        (start, start + self.len * if self.is_double { 8 } else { 4 })
    }

    /// Updates the elements of a range.
    ///
    /// # Safety
    /// The arrays are alive, aligned and of this length and type; nobody else uses this range of weight and slots now.
    unsafe fn update(&self, step: &Step, slots: usize, first: usize, count: usize) {
        // SAFETY: by the caller's word.
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
        // SAFETY: the range lies within the arrays, by the word of `update`'s caller; the slots are blocks of their own.
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

impl Place {
    /// Updates all of an array of this shape by a rule that needs to see all of its gradient.
    ///
    /// # Safety
    /// As for [`Place::update`].
    unsafe fn update_whole<E: Element>(&self, step: &Step, slots: usize, shape: &[usize], scratch: &mut Vec<E>) {
        scratch.resize(scratch.len().max(step.scratch::<E>(shape)), E::default());
        // SAFETY: by the caller's word; the slots are blocks of their own.
        unsafe {
            let changed = |address: usize| std::slice::from_raw_parts_mut(address as *mut E, self.len);
            let gradient = std::slice::from_raw_parts(self.gradient as *const E, self.len);
            let mut places =
                self.slots.map(|address| if address == 0 { &mut [] as &mut [E] } else { changed(address) });
            step.update_whole(changed(self.weight), gradient, &mut places[..slots], shape, scratch);
        }
    }
}

/// Scratch memory of both types, which is kept from step to step.
#[derive(Debug, Default)]
pub(crate) struct Scratch(Vec<f32>, Vec<f64>);

/// The places of a step; its memory is used again by the next one.
#[derive(Debug, Default)]
pub(crate) struct Places {
    list: Vec<Place>,
    /// Those of the step before, which are known to lie apart.
    known: Vec<Place>,
    extents: Vec<(usize, usize, bool, usize)>,
}

impl Places {
    /// Forgets the places of the step before, but that they lie apart.
    pub(crate) fn begin(&mut self) {
        std::mem::swap(&mut self.list, &mut self.known);
        self.list.clear();
    }

    /// Adds an array.
    pub(crate) fn add(&mut self, place: Place) {
        self.list.push(place);
    }

    /// Says where the slots of an array lie.
    pub(crate) fn set_slots(&mut self, index: usize, slots: [usize; MOST_SLOTS]) {
        self.list[index].slots = slots;
    }

    /// Number of elements of all.
    pub(crate) fn elements(&self) -> usize {
        self.list.iter().map(|place| place.len).sum()
    }

    /// Whether no weight shares memory with another one, nor with a gradient; if one does, which.
    pub(crate) fn overlap(&mut self) -> Option<usize> {
        let is_same = |(new, old): (&Place, &Place)| new.is_same(old);
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

    /// Updates everything, an array after the other, by a rule that needs to see the whole gradient of each.
    ///
    /// # Safety
    /// As for [`Places::update`], and each array has its shape.
    pub(crate) unsafe fn update_whole<'a>(
        &self,
        step: &Step,
        slots: usize,
        shapes: impl Iterator<Item = &'a [usize]>,
        scratch: &mut Scratch,
    ) {
        for (place, shape) in self.list.iter().zip(shapes) {
            // SAFETY: by the caller's word.
            unsafe {
                if place.is_double {
                    place.update_whole::<f64>(step, slots, shape, &mut scratch.1);
                } else {
                    place.update_whole::<f32>(step, slots, shape, &mut scratch.0);
                }
            }
        }
    }

    /// Updates everything; long work in parts over the threads, cut by the place in the whole list.
    ///
    /// # Safety
    /// The arrays of every place are alive, aligned and of its length and type, nobody else uses their memory now, and
    /// the rule has so many slots.
    pub(crate) unsafe fn update(&self, step: &Step, slots: usize) {
        let all = self.elements();
        if all <= PART {
            for place in &self.list {
                // SAFETY: by the caller's word.
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
                // SAFETY: by the caller's word, and no two parts share an element.
                unsafe { place.update(step, slots, skip, count) };
                (skip, left) = (0, left - count);
                if left == 0 {
                    break;
                }
            }
        });
    }
}
