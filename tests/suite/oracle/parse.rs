//! A page of oracles as data.

use std::collections::{BTreeMap, BTreeSet};

use super::code::Code;
use super::line::{Answer, Asks, Clocked, Dump, Event, Line, Mode, Operation};

/// One small history, all that is known of it, and the verdicts that it must get.
#[derive(Clone, Debug)]
pub(in super::super) struct Oracle {
    /// Its heading: `O-01 read-modify-write chain, all good`.
    pub(in super::super) title: String,
    pub(in super::super) mode: Mode,
    pub(super) operations: Vec<Operation>,
    pub(super) finals: Vec<(String, Vec<String>)>,
    pub(super) states: Vec<Dump>,
    pub(super) roots: Vec<(String, String)>,
    pub(super) clocks: Vec<Clocked>,
    pub(super) prefs: Vec<(String, Vec<String>)>,
    pub(super) events: Vec<Event>,
    /// Whether each of these must hold.
    pub(in super::super) expected: BTreeMap<Code, bool>,
}

/// The oracles of a page; a line that is not understood is an error with its number.
pub(in super::super) fn read(page: &str) -> Result<Vec<Oracle>, String> {
    let mut oracles: Vec<Oracle> = Vec::new();
    let mut title: Option<String> = None;
    let mut open: Option<Vec<(usize, &str)>> = None;
    for (index, text) in page.lines().enumerate() {
        let text = text.trim();
        if text.starts_with("```") {
            match open.take() {
                Some(lines) => {
                    let title = title.take().unwrap_or_default();
                    oracles.push(oracle(title, &lines)?);
                }
                None if title.is_some() => open = Some(Vec::new()),
                None => {}
            }
        } else if let Some(lines) = &mut open {
            lines.push((index + 1, text));
        } else if let Some(heading) = text.strip_prefix("###") {
            let heading = heading.trim();
            title = heading.starts_with("O-").then(|| heading.into());
        }
    }
    match open {
        Some(lines) => Err(format!("line {}: a block without an end", lines.len())),
        None => Ok(oracles),
    }
}

fn oracle(title: String, lines: &[(usize, &str)]) -> Result<Oracle, String> {
    let mut mode = None;
    let mut oracle = Oracle {
        title,
        mode: Mode::Siblings,
        operations: Vec::new(),
        finals: Vec::new(),
        states: Vec::new(),
        roots: Vec::new(),
        clocks: Vec::new(),
        prefs: Vec::new(),
        events: Vec::new(),
        expected: BTreeMap::new(),
    };
    for &(number, text) in lines {
        let text = without_comment(text);
        if text.is_empty() {
            continue;
        }
        let wrong = |why: String| format!("line {number}: {why}: {text}");
        match Line::read(text).map_err(wrong)? {
            Line::Mode(found) => mode = Some(found),
            Line::Operation(operation) => oracle.operations.push(operation),
            Line::Final(key, values) => oracle.finals.push((key, values)),
            Line::State(dump) => oracle.states.push(dump),
            Line::Root(node, hash) => oracle.roots.push((node, hash)),
            Line::Clock(clock) => oracle.clocks.push(clock),
            Line::Pref(key, nodes) => oracle.prefs.push((key, nodes)),
            Line::Event(event) => oracle.events.push(event),
            Line::Expect(verdicts) => {
                for (name, holds) in verdicts {
                    let code: Code = name.parse().map_err(wrong)?;
                    if oracle
                        .expected
                        .insert(code, holds)
                        .is_some_and(|before| before != holds)
                    {
                        return Err(wrong("expected to hold and to fail".into()));
                    }
                }
            }
        }
    }
    let title = oracle.title.clone();
    oracle.mode = mode.ok_or_else(|| format!("{title}: no mode"))?;
    if oracle.expected.is_empty() {
        return Err(format!("{title}: nothing is expected"));
    }
    oracle.check_names()?;
    Ok(oracle)
}

fn without_comment(text: &str) -> &str {
    if text.starts_with('#') {
        return "";
    }
    text.split_once(" #").map_or(text, |(line, _)| line).trim()
}

impl Oracle {
    /// Contexts name operations of the history, each by a name of its own.
    fn check_names(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        for name in self.operations.iter().filter_map(|one| one.name.as_ref()) {
            if !names.insert(name) {
                return Err(format!("{}: two operations are named {name}", self.title));
            }
        }
        let contexts = self.operations.iter().flat_map(|one| &one.context);
        match contexts.into_iter().find(|name| !names.contains(name)) {
            Some(name) => Err(format!("{}: no operation is named {name}", self.title)),
            None => Ok(()),
        }
    }

