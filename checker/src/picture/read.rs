//! A text as the history that it draws.

use std::collections::BTreeMap;

use super::domains::Drawn;
use super::error::{Muddle, PictureError};
use super::phrase::{End, Phrase, Said, Scanner};
use crate::history::{Entry, History, OpId, Outcome, Process, Time};

/// Reads a picture such as [`draw`](super::draw) makes; times are columns. O(n log n).
///
/// Processes may also be named by letters: `a` is `c0`. Blank lines mean nothing.
///
/// # Errors
/// The first place where the text is no picture.
///
/// ```
/// use checker::{picture, register::Register};
///
/// let history = picture::parse::<Register>("
///     a  |write 1--------------------|
///     b     |read -> 1--|
///     c                   |read -> nil--|
/// ")?;
/// let [write, early, late] = history.ops() else { panic!("three operations") };
/// assert!(early.precedes(late) && !write.precedes(late));
/// # Ok::<(), picture::PictureError>(())
/// ```
pub fn parse<D: Drawn>(picture: &str) -> Result<History<D>, PictureError> {
    let mut bars = Vec::new();
    for (index, line) in picture.lines().enumerate() {
        let chars: Vec<char> = line.chars().collect();
        read_line(index + 1, &chars, &mut bars).map_err(|(at, what)| PictureError {
            line: index + 1,
            column: at + 1,
            what,
        })?;
    }
    // A process that calls twice in one column has its calls on lines below each other. Only the last of
    // them can take its time.
    bars.sort_by_key(|bar| (bar.from, bar.process, bar.to > Some(bar.from), bar.line));
    let names = names(&bars)?;
    let mut processes: BTreeMap<Process, Vec<(Time, Entry<D>)>> = BTreeMap::new();
    let mut open: BTreeMap<Process, (OpId, Option<usize>)> = BTreeMap::new();
    for (index, bar) in bars.iter().enumerate() {
        let events = processes.entry(bar.process).or_default();
        let (op, from) = (OpId(index as u64), Time(bar.from as u64));
        match open.insert(bar.process, (op, bar.to)) {
            Some((_, Some(end))) if end > bar.from => {
                return Err(bar.error(bar.from, Muddle::Overlap));
            }
            Some((before, None)) => events.push(returns(before, from, Outcome::Unknown)),
            Some(_) | None => {}
        }
        let (call, outcome) = understand::<D>(bar, &names, bars.len())?;
        let process = bar.process;
        events.push((
            from,
            Entry::Invoke {
                op,
                at: from,
                process,
                call,
            },
        ));
        if let Some(to) = bar.to {
            events.push(returns(op, Time(to as u64), outcome));
        }
    }
    let mut entries: Vec<_> = processes.into_values().flatten().collect();
    entries.sort_by_key(|(at, _)| *at);
    let entries = entries.into_iter().map(|(_, entry)| entry);
    Ok(History::new(entries).expect("names are fresh, times sorted, calls of a process apart"))
}

/// The history that a test draws.
///
/// # Panics
/// If the text is no picture: this is for pictures that stand in tests.
pub fn history<D: Drawn>(picture: &str) -> History<D> {
    match parse(picture) {
        Ok(history) => history,
        Err(wrong) => panic!("cannot read the picture: {wrong}\n{picture}"),
    }
}

fn returns<D: Drawn>(op: OpId, at: Time, outcome: Outcome<D::Ret>) -> (Time, Entry<D>) {
    (at, Entry::Return { op, at, outcome })
}

/// One operation as it is drawn.
struct Bar {
    line: usize,
    process: Process,
    from: usize,
    /// `None` when it runs on.
    to: Option<usize>,
    phrase: Phrase,
}

impl Bar {
    fn error(&self, at: usize, what: Muddle) -> PictureError {
        PictureError {
            line: self.line,
            column: at + 1,
            what,
        }
    }
}

