//! The replicas of an oracle, as their disks are when everything is quiet.

use std::collections::BTreeMap;

use checker::History;
use checker::Note;
use checker::kv::Kv;
use checker::note::{Node, Setup, Version};

use super::line::{Asks, Dump};
use super::parse::Oracle;
use super::run::Run;

/// Nodes by their names.
#[derive(Default)]
pub(super) struct Names(BTreeMap<String, Node>);

impl Names {
    pub(super) fn of(&mut self, name: &str) -> Node {
        let next = Node(self.0.len() as u32);
        *self.0.entry(name.into()).or_insert(next)
    }

    pub(super) fn all(&mut self, names: &[String]) -> Vec<Node> {
        names.iter().map(|name| self.of(name)).collect()
    }
}

/// A setup that promises everything and asks for no copies by itself.
pub(super) fn setup(nodes: u32) -> Note {
    Note::Setup(Setup {
        nodes,
        n: 3,
        r: 2,
        w: 0,
        converges: true,
        hands_off: true,
        may_lose: false,
        may_revive: false,
        sampled: false,
    })
}

/// The calls, then what every replica holds, and the roots of their trees.
pub(super) fn history(oracle: &Oracle) -> History<Kv> {
    let mut run = Run::of(oracle);
    let mut names = Names::default();
    run.note(0, setup(0));
    for key in oracle.keys() {
        let dumps = oracle.states.iter().filter(|dump| dump.key == key);
        let dumped: Vec<&String> = dumps.map(|dump| &dump.node).collect();
        let pref = oracle.prefs.iter().find(|(of, _)| of == key);
        let owners = match pref {
            Some((_, owners)) => owners
                .iter()
                .filter(|owner| dumped.contains(owner))
                .collect(),
            None => dumped,
        };
        let nodes = owners.into_iter().map(|owner| names.of(owner)).collect();
        let key = key.to_string();
        run.note(0, Note::Owners { key, nodes });
    }
    let end = oracle.end();
    run.note(end, Note::Healed);
    for dump in &oracle.states {
        let node = names.of(&dump.node);
        for note in held(oracle, dump, node) {
            run.note(end, note);
        }
    }
    for (node, hash) in &oracle.roots {
        let keys = oracle.keys().into_iter().map(Into::into).collect();
        let note = Note::Root {
            node: names.of(node),
            range: "everything".into(),
            keys,
            hash: hash.clone(),
        };
        run.note(end, note);
    }
    run.note(end, Note::Quiet);
    run.history()
}

/// What a dump says of one disk.
pub(super) fn held(oracle: &Oracle, dump: &Dump, node: Node) -> [Note; 2] {
    let is_tombstone = |value: &str| {
        let write = oracle.write(value, Some(&dump.key));
        write.is_some_and(|write| matches!(oracle.operations[write].asks, Asks::Delete(_)))
    };
    let versions = dump.values.iter().map(|value| Version {
        value: (!is_tombstone(value)).then(|| value.clone()),
        clock: None,
    });
    [
        Note::Durable {
            node,
            key: dump.key.clone(),
            versions: versions.collect(),
        },
        Note::Context {
            node,
            key: dump.key.clone(),
            context: dump.context.clone(),
        },
    ]
}
