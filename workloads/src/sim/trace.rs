//! A number that two runs share exactly if they went the same way.

use checker::Time;

/// A rolling hash over everything that happened, with integers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trace(u64);

/// What kind of thing happened, as the trace counts it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark {
    Asked = 1,
    Refused,
    Message,
    Dropped,
    Waits,
    Stored,
    Synced,
    Wake,
    Ended,
    Crashed,
    Restarted,
    Paused,
    Resumed,
    Ordered,
}

impl Trace {
    pub(crate) fn new() -> Self {
        Trace(0x6a09_e667_f3bc_c908)
    }

    fn word(&mut self, word: u64) {
        // The xor with the high half brings every bit back within the reach of the multiplication.
        let mixed = (self.0 ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25);
        self.0 = mixed ^ (mixed >> 32);
    }

    /// Something happened.
    pub(crate) fn mark(&mut self, at: Time, mark: Mark, node: u32, about: u64) {
        self.word(at.0);
        self.word(((mark as u64) << 32) | u64::from(node));
        self.word(about);
    }

    /// The bytes that something was about. Linear in their number.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.word(chunk.iter().fold(0, |word, b| (word << 8) | u64::from(*b)));
        }
        let rest = chunks.remainder();
        self.word(rest.iter().fold(0, |word, b| (word << 8) | u64::from(*b)));
    }

    /// The number so far.
    pub(crate) fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_kind_node_subject_order_and_bytes_all_matter() {
        let of = |marks: &[(u64, Mark, u32, u64)], bytes: &[u8]| {
            let mut trace = Trace::new();
            for (at, mark, node, about) in marks {
                trace.mark(Time(*at), *mark, *node, *about);
            }
            trace.bytes(bytes);
            trace.value()
        };
        let traces = [
            of(&[], b""),
            of(&[], b"\0"),
            of(&[], b"12345678"),
            of(&[], b"12345678\0"),
            of(&[(1, Mark::Wake, 2, 3)], b""),
            of(&[(2, Mark::Wake, 2, 3)], b""),
            of(&[(1, Mark::Crashed, 2, 3)], b""),
            of(&[(1, Mark::Wake, 3, 3)], b""),
            of(&[(1, Mark::Wake, 2, 4)], b""),
            of(&[(1, Mark::Wake, 2, 3), (1, Mark::Wake, 3, 3)], b""),
            of(&[(1, Mark::Wake, 3, 3), (1, Mark::Wake, 2, 3)], b""),
        ];
        for (index, trace) in traces.iter().enumerate() {
            assert!(!traces[..index].contains(trace), "{index}");
        }
    }
}
