//! Strings, one for each key: get, put, append.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::sequential::{Model, Shortcut};
use crate::append::{Append, AppendAction, AppendCall, AppendRet};
use crate::history::Op;
use crate::linear::zones;

/// Independent strings that begin empty.
///
/// A state is the whole string, so a search costs memory in proportion to states times length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appends;

impl Model for Appends {
    type Domain = Append;
    type State = String;

    fn initial(&self) -> String {
        String::new()
    }

    fn step(&self, state: &String, call: &AppendCall, ret: Option<&AppendRet>) -> Option<String> {
        match (&call.action, ret) {
            (AppendAction::Get, None | Some(AppendRet::Unseen)) => Some(state.clone()),
            (AppendAction::Get, Some(AppendRet::Value(seen))) if seen == state => {
                Some(state.clone())
            }
            (AppendAction::Put(value), None | Some(AppendRet::Done)) => Some(value.clone()),
            (AppendAction::Append(value), None | Some(AppendRet::Done)) => {
                let mut longer = String::with_capacity(state.len() + value.len());
                longer.push_str(state);
                longer.push_str(value);
                Some(longer)
            }
            _ => None,
        }
    }

    fn advance(&self, state: &mut String, call: &AppendCall, ret: Option<&AppendRet>) -> bool {
        match (&call.action, ret) {
            (AppendAction::Get, None | Some(AppendRet::Unseen)) => true,
            (AppendAction::Get, Some(AppendRet::Value(seen))) => seen == state,
            (AppendAction::Put(value), None | Some(AppendRet::Done)) => {
                state.clone_from(value);
                true
            }
            (AppendAction::Append(value), None | Some(AppendRet::Done)) => {
                state.push_str(value);
                true
            }
            _ => false,
        }
    }

    fn part<'a>(&self, call: &'a AppendCall) -> Cow<'a, str> {
        Cow::Borrowed(&call.key)
    }

    fn reads_only(&self, call: &AppendCall, _ret: Option<&AppendRet>) -> bool {
        match &call.action {
            AppendAction::Get => true,
            AppendAction::Append(value) => value.is_empty(),
            AppendAction::Put(_) => false,
        }
    }

    fn refutable(&self, call: &AppendCall, ret: &AppendRet) -> bool {
        !matches!(
            (&call.action, ret),
            (AppendAction::Get, AppendRet::Unseen)
                | (
                    AppendAction::Put(_) | AppendAction::Append(_),
                    AppendRet::Done
                )
        )
    }

    /// What was put or appended stays in the string until a put hides it, so a value that no answer
    /// contains was hidden before anyone looked.
    fn unobserved(
        &self,
        calls: &[&AppendCall],
        answered: &[(&AppendCall, &AppendRet)],
    ) -> Vec<bool> {
        let seen: Vec<&str> = answered
            .iter()
            .filter_map(|(_, ret)| match ret {
                AppendRet::Value(value) => Some(value.as_str()),
                AppendRet::Unseen | AppendRet::Done => None,
            })
            .collect();
        let shown = shown(seen, calls);
        let useless = |call: &&AppendCall| piece(call).is_none_or(|piece| !shown.contains(piece));
        calls.iter().map(useless).collect()
    }

    /// A string grows at its end, or a put begins it anew. Each call is taken to be there as often as it
    /// fits.
    fn within_reach(
        &self,
        state: &String,
        _call: &AppendCall,
        ret: &AppendRet,
        means: &mut dyn Iterator<Item = &AppendCall>,
    ) -> bool {
        let AppendRet::Value(seen) = ret else {
            return true;
        };
        if seen == state {
            return true;
        }
        let mut lengths: Vec<usize> = Vec::new();
        let mut pieces: Vec<&str> = Vec::new();
        if seen.starts_with(state) {
            lengths.push(state.len());
        }
        for call in means {
            match &call.action {
                AppendAction::Get => {}
                AppendAction::Append(value) => pieces.push(value),
                AppendAction::Put(value) if seen.starts_with(value) => lengths.push(value.len()),
                AppendAction::Put(_) => {}
            }
        }
        pieces.retain(|piece| !piece.is_empty());
        let mut tried: BTreeSet<usize> = BTreeSet::new();
        while let Some(length) = lengths.pop() {
            if length == seen.len() {
                return true;
            }
            if tried.insert(length) {
                let rest = &seen.as_bytes()[length..];
                let fits = |piece: &&&str| rest.starts_with(piece.as_bytes());
                let longer = pieces.iter().filter(fits);
                lengths.extend(longer.map(|piece| length + piece.len()));
            }
        }
        false
    }

    /// A configuration takes about as much as a hundred bytes.
    fn weight(&self, state: &String) -> u64 {
        state.len() as u64 / 100
    }

    /// By zones, where it is certain which operation each piece that was seen is from.
    fn shortcut(&self, ops: &[&Op<Append>]) -> Option<Shortcut> {
        zones::strings(ops)
    }

    fn state_label(&self, state: &String) -> String {
        format!("{state:?}")
    }
}

