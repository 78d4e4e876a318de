//! How fast recordings are read: made line by line while they are read, so that nothing else is held.
//!
//! `import FORMAT OPERATIONS [make]`: reads, or with `make` only makes, a recording. The difference in
//! CPU time is what reading costs; `benches/import.md` has figures.

use std::io::{self, Read};
use std::time::Instant;

use checker::import::{Format, Import, Imported, Options, read_from};
use checker::{Domain, History};

/// What is recorded: a kind of recording by its name, and how its lines are made.
type Make = fn(&mut Vec<u8>, u64);

const KINDS: [(&str, Format, Make); 6] = [
    ("edn-register", Format::JepsenEdn, edn_register),
    ("edn-keyed", Format::JepsenEdn, edn_keyed),
    ("edn-append", Format::JepsenEdn, edn_append),
    ("json-append", Format::ElleJson, json_append),
    ("json-lines-register", Format::JsonLines, lines_register),
    ("json-lines-kv", Format::JsonLines, lines_kv),
];

const CLIENTS: u64 = 20;

/// Twenty clients in turn: lines of the calls of all, then of their returns.
fn place(line: u64) -> (u64, u64, bool) {
    let (round, seat) = (line / (2 * CLIENTS), line % (2 * CLIENTS));
    let process = seat % CLIENTS;
    (round * CLIENTS + process, process, seat < CLIENTS)
}

fn edn_register(line: &mut Vec<u8>, number: u64) {
    let (op, process, invokes) = place(number);
    let kind = if invokes { "invoke" } else { "ok" };
    let (f, value) = match op % 4 {
        0 | 1 => (
            "read",
            if invokes {
                "nil".into()
            } else {
                (op / 4).to_string()
            },
        ),
        2 => ("write", op.to_string()),
        _ => ("cas", format!("[{} {op}]", op / 2)),
    };
    put(
        line,
        format_args!(
            "{{:index {number}, :time {}, :type :{kind}, :process {process}, :f :{f}, :value {value}}}\n",
            number * 31_007
        ),
    );
}

fn edn_keyed(line: &mut Vec<u8>, number: u64) {
    let (op, process, invokes) = place(number);
    let kind = if invokes { "invoke" } else { "ok" };
    let (f, value) = match op % 2 {
        0 => (
            "read",
            if invokes {
                "nil".into()
            } else {
                (op / 4).to_string()
            },
        ),
        _ => ("write", op.to_string()),
    };
    put(
        line,
        format_args!(
            "{{:type :{kind}, :f :{f}, :value [{} {value}], :process {process}, :time {}, :index {number}}}\n",
            op % 1_000,
            number * 31_007
        ),
    );
}

fn edn_append(line: &mut Vec<u8>, number: u64) {
    let (op, process, invokes) = place(number);
    let (kind, read) = if invokes {
        ("invoke", "nil")
    } else {
        ("ok", "[1 2 3]")
    };
    put(
        line,
        format_args!(
            "{{:index {number}, :type :{kind}, :process {process}, :f :txn, :value [[:append {} {op}] [:r {} {read}]]}}\n",
            op % 100,
            op % 101
        ),
    );
}

fn json_append(line: &mut Vec<u8>, number: u64) {
    let (op, process, invokes) = place(number);
    let (kind, read) = if invokes {
        ("invoke", "null")
    } else {
        ("ok", "[1, 2, 3]")
    };
    let comma = if number == 0 { "[" } else { "," };
    put(
        line,
        format_args!(
            "{comma}{{\"index\": {number}, \"type\": \"{kind}\", \"process\": {process}, \"f\": \"txn\", \"value\": [[\"append\", {}, {op}], [\"r\", {}, {read}]]}}\n",
            op % 100,
            op % 101
        ),
    );
}

fn lines_register(line: &mut Vec<u8>, number: u64) {
    let (op, process, invokes) = place(number);
    header(line, number, "register");
    match (invokes, op % 2) {
        (true, 0) => put(
            line,
            format_args!(
                "{{\"invoke\":{{\"op\":{op},\"at\":{number},\"process\":{process},\"call\":{{\"action\":\"read\"}}}}}}\n"
            ),
        ),
        (true, _) => put(
            line,
            format_args!(
                "{{\"invoke\":{{\"op\":{op},\"at\":{number},\"process\":{process},\"call\":{{\"action\":{{\"write\":{{\"int\":{op}}}}}}}}}}}\n"
            ),
        ),
        (false, 0) => put(
            line,
            format_args!(
                "{{\"return\":{{\"op\":{op},\"at\":{number},\"outcome\":{{\"ok\":{{\"value\":{{\"int\":{}}}}}}}}}}}\n",
                op / 2
            ),
        ),
        (false, _) => put(
            line,
            format_args!(
                "{{\"return\":{{\"op\":{op},\"at\":{number},\"outcome\":{{\"ok\":\"done\"}}}}}}\n"
            ),
        ),
    }
}

