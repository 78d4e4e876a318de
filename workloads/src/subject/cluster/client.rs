//! The client of a node: HTTP/1.1, one connection, one request at a time.
//!
//! What an error says of its effect: nothing was sent, or the node says so: it did not happen. Whoever has
//! no answer, or one that does not say, knows nothing.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use crate::subject::live::{Answered, Client, ClientError};

/// A connection to one node.
#[derive(Debug)]
pub(super) struct Http {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

/// What a node answered.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// The header of contexts.
const CONTEXT: &str = "x-dynamo-context";

/// What may stand in a path or a query as it is (RFC 3986 §2.3).
const SPELLED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[derive(Deserialize)]
struct Values {
    values: Vec<String>,
    context: String,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: String,
    #[serde(default)]
    effect: String,
}

impl Http {
    /// Connects.
    pub(super) async fn open(address: SocketAddr) -> Result<Self, ClientError> {
        let nothing = |why: String| ClientError::DidNotHappen(why);
        let stream = TcpStream::connect(address).await;
        let stream = stream.map_err(|why| nothing(why.to_string()))?;
        stream
            .set_nodelay(true)
            .map_err(|why| nothing(why.to_string()))?;
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|why| nothing(why.to_string()))?;
        // How it ends, requests are told.
        tokio::spawn(connection);
        Ok(Http { address, sender })
    }

    /// Asks. A connection that was closed while it was idle is opened anew: nothing was sent on it.
    pub(super) async fn ask(
        &mut self,
        method: Method,
        path: &str,
        context: Option<&[u8]>,
        body: Vec<u8>,
    ) -> Result<Said, ClientError> {
        let json = matches!(method, Method::GET | Method::POST);
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(HOST, self.address.to_string());
        if json {
            let name = if body.is_empty() {
                ACCEPT
            } else {
                CONTENT_TYPE
            };
            request = request.header(name, HeaderValue::from_static("application/json"));
        }
        if let Some(context) = context {
            request = request.header(CONTEXT, URL_SAFE_NO_PAD.encode(context));
        }
        let request = request.body(Full::new(Bytes::from(body)));
        let mut request = request.map_err(|why| ClientError::DidNotHappen(why.to_string()))?;
        for again in [true, false] {
            let mut error = match self.sender.try_send_request(request).await {
                Ok(response) => return said(response).await,
                Err(error) => error,
            };
            let why = error.error().to_string();
            match error.take_message() {
                Some(unsent) if again => request = unsent,
                Some(_) => return Err(ClientError::DidNotHappen(why)),
                None => return Err(ClientError::Unknown(why)),
            }
            *self = Http::open(self.address).await?;
        }
        Err(ClientError::DidNotHappen("it was never sent".into()))
    }
}

async fn said(response: hyper::Response<hyper::body::Incoming>) -> Result<Said, ClientError> {
    let status = response.status();
    let body = response.into_body().collect().await;
    let body = body.map_err(|why| ClientError::Unknown(why.to_string()))?;
    Ok(Said {
        status,
        body: body.to_bytes(),
    })
}

impl Said {
    /// What it says, as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        let unclear = |why| ClientError::Unknown(format!("an unclear answer: {why}"));
        serde_json::from_slice(&self.body).map_err(unclear)
    }

    /// Whether what was asked was done; if not, what is known of its effect.
    pub(super) fn done(&self) -> Result<(), ClientError> {
        if self.status == StatusCode::NO_CONTENT {
            return Ok(());
        }
        Err(self.refusal())
    }

    fn refusal(&self) -> ClientError {
        let said: Refusal = serde_json::from_slice(&self.body).unwrap_or_default();
        let why = format!("{}: {}", self.status, said.error);
        if said.effect == "none" {
            ClientError::DidNotHappen(why)
        } else {
            ClientError::Unknown(why)
        }
    }
}

impl Client for Http {
    async fn get(&mut self, key: &[u8]) -> Result<Answered, ClientError> {
        let said = self.ask(Method::GET, &path(key), None, Vec::new()).await?;
        let answers = [
            StatusCode::OK,
            StatusCode::MULTIPLE_CHOICES,
            StatusCode::NOT_FOUND,
        ];
        let read = said.json::<Values>();
        let (true, Ok(read)) = (answers.contains(&said.status), read) else {
            return Err(said.refusal());
        };
        let unclear = |why| ClientError::Unknown(format!("an unclear answer: {why}"));
        let values = read.values.iter().map(|value| STANDARD.decode(value));
        Ok(Answered {
            values: values.collect::<Result<_, _>>().map_err(unclear)?,
            context: URL_SAFE_NO_PAD.decode(&read.context).map_err(unclear)?,
        })
    }

    async fn put(
        &mut self,
        key: &[u8],
        value: &[u8],
        context: Option<&[u8]>,
    ) -> Result<(), ClientError> {
        let (path, value) = (path(key), value.to_vec());
        self.ask(Method::PUT, &path, context, value).await?.done()
    }

