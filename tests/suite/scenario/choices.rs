//! What a scenario says of its cluster, as a [`Shape`].
//!
//! The fields of the shape are found by their names, so a new one can be used in scenarios at once:
//!
//! - `r=2`, `sloppy=off`, `flaw=forget-sequence`: numbers, switches, words.
//! - `choice=name(field=10)`: a choice that has fields of its own.
//! - `timing.replica=20ms`: a wait, in a group. The group may be left out if no other field has
//!   that name.

use std::collections::BTreeMap;

use dynamo_core::Shape;
use serde_json::{Map, Value};

use super::arguments::micros;

const MICROS: &str = "_us";

/// The default shape, changed as told.
pub(super) fn shape(choices: &BTreeMap<String, String>) -> Result<Shape, String> {
    let mut shape = serde_json::to_value(Shape::default())
        .map_err(|why| format!("the shape cannot be changed by name: {why}"))?;
    let fields = fields(&shape);
    for (name, text) in choices {
        let field = find(&fields, name)?;
        let place = shape.pointer_mut(&field.pointer);
        let place = place.ok_or("a field that was found is there")?;
        *place = if field.name.ends_with(MICROS) {
            micros(text)?.into()
        } else {
            read(text, !place.is_string())?
        };
    }
    serde_json::from_value(shape).map_err(|why| why.to_string())
}

/// A field of the shape.
struct Field {
    group: Option<String>,
    name: String,
    /// Where it is, as JSON pointers say it.
    pointer: String,
}

impl Field {
    /// As it is called in scenarios, where a wait says its unit with its value.
    fn short(&self) -> &str {
        self.name.strip_suffix(MICROS).unwrap_or(&self.name)
    }

    fn full(&self) -> String {
        match &self.group {
            Some(group) => format!("{group}.{}", self.short()),
            None => self.short().to_owned(),
        }
    }
}

/// The fields of the shape, and behind them those of its groups.
fn fields(shape: &Value) -> Vec<Field> {
    let (mut fields, mut grouped) = (Vec::new(), Vec::new());
    for (name, value) in shape.as_object().into_iter().flatten() {
        fields.push(Field {
            group: None,
            name: name.clone(),
            pointer: format!("/{name}"),
        });
        for (inner, _) in value.as_object().into_iter().flatten() {
            grouped.push(Field {
                group: Some(name.clone()),
                name: inner.clone(),
                pointer: format!("/{name}/{inner}"),
            });
        }
    }
    fields.extend(grouped);
    fields
}

fn find<'a>(fields: &'a [Field], name: &str) -> Result<&'a Field, String> {
    let full = fields.iter().find(|field| field.full() == name);
    let mut short = fields.iter().filter(|field| field.short() == name);
    match (full, short.next(), short.next()) {
        (Some(field), ..) | (None, Some(field), None) => Ok(field),
        (None, None, _) => {
            let known: Vec<String> = fields.iter().map(Field::full).collect();
            Err(format!(
                "a cluster has no {name:?}, only {}",
                known.join(", ")
            ))
        }
        (None, Some(_), Some(_)) => Err(format!("{name:?} is in more than one group")),
    }
}

/// A number, a switch, a word, or a word with fields. `off` is a word where the field takes words.
fn read(text: &str, switch: bool) -> Result<Value, String> {
    if let Ok(number) = text.parse::<u64>() {
        return Ok(number.into());
    }
    match text {
        "on" if switch => return Ok(true.into()),
        "off" if switch => return Ok(false.into()),
        _ => {}
    }
    let Some((name, rest)) = text.split_once('(') else {
        return Ok(text.into());
    };
    let inside = rest.strip_suffix(')');
    let inside = inside.ok_or_else(|| format!("{text:?} lacks its last bracket"))?;
    let mut fields = Map::new();
    for field in inside.split(',') {
        let (field, value) = field
            .split_once('=')
            .ok_or_else(|| format!("{field:?} is not name=value"))?;
        fields.insert(field.to_owned(), read(value, true)?);
    }
    Ok(Map::from_iter([(name.to_owned(), Value::Object(fields))]).into())
}

#[cfg(test)]
mod tests {
    use dynamo_core::Flaw;
    use serde_json::json;

    use super::*;

    fn told(line: &str) -> Result<Shape, String> {
        let pairs = line.split_whitespace().filter_map(|it| it.split_once('='));
        shape(
            &pairs
                .map(|(name, text)| (name.into(), text.into()))
                .collect(),
        )
    }

    #[test]
    fn fields_are_found_by_name() {
        let line = "n=2 sloppy=off flaw=forget-hints timing.replica=20ms request=1s";
        let shape = told(line).expect("all of these are fields");
        assert_eq!((shape.n, shape.sloppy), (2, false));
        assert_eq!(shape.flaw, Some(Flaw::ForgetHints));
        let timing = &shape.timing;
        assert_eq!((timing.replica_us, timing.request_us), (20_000, 1_000_000));
    }

    #[test]
    fn a_field_and_a_wait_may_share_a_name() {
        let shape = told("anti_entropy=off timing.anti_entropy=20ms").expect("both are fields");
        assert!(!shape.anti_entropy);
        assert_eq!(shape.timing.anti_entropy_us, 20_000);
    }

    #[test]
    fn what_is_no_field_or_no_value_of_it_is_an_error() {
        for line in ["nods=5", "n=two", "sloppy=maybe", "flaw=none", "replica=20"] {
            assert!(told(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_choice_may_have_fields() {
        let read = read("truncated(pairs=10,late=on)", true);
        let expected = json!({"truncated": {"pairs": 10, "late": true}});
        assert_eq!(read, Ok(expected));
    }
}
