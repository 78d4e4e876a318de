//! Faults as a reader says them.

use std::fmt;

use super::{Fate, Fault, Link, NodeSet, Scope};

fn names(nodes: &NodeSet) -> String {
    let names: Vec<String> = nodes.iter().map(|node| format!("n{node}")).collect();
    names.join(" ")
}

/// Whole milliseconds, rounded up.
fn ms(micros: u64) -> u64 {
    micros.div_ceil(1000)
}

/// Signed, in milliseconds, rounded away from zero.
fn signed_ms(micros: i64) -> String {
    let sign = if micros < 0 { '-' } else { '+' };
    format!("{sign}{}", ms(micros.unsigned_abs()))
}

fn links(links: &std::collections::BTreeSet<Link>) -> String {
    let both = |&(from, to): &Link| links.contains(&(to, from));
    let told = links.iter().filter_map(|link| {
        let (from, to) = link;
        match both(link) {
            true if from < to => Some(format!("n{from}–n{to}")),
            true => None,
            false => Some(format!("n{from}→n{to}")),
        }
    });
    told.collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Scope {
    /// Ready to follow the word `messages`: ` of gossip from n1 to n2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.kinds.is_empty() {
            let kinds: Vec<&str> = self.kinds.iter().map(String::as_str).collect();
            write!(f, " of {}", kinds.join(", "))?;
        }
        for (word, nodes) in [("from", &self.from), ("to", &self.to)] {
            if !nodes.is_empty() {
                write!(f, " {word} {}", names(nodes))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tell(&Scope::default(), f)
    }
}

impl Fault {
    /// What goes wrong, with messages of this scope where it is about messages.
    fn tell(&self, on: &Scope, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Cut { side } => write!(f, "cut {{{}}} | rest", names(side)),
            Fault::CutOneWay { side } => write!(f, "cut {{{}}} → rest, one way", names(side)),
            Fault::CutLinks { links: cut } => write!(f, "cut {}", links(cut)),
            Fault::Crash { node } => write!(f, "crash n{node}"),
            Fault::Pause { node } => write!(f, "pause n{node}"),
            Fault::Slow { node, by } => write!(f, "slow n{node} by {} ms", ms(*by)),
            Fault::Clock { node, ahead, drift } => {
                write!(f, "clock of n{node} {} ms", signed_ms(*ahead))?;
                match drift {
                    0 => Ok(()),
                    drift => write!(f, " and {} ms a second", signed_ms(*drift)),
                }
            }
            Fault::Stall { node } => write!(f, "stall disk of n{node}"),
            Fault::Scramble { node } => write!(f, "scramble what n{node} had not synced"),
            Fault::Wipe { node } => write!(f, "wipe n{node}"),
            Fault::Rot { node, percent } => write!(f, "rot {percent} % of the disk of n{node}"),
            Fault::Misdirect { node, percent } => {
                write!(f, "misdirect {percent} % of the writes of n{node}")
            }
            Fault::Restore { node } => write!(f, "restore an old disk of n{node}"),
            Fault::Depart { node } => write!(f, "depart n{node}"),
            Fault::Lose { percent } => write!(f, "lose {percent} % of messages{on}"),
            Fault::Delay { by } => write!(f, "delay messages{on} by {} ms", ms(*by)),
            Fault::Reorder { within } => {
                write!(f, "reorder messages{on} within {} ms", ms(*within))
            }
            Fault::Repeat { percent } => write!(f, "repeat {percent} % of messages{on}"),
            Fault::Clog => write!(f, "clog messages{on}"),
            Fault::Narrow { gap, room } => {
                write!(f, "one message{on} in {} ms a link, {room} wait", ms(*gap))
            }
            Fault::Rank { ranks, step } => {
                write!(f, "rank messages{on}, {ranks} ranks {} ms apart", ms(*step))
            }
            Fault::Aimed { at, fault } => fault.tell(at, f),
            Fault::Deliver {
                message,
                fate,
                what,
            } => {
                let said = if what.is_empty() {
                    format!("{message:016x}")
                } else {
                    what.clone()
                };
                match fate {
                    Fate::Lost => write!(f, "lose one message, {said}"),
                    Fate::Twice(_) => write!(f, "repeat one message, {said}"),
                    Fate::Late(by) => {
                        write!(f, "delay one message by {} ms, {said}", ms(*by))
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_one_line_a_reader_understands() {
        let gossip = Scope {
            from: [1].into(),
            to: [0, 2].into(),
            kinds: ["gossip".to_owned(), "hint".to_owned()].into(),
        };
        let lose = Box::new(Fault::Lose { percent: 30 });
        for (fault, told) in [
            (
                Fault::CutLinks {
                    links: [(0, 1), (1, 0), (2, 1)].into(),
                },
                "cut n0–n1 n2→n1",
            ),
            (Fault::Slow { node: 3, by: 2_000 }, "slow n3 by 2 ms"),
            (
                Fault::Misdirect {
                    node: 1,
                    percent: 7,
                },
                "misdirect 7 % of the writes of n1",
            ),
            (
                Fault::Clock {
                    node: 1,
                    ahead: -40_000,
                    drift: 0,
                },
                "clock of n1 -40 ms",
            ),
            (
                Fault::Clock {
                    node: 1,
                    ahead: 500,
                    drift: 200_000,
                },
                "clock of n1 +1 ms and +200 ms a second",
            ),
            (Fault::Clog, "clog messages"),
            (
                Fault::Aimed {
                    at: gossip,
                    fault: lose,
                },
                "lose 30 % of messages of gossip, hint from n1 to n0 n2",
            ),
        ] {
            assert_eq!(fault.to_string(), told);
        }
    }
}
