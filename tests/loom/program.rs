//! Small programs for a few clients, generated.

use std::fmt::{self, Debug, Display};
use std::sync::Arc;

use checker::picture::Drawn;
use checker::{History, OpId};
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Strategy};

use crate::log::Log;

/// The most operations of all clients together.
const OPS_MAX: usize = 4;

/// A leaf, or a planted variant of it: what is done with it, and who judges what came of it.
pub(crate) trait Kind: 'static {
    /// What a client may do.
    type Op: Copy + Debug + Display + Send + Sync;
    /// What is recorded.
    type Domain: Drawn<Call: 'static>;
    /// What it is, for messages.
    const NAME: &'static str;
    /// The most clients of a program. Where one thread more serves them, fewer.
    const CLIENTS_MAX: usize;
    /// Whether every program is searched in all its interleavings, in every run of the tests. Where
    /// threads wait for one another there are too many for that.
    const SMALL: bool;
    /// Under which circumstances, by name.
    const SETTINGS: &'static [&'static str];

    /// Any operation.
    fn op() -> BoxedStrategy<Self::Op>;

    /// Runs a program once, with loom's threads.
    fn run(program: &Arc<Program<Self::Op>>, log: &Log<Self::Domain>);

    /// Whether what came of it is as it should be; if not, why.
    fn judge(program: &Program<Self::Op>, history: &History<Self::Domain>) -> Result<(), Broken>;
}

/// Why a history is wrong.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) sentence: String,
    /// The operations that it is about.
    pub(crate) ops: Vec<OpId>,
}

impl Broken {
    pub(crate) fn by(op: OpId, sentence: impl Into<String>) -> Self {
        Broken {
            sentence: sentence.into(),
            ops: vec![op],
        }
    }
}

/// What each client does, one operation after the other.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Program<Op> {
    /// Which of the kind's settings.
    pub(crate) setting: usize,
    circumstances: &'static str,
    pub(crate) clients: Vec<Vec<Op>>,
}

/// Programs of this kind. They shrink to fewer operations and fewer clients.
pub(crate) fn programs<K: Kind>() -> impl Strategy<Value = Program<K::Op>> {
    let dealt = vec((0..K::CLIENTS_MAX, K::op()), 2..=OPS_MAX);
    (0..K::SETTINGS.len(), dealt).prop_map(|(setting, dealt)| {
        let mut clients: Vec<Vec<K::Op>> = vec![Vec::new(); K::CLIENTS_MAX];
        for (client, op) in dealt {
            clients[client].push(op);
        }
        clients.retain(|ops| !ops.is_empty());
        Program {
            setting,
            circumstances: K::SETTINGS[setting],
            clients,
        }
    })
}

impl<Op: Copy + Send + Sync + 'static> Program<Op> {
    /// Runs all clients at once: each is told who it is and what it does. The last runs on this thread.
    pub(crate) fn at_once(self: &Arc<Self>, client: impl Fn(usize, &[Op]) + Clone + 'static) {
        let last = self.clients.len() - 1;
        let spawn = |process: usize| {
            let (program, client) = (Arc::clone(self), client.clone());
            loom::thread::spawn(move || client(process, &program.clients[process]))
        };
        let threads: Vec<_> = (0..last).map(spawn).collect();
        client(last, &self.clients[last]);
        for thread in threads {
            thread.join().expect("a panic ends the search");
        }
    }

    /// How many operations there are.
    pub(crate) fn len(&self) -> usize {
        self.clients.iter().map(Vec::len).sum()
    }
}

impl<Op: Display> Display for Program<Op> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:", self.circumstances)?;
        for (process, ops) in self.clients.iter().enumerate() {
            let ops: Vec<String> = ops.iter().map(Op::to_string).collect();
            writeln!(f, "  c{process}: {}", ops.join(", then "))?;
        }
        Ok(())
    }
}

impl<Op: Display> Debug for Program<Op> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// A value that no other operation of the program writes, nor any of another program in its place.
pub(crate) fn value(process: usize, place: usize) -> i64 {
    (10 * (process + 1) + place + 1).cast_signed() as i64
}
