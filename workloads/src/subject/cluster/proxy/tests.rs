//! Each fault acts on what real connections carry.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use super::*;
use crate::fault::Scope;

const LINK: Link = (0, 1);
const GREETING: &[u8; 22] = b"DYNO\0\x01nonce-nonce-nonc";
const HELLO: u32 = 0xffff;

/// Longer than anything takes that comes.
const EVER: Duration = Duration::from_secs(60);

/// What would come by then does not come.
const NEVER: Duration = Duration::from_millis(150);

/// A proxy between two nodes, the second of which tells what frames it hears.
struct Pair {
    proxy: Proxy,
    heard: Receiver<u32>,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let book = Arc::new(Book::default());
        let proxy = Proxy::start(2, Luck::new(seed), &book).expect("there are ports");
        let (send, heard) = channel();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (clients, replicas) = (address, address);
        book.enter(1, Address { clients, replicas });
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let send = send.clone();
                // It ends with its connection.
                thread::spawn(move || listen(stream, &send));
            }
        });
        Pair { proxy, heard }
    }

    /// Connects, but does not say anything.
    fn dial(&self) -> TcpStream {
        let (_, address) = self.proxy.addresses(0).next().expect("there is a peer");
        let stream = TcpStream::connect(address).expect("the proxy listens");
        stream.set_read_timeout(Some(EVER)).expect("not zero");
        stream
    }

    fn connect(&self) -> TcpStream {
        let mut stream = self.dial();
        let mut greeting = [0; GREETING.len()];
        stream.read_exact(&mut greeting).expect("a greeting comes");
        assert_eq!(&greeting, GREETING);
        say(&mut stream, [HELLO]);
        let mut welcome = [1];
        stream.read_exact(&mut welcome).expect("an answer comes");
        assert_eq!(welcome, [0]);
        stream
    }

    fn begin(&self, fault: &Fault) {
        self.proxy.turn(1, fault, true);
    }

    fn end(&self, fault: &Fault) {
        self.proxy.turn(1, fault, false);
    }

    fn hear(&self, count: usize) -> Vec<u32> {
        let next = |_| self.heard.recv_timeout(EVER).expect("it arrives");
        (0..count).map(next).collect()
    }

    fn is_silent(&self) -> bool {
        self.heard.recv_timeout(NEVER).is_err()
    }

    /// Waits until so many frames have set out.
    fn sent(&self, frames: u64) {
        while self.proxy.links.frames(LINK) < frames {
            thread::yield_now();
        }
    }
}

fn listen(mut stream: TcpStream, send: &Sender<u32>) -> Option<()> {
    stream.write_all(GREETING).ok()?;
    assert_eq!(frame(&mut stream)?, HELLO);
    stream.write_all(&[0]).ok()?;
    loop {
        send.send(frame(&mut stream)?).ok()?;
    }
}

/// The number in the next frame; the rest of it does not matter.
fn frame(stream: &mut TcpStream) -> Option<u32> {
    let mut number = [0; 4];
    stream.read_exact(&mut number).ok()?;
    let mut bytes = vec![0; u32::from_be_bytes(number) as usize];
    stream.read_exact(&mut bytes).ok()?;
    number.copy_from_slice(&bytes[..4]);
    Some(u32::from_be_bytes(number))
}

fn say(stream: &mut TcpStream, numbers: impl IntoIterator<Item = u32>) {
    let frames = numbers.into_iter().map(|number| [4, number]);
    let bytes: Vec<u8> = frames.flatten().flat_map(u32::to_be_bytes).collect();
    stream.write_all(&bytes).expect("the proxy reads");
}

/// Whether nothing comes back, not even the end.
fn hangs(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(NEVER)).expect("not zero");
    let read = stream.read(&mut [0]);
    stream.set_read_timeout(Some(EVER)).expect("not zero");
    read.is_err_and(|why| why.kind() == io::ErrorKind::WouldBlock)
}

/// Whether the connection ends.
fn ends(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0]) {
        Ok(read) => read == 0,
        Err(why) => why.kind() != io::ErrorKind::WouldBlock,
    }
}

#[test]
fn without_faults_frames_arrive_in_order() {
    let pair = Pair::new(1);
    let mut stream = pair.connect();
    say(&mut stream, 0..1_000);
    assert_eq!(pair.hear(1_000), (0..1_000).collect::<Vec<_>>());
}

#[test]
fn a_cut_is_silence_and_its_connections_end_when_it_does() {
    let pair = Pair::new(1);
    let mut old = pair.connect();
    let cut = Fault::Cut { side: [0].into() };
    pair.begin(&cut);
    say(&mut old, [1, 2]);
    pair.sent(2);
    let mut new = pair.dial();
    assert!(hangs(&mut old) && hangs(&mut new));
    assert!(pair.is_silent());
    pair.end(&cut);
    assert!(ends(&mut old) && ends(&mut new));
    say(&mut pair.connect(), [3]);
    assert_eq!(pair.hear(1), [3]);
}

#[test]
fn a_cut_in_the_other_direction_is_not_felt() {
    let pair = Pair::new(1);
    let mut stream = pair.connect();
    pair.begin(&Fault::CutOneWay { side: [1].into() });
    say(&mut stream, [1]);
    assert_eq!(pair.hear(1), [1]);
    say(&mut pair.connect(), [2]);
    assert_eq!(pair.hear(1), [2]);
    let links = [LINK].into();
    pair.begin(&Fault::CutLinks { links });
    assert!(hangs(&mut pair.dial()));
}

