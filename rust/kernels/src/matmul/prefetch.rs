//! Memory that is needed soon, brought nearer during the work before.
//!
//! While matrices are multiplied the way to memory is idle. Whoever knows which rows are read next names them with
//! [`name_rows`]; between two register tiles, the product then asks for a few of their cache lines: no more than memory
//! can bring meanwhile, since a burst of requests would stall the tiles. Nothing depends on it but time.

use std::cell::{Cell, RefCell};

/// Bytes of a cache line.
const LINE: usize = 64;
/// Multiply-adds in the time of which memory brings a cache line, with room to spare.
const WORK_PER_LINE: usize = 1 << 10;
/// Most lines that are asked for at once: fewer than a core waits for at a time.
const BURST: usize = 32;

/// The rows that were named last.
struct NamedRows {
    /// Addresses of their first bytes.
    starts: Vec<usize>,
    /// Bytes of each.
    bytes: usize,
    /// Which row is asked for next, and from which byte on.
    next: (usize, usize),
}

thread_local! {
    /// Whether there is anything left to ask for.
    static LEFT: Cell<bool> = const { Cell::new(false) };
    static ROWS: RefCell<NamedRows> = const { RefCell::new(NamedRows { starts: Vec::new(), bytes: 0, next: (0, 0) }) };
}

/// Names the rows that this thread reads next, by their addresses, in place of those named before. They are never read
/// here, so the addresses may be anything.
pub fn name_rows(starts: impl Iterator<Item = usize>, bytes: usize) {
    ROWS.with_borrow_mut(|rows| {
        rows.starts.clear();
        rows.starts.extend(starts);
        (rows.bytes, rows.next) = (bytes, (0, 0));
        LEFT.set(bytes > 0 && !rows.starts.is_empty());
    });
}

/// Asks for some of the named rows, after so many multiply-adds.
#[inline]
pub(super) fn ask(work: usize) {
    if LEFT.get() {
        ask_for((work / WORK_PER_LINE).clamp(1, BURST));
    }
}

#[cold]
fn ask_for(lines: usize) {
    ROWS.with_borrow_mut(|rows| {
        let (mut row, mut byte) = rows.next;
        for _ in 0..lines {
            prefetch(rows.starts[row] + byte);
            byte += LINE;
            if byte >= rows.bytes {
                (row, byte) = (row + 1, 0);
                if row == rows.starts.len() {
                    return LEFT.set(false);
                }
            }
        }
        rows.next = (row, byte);
    });
}

/// Asks for the cache line at an address to be brought into the second cache.
#[inline]
fn prefetch(address: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch of any address is harmless; the instruction is part of every x86-64.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(std::ptr::without_provenance(address));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left() -> Option<(usize, usize)> {
        LEFT.get().then(|| ROWS.with_borrow(|rows| rows.next))
    }

    #[test]
    fn every_line_of_every_row_is_asked_for_once() {
        let numbers = [0u8; 500];
        let address = numbers.as_ptr().addr();
        name_rows([address, address + 250].into_iter(), 250);
        let mut seen = vec![left()];
        for _ in 0..8 {
            ask(0);
            seen.push(left());
        }
        let steps = (0..8).map(|line| Some((line / 4, line % 4 * LINE)));
        assert_eq!(seen, steps.chain([None]).collect::<Vec<_>>());
        ask(usize::MAX);
        assert_eq!(left(), None);
    }

    #[test]
    fn named_rows_take_the_place_of_those_before_and_large_work_asks_for_a_burst() {
        name_rows([1usize, usize::MAX - 6400].into_iter(), 6400);
        ask(usize::MAX);
        assert_eq!(left(), Some((0, BURST * LINE)));
        name_rows(std::iter::once(64), 0);
        assert_eq!(left(), None);
        name_rows(std::iter::empty(), 64);
        assert_eq!(left(), None);
    }
}