    async fn delete(&mut self, key: &[u8], context: Option<&[u8]>) -> Result<(), ClientError> {
        let path = path(key);
        self.ask(Method::DELETE, &path, context, Vec::new())
            .await?
            .done()
    }
}

fn path(key: &[u8]) -> String {
    format!("/kv/{}", percent(key))
}

/// Bytes as they may stand in a path or a query.
pub(super) fn percent(bytes: &[u8]) -> PercentEncode<'_> {
    percent_encode(bytes, SPELLED)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use tokio::runtime::Builder;

    use super::*;

    /// Answers one request on each connection with these bytes and closes; gives what it was asked.
    fn server(answers: Vec<&'static str>) -> (SocketAddr, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let thread = thread::spawn(move || {
            let asked = answers.into_iter().map(|answer| {
                let (mut stream, _) = listener.accept().expect("somebody connects");
                let mut asked = Vec::new();
                let mut byte = [0];
                while !asked.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n > 0) {
                    asked.push(byte[0]);
                }
                stream.write_all(answer.as_bytes()).expect("it listens");
                String::from_utf8(asked).expect("headers are text")
            });
            asked.collect()
        });
        (address, thread)
    }

    fn block<T>(work: impl Future<Output = T>) -> T {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.expect("an event loop").block_on(work)
    }

    fn put(answer: &'static str) -> (Result<(), ClientError>, String) {
        let (address, thread) = server(vec![answer]);
        let put = block(async {
            let mut http = Http::open(address).await.expect("it listens");
            http.put(b"a/b c", b"", Some(&[0xff, 0xfe])).await
        });
        (put, thread.join().expect("it answered").remove(0))
    }

    #[test]
    fn a_put_names_its_key_and_context() {
        let (put, asked) = put("HTTP/1.1 204 No Content\r\n\r\n");
        assert_eq!(put, Ok(()));
        assert!(
            asked.starts_with("PUT /kv/a%2Fb%20c HTTP/1.1\r\n"),
            "{asked}"
        );
        assert!(asked.contains("x-dynamo-context: __4\r\n"), "{asked}");
    }

    #[test]
    fn only_who_says_so_had_no_effect() {
        let none = put(
            "HTTP/1.1 400 Bad\r\ncontent-length: 31\r\n\r\n{\"error\":\"no\",\"effect\":\"none\"} ",
        )
        .0;
        assert!(
            matches!(none, Err(ClientError::DidNotHappen(_))),
            "{none:?}"
        );
        for answer in [
            "HTTP/1.1 503 Late\r\ncontent-length: 34\r\n\r\n{\"error\":\"no\",\"effect\":\"unknown\"} ",
            "HTTP/1.1 500 Broken\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 204",
            "",
        ] {
            let unknown = put(answer).0;
            assert!(
                matches!(unknown, Err(ClientError::Unknown(_))),
                "{answer:?}: {unknown:?}"
            );
        }
    }

    #[test]
    fn who_is_not_there_was_not_asked() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        drop(listener);
        let opened = block(Http::open(address)).map(|_| ());
        assert!(
            matches!(opened, Err(ClientError::DidNotHappen(_))),
            "{opened:?}"
        );
    }

    #[test]
    fn a_get_reads_values_whatever_the_status_says_of_their_number() {
        for (status, body, values) in [
            (
                "200 OK",
                r#"{"values":["dmFsdWU="],"context":"__4","deleted":false}"#,
                1,
            ),
            (
                "300 Several",
                r#"{"values":["YQ==","Yg=="],"context":"","deleted":false}"#,
                2,
            ),
            (
                "404 None",
                r#"{"values":[],"context":"__4","deleted":true}"#,
                0,
            ),
        ] {
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let (address, thread) = server(vec![answer.leak()]);
            let got = block(async {
                Http::open(address)
                    .await
                    .expect("it listens")
                    .get(b"k")
                    .await
            });
            assert_eq!(got.expect("an answer").values.len(), values, "{status}");
            let asked = thread.join().expect("it answered").remove(0);
            assert!(asked.contains("accept: application/json"), "{asked}");
        }
    }

    #[test]
    fn a_connection_that_was_closed_meanwhile_is_opened_anew() {
        let done = "HTTP/1.1 204 No Content\r\n\r\n";
        let (address, thread) = server(vec![done, done]);
        block(async {
            let mut http = Http::open(address).await.expect("it listens");
            assert_eq!(http.put(b"k", b"", None).await, Ok(()));
            // Until the end of the first connection has been seen.
            while !http.sender.is_closed() {
                tokio::task::yield_now().await;
            }
            assert_eq!(http.put(b"k", b"", None).await, Ok(()));
        });
        assert_eq!(thread.join().expect("it answered").len(), 2);
    }
}