#[test]
fn who_is_cut_off_does_not_see_that_the_other_ended() {
    let pair = Pair::new(1);
    let book = Arc::new(Book::default());
    let proxy = Proxy::start(2, Luck::new(1), &book).expect("there are ports");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (clients, replicas) = (address, address);
    book.enter(1, Address { clients, replicas });
    let pair = Pair { proxy, ..pair };
    let mut stream = pair.dial();
    let (mut listening, _) = listener.accept().expect("the proxy dials");
    listening.write_all(GREETING).expect("the proxy reads");
    stream.read_exact(&mut [0; 22]).expect("a greeting comes");
    let cut = Fault::Cut { side: [0].into() };
    pair.begin(&cut);
    drop(listening);
    assert!(hangs(&mut stream));
    pair.end(&cut);
    assert!(ends(&mut stream));
}

#[test]
fn who_does_not_listen_any_more_is_seen_to_have_ended() {
    let book = Arc::new(Book::default());
    let proxy = Proxy::start(2, Luck::new(1), &book).expect("there are ports");
    let pair = Pair {
        proxy,
        heard: channel().1,
    };
    assert!(ends(&mut pair.dial()));
}

#[test]
fn exactly_those_frames_are_lost_that_chance_says() {
    let lose = Fault::Lose { percent: 40 };
    let links = Links::new(2, Luck::new(7));
    links.turn(1, &lose, true);
    let arrives = |_: &u32| links.send(LINK) != crate::sim::network::Sent::Lost;
    let expected: Vec<u32> = (0..200).filter(arrives).collect();
    assert!((90..150).contains(&expected.len()));
    let pair = Pair::new(7);
    pair.begin(&lose);
    let mut stream = pair.connect();
    say(&mut stream, 0..200);
    assert_eq!(pair.hear(expected.len()), expected);
    pair.end(&lose);
    say(&mut stream, [200]);
    assert_eq!(pair.hear(1), [200]);
}

#[test]
fn what_is_delayed_comes_later_and_in_order() {
    let pair = Pair::new(1);
    let mut stream = pair.connect();
    pair.begin(&Fault::Delay { by: 200_000 });
    let sent = Instant::now();
    say(&mut stream, 0..10);
    assert_eq!(pair.hear(1), [0]);
    assert!(sent.elapsed() >= Duration::from_millis(200));
    assert_eq!(pair.hear(9), (1..10).collect::<Vec<_>>());
}

#[test]
fn each_frame_has_a_delay_of_its_own() {
    let pair = Pair::new(1);
    let mut stream = pair.connect();
    pair.begin(&Fault::Reorder { within: 500_000 });
    say(&mut stream, 0..100);
    let mut heard = pair.hear(100);
    assert!(!heard.is_sorted());
    heard.sort_unstable();
    assert_eq!(heard, (0..100).collect::<Vec<_>>());
}

#[test]
fn what_is_repeated_comes_twice() {
    let pair = Pair::new(1);
    let mut stream = pair.connect();
    pair.begin(&Fault::Repeat { percent: 100 });
    say(&mut stream, 0..100);
    let mut heard = pair.hear(200);
    assert_eq!(heard.iter().collect::<BTreeSet<_>>().len(), 100);
    heard.sort_unstable();
    assert!(heard.chunks(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn what_is_clogged_waits_for_the_end() {
    let pair = Pair::new(1);
    let mut stream = pair.connect();
    let clog = Fault::Aimed {
        at: Scope {
            from: [0].into(),
            ..Scope::default()
        },
        fault: Box::new(Fault::Clog),
    };
    pair.begin(&clog);
    say(&mut stream, 0..50);
    pair.sent(50);
    assert!(pair.is_silent());
    pair.end(&clog);
    assert_eq!(pair.hear(50), (0..50).collect::<Vec<_>>());
}

#[test]
fn a_narrow_link_carries_one_after_the_other_and_loses_the_rest() {
    let pair = Pair::new(1);
    let mut stream = pair.connect();
    let (gap, room) = (200_000, 2);
    pair.begin(&Fault::Narrow { gap, room });
    let sent = Instant::now();
    say(&mut stream, 0..2_000);
    pair.sent(2_000);
    let heard = pair.hear(3);
    assert!(sent.elapsed() >= Duration::from_micros(2 * gap));
    assert_eq!(heard[..2], [0, 1]);
    // As many more as fit while all of them were sent, however long that took.
    let carried = 3 + pair.heard.try_iter().count();
    assert!(carried < 1_000, "{carried}");
}

#[test]
fn a_clogged_link_takes_in_no_more_than_it_has_room_for() {
    let pair = Pair::new(1);
    let mut stream = pair.connect();
    pair.begin(&Fault::Clog);
    stream.set_write_timeout(Some(NEVER)).expect("not zero");
    let mut frame = vec![0; 1 << 20];
    frame[..4].copy_from_slice(&((1_u32 << 20) - 4).to_be_bytes());
    let mut taken = 0;
    while stream.write_all(&frame).is_ok() {
        taken += 1;
        assert!(taken < 200, "megabytes");
    }
}

#[test]
fn a_frame_that_is_too_long_ends_its_connection() {
    let pair = Pair::new(1);
    let mut stream = pair.connect();
    let _ = stream.write_all(&u32::MAX.to_be_bytes());
    assert!(ends(&mut stream));
}
