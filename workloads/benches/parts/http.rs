//! A client of a few lines, so that little but the store is measured.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Whose puts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Puts {
    Dynamo,
    /// Over its JSON gateway.
    Etcd,
}

/// One connection.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    pub(crate) async fn connect(at: &str) -> io::Result<Client> {
        let stream = TcpStream::connect(at).await?;
        stream.set_nodelay(true)?;
        Ok(Client(BufReader::new(stream)))
    }

    /// The status of a put.
    pub(crate) async fn put(
        &mut self,
        puts: Puts,
        key: &str,
        value: &[u8],
        context: Option<&str>,
    ) -> io::Result<u16> {
        let request = match puts {
            Puts::Dynamo => {
                let context = context.map_or(String::new(), |context| {
                    format!("X-Dynamo-Context: {context}\r\n")
                });
                let length = value.len();
                let head = format!(
                    "PUT /kv/{key} HTTP/1.1\r\nHost: here\r\n{context}Content-Length: {length}\r\n\r\n"
                );
                [head.as_bytes(), value].concat()
            }
            Puts::Etcd => {
                let (key, value) = (STANDARD.encode(key), STANDARD.encode(value));
                let body = format!("{{\"key\":\"{key}\",\"value\":\"{value}\"}}");
                let length = body.len();
                format!(
                    "POST /v3/kv/put HTTP/1.1\r\nHost: here\r\nContent-Length: {length}\r\n\r\n{body}"
                )
                .into_bytes()
            }
        };
        self.0.get_mut().write_all(&request).await?;
        Ok(self.answer().await?.0)
    }

    /// Status and context of a get.
    pub(crate) async fn get(&mut self, key: &str) -> io::Result<(u16, Option<String>)> {
        let request = format!("GET /kv/{key} HTTP/1.1\r\nHost: here\r\n\r\n");
        self.0.get_mut().write_all(request.as_bytes()).await?;
        self.answer().await
    }

    /// Status and context of the next answer, whose body is read away.
    async fn answer(&mut self) -> io::Result<(u16, Option<String>)> {
        let (mut status, mut length, mut context) = (0, 0, None);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let told = line.trim_end();
            let line = told.to_ascii_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest
                    .split(' ')
                    .next()
                    .and_then(|code| code.parse().ok())
                    .unwrap_or(0);
            } else if let Some(rest) = line.strip_prefix("content-length: ") {
                length = rest.parse().unwrap_or(0);
            } else if line.starts_with("x-dynamo-context: ") {
                context = told.split_once(": ").map(|(_, context)| context.to_owned());
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        Ok((status, context))
    }
}