fn read_line(line: usize, chars: &[char], bars: &mut Vec<Bar>) -> Result<(), (usize, Muddle)> {
    if let Some(tab) = chars.iter().position(|&char| char == '\t') {
        return Err((tab, Muddle::Tab));
    }
    let Some(start) = chars.iter().position(|&char| char != ' ') else {
        return Ok(());
    };
    let length = chars[start..].iter().position(|&char| char == ' ');
    let mut at = length.map_or(chars.len(), |length| start + length);
    let name: String = chars[start..at].iter().collect();
    let process = process(&name).ok_or((start, Muddle::Process(name)))?;
    while let Some(&char) = chars.get(at) {
        if char == ' ' {
            at += 1;
            continue;
        }
        if char != '|' && char != '[' {
            return Err((at, Muddle::Outside(char)));
        }
        let (phrase, end, last) = Scanner::new(chars, at + 1).read()?;
        let to = match (char, end, &phrase.outcome) {
            ('[', _, Said::Unknown) | ('[', End::Open, _) => return Err((at, Muddle::Brackets)),
            ('|', End::Open, Said::Unknown) => None,
            (_, End::Open, _) | (_, _, Said::Unknown) => return Err((last, Muddle::RunsOn)),
            ('|', End::Bar, _) => Some(last),
            ('[', End::Bracket, _) => Some(at),
            _ => return Err((last, Muddle::Stray(chars[last]))),
        };
        bars.push(Bar {
            line,
            process,
            from: at,
            to,
            phrase,
        });
        // The end of one bar is the beginning of the next if something is written behind it.
        let behind = chars.get(last + 1);
        let shared = end == End::Bar && behind.is_some_and(|next| !" |[".contains(*next));
        at = if shared { last } else { last + 1 };
    }
    Ok(())
}

/// `c7`, or a letter: `a` is `c0`.
fn process(name: &str) -> Option<Process> {
    if let [letter @ b'a'..=b'z'] = name.as_bytes() {
        return Some(Process(u64::from(letter - b'a')));
    }
    let number = name.strip_prefix('c')?;
    let digits = number.bytes().all(|digit| digit.is_ascii_digit());
    digits.then(|| number.parse().ok().map(Process))?
}

/// Operations that have a name.
fn names(bars: &[Bar]) -> Result<BTreeMap<&str, OpId>, PictureError> {
    let mut names = BTreeMap::new();
    for (index, bar) in bars.iter().enumerate() {
        if let Some(name) = &bar.phrase.name
            && names.insert(name.as_str(), OpId(index as u64)).is_some()
        {
            return Err(bar.error(bar.from, Muddle::Namesake(name.clone())));
        }
    }
    Ok(names)
}

type Understood<D> = (
    <D as crate::Domain>::Call,
    Outcome<<D as crate::Domain>::Ret>,
);

