//! The events of handoff as what disks and networks show of them.

use std::collections::{BTreeMap, BTreeSet};

use checker::History;
use checker::Note;
use checker::kv::Kv;
use checker::note::{Node, Version};

use super::line::{Asks, Event, list};
use super::parse::Oracle;
use super::replicas::{Names, held, setup};
use super::run::Run;

/// Which hints and which states count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// What disks show: a hint is there once it is durable, and crashes may take it away.
    Disks,
    /// What is owed in the end: a hint is owed once it is stored, whatever crashes.
    Owed,
}

/// A hint by its name.
#[derive(Clone, Debug)]
struct Kept {
    holder: Node,
    owner: Node,
    key: String,
    write: usize,
    durable: bool,
    gone: bool,
}

/// The calls, with the events of handoff beside them.
pub(super) fn history(oracle: &Oracle, view: View) -> Result<History<Kv>, String> {
    let mut play = Play {
        oracle,
        view,
        run: Run::of(oracle),
        names: Names::default(),
        hints: BTreeMap::new(),
        disks: BTreeMap::new(),
        memory: BTreeMap::new(),
    };
    play.run.note(0, setup(0));
    play.owners()?;
    let mut events: Vec<&Event> = oracle.events.iter().collect();
    events.sort_by_key(|event| event.at);
    let quiet = events.iter().rev().find(|event| event.what == "quiesced");
    let quiet = quiet.map_or(oracle.end(), |event| event.at);
    for event in &events {
        play.event(event).map_err(|why| {
            format!(
                "{}: ev {} {} {}: {why}",
                oracle.title, event.at, event.node, event.what
            )
        })?;
    }
    for dump in &oracle.states {
        let node = play.names.of(&dump.node);
        let [durable, _] = held(oracle, dump, node);
        play.run.note(quiet, durable);
    }
    play.run.note(quiet, Note::Healed);
    play.run.note(quiet, Note::Quiet);
    Ok(play.run.history())
}

struct Play<'a> {
    oracle: &'a Oracle,
    view: View,
    run: Run,
    names: Names,
    hints: BTreeMap<String, Kept>,
    /// What each disk holds as its own, by node and key.
    disks: BTreeMap<(Node, String), BTreeSet<usize>>,
    /// What each owner has taken in and not yet synced.
    memory: BTreeMap<(Node, String), BTreeSet<usize>>,
}

