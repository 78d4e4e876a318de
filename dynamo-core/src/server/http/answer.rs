//! How answers look.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::Reply;

/// The header in which a context travels.
pub(super) const CONTEXT: &str = "x-dynamo-context";
/// The header that says that a tombstone is among the versions.
const DELETED: &str = "x-dynamo-deleted";

/// What a client knows of a write that was not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It had none and never will.
    None,
    /// It may have one, or may yet.
    Unknown,
}

/// An answer that says no, and why.
pub(super) fn refuse(status: StatusCode, effect: Effect, why: &str) -> Response {
    let effect = match effect {
        Effect::None => "none",
        Effect::Unknown => "unknown",
    };
    json_as(status, &json!({ "error": why, "effect": effect }))
}

/// Data.
pub(super) fn json_as(status: StatusCode, value: &Value) -> Response {
    body(status, "application/json", value.to_string().into())
}

/// A body of this type.
pub(super) fn body(status: StatusCode, kind: &'static str, bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Nothing but that it was done.
pub(super) fn done() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Bytes in JSON.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The context that a header holds.
pub(super) fn context(header: Option<&HeaderValue>) -> Result<Option<Vec<u8>>, String> {
    let read = |header: &HeaderValue| {
        let decoded = URL_SAFE_NO_PAD.decode(header.as_bytes());
        decoded.map_err(|why| format!("the header {CONTEXT} is not what any get returned: {why}"))
    };
    header.map(read).transpose()
}

/// What a get found: the versions of a key.
pub(super) struct Versions {
    values: Vec<Vec<u8>>,
    deleted: bool,
    context: String,
}

impl Versions {
    pub(super) fn of(reply: Reply) -> Result<Versions, Reply> {
        match reply {
            Reply::Values {
                values,
                deleted,
                context,
            } => Ok(Versions {
                values,
                deleted,
                context: URL_SAFE_NO_PAD.encode(context),
            }),
            other => Err(other),
        }
    }

    /// 200 with one, 300 with several, 404 with none.
    pub(super) fn answer(self, as_json: bool) -> Response {
        let status = match self.values.len() {
            0 => StatusCode::NOT_FOUND,
            1 => StatusCode::OK,
            _ => StatusCode::MULTIPLE_CHOICES,
        };
        let (context, deleted) = (self.context.clone(), self.deleted);
        let mut response = if as_json {
            self.json(status)
        } else {
            self.plain(status)
        };
        let headers = response.headers_mut();
        if let Ok(context) = HeaderValue::from_str(&context) {
            headers.insert(CONTEXT, context);
        }
        if deleted {
            headers.insert(DELETED, HeaderValue::from_static("true"));
        }
        response
    }

    fn json(self, status: StatusCode) -> Response {
        let values: Vec<String> = self.values.iter().map(|value| base64(value)).collect();
        let found = json!({ "values": values, "context": self.context, "deleted": self.deleted });
        json_as(status, &found)
    }

    fn plain(mut self, status: StatusCode) -> Response {
        const BYTES: &str = "application/octet-stream";
        match self.values.len() {
            0 => body(status, BYTES, Vec::new()),
            1 => body(status, BYTES, self.values.pop().unwrap_or_default()),
            _ => {
                let (boundary, bytes) = multipart(&self.values);
                let mut response = body(status, BYTES, bytes);
                let kind = format!("multipart/mixed; boundary={boundary}");
                if let Ok(kind) = HeaderValue::from_str(&kind) {
                    response.headers_mut().insert(header::CONTENT_TYPE, kind);
                }
                response
            }
        }
    }
}

/// The values one after another, between lines that are in none of them (RFC 2046 §5.1).
fn multipart(values: &[Vec<u8>]) -> (String, Vec<u8>) {
    let mut number = 0_u64;
    let boundary = loop {
        let boundary = format!("version-{number:016x}");
        let within = |value: &Vec<u8>| {
            let mut windows = value.windows(boundary.len());
            windows.any(|window| window == boundary.as_bytes())
        };
        if !values.iter().any(within) {
            break boundary;
        }
        number += 1;
    };
    let mut bytes = Vec::new();
    for value in values {
        let head = format!("--{boundary}\r\nContent-Type: application/octet-stream\r\n\r\n");
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (boundary, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_holds_the_line_between_values() {
        let values = ["a--version-0000000000000000", "version-0000000000000001"];
        let values = values.map(|value| value.as_bytes().to_vec());
        let (boundary, bytes) = multipart(&values);
        assert_eq!(boundary, "version-0000000000000002");
        let text = String::from_utf8(bytes).expect("all of it is text");
        let parts: Vec<&str> = text.split("--version-0000000000000002").collect();
        assert_eq!(parts.len(), 4);
        assert!(parts[1].ends_with("\r\n\r\na--version-0000000000000000\r\n"));
        assert_eq!(parts[3], "--\r\n");
    }
}
