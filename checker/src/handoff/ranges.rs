//! Keys that change owner: a disk lets go of its copy only when an heir has it.

use std::collections::BTreeMap;

use super::check::{HANDED_OVER, HANDED_OVER_EARLY};
use super::held::{Held, Sight};
use crate::evidence::{Disks, Finding, Findings, Marks, Tenures, contents, reason};
use crate::note::{Node, Note, Version};
use crate::order::{Key, Noted, Order};

/// Looks at every disk that ceases to hold anything of a key.
pub(super) fn judge<'h>(
    order: &Order<'h>,
    marks: &Marks<'h>,
    sight: &Sight<'h>,
    findings: &mut Findings,
) {
    let end = marks.quiet.unwrap_or(usize::MAX);
    let mut disks = Disks::default();
    let mut since = Since::default();
    for noted in order.notes.iter().take_while(|noted| noted.line <= end) {
        if let (Note::Durable { node, versions, .. }, Some(number)) = (noted.note, noted.key) {
            let here = (number, *node);
            if versions.is_empty() && !disks.data(number, *node).is_empty() {
                let drop = Drop {
                    order,
                    marks,
                    sight,
                    disks: &disks,
                    since: &since,
                    here,
                    noted,
                };
                drop.judge(findings);
            }
            since.follow(here, versions, noted.line);
        }
        disks.apply(noted);
    }
}

/// Since when each disk holds each of its versions.
#[derive(Default)]
struct Since<'h>(BTreeMap<(usize, Node), Vec<(&'h Version, usize)>>);

impl<'h> Since<'h> {
    fn follow(&mut self, here: (usize, Node), versions: &'h [Version], line: usize) {
        let held = self.0.entry(here).or_default();
        held.retain(|(version, _)| versions.contains(version));
        for version in versions {
            if !held.iter().any(|(known, _)| *known == version) {
                held.push((version, line));
            }
        }
    }

    fn of(&self, here: (usize, Node), version: &Version) -> usize {
        let held = self.0.get(&here).into_iter().flatten();
        let mut of = held.filter(|(known, _)| *known == version);
        of.next().map_or(0, |(_, line)| *line)
    }
}

/// A disk that lets go of a key.
struct Drop<'a, 'h> {
    order: &'a Order<'h>,
    marks: &'a Marks<'h>,
    sight: &'a Sight<'h>,
    /// As they were before.
    disks: &'a Disks<'h>,
    since: &'a Since<'h>,
    here: (usize, Node),
    noted: &'a Noted<'h>,
}

