//! Input made to hurt: an error with its place, no panic, and no time that grows faster than the file.

use std::io::{self, Read};

use crate::import::{Format, ImportError, Options, Progress, read, read_from};

/// How long the longest input is; a hundred times more with the variable set.
fn long() -> usize {
    let long = std::env::var_os("DYNO_LONG_INPUT").is_some();
    if long { 100 << 20 } else { 1 << 20 }
}

fn error(text: &[u8], format: Format) -> ImportError {
    match read(text, format, Options::default()) {
        Err(wrong) => wrong,
        Ok(import) => panic!("{format} read {:?}", import.object),
    }
}

const HEADER: &str = "{\"format\":\"dyno-history/1\",\"domain\":\"register\"}\n";

/// The beginning of an operation, up to where its value stands.
fn before_value(format: Format) -> &'static str {
    match format {
        Format::JsonLines => {
            "{\"format\":\"dyno-history/1\",\"domain\":\"register\"}\n\
             {\"invoke\":{\"op\":0,\"at\":0,\"process\":0,\"call\":{\"action\":{\"write\":{\"text\":"
        }
        Format::JepsenEdn => "{:process 0, :type :invoke, :f :write, :value ",
        Format::ElleJson => "{\"process\":0,\"type\":\"invoke\",\"f\":\"write\",\"value\":",
        Format::PorcupineEtcd => "INFO  jepsen.util - 0\t:invoke\t:write\t",
        Format::PorcupineKv => "{:process 0, :type :invoke, :f :put, :key \"k\", :value ",
    }
}

#[test]
fn deep_nesting_is_refused() {
    for format in Format::ALL {
        for open in ["[", "{", "(", "#{", "#a ", "#_", "{\"a\":", "[{"] {
            let text = before_value(format).to_owned() + &open.repeat(100_000);
            let wrong = error(text.as_bytes(), format);
            assert!(wrong.column.is_some(), "{format} {open}: {wrong}");
            assert!(wrong.to_string().len() < 400, "{format} {open}: {wrong}");
        }
    }
}

#[test]
fn what_is_never_closed_is_found_in_one_pass() {
    let length = long();
    for format in Format::ALL {
        for filling in [
            "x", "\"", " ", "\\n", "[]", "1 ", ";", "é", "\u{0}", ",\n", "#_ 1 ",
        ] {
            for open in ["", "\"", "[", "{"] {
                let mut text = before_value(format).to_owned() + open;
                text.push_str(&filling.repeat(length / filling.len() / 8));
                // Some of these are whole, as a value of one word. None may take long.
                if let Err(wrong) = read(text.as_bytes(), format, Options::default()) {
                    assert!(wrong.to_string().len() < 700, "{format} {open} {filling}");
                }
            }
        }
    }
}

#[test]
fn a_long_value_is_read() {
    let word = "x".repeat(long());
    for (format, open, close) in [
        (Format::JsonLines, "\"", "\"}}}}}"),
        (Format::JepsenEdn, "\"", "\"}"),
        (Format::JepsenEdn, ":", "}"),
        (Format::ElleJson, "\"", "\"}"),
        (Format::PorcupineKv, "\"", "\"}"),
    ] {
        let text = [before_value(format), open, &word, close].concat();
        let import = read(text.as_bytes(), format, Options::default());
        assert_eq!(import.expect("a value").lines.iter().count(), 1);
    }
}

#[test]
fn a_huge_number_is_text_or_an_error() {
    let digits = "9".repeat(100_000);
    let edn = before_value(Format::JepsenEdn).to_owned() + &digits + "}";
    assert!(read(edn.as_bytes(), Format::JepsenEdn, Options::default()).is_ok());
    for field in ["\"op\":0", "\"at\":0", "\"process\":0"] {
        let text = before_value(Format::JsonLines).to_owned() + "\"\"}}}}}";
        let text = text.replace(field, &field.replace('0', &digits));
        let wrong = error(text.as_bytes(), Format::JsonLines);
        assert_eq!(wrong.line, 2);
        assert!(wrong.to_string().len() < 400, "{wrong}");
    }
    for (number, message) in [("-1", "is not the number"), ("1e9", "is not the number")] {
        let text = edn.replace(":process 0", &format!(":process {number}"));
        let wrong = error(text.as_bytes(), Format::JepsenEdn).to_string();
        assert!(wrong.contains(message), "{wrong}");
    }
}