fn lines_kv(line: &mut Vec<u8>, number: u64) {
    let (op, process, invokes) = place(number);
    header(line, number, "kv");
    match (invokes, op % 2) {
        (true, 0) => put(
            line,
            format_args!(
                "{{\"invoke\":{{\"op\":{op},\"at\":{number},\"process\":{process},\"call\":{{\"get\":{{\"key\":\"k{}\"}}}}}}}}\n",
                op % 1_000
            ),
        ),
        (true, _) => put(
            line,
            format_args!(
                "{{\"invoke\":{{\"op\":{op},\"at\":{number},\"process\":{process},\"call\":{{\"put\":{{\"key\":\"k{}\",\"value\":\"v{op}\",\"context\":[{}]}}}}}}}}\n",
                op % 1_000,
                op - 1
            ),
        ),
        (false, 0) => put(
            line,
            format_args!(
                "{{\"return\":{{\"op\":{op},\"at\":{number},\"outcome\":{{\"ok\":{{\"values\":[\"v{}\"]}}}}}}}}\n",
                op / 2
            ),
        ),
        (false, _) => put(
            line,
            format_args!(
                "{{\"return\":{{\"op\":{op},\"at\":{number},\"outcome\":{{\"ok\":\"stored\"}}}}}}\n"
            ),
        ),
    }
}

fn header(line: &mut Vec<u8>, number: u64, domain: &str) {
    if number == 0 {
        put(
            line,
            format_args!("{{\"format\":\"dyno-history/1\",\"domain\":\"{domain}\"}}\n"),
        );
    }
}

fn put(line: &mut Vec<u8>, said: std::fmt::Arguments<'_>) {
    io::Write::write_fmt(line, said).expect("memory takes it");
}

/// A recording that is made while it is read.
struct Made {
    make: Make,
    next: u64,
    end: u64,
    line: Vec<u8>,
    given: usize,
    bytes: u64,
}

impl Read for Made {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.line.len() {
            (self.given, self.line) = (0, std::mem::take(&mut self.line));
            self.line.clear();
            while self.line.len() < 1 << 16 && self.next < self.end {
                (self.make)(&mut self.line, self.next);
                self.next += 1;
            }
        }
        let length = buffer.len().min(self.line.len() - self.given);
        buffer[..length].copy_from_slice(&self.line[self.given..][..length]);
        self.given += length;
        self.bytes += length as u64;
        Ok(length)
    }
}

fn operations(import: &Import) -> usize {
    fn count<D: Domain>(history: &History<D>) -> usize {
        history.ops().len()
    }
    match &import.history {
        Imported::Register(history) => count(history),
        Imported::Txn(history) => count(history),
        Imported::Kv(history) => count(history),
        other => panic!("no recording of {} is made", other.object()),
    }
}

fn run(name: &str, count: u64, only_make: bool) {
    let (_, format, make) = KINDS
        .into_iter()
        .find(|(kind, ..)| *kind == name)
        .unwrap_or_else(|| panic!("{name} is none of {:?}", KINDS.map(|(kind, ..)| kind)));
    let mut made = Made {
        make,
        next: 0,
        end: 2 * count.next_multiple_of(CLIENTS),
        line: Vec::new(),
        given: 0,
        bytes: 0,
    };
    let start = Instant::now();
    let found = if only_make {
        io::copy(&mut made, &mut io::sink()).expect("it is made");
        0
    } else {
        // The one array of JSON needs its end.
        let end: &[u8] = if format == Format::ElleJson {
            b"]"
        } else {
            b""
        };
        let import = read_from(
            made.by_ref().chain(end),
            Some(format),
            Options::default(),
            &mut |_| (),
        );
        operations(&import.expect("it is read"))
    };
    let took = start.elapsed();
    println!(
        "{name}: {found} operations, {} MB, {took:?}",
        made.bytes / 1_000_000
    );
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let count = words.get(1).map_or(Ok(100_000), |count| count.parse());
    let count = count.expect("a number of operations");
    let only_make = words.get(2).is_some_and(|word| word == "make");
    match words.first() {
        Some(name) => run(name, count, only_make),
        None => KINDS.iter().for_each(|(name, ..)| run(name, count, false)),
    }
}
