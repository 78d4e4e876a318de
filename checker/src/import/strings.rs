//! Porcupine's key-value histories: get, put and append of strings.

use super::edn::{Form, Kind};
use super::error::{What, excerpt};
use super::format::NilMeaning;
use super::guess::foreign;
use super::object::Object;
use super::operation::{Operation, Type};
use super::pairs::{Alphabet, Unfit};
use super::texts::Texts;
use crate::append::{Append, AppendAction, AppendCall, AppendRet};
use crate::history::Outcome;

/// The alphabet of Porcupine's maps of `:f :key :value`.
#[derive(Debug)]
pub(super) struct Strings {
    nil: NilMeaning,
    keys: Texts,
}

impl Strings {
    pub(super) fn new(nil: NilMeaning) -> Self {
        let keys = Texts::default();
        Strings { nil, keys }
    }

    fn key(&mut self, op: &Operation) -> Result<String, What> {
        self.keys.text(op.key.as_ref().ok_or(What::Missing("key"))?)
    }
}

fn string(op: &Operation) -> Result<String, What> {
    match &op.value.kind {
        Kind::Str(string) => Ok(string.clone()),
        _ => Err(op.unfit("a string", &op.value)),
    }
}

impl Alphabet for Strings {
    type Domain = Append;
    const OBJECT: Object = Object::Append;

    fn call(&mut self, op: &Operation) -> Result<AppendCall, What> {
        let action = match op.f_name() {
            Some("get") => AppendAction::Get,
            Some("put") => AppendAction::Put(string(op)?),
            Some("append") => AppendAction::Append(string(op)?),
            _ => return Err(foreign(op, Object::Append)),
        };
        let key = self.key(op)?;
        Ok(AppendCall { key, action })
    }

    fn outcome(&mut self, op: &Operation, call: &AppendCall) -> Result<Outcome<AppendRet>, Unfit> {
        let key = op.key.as_ref().map(Form::text);
        if op.key.is_some() && self.key(op).map_err(Unfit::Wrong)? != call.key {
            let key = excerpt(&key.unwrap_or_default());
            return Err(Unfit::Returned(format!("{} {key}", op.f_text())));
        }
        if op.kind == Type::Fail {
            return Ok(Outcome::Fail);
        }
        Ok(Outcome::Ok(
            match (&call.action, &op.value.kind, self.nil) {
                (AppendAction::Get, Kind::Nil, NilMeaning::Unknown) => AppendRet::Unseen,
                (AppendAction::Get, Kind::Nil, NilMeaning::Value) => {
                    AppendRet::Value(String::new())
                }
                (AppendAction::Get, ..) => AppendRet::Value(string(op).map_err(Unfit::Wrong)?),
                (AppendAction::Put(_) | AppendAction::Append(_), ..) => AppendRet::Done,
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{Format, ImportError, Imported, Options, read};

    fn import(text: &str, nil: Option<NilMeaning>) -> Result<Vec<String>, ImportError> {
        let options = Options {
            nil,
            ..Options::default()
        };
        match read(text.as_bytes(), Format::PorcupineKv, options)?.history {
            Imported::Append(history) => Ok(history.ops().iter().map(crate::Op::label).collect()),
            other => panic!("{other:?} is no key-value history"),
        }
    }

    const GET: &str = r#"{:process 0, :type :invoke, :f :get, :key "7", :value nil}"#;

    #[test]
    fn every_operation_is_read() {
        let text = r#"
            {:process 0, :type :invoke, :f :append, :key "0", :value "x 0 0 y"}
            {:process 0, :type :ok, :f :append, :key "0", :value "x 0 0 y"}
            {:process 0, :type :invoke, :f :put, :key "1", :value ""}
            {:process 1, :type :invoke, :f :get, :key "0", :value nil}
            {:process 1, :type :ok, :f :get, :key "0", :value "x 0 0 y"}
            {:process 0, :type :fail, :f :put, :key "1", :value ""}
            {:process 0, :type :invoke, :f :get, :key "0", :value nil}
            {:process 0, :type :info, :f :get, :key "0", :value nil}"#;
        let labels = import(text, None).expect("EDN");
        assert_eq!(
            labels,
            [
                "append 0 \"x 0 0 y\" → ok",
                "put 1 \"\" failed",
                "get 0 → \"x 0 0 y\"",
                "get 0 ?"
            ]
        );
        assert_eq!(
            import(&text.replace('\n', "\r\n"), None).expect("EDN"),
            labels
        );
    }

    #[test]
    fn an_answer_of_nil_is_what_the_user_says() {
        let text = format!("{GET}\n{}", GET.replace(":invoke", ":ok"));
        assert_eq!(import(&text, None).expect("EDN"), ["get 7 → unseen"]);
        let value = Some(NilMeaning::Value);
        assert_eq!(import(&text, value).expect("EDN"), ["get 7 → \"\""]);
    }

    #[test]
    fn every_wrong_operation_is_named_with_its_line() {
        for (from, to, message) in [
            (":invoke", ":ok", "process 0 returns but has no open call"),
            (
                ":get",
                ":read",
                "`:f :read` is not a kv-append operation, but one of register, set, counter",
            ),
            (":get", ":put", "`:f :put` takes a string, found nil"),
            (":key \"7\", ", "", "this operation has no `:key`"),
            ("\"7\"", "\"7", "this string is never closed"),
        ] {
            let text = format!("\n{}", GET.replace(from, to));
            let said = import(&text, None).expect_err(message).to_string();
            assert!(
                said.starts_with("line 2, column ") && said.ends_with(message),
                "{said}"
            );
        }
        for (from, to, message) in [
            ("nil", "3", "`:f :get` takes a string, found 3"),
            (
                "\"7\"",
                "\"8\"",
                "this returns :get \"8\", but line 1 called get 7",
            ),
        ] {
            let text = format!("{GET}\n{}", GET.replace(":invoke", ":ok").replace(from, to));
            let said = import(&text, None).expect_err(message).to_string();
            assert_eq!(said, format!("line 2, column 1: {message}"));
        }
    }
}
