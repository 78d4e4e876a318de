//! `dyno node` as whoever runs it meets it: from the first line to the last signal.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{code, command, dyno, file, folder, stderr, stdout};

/// A node that serves, and where; it ends with the test.
struct Node {
    process: Child,
    clients: String,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Node {
    fn start(data: &Path, flags: &[&str]) -> Node {
        let mut command = command();
        command.args(["node", "--http", "127.0.0.1:0", "--data"]);
        let spawned = command.arg(data).args(flags).stdout(Stdio::piped()).spawn();
        let mut process = spawned.expect("the command runs");
        let mut said = String::new();
        let out = process.stdout.take().expect("it is piped");
        let read = BufReader::new(out).read_line(&mut said);
        read.expect("what it says is text");
        let clients = said
            .strip_prefix("node 0 serves clients at ")
            .and_then(|rest| rest.split_once(", replicas at 127.0.0.1:"));
        let (clients, _) = clients.unwrap_or_else(|| panic!("it says where it serves: {said:?}"));
        let clients = clients.to_owned();
        Node { process, clients }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.process.id())
            .ok()
            .and_then(Pid::from_raw);
        kill_process(pid.expect("it has a number"), signal).expect("it is there");
    }

    /// The status of an answer, and all of it.
    fn ask(&self, what: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.clients).expect("it listens");
        let length = body.len();
        let request = format!(
            "{what} HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
        (status.expect("an answer has a status"), answer)
    }
}

#[test]
fn a_node_that_is_told_to_stop_ends_with_0_and_keeps_what_it_has() {
    let data = folder("node-stop").join("made by the node");
    for (round, signal) in [Signal::TERM, Signal::INT].into_iter().enumerate() {
        let mut node = Node::start(&data, &[]);
        if round == 0 {
            assert_eq!(node.ask("PUT /kv/cart", "milk").0, 204);
        }
        let (status, answer) = node.ask("GET /kv/cart", "");
        assert!(
            status == 200 && answer.ends_with("\r\n\r\nmilk"),
            "{answer}"
        );
        node.signal(signal);
        let ended = node.process.wait().expect("it ends");
        assert_eq!(ended.code(), Some(0), "{signal:?}");
    }
}

#[test]
fn no_acknowledged_write_is_lost_over_kills() {
    let data = folder("node-kill");
    let mut acknowledged = Vec::new();
    for round in 0..10 {
        let mut node = Node::start(&data, &[]);
        for key in &acknowledged {
            assert_eq!(
                node.ask(&format!("GET /kv/{key}"), "").0,
                200,
                "round {round}: {key}"
            );
        }
        for count in 0..5 {
            let key = format!("k{round}-{count}");
            if node.ask(&format!("PUT /kv/{key}"), "1").0 == 204 {
                acknowledged.push(key);
            }
        }
        node.process.kill().expect("it is there");
        node.process.wait().expect("it ends");
    }
    assert_eq!(acknowledged.len(), 50);
}

#[test]
fn what_a_node_cannot_do_it_says_before_it_serves() {
    let folder = folder("node-refused");
    let data = folder.join("data").to_string_lossy().into_owned();
    let empty = file(&folder, "empty", b"\n");
    let spaced = file(&folder, "spaced", b"not a token\n");
    let shape = file(&folder, "shape.json", b"{\"nodes\": 3}");
    for (flags, exit, why) in [
        (
            &["--nodes", "2", "-n", "3"][..],
            2,
            "N is 3 but must be from 1 to the 2 nodes",
        ),
        (&["--shape", &shape], 2, "shape.json: missing field"),
        (&["--shape", "nowhere.json"], 2, "nowhere.json: "),
        (
            &["--secret-file", &empty],
            2,
            "an empty secret keeps nobody out",
        ),
        (
            &["--token-file", &spaced],
            2,
            "a token must fit into a header",
        ),
        (&["--peer", "1=nowhere"], 2, "has no port"),
        (&["--peer", "nowhere"], 2, "as in 1=10.0.0.7:7000"),
        (&["--flaw", "no-such-flaw"], 2, "no-such-flaw"),
        (
            &["--http", "1.2.3.4:80"],
            12,
            "listening at 1.2.3.4:80 for clients",
        ),
        (&["--data", &empty], 2, "cannot be used multiple times"),
    ] {
        let args = [&["node", "--data", data.as_str()], flags].concat();
        let output = dyno(&args);
        assert_eq!(code(&output), exit, "{flags:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(why),
            "{flags:?}: {}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "", "{flags:?}");
    }
    let output = dyno(&["node", "--http", "127.0.0.1:0", "--data", &empty]);
    assert_eq!(
        code(&output),
        12,
        "a file is no folder: {}",
        stderr(&output)
    );
}

#[test]
fn one_folder_serves_one_node() {
    let data = folder("node-folder");
    let _node = Node::start(&data, &[]);
    let data = data.to_string_lossy().into_owned();
    let output = dyno(&["node", "--http", "127.0.0.1:0", "--data", &data]);
    assert_eq!(code(&output), 12);
    assert!(
        stderr(&output).starts_with("error: the data in "),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_node_that_answers_early_syncs_before_it_ends() {
    let data = folder("node-early");
    for round in 0..2 {
        let mut node = Node::start(&data, &["--no-sync"]);
        let (put, _) = node.ask(&format!("PUT /kv/k{round}"), "1");
        assert_eq!((put, node.ask("GET /kv/k0", "").0), (204, 200));
        node.signal(Signal::TERM);
        node.process.wait().expect("it ends");
    }
}
