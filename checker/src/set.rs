//! Sets: add, remove, look for one element, read them all; optionally many sets, by key.

use serde::{Deserialize, Serialize};

use crate::domain::{Domain, told};
use crate::register::Value;

/// The alphabet of sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set;

/// A call on one set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetCall {
    /// Which set; `None` when the history is about a single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What is asked of it.
    pub action: SetAction,
}

/// What is asked of a set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SetAction {
    /// To hold this element from now on.
    Add(Value),
    /// To hold this element no more.
    Remove(Value),
    /// Whether it holds this element.
    Contains(Value),
    /// All its elements.
    Read,
}

/// What a set answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SetRet {
    /// The add or remove took place; whether it changed anything was not said.
    Done,
    /// The add or remove took place, and this is whether it changed anything.
    Changed(bool),
    /// Whether the element was there.
    Has(bool),
    /// The elements, in the order of the answer; an element listed twice is evidence too.
    Values(Vec<Value>),
    /// A read took place, but what it saw was not recorded.
    Unseen,
}

impl Domain for Set {
    type Call = SetCall;
    type Ret = SetRet;
    const NAME: &'static str = "set";

    fn call_label(call: &SetCall) -> String {
        let key = call.key.as_ref();
        let key = key.map(|key| format!(" {key}")).unwrap_or_default();
        match &call.action {
            SetAction::Add(value) => format!("add{key} {value}"),
            SetAction::Remove(value) => format!("remove{key} {value}"),
            SetAction::Contains(value) => format!("contains{key} {value}"),
            SetAction::Read => format!("read{key}"),
        }
    }

    fn ret_label(ret: &SetRet) -> String {
        match ret {
            SetRet::Done => "ok".into(),
            SetRet::Changed(true) => "changed".into(),
            SetRet::Changed(false) => "no change".into(),
            SetRet::Has(true) => "yes".into(),
            SetRet::Has(false) => "no".into(),
            SetRet::Values(values) => {
                format!("{{{}}}", told(values, " "))
            }
            SetRet::Unseen => "unseen".into(),
        }
    }

    fn fits(call: &SetCall, ret: &SetRet) -> bool {
        match call.action {
            SetAction::Add(_) | SetAction::Remove(_) => {
                matches!(ret, SetRet::Done | SetRet::Changed(_))
            }
            SetAction::Contains(_) => matches!(ret, SetRet::Has(_) | SetRet::Unseen),
            SetAction::Read => matches!(ret, SetRet::Values(_) | SetRet::Unseen),
        }
    }

    fn key(call: &SetCall) -> Option<&str> {
        call.key.as_deref()
    }
}