/// What a call writes.
fn piece(call: &AppendCall) -> Option<&str> {
    match &call.action {
        AppendAction::Get => None,
        AppendAction::Put(value) | AppendAction::Append(value) => Some(value),
    }
}

/// Which pieces of these calls some string contains, in proportion to the length of all strings of which
/// none is the beginning of another one, for each length of pieces.
fn shown<'h>(mut seen: Vec<&'h str>, calls: &[&'h AppendCall]) -> FxHashSet<&'h str> {
    let mut wanted: BTreeMap<usize, FxHashMap<&[u8], &'h str>> = BTreeMap::new();
    for piece in calls.iter().filter_map(|call| piece(call)) {
        let same = wanted.entry(piece.len()).or_default();
        same.insert(piece.as_bytes(), piece);
    }
    // In the order of strings, one that begins others stands right in front of one of them.
    seen.sort_unstable();
    seen.dedup_by(|longer, seen| {
        let begins = longer.starts_with(*seen);
        if begins {
            *seen = longer;
        }
        begins
    });
    let mut shown = FxHashSet::default();
    for (length, pieces) in wanted {
        if length == 0 && !seen.is_empty() {
            shown.insert("");
        }
        for seen in seen.iter().filter(|_| length > 0) {
            let found = seen
                .as_bytes()
                .windows(length)
                .filter_map(|part| pieces.get(part));
            shown.extend(found);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: AppendAction) -> AppendCall {
        AppendCall {
            key: "x".into(),
            action,
        }
    }

    fn after(
        state: &str,
        action: AppendAction,
        ret: impl Into<Option<AppendRet>>,
    ) -> Option<String> {
        Appends.step(&state.into(), &call(action), ret.into().as_ref())
    }

    #[test]
    fn a_key_never_written_holds_the_empty_string() {
        let empty = Some(AppendRet::Value(String::new()));
        assert_eq!(
            after(&Appends.initial(), AppendAction::Get, empty),
            Some(String::new())
        );
    }

    #[test]
    fn put_replaces_and_append_extends() {
        let done = || Some(AppendRet::Done);
        assert_eq!(
            after("a", AppendAction::Put("b".into()), done()),
            Some("b".into())
        );
        assert_eq!(
            after("a", AppendAction::Append("b".into()), done()),
            Some("ab".into())
        );
        assert_eq!(after("a", AppendAction::Get, done()), None);
        let value = Some(AppendRet::Value("ab".into()));
        assert_eq!(after("ab", AppendAction::Append("b".into()), value), None);
    }

    #[test]
    fn a_string_is_out_of_reach_unless_it_goes_on_or_begins_anew() {
        let means = [
            call(AppendAction::Append("a".into())),
            call(AppendAction::Put("cd".into())),
        ];
        for (seen, reached) in [
            ("b", true),
            ("baa", true),
            ("ab", false),
            ("bc", false),
            ("cda", true),
            ("cdx", false),
            ("c", false),
        ] {
            let ret = AppendRet::Value(seen.into());
            let get = call(AppendAction::Get);
            let found = Appends.within_reach(&"b".into(), &get, &ret, &mut means.iter());
            assert_eq!(found, reached, "{seen}");
        }
    }

    #[test]
    fn an_append_that_no_get_shows_is_left_out() {
        let (get, seen) = (call(AppendAction::Get), AppendRet::Value("abc".into()));
        let unknown = [
            call(AppendAction::Append("b".into())),
            call(AppendAction::Append("d".into())),
            call(AppendAction::Put("ac".into())),
        ];
        let unknown: Vec<&AppendCall> = unknown.iter().collect();
        assert_eq!(
            Appends.unobserved(&unknown, &[(&get, &seen)]),
            [false, true, true]
        );
        let shorter = AppendRet::Value("ab".into());
        let other = AppendRet::Value("acd".into());
        for seen in [[&shorter, &other], [&other, &shorter]] {
            let answered = seen.map(|seen| (&get, seen));
            assert_eq!(Appends.unobserved(&unknown, &answered), [false; 3]);
        }
        let empty = call(AppendAction::Append(String::new()));
        assert_eq!(Appends.unobserved(&[&empty], &[(&get, &seen)]), [false]);
        assert_eq!(Appends.unobserved(&[&empty], &[]), [true]);
    }
}
