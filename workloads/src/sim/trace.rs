//! A number that two runs share exactly if they went the same way.

use std::fmt;

use checker::Time;

/// A rolling hash over everything that happened, with integers only; and what that was, if asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    hash: u64,
    log: Option<Vec<Marked>>,
}

/// Something that happened, and the hash after what it was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marked {
    at: Time,
    mark: Mark,
    node: u32,
    about: u64,
    hash: u64,
}

impl Marked {
    /// The number so far, then what happened.
    pub(crate) fn numbered(&self) -> String {
        format!("{:016x} {self}", self.hash)
    }
}

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Marked {
            at,
            mark,
            node,
            about,
            ..
        } = self;
        write!(f, "{} µs: {mark:?} at n{node}, {about:016x}", at.0)
    }
}

/// The first event in which two logs differ, as a reader says it; `None` if they are the same.
pub(crate) fn departure(one: &[Marked], two: &[Marked]) -> Option<String> {
    let last = one.len().max(two.len());
    let nth = (0..last).find(|&nth| one.get(nth) != two.get(nth))?;
    let said = |log: &[Marked]| log.get(nth).map_or("the end".to_owned(), Marked::to_string);
    let (first, second) = (said(one), said(two));
    Some(if first == second {
        format!("event {}, {first}, with other bytes", nth + 1)
    } else {
        format!("event {}: {first}; then {second}", nth + 1)
    })
}

/// What kind of thing happened, as the trace counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        Trace {
            hash: 0x6a09_e667_f3bc_c908,
            log: None,
        }
    }

    /// From now on, events are written down.
    pub(crate) fn keep(&mut self) {
        self.log = Some(Vec::new());
    }

    /// What was written down.
    pub(crate) fn log(&self) -> &[Marked] {
        self.log.as_deref().unwrap_or_default()
    }

    fn word(&mut self, word: u64) {
        // The xor with the high half brings every bit back within the reach of the multiplication.
        let mixed = (self.hash ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25);
        self.hash = mixed ^ (mixed >> 32);
    }

    /// Something happened.
    pub(crate) fn mark(&mut self, at: Time, mark: Mark, node: u32, about: u64) {
        self.word(at.0);
        self.word(((mark as u64) << 32) | u64::from(node));
        self.word(about);
        let hash = self.hash;
        if let Some(log) = &mut self.log {
            log.push(Marked {
                at,
                mark,
                node,
                about,
                hash,
            });
        }
    }

    /// The bytes that something was about. Linear in their number.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        let (chunks, rest) = bytes.as_chunks::<8>();
        for chunk in chunks {
            self.word(u64::from_be_bytes(*chunk));
        }
        self.word(rest.iter().fold(0, |word, b| (word << 8) | u64::from(*b)));
    }

    /// The number so far.
    pub(crate) fn value(&self) -> u64 {
        self.hash
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

    #[test]
    fn the_first_event_in_which_two_logs_differ_is_named() {
        let log = |marks: &[(u64, &[u8])]| {
            let mut trace = Trace::new();
            trace.keep();
            for (at, bytes) in marks {
                trace.mark(Time(*at), Mark::Wake, 1, 7);
                trace.bytes(bytes);
            }
            trace.log().to_vec()
        };
        let one = log(&[(1, b"a"), (2, b"b"), (3, b"c")]);
        assert_eq!(departure(&one, &one), None);
        let said = |marks: &[(u64, &[u8])]| departure(&one, &log(marks)).expect("they differ");
        assert_eq!(
            said(&[(1, b"a"), (5, b"b"), (3, b"c")]),
            "event 2: 2 µs: Wake at n1, 0000000000000007; then 5 µs: Wake at n1, 0000000000000007"
        );
        assert_eq!(
            said(&[(1, b"x"), (2, b"b"), (3, b"c")]),
            "event 2, 2 µs: Wake at n1, 0000000000000007, with other bytes"
        );
        assert!(said(&[(1, b"a")]).ends_with("then the end"));
    }
}
