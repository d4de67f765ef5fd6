//! Random numbers addressed by (seed, stream, element): Philox4x32-10 counters (Salmon et al., 2011).

/// A stream of random numbers: any element can be asked for in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The user's seed.
    pub seed: u64,
    /// Which stream: a purpose and a step.
    pub stream: u64,
}

impl Stream {
    /// Four random words: block `index` of the stream.
    pub fn block(&self, index: u64) -> [u32; 4] {
        let _ = index;
        unimplemented!()
    }
}