#[test]
fn bytes_that_are_no_text_are_found_where_they_are() {
    let good =
        "{:process 0 :type :invoke :f :read}\n{:process 0 :type :ok :f :read}\n".repeat(20_000);
    for odd in [
        b"\xff".as_slice(),
        b"\xc3(",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
    ] {
        let mut bytes = good.clone().into_bytes();
        bytes.extend_from_slice(b"{:process 0 ");
        bytes.extend_from_slice(odd);
        bytes.extend_from_slice(b" :type :invoke}\n");
        let wrong = error(&bytes, Format::JepsenEdn);
        assert_eq!(
            wrong.to_string(),
            "line 40001, column 13: this is not UTF-8"
        );
    }
    let mut cut = good.into_bytes();
    cut.extend_from_slice(b"\xc3");
    assert_eq!(
        error(&cut, Format::JepsenEdn).to_string(),
        "line 40001, column 1: this is not UTF-8"
    );
}

#[test]
fn a_file_cut_anywhere_is_an_error_or_shorter() {
    for (format, text) in super::samples() {
        let bytes = text.as_bytes();
        let import = |bytes| read(bytes, format, Options::default());
        // A drain that did not return may have taken more than one that did.
        let drains = text.contains(":drain");
        let whole = import(bytes).expect("a sample").lines.iter().count();
        for end in 0..bytes.len() {
            let lines = bytes[..end].split(|&byte| byte == b'\n').count();
            match import(&bytes[..end]) {
                Err(wrong) => assert!(wrong.line <= lines, "{format} {end}: {wrong}"),
                Ok(part) => {
                    let count = part.lines.iter().count();
                    assert!(drains || count <= whole, "{format} {end}");
                }
            }
        }
    }
}

/// A file of this many operations of one line each, made as it is read.
struct Endless {
    line: &'static [u8],
    at: usize,
    left: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let length = buffer.len().min(self.line.len() - self.at);
        buffer[..length].copy_from_slice(&self.line[self.at..][..length]);
        self.at += length;
        if self.at == self.line.len() {
            (self.at, self.left) = (0, self.left - 1);
        }
        Ok(length)
    }
}

#[test]
fn progress_is_told_and_a_stream_is_read_in_pieces() {
    let line = b"{:process :nemesis, :type :info, :f :hello}\n";
    let stream = Endless {
        line,
        at: 0,
        left: 40_000,
    };
    let mut told = Vec::new();
    let mut progress = |now: Progress| told.push(now);
    let import = read_from(stream, None, Options::default(), &mut progress).expect("EDN");
    assert_eq!(import.format, Format::JepsenEdn);
    assert!(told.windows(2).all(|pair| pair[0].bytes <= pair[1].bytes));
    let last = told.last().expect("it was told");
    assert_eq!(last.bytes, 40_000 * line.len() as u64);
    assert!(told.len() > 5 && last.entries > 0, "{last:?}");
}

#[test]
fn a_stream_that_breaks_says_so() {
    let broken = io::empty().chain(Broken);
    let wrong = read_from(broken, None, Options::default(), &mut |_| ()).expect_err("it breaks");
    assert_eq!(wrong.to_string(), "line 1, column 1: the cable is cut");
    let start = HEADER.as_bytes().chain(Broken);
    let wrong = read_from(
        start,
        Some(Format::JsonLines),
        Options::default(),
        &mut |_| (),
    );
    assert_eq!(
        wrong.expect_err("it breaks").to_string(),
        "line 2, column 1: the cable is cut"
    );
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the cable is cut"))
    }
}

#[test]
fn nothing_that_can_be_read_is_an_error_of_its_own() {
    for (bytes, message) in [
        (b"".as_slice(), "line 1, column 1: there is nothing in it"),
        (
            b" \r\n\xef\xbb\xbf",
            "line 1, column 1: this is the beginning of none of json-lines, jepsen-edn, elle-json, porcupine-etcd, porcupine-kv",
        ),
        (b"\xff", "line 1, column 1: this is not UTF-8"),
        (
            b"hello",
            "line 1, column 1: this is the beginning of none of json-lines, jepsen-edn, elle-json, porcupine-etcd, porcupine-kv",
        ),
    ] {
        let wrong = read_from(bytes, None, Options::default(), &mut |_| ());
        assert_eq!(wrong.expect_err(message).to_string(), message);
    }
}