fn understand<D: Drawn>(
    bar: &Bar,
    names: &BTreeMap<&str, OpId>,
    count: usize,
) -> Result<Understood<D>, PictureError> {
    let phrase = &bar.phrase;
    let mut context = Vec::new();
    for (name, at) in &phrase.context {
        // An operation outside of the picture gets a name that none inside has.
        let outside = name
            .strip_prefix('#')
            .and_then(|number| number.parse::<u64>().ok());
        let outside = outside.filter(|&number| number > 0);
        let outside = outside.and_then(|number| (count as u64 - 1).checked_add(number).map(OpId));
        let named = names.get(name.as_str()).copied().or(outside);
        context.push(named.ok_or_else(|| bar.error(*at, Muddle::Nobody(name.clone())))?);
    }
    let call = D::hear(&phrase.words, context);
    let call = call.ok_or_else(|| bar.error(bar.from, Muddle::Call(D::CALLS)))?;
    let answer = |words: &[_]| {
        let ret = D::hear_ret(&call, words).map(Outcome::Ok);
        ret.ok_or_else(|| bar.error(bar.from, Muddle::Answer(D::ANSWERS)))
    };
    let outcome = match &phrase.outcome {
        Said::Nothing => answer(&[])?,
        // An arrow with nothing behind it is not the same as no arrow.
        Said::Answer(words) if words.is_empty() => {
            return Err(bar.error(bar.from, Muddle::Answer(D::ANSWERS)));
        }
        Said::Answer(words) => answer(words)?,
        Said::Failed => Outcome::Fail,
        Said::Unknown => Outcome::Unknown,
    };
    Ok((call, outcome))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::append::Append;
    use crate::kv::Kv;
    use crate::register::Register;

    fn labels<D: Drawn>(picture: &str) -> Vec<String> {
        let history = history::<D>(picture);
        let ops = history.ops().iter();
        ops.map(|op| format!("{} {}", op.process, op.label()))
            .collect()
    }

    #[test]
    fn registers_are_written_as_people_say_them() {
        assert_eq!(
            labels::<Register>(
                r#"
                a   |write 1--| |read -> 1--||cas 1 -2 !---|
                c7     |write x "1" ?-----------------------...
                b         |cas x nil a-b -> mismatch|[read -> unseen]
                "#
            ),
            [
                "c0 write 1 → ok",
                "c7 write x 1 ?",
                "c1 cas x nil a-b → mismatch",
                "c0 read → 1",
                "c0 cas 1 -2 failed",
                "c1 read → unseen",
            ]
        );
    }

    #[test]
    fn strings_are_written_as_people_say_them() {
        assert_eq!(
            labels::<Append>(
                r#"a |put k "a b"--|get k -> "a b"--| |append k c ?... |get k -> unseen|"#
            ),
            [
                "c0 put k \"a b\" → ok",
                "c0 get k → \"a b\"",
                "c0 append k \"c\" ?",
                "c0 get k → unseen",
            ]
        );
    }

    #[test]
    fn contexts_name_operations_before_and_after() {
        let history = history::<Kv>(
            "
            a  |put x a--|g1=get x -> a, b--| |put x c <g1,g2--|
            b      |g2=get x -> nothing---|   |delete x <#1 !--|
            ",
        );
        let contexts: Vec<_> = history
            .ops()
            .iter()
            .map(|op| op.call.context().to_vec())
            .collect();
        let (first, second, outside) = (OpId(2), OpId(1), OpId(5));
        assert_eq!(
            contexts,
            [vec![], vec![], vec![], vec![first, second], vec![outside]]
        );
        assert_eq!(history.ops()[2].label(), "get x → a | b");
        assert_eq!(history.ops()[1].label(), "get x → nothing");
    }

    #[test]
    fn columns_are_times() {
        let history =
            history::<Register>("a |write 1|\nb           |write 2|\nc            |read -> 1|");
        let [one, two, read] = history.ops() else {
            panic!("three operations");
        };
        assert_eq!((one.invoked, one.returned), (Time(2), Some(Time(10))));
        assert!(one.precedes(two) && one.precedes(read) && !two.precedes(read));
        let touching = super::history::<Register>("a |write 1|\nb         |write 2|");
        assert!(!touching.ops()[0].precedes(&touching.ops()[1]));
    }

    #[test]
    fn a_bar_that_is_shared_is_no_order_but_a_sequence() {
        let shared = history::<Register>("a |write 1|read -> 1|");
        assert!(!shared.ops()[0].precedes(&shared.ops()[1]));
        let apart = history::<Register>("a |write 1||read -> 1|");
        assert!(apart.ops()[0].precedes(&apart.ops()[1]));
    }

    #[test]
    fn everything_wrong_in_a_line_is_found_where_it_is() {
        for (line, column, what) in [
            ("b\t|read -> 1|", 2, Muddle::Tab),
            ("  foo |read -> 1|", 3, Muddle::Process("foo".into())),
            ("c1x |read -> 1|", 1, Muddle::Process("c1x".into())),
            ("b read", 3, Muddle::Outside('r')),
            ("b |write 1| -", 13, Muddle::Outside('-')),
            ("b |write 1", 3, Muddle::Endless),
            ("b |write 1--", 13, Muddle::Endless),
            ("b |write ;|", 10, Muddle::Stray(';')),
            ("b |write 1--x|", 13, Muddle::Stray('x')),
            ("b |write 1..|", 11, Muddle::Stray('.')),
            ("b |write 1]", 11, Muddle::Stray(']')),
            ("b [write 1|", 11, Muddle::Stray('|')),
            ("b |write \"1|", 10, Muddle::Unclosed),
            ("b |write \"\\q\"|", 11, Muddle::Escape('q')),
            ("b |write \"\\u{110000}\"|", 11, Muddle::Escape('u')),
            ("b |wrote 1|", 3, Muddle::Call(Register::CALLS)),
            ("b |\"write\" 1|", 3, Muddle::Call(Register::CALLS)),
            ("b |write 1 2 3|", 3, Muddle::Call(Register::CALLS)),
            ("b |cas 1|", 3, Muddle::Call(Register::CALLS)),
            ("b ||", 3, Muddle::Call(Register::CALLS)),
            ("b |read|", 3, Muddle::Answer(Register::ANSWERS)),
            ("b |write 1 ->|", 3, Muddle::Answer(Register::ANSWERS)),
            ("b |read -> 1,2|", 3, Muddle::Answer(Register::ANSWERS)),
            ("b |read -> 1 2|", 14, Muddle::Stray('2')),
            ("b |read -> 1,|", 14, Muddle::Stray('|')),
            ("b |read 1,2|", 10, Muddle::Stray(',')),
            ("b |read -> 1 !|", 14, Muddle::Outcomes),
            ("b |write 1 ! ?...", 14, Muddle::Outcomes),
            ("b |write 1 ?|", 13, Muddle::RunsOn),
            ("b |write 1...", 13, Muddle::RunsOn),
            ("b [write 1 ?...", 3, Muddle::Brackets),
            (
                "b |x=write 1| |x=read -> 1|",
                15,
                Muddle::Namesake("x".into()),
            ),
            ("b |write 1-----|\nb   |read -> 1|", 5, Muddle::Overlap),
        ] {
            let picture = format!("a |write 1|\n{line}");
            let wrong = parse::<Register>(&picture).expect_err(line);
            let found = (wrong.line, wrong.column, wrong.what);
            assert_eq!(found, (picture.lines().count(), column, what), "{line}");
        }
    }

    #[test]
    fn a_wrong_context_or_answer_is_found_where_it_is() {
        fn wrong<D: Drawn>(picture: &str) -> (usize, Muddle) {
            let wrong = parse::<D>(picture).expect_err(picture);
            (wrong.column, wrong.what)
        }
        let nobody = |name: &str| Muddle::Nobody(name.into());
        assert_eq!(wrong::<Kv>("a |put x a <g7|"), (13, nobody("g7")));
        assert_eq!(wrong::<Kv>("a |put x a <#0|"), (13, nobody("#0")));
        assert_eq!(wrong::<Kv>("a |put x a <|"), (13, Muddle::Stray('|')));
        assert_eq!(wrong::<Kv>("a |put x a <"), (12, Muddle::Endless));
        assert_eq!(wrong::<Kv>("a |get x|"), (3, Muddle::Answer(Kv::ANSWERS)));
        assert_eq!(
            wrong::<Kv>("a |g=get x <g -> a|"),
            (3, Muddle::Call(Kv::CALLS))
        );
        assert_eq!(
            wrong::<Kv>("a |get x -> \"a\", |"),
            (18, Muddle::Stray('|'))
        );
        assert_eq!(
            wrong::<Append>("a |get k|"),
            (3, Muddle::Answer(Append::ANSWERS))
        );
    }

    #[test]
    #[should_panic(expected = "cannot read the picture: line 2, column 4: this is no call")]
    fn a_test_with_a_wrong_picture_says_so() {
        let _ = history::<Register>("\na  |nothing|");
    }
}