impl Play<'_> {
    /// The owners of every key: as said, or those that events speak of.
    fn owners(&mut self) -> Result<(), String> {
        for key in self.oracle.keys() {
            let said = self.oracle.prefs.iter().find(|(of, _)| of == key);
            let owners = match said {
                Some((_, owners)) => owners.clone(),
                None => self.implied(key)?,
            };
            if owners.is_empty() {
                continue;
            }
            let nodes = self.names.all(&owners);
            let key = key.to_string();
            self.run.note(0, Note::Owners { key, nodes });
        }
        Ok(())
    }

    fn implied(&self, key: &str) -> Result<Vec<String>, String> {
        let mut owners = Vec::new();
        for event in &self.oracle.events {
            let of_key = |value: &String| self.oracle.write(value, Some(key)).is_some();
            match event.what.as_str() {
                "put-ack" if event.with.get("val").is_some_and(of_key) => {
                    let (nodes, stand_ins) = counted(event)?;
                    owners.extend(primaries(&nodes, &stand_ins));
                }
                "hint-store" if event.with.get("key").is_some_and(|of| of == key) => {
                    owners.extend(event.with.get("owner").cloned());
                }
                _ => {}
            }
        }
        let mut seen = BTreeSet::new();
        owners.retain(|owner| seen.insert(owner.clone()));
        Ok(owners)
    }

    fn event(&mut self, event: &Event) -> Result<(), String> {
        let node = self.names.of(&event.node);
        match event.what.as_str() {
            "hint-store" => self.store(event, node),
            "hint-durable" => {
                if !event
                    .with
                    .get("h")
                    .is_some_and(|name| self.hints.contains_key(name))
                {
                    self.store(event, node)?;
                }
                self.hint(event)?.durable = true;
                if self.view == View::Disks {
                    self.show(event)?;
                }
                Ok(())
            }
            "put-ack" => self.acknowledge(event),
            "hint-send" => {
                let hint = self.hint(event)?.clone();
                self.transfer(event.at, &hint);
                Ok(())
            }
            "owner-apply" => self.apply(event, node),
            "owner-durable" => self.sync(event, node),
            "dup-effect" => self.again(event, node),
            "hint-delete" => self.delete(event, false),
            "hint-expire" => self.delete(event, true),
            "crash" => {
                self.crash(event.at, node);
                Ok(())
            }
            "restart" => self.restart(event, node),
            "ring-change" => self.change(event),
            "serve" => self.serve(event, node),
            "hint-ack" | "quiesced" | "heal" => Ok(()),
            other => Err(format!("nobody knows what {other} means")),
        }
    }

    fn hint(&mut self, event: &Event) -> Result<&mut Kept, String> {
        let name = event.with.get("h").ok_or("no h=")?;
        let hint = self.hints.get_mut(name);
        hint.ok_or_else(|| format!("no hint is named {name}"))
    }

    fn store(&mut self, event: &Event, holder: Node) -> Result<(), String> {
        let part = |name: &str| event.with.get(name).cloned().ok_or(format!("no {name}="));
        let value = part("val")?;
        let write = self
            .oracle
            .write(&value, event.with.get("key").map(String::as_str));
        let write = write.ok_or_else(|| format!("{value} was never written"))?;
        let kept = Kept {
            holder,
            owner: self.names.of(&part("owner")?),
            key: self.oracle.operations[write].key.clone(),
            write,
            durable: false,
            gone: false,
        };
        self.hints.insert(part("h")?, kept);
        if self.view == View::Owed {
            self.show(event)?;
        }
        Ok(())
    }

    /// Notes all that the holder of this hint keeps of the key for that owner.
    fn show(&mut self, event: &Event) -> Result<(), String> {
        let Kept {
            holder, owner, key, ..
        } = self.hint(event)?.clone();
        let owed = self.view == View::Owed;
        let alike = self.hints.values().filter(|hint| {
            (hint.holder, hint.owner, &hint.key) == (holder, owner, &key)
                && !hint.gone
                && (hint.durable || owed)
        });
        let writes: BTreeSet<usize> = alike.map(|hint| hint.write).collect();
        let versions = self.versions(&writes);
        let note = Note::Hint {
            holder,
            owner,
            key,
            versions,
        };
        self.run.note(event.at, note);
        Ok(())
    }

    fn acknowledge(&mut self, event: &Event) -> Result<(), String> {
        let value = event.with.get("val").ok_or("no val=")?;
        let write = self
            .oracle
            .write(value, event.with.get("key").map(String::as_str));
        let write = write.ok_or_else(|| format!("{value} was never written"))?;
        let key = self.oracle.operations[write].key.clone();
        let needed = event.with.get("w").ok_or("no w=")?;
        let needed = needed.parse().map_err(|_| "w is a number")?;
        let (nodes, stand_ins) = counted(event)?;
        for primary in primaries(&nodes, &stand_ins) {
            let node = self.names.of(&primary);
            self.put(event.at, node, &key, write);
        }
        let put = matches!(self.oracle.operations[write].asks, Asks::Put(_));
        let note = Note::Counted {
            key,
            value: put.then(|| value.clone()),
            needed,
            nodes: self.names.all(&nodes),
        };
        self.run.note(event.at, note);
        Ok(())
    }

    fn transfer(&mut self, at: u64, hint: &Kept) {
        let note = Note::Transfer {
            from: hint.holder,
            to: hint.owner,
            kind: "hint".into(),
            key: hint.key.clone(),
        };
        self.run.note(at, note);
    }

    fn apply(&mut self, event: &Event, node: Node) -> Result<(), String> {
        let hint = self.hint(event)?.clone();
        self.transfer(event.at, &hint);
        let memory = self.memory.entry((node, hint.key.clone())).or_default();
        memory.insert(hint.write);
        if self.view == View::Owed {
            self.put(event.at, node, &hint.key, hint.write);
        }
        Ok(())
    }

    fn sync(&mut self, event: &Event, node: Node) -> Result<(), String> {
        let hint = self.hint(event)?.clone();
        self.memory.remove(&(node, hint.key.clone()));
        self.put(event.at, node, &hint.key, hint.write);
        Ok(())
    }

    /// A second delivery that was no merge: the version is there once more.
    fn again(&mut self, event: &Event, node: Node) -> Result<(), String> {
        let hint = self.hint(event)?.clone();
        if self.view == View::Owed {
            return Ok(());
        }
        self.transfer(event.at, &hint);
        let held = self
            .disks
            .entry((node, hint.key.clone()))
            .or_default()
            .clone();
        let mut versions = self.versions(&held);
        versions.extend(self.versions(&BTreeSet::from([hint.write])));
        let note = Note::Durable {
            node,
            key: hint.key,
            versions,
        };
        self.run.note(event.at, note);
        Ok(())
    }

    fn delete(&mut self, event: &Event, expires: bool) -> Result<(), String> {
        let hint = self.hint(event)?;
        hint.gone = true;
        let (holder, owner, key) = (hint.holder, hint.owner, hint.key.clone());
        let others = self.hints.values().any(|other| {
            (other.holder, other.owner, &other.key) == (holder, owner, &key) && !other.gone
        });
        let note = if expires {
            Note::HintExpired { holder, owner, key }
        } else if others {
            return self.show(event);
        } else {
            Note::HintDropped { holder, owner, key }
        };
        self.run.note(event.at, note);
        Ok(())
    }

    /// What was not synced is gone.
    fn crash(&mut self, at: u64, node: Node) {
        let lost = std::mem::take(&mut self.memory);
        let (lost, rest) = lost.into_iter().partition(|((of, _), _)| *of == node);
        self.memory = rest;
        if self.view == View::Disks {
            return self.run.note(at, Note::Crash(node));
        }
        let lost: BTreeMap<(Node, String), BTreeSet<usize>> = lost;
        for (place, writes) in lost {
            let disk = self.disks.entry(place.clone()).or_default();
            disk.retain(|write| !writes.contains(write));
            let disk = disk.clone();
            let versions = self.versions(&disk);
            let (node, key) = place;
            let note = Note::Durable {
                node,
                key,
                versions,
            };
            self.run.note(at, note);
        }
    }

    /// Hints that are not said to be there after a restart are gone from the disk.
    fn restart(&mut self, event: &Event, node: Node) -> Result<(), String> {
        if self.view == View::Owed {
            return Ok(());
        }
        let there = event
            .with
            .get("hints")
            .map(|names| list(names))
            .unwrap_or_default();
        if let Some(stranger) = there.iter().find(|name| !self.hints.contains_key(*name)) {
            return Err(format!("no hint is named {stranger}"));
        }
        let mut dropped = Vec::new();
        for (name, hint) in &mut self.hints {
            if hint.holder == node && !hint.gone && !there.contains(name) {
                hint.gone = true;
                dropped.push(hint.clone());
            }
        }
        for hint in dropped.into_iter().filter(|hint| hint.durable) {
            let note = Note::HintDropped {
                holder: hint.holder,
                owner: hint.owner,
                key: hint.key,
            };
            self.run.note(event.at, note);
        }
        self.run.note(event.at, Note::Restart(node));
        Ok(())
    }

    fn change(&mut self, event: &Event) -> Result<(), String> {
        let names = ["owners", "pref", "nodes", "new", "to"];
        let owners = names.iter().find_map(|name| event.with.get(*name));
        let nodes = self.names.all(&list(owners.ok_or("no owners=")?));
        let keys: Vec<String> = match event.with.get("key") {
            Some(key) => vec![key.clone()],
            None => self.oracle.keys().into_iter().map(Into::into).collect(),
        };
        for key in keys {
            let nodes = nodes.clone();
            self.run.note(event.at, Note::Owners { key, nodes });
        }
        Ok(())
    }

    fn serve(&mut self, event: &Event, node: Node) -> Result<(), String> {
        if event
            .with
            .get("strict")
            .is_some_and(|strict| strict == "false" || strict == "no")
        {
            return Ok(());
        }
        let values = ["val", "vals", "values"]
            .iter()
            .find_map(|name| event.with.get(*name));
        let named = event.with.get("h");
        let kept: Vec<&Kept> = self
            .hints
            .iter()
            .filter(|(name, hint)| hint.holder == node && named.is_none_or(|one| one == *name))
            .map(|(_, hint)| hint)
            .collect();
        let key = event.with.get("key").or(kept.first().map(|hint| &hint.key));
        let key = key.ok_or("no key=")?.clone();
        let versions = if let Some(values) = values {
            list(values).into_iter().map(version).collect()
        } else {
            let of_key = kept.iter().filter(|hint| hint.key == key);
            self.versions(&of_key.map(|hint| hint.write).collect())
        };
        let note = Note::Served {
            node,
            key,
            versions,
        };
        self.run.note(event.at, note);
        Ok(())
    }

    /// Merges a write into what a disk holds: what it replaced goes, what replaced it stays.
    fn put(&mut self, at: u64, node: Node, key: &str, write: usize) {
        let disk = self.disks.entry((node, key.into())).or_default();
        let oracle = self.oracle;
        if !disk.iter().any(|&held| oracle.before(write, held)) {
            disk.retain(|&held| !oracle.before(held, write));
            disk.insert(write);
        }
        let disk = disk.clone();
        let versions = self.versions(&disk);
        let key = key.into();
        let note = Note::Durable {
            node,
            key,
            versions,
        };
        self.run.note(at, note);
    }

    fn versions(&self, writes: &BTreeSet<usize>) -> Vec<Version> {
        let written = writes
            .iter()
            .map(|&write| match &self.oracle.operations[write].asks {
                Asks::Put(value) => version(value.clone()),
                Asks::Delete(_) | Asks::Get => Version {
                    value: None,
                    clock: None,
                },
            });
        written.collect()
    }
}

fn version(value: String) -> Version {
    Version {
        value: Some(value),
        clock: None,
    }
}

/// The nodes that were counted, as often as they were, and those of them that stood in for others.
fn counted(event: &Event) -> Result<(Vec<String>, Vec<String>), String> {
    let nodes = list(event.with.get("nodes").ok_or("no nodes=")?);
    let names = ["fallback", "fallbacks"];
    let stand_ins = names.iter().find_map(|name| event.with.get(*name));
    let stand_ins: Vec<String> = stand_ins.map(|names| list(names)).unwrap_or_default();
    Ok((
        nodes,
        stand_ins
            .into_iter()
            .filter(|one| one != "-" && one != "none")
            .collect(),
    ))
}

/// The nodes left when each stand-in is taken away once.
fn primaries(nodes: &[String], stand_ins: &[String]) -> Vec<String> {
    let mut left = nodes.to_vec();
    for stand_in in stand_ins {
        if let Some(place) = left.iter().rposition(|node| node == stand_in) {
            left.remove(place);
        }
    }
    left
}