impl<'h> Drop<'_, 'h> {
    fn judge(&self, findings: &mut Findings) {
        let (number, node) = self.here;
        let key = &self.order.keys[number];
        if key.repeats || self.tenures().is_unknown() {
            return;
        }
        findings.count(HANDED_OVER, 1);
        let old = self.disks.data(number, node);
        // Tombstones that may be forgotten were perhaps reaped.
        let lasting = |version: &&Version| version.value.is_some() || !self.marks.may_revive();
        for version in old.iter().filter(lasting) {
            let heirs = self.heirs(version);
            if !heirs.iter().any(|&heir| self.has(key, heir, version)) {
                findings.report(HANDED_OVER_EARLY, || self.early(key, version, &heirs));
                return;
            }
        }
    }

    fn tenures(&self) -> &Tenures<'h> {
        &self.marks.tenures[self.here.0]
    }

    /// Who may have a version in the node's place: anyone but those who owned the key all along with
    /// it, for theirs is a copy of its own.
    ///
    /// What came only after the node ceased to own the key, or to one that never did, anyone may have.
    /// And so it is while changes overlap: nodes that hear of several at once, or of the later one first,
    /// see other owners than those named, or too few, and pair those who cease with those who begin in
    /// other ways. Only the last copy of all must not go then.
    fn heirs(&self, version: &Version) -> Vec<Node> {
        let (number, node) = self.here;
        let (tenures, line) = (self.tenures(), self.noted.line);
        let held = self.since.of((number, node), version);
        let others = self.marks.nodes.iter().copied();
        let others = others.filter(|other| *other != node);
        let knows = self.marks.knows_owners(node, number, line);
        let began = if !knows || self.marks.changes_overlap(number, line) {
            None
        } else if tenures.at(line).contains(&node) {
            Some(tenures.began(node, line + 1))
        } else {
            let ceased = tenures.ceased(node, line).filter(|ceased| held < *ceased);
            ceased.map(|ceased| tenures.began(node, ceased))
        };
        let stayed =
            |other: Node| began.is_some_and(|began| tenures.owned_throughout(other, began, line));
        others.filter(|other| !stayed(*other)).collect()
    }

    fn has(&self, key: &Key<'h>, node: Node, version: &Version) -> bool {
        let mut held = Held::default();
        held.add(key, self.disks.data(self.here.0, node));
        held.covers(self.sight, key, version)
    }

    fn early(&self, key: &Key<'h>, version: &Version, heirs: &[Node]) -> Finding {
        let (number, node) = self.here;
        let what = version.value.as_deref().unwrap_or("a tombstone");
        let written = version.value.as_deref().and_then(|one| key.write_of(one));
        let ops = written.map(|write| self.order.op(key.writes[write].place).id);
        let ops: Vec<_> = ops.into_iter().collect();
        let held = |heir: &Node| {
            let versions = self.disks.data(number, *heir);
            format!("{heir} held {}", contents(versions))
        };
        let holds = |heir: &&Node| !self.disks.data(number, **heir).is_empty();
        let then: Vec<String> = heirs.iter().filter(holds).map(held).collect();
        let mut reasons = vec![reason(
            format!(
                "at {} the disk of {node} ceased to hold {} of {}",
                self.noted.at.0,
                contents(self.disks.data(number, node)),
                key.name
            ),
            &ops,
        )];
        let why = if then.is_empty() {
            "nobody held anything of it but those who owned it all along".into()
        } else {
            format!("of those who did not own it all along, {}", then.join(", "))
        };
        reasons.push(reason(why, &[]));
        Finding {
            sentence: format!(
                "A key was let go before it was handed over: {node} dropped {what}, and no heir had it."
            ),
            key: Some(key.name.into()),
            ops,
            reasons,
            kind: "",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::evidence::sketch::sketch;
    use crate::handoff::check::judge;

    /// C holds a key that A and B own with it; then what the test adds.
    fn run(after: &str) -> String {
        format!(
            "0 setup n=3 w=3 hands_off
             0 owners x A,B,C
             [0,5] s1 put x a -> ok as p
             1 durable A x {{a@A:1}}
             2 durable B x {{a@A:1}}
             3 durable C x {{a@A:1}}
             {after}"
        )
    }

    fn breaks(text: &str, broken: bool) {
        let found = judge(&sketch(text)).0;
        let expected = broken.then_some("let go before handed over");
        assert_eq!(found.broken(), BTreeSet::from_iter(expected), "{text}");
    }

    #[test]
    fn a_disk_lets_go_once_an_heir_has_the_key() {
        let run = |heir: &str| {
            run(&format!(
                "6 owners x A,B,E
                 6 informed C
                 {heir}
                 8 durable C x {{}}"
            ))
        };
        breaks(&run("7 durable E x {a@A:1}"), false);
        // At once, while the others that owned it all along have it.
        breaks(&run(""), true);
        breaks(&run("9 durable E x {a@A:1}"), true);
        // A hint is no copy of an heir.
        breaks(&run("7 hint E B x {a@A:1}"), true);
        // What has seen it will do.
        breaks(
            &run("[6,8] s1 put x b ctx=p -> ok
                 7 durable A x {b@A:2/A:1}
                 7 durable B x {b@A:2/A:1}
                 7 durable E x {b@A:2/A:1}"),
            false,
        );
    }

    #[test]
    fn an_heir_has_each_version() {
        let run = |heir: &str| {
            run(&format!(
                "[0,5] s2 put x b -> ok
                 4 durable A x {{a@A:1,b@B:1}}
                 4 durable B x {{a@A:1,b@B:1}}
                 4 durable C x {{a@A:1,b@B:1}}
                 6 owners x A,B,E
                 6 informed C
                 7 durable E x {heir}
                 8 durable C x {{}}"
            ))
        };
        breaks(&run("{a@A:1,b@B:1}"), false);
        breaks(&run("{b@B:1}"), true);
    }

    #[test]
    fn an_owner_that_never_ceased_has_no_heirs() {
        breaks(&run("6 durable C x {}"), true);
        breaks(
            &run("5 owners x A,C,E\n 6 durable E x {a@A:1}\n 7 durable B x {}"),
            false,
        );
        // Who hears of changes in another order may cease in between.
        let between = "6 owners x A,B,E\n 6 durable E x {a@A:1}\n 7 owners x A,E,C";
        breaks(&run(&format!("{between}\n 8 durable C x {{}}")), false);
        // Without owners, nobody can say.
        let unknown = run("6 durable C x {}").replace("0 owners x A,B,C", "");
        breaks(&unknown, false);
    }

    fn heard(line: u32) -> String {
        let nodes = ["A", "B", "C", "D", "E"];
        nodes
            .map(|node| format!("{line} informed {node}\n"))
            .concat()
    }

    #[test]
    fn who_leaves_again_has_new_heirs() {
        let again = |last: &str| {
            run(&format!(
                "6 owners x A,B,E
                 {}
                 7 durable E x {{a@A:1}}
                 8 durable C x {{}}
                 9 owners x A,B,C
                 {}
                 10 durable C x {{a@A:1}}
                 11 durable E x {{}}
                 12 owners x A,B,E
                 12 informed C
                 {last}
                 14 durable C x {{}}",
                heard(6),
                heard(9)
            ))
        };
        breaks(&again("13 durable E x {a@A:1}"), false);
        breaks(&again(""), true);
        // Where changes overlap, and there is another copy, nobody can say.
        breaks(&again("").replace("9 informed D", ""), false);
    }

    #[test]
    fn a_node_that_has_not_heard_of_a_change_may_give_to_anyone_but_gives() {
        let run = |others: &str| {
            let run = run(&format!("6 owners x A,B,E\n {others}\n 8 durable C x {{}}"));
            run.replace("1 durable A x {a@A:1}", "1 hint A B x {a@A:1}")
                .replace("2 durable B x {a@A:1}", "1 hint B A x {a@A:1}")
        };
        breaks(&run(""), true);
        breaks(&run("7 durable B x {a@A:1}"), false);
        breaks(&run("6 informed C\n 7 durable B x {a@A:1}"), true);
    }

    #[test]
    fn what_comes_late_to_one_that_left_goes_to_anyone() {
        let late = "6 owners x A,B,E
             6 informed C
             7 durable E x {a@A:1}
             8 durable C x {}
             9 durable C x {a@A:1,z@D:1}";
        let last = "10 durable C x {}";
        breaks(&run(&format!("{late}\n {last}")), true);
        let kept = format!("{late}\n 9 durable A x {{a@A:1,z@D:1}}\n {last}");
        breaks(&run(&kept), false);
        let stray = "6 owners x A,B,E
             6 informed D
             7 durable E x {a@A:1}
             8 durable D x {z@D:1}
             9 durable D x {}";
        breaks(&run(stray), true);
        let kept = stray.replace("9 ", "8 durable A x {z@D:1}\n 9 ");
        breaks(&run(&kept), false);
    }

    #[test]
    fn a_tombstone_is_handed_over_unless_it_may_be_forgotten() {
        let run = |knob: &str, heir: &str| {
            format!(
                "0 setup n=3 w=1 hands_off {knob}
                 0 owners x A,B,C
                 [0,5] s1 del x -> ok
                 1 durable C x {{!@A:1}}
                 6 owners x A,B,E
                 {heir}
                 8 durable C x {{}}"
            )
        };
        breaks(&run("", "7 durable E x {!@A:1}"), false);
        breaks(&run("", ""), true);
        breaks(&run("may_revive", ""), false);
    }
}