    /// The write of this value, or of this tombstone; among the writes of a key, where it is known.
    pub(super) fn write(&self, value: &str, key: Option<&str>) -> Option<usize> {
        self.operations.iter().position(|one| {
            let named = match &one.asks {
                Asks::Put(put) => put == value,
                Asks::Delete(tomb) => tomb.as_deref() == Some(value),
                Asks::Get => false,
            };
            named && key.is_none_or(|key| one.key == key)
        })
    }

    /// The writes of a key that this operation returned: those of an answer, or itself.
    fn returned(&self, operation: usize) -> Vec<usize> {
        let one = &self.operations[operation];
        let Answer::Values(values) = &one.answer else {
            return vec![operation];
        };
        let written = values.iter().map(|value| self.write(value, Some(&one.key)));
        written.flatten().collect()
    }

    /// Whether a chain of contexts leads from one write to a later one.
    pub(super) fn before(&self, below: usize, above: usize) -> bool {
        let mut open = vec![above];
        let mut seen = BTreeSet::new();
        while let Some(write) = open.pop() {
            for name in &self.operations[write].context {
                let named = |one: &Operation| one.name.as_ref() == Some(name);
                let from = self.operations.iter().position(named);
                let earlier = from.map(|from| self.returned(from)).unwrap_or_default();
                if earlier.contains(&below) {
                    return true;
                }
                open.extend(earlier.into_iter().filter(|&write| seen.insert(write)));
            }
        }
        false
    }

    /// The same calls, where no answer lists a value beside one that replaced it.
    pub(super) fn without_conflicts(&self) -> Oracle {
        let mut plain = self.clone();
        for one in &mut plain.operations {
            let Answer::Values(values) = &mut one.answer else {
                continue;
            };
            let write = |value: &String| self.write(value, Some(&one.key));
            let all: Vec<usize> = values.iter().filter_map(write).collect();
            values.retain(|value| {
                let old = write(value);
                !old.is_some_and(|old| all.iter().any(|&new| self.before(old, new)))
            });
        }
        plain
    }

    /// All keys, in order.
    pub(super) fn keys(&self) -> BTreeSet<&str> {
        let operations = self.operations.iter().map(|one| one.key.as_str());
        let states = self.states.iter().map(|one| one.key.as_str());
        let prefs = self.prefs.iter().map(|(key, _)| key.as_str());
        operations.chain(states).chain(prefs).collect()
    }

    /// The moment after everything else.
    pub(super) fn end(&self) -> u64 {
        let calls = self.operations.iter().map(|one| one.to.unwrap_or(one.from));
        let events = self.events.iter().map(|one| one.at);
        calls.chain(events).max().unwrap_or(0) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "
# Oracles
```
mode sib | lww
```
### O-99 two of them
```text
mode sib                # with a comment
[0,1] s1 put x a -> ok as p

expect LIN=PASS
expect ANTI=FAIL
```
### Another heading
```text
no line at all
```
";

    #[test]
    fn only_blocks_below_numbered_headings_are_oracles() {
        let oracles = read(PAGE).expect("it is a page");
        assert_eq!(oracles.len(), 1);
        assert_eq!(oracles[0].title, "O-99 two of them");
        let expected: Vec<_> = oracles[0].expected.iter().collect();
        assert_eq!(expected, [(&Code::Anti, &false), (&Code::Lin, &true)]);
    }

    #[test]
    fn a_line_that_is_not_understood_is_named() {
        for (from, to, said) in [
            ("expect ANTI=FAIL", "expect MAGIC=FAIL", "line 12"),
            (
                "[0,1] s1 put x a -> ok as p",
                "[0,1] s1 push x a -> ok",
                "line 9",
            ),
            ("mode sib", "# mode sib", "no mode"),
            ("put x a -> ok", "put x a ctx=q -> ok", "named q"),
            ("expect ANTI=FAIL", "expect LIN=FAIL", "line 12"),
        ] {
            let wrong = read(&PAGE.replacen(from, to, if from == "mode sib" { 2 } else { 1 }));
            let wrong = wrong.expect_err(to);
            assert!(wrong.contains(said), "{wrong}");
        }
    }
}
