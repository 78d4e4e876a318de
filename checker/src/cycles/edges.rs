//! The dependencies between transactions, as a compact graph.

/// Why one transaction comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Link {
    /// The later one replaced what the earlier one wrote.
    Ww = 0,
    /// The later one read what the earlier one wrote.
    Wr = 1,
    /// The later one wrote what the earlier one had not read when it wrote the same key: so the later one
    /// replaced it, unless an update was lost.
    Update = 2,
    /// The later one replaced what the earlier one read.
    Rw = 3,
    /// The same process called both.
    Session = 4,
    /// The earlier one had returned before the later one was called.
    RealTime = 5,
    /// From a node that only saves edges: the link is the one that led there.
    Pass = 6,
    /// A transaction that saw something of both had the key of the later one, so the later one replaced
    /// what the earlier one wrote, unless the earlier was seen in part.
    Whole = 7,
}

impl Link {
    const ALL: [Link; 8] = [
        Link::Ww,
        Link::Wr,
        Link::Update,
        Link::Rw,
        Link::Session,
        Link::RealTime,
        Link::Pass,
        Link::Whole,
    ];

    /// The set of this link alone.
    pub(super) fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The far end of an edge and its link, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End(u32);

impl End {
    fn new(to: u32, link: Link) -> Self {
        assert!(to < 1 << 29, "a history has less than 2^29 nodes");
        End(to << 3 | link as u32)
    }

    pub(super) fn node(self) -> u32 {
        self.0 >> 3
    }

    pub(super) fn link(self) -> Link {
        Link::ALL[(self.0 & 7) as usize]
    }
}

/// Edges as they are found. Nodes up to the number of transactions are those; later ones save edges.
#[derive(Debug)]
pub(super) struct Edges {
    nodes: u32,
    list: Vec<(u32, End)>,
    counts: [u64; 8],
}

impl Edges {
    pub(super) fn new(transactions: u32) -> Self {
        Edges {
            nodes: transactions,
            list: Vec::new(),
            counts: [0; 8],
        }
    }

    pub(super) fn add(&mut self, from: u32, to: u32, link: Link) {
        debug_assert_ne!(from, to, "no transaction depends on itself");
        self.list.push((from, End::new(to, link)));
        self.counts[link as usize] += 1;
    }

    /// A new node that stands for no transaction.
    pub(super) fn node(&mut self) -> u32 {
        self.nodes += 1;
        self.nodes - 1
    }

    /// From each reader to each writer of what it missed, except to itself, O(readers + writers).
    ///
    /// Both are sorted. Where several stand on both sides, these are linked among themselves only, as
    /// updates: any two of them missed each other and replaced the same version, so whichever comes
    /// first, the other missed a write that it replaced. Every model that looks at reads missing writes
    /// forbids that, also where it allows two of them in a row.
    pub(super) fn fan(&mut self, from: &[u32], to: &[u32]) {
        const AMONG_THEMSELVES_MAX: usize = 64;
        let stays = |txn: &&u32| to.binary_search(txn).is_ok();
        let (both, plain): (Vec<&u32>, Vec<&u32>) = from.iter().partition(stays);
        if plain.len() * to.len() <= plain.len() + to.len() {
            for &&reader in &plain {
                for &writer in to {
                    self.add(reader, writer, Link::Rw);
                }
            }
        } else {
            let gate = self.node();
            for &&reader in &plain {
                self.add(reader, gate, Link::Rw);
            }
            for &writer in to {
                self.add(gate, writer, Link::Pass);
            }
        }
        if let [one] = both[..] {
            let others = to.iter().filter(|&to| to != one);
            others.for_each(|&to| self.add(*one, to, Link::Update));
        } else {
            for &one in &both {
                let others = both.iter().filter(|&&to| to != one);
                let few = others.take(AMONG_THEMSELVES_MAX);
                few.for_each(|&&to| self.add(*one, to, Link::Update));
            }
        }
    }

    /// The ends of all edges of this link.
    pub(super) fn of(&self, link: Link) -> Vec<(u32, u32)> {
        let edges = self.list.iter().filter(|(_, end)| end.link() == link);
        edges.map(|&(from, end)| (from, end.node())).collect()
    }

    /// How many edges of this link there are.
    pub(super) fn count(&self, link: Link) -> u64 {
        self.counts[link as usize]
    }

    pub(super) fn graph(self) -> Graph {
        Graph::new(self.nodes, self.list.len(), || self.list.iter().copied())
    }
}

/// A graph by the nodes: where the edges of each begin, and all edges.
#[derive(Debug)]
pub(super) struct Graph {
    starts: Vec<u32>,
    ends: Vec<End>,
}

impl Graph {
    fn new<I: Iterator<Item = (u32, End)>>(
        nodes: u32,
        count: usize,
        edges: impl Fn() -> I,
    ) -> Self {
        assert!(
            count < u32::MAX as usize,
            "a history has less than 2^32 edges"
        );
        let mut next = vec![0_u32; nodes as usize + 1];
        edges().for_each(|(from, _)| next[from as usize + 1] += 1);
        for node in 1..next.len() {
            next[node] += next[node - 1];
        }
        let starts = next.clone();
        let mut ends = vec![End(0); count];
        for (from, end) in edges() {
            let place = &mut next[from as usize];
            ends[*place as usize] = end;
            *place += 1;
        }
        Graph { starts, ends }
    }

    pub(super) fn nodes(&self) -> u32 {
        self.starts.len() as u32 - 1
    }

    pub(super) fn ends(&self, node: u32) -> &[End] {
        let node = node as usize;
        &self.ends[self.starts[node] as usize..self.starts[node + 1] as usize]
    }

    /// All edges, by their nodes.
    pub(super) fn edges(&self) -> impl Iterator<Item = (u32, End)> + '_ {
        (0..self.nodes()).flat_map(|node| self.ends(node).iter().map(move |&end| (node, end)))
    }

    /// The part of the graph between these nodes, which are sorted and get the numbers of their
    /// places. Edges of a node are sorted by link and end, so that a search prefers the simpler.
    pub(super) fn part(&self, nodes: &[u32], keep: impl Fn(End) -> bool) -> Graph {
        let mut edges = Vec::new();
        for (place, &node) in nodes.iter().enumerate() {
            let kept = self.ends(node).iter().filter(|&&end| keep(end));
            let inside = kept.filter_map(|end| {
                let to = nodes.binary_search(&end.node()).ok()?;
                Some((end.link(), to as u32))
            });
            let mut inside: Vec<(Link, u32)> = inside.collect();
            inside.sort_unstable();
            inside.dedup();
            let inside = inside.iter().map(|&(link, to)| End::new(to, link));
            edges.extend(inside.map(|end| (place as u32, end)));
        }
        Graph::new(nodes.len() as u32, edges.len(), || edges.iter().copied())
    }

    /// Each node twice, in state 0 and in state 1: an edge leads from a state to that which `step` says,
    /// or to none. The nodes of a pair stand side by side.
    pub(super) fn doubled(&self, step: impl Fn(u32, Link) -> Option<u32>) -> Graph {
        let mut edges = Vec::new();
        for (from, end) in self.edges() {
            for state in 0..2 {
                if let Some(next) = step(state, end.link()) {
                    let end = End::new(2 * end.node() + next, end.link());
                    edges.push((2 * from + state, end));
                }
            }
        }
        Graph::new(2 * self.nodes(), edges.len(), || edges.iter().copied())
    }

    /// The same edges, backwards.
    fn turned(&self, keep: &[bool]) -> Graph {
        let kept = |&(from, end): &(u32, End)| keep[from as usize] && keep[end.node() as usize];
        let edges = || self.edges().filter(kept);
        Graph::new(self.nodes(), edges().count(), || {
            edges().map(|(from, end)| (end.node(), End::new(from, end.link())))
        })
    }

    /// The nodes that may lie on a cycle: no edge leads to the others, or none leads on from them.
    ///
    /// O(nodes + edges); empty exactly when there is no cycle.
    pub(super) fn core(&self) -> Vec<u32> {
        let mut keep = vec![true; self.nodes() as usize];
        self.peel(&mut keep);
        if keep.contains(&true) {
            self.turned(&keep).peel(&mut keep);
        }
        let kept = (0..self.nodes()).filter(|&node| keep[node as usize]);
        kept.collect()
    }

    /// Drops nodes to which no edge leads from a node that is kept, one after the other.
    fn peel(&self, keep: &mut [bool]) {
        let mut before = vec![0_u32; self.nodes() as usize];
        for node in (0..self.nodes()).filter(|&node| keep[node as usize]) {
            for end in self.ends(node) {
                before[end.node() as usize] += 1;
            }
        }
        let mut free: Vec<u32> = Vec::new();
        for start in 0..self.nodes() {
            if before[start as usize] == 0 && keep[start as usize] {
                free.push(start);
            }
            while let Some(node) = free.pop() {
                keep[node as usize] = false;
                for end in self.ends(node) {
                    let to = end.node();
                    before[to as usize] -= 1;
                    // Nodes still to come are met by the walk over all of them.
                    if before[to as usize] == 0 && to <= start && keep[to as usize] {
                        free.push(to);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(nodes: u32, edges: &[(u32, u32)]) -> Graph {
        let mut list = Edges::new(nodes);
        for &(from, to) in edges {
            list.add(from, to, Link::Ww);
        }
        list.graph()
    }

    #[test]
    fn the_core_is_what_lies_on_cycles_and_between_them() {
        assert!(
            graph(4, &[(0, 1), (3, 1), (1, 2), (0, 2)])
                .core()
                .is_empty()
        );
        let tangled = [
            (0, 1),
            (1, 2),
            (2, 1),
            (2, 3),
            (3, 4),
            (4, 5),
            (5, 4),
            (5, 6),
            (3, 7),
        ];
        assert_eq!(graph(8, &tangled).core(), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_fan_links_all_but_itself_and_saves_edges() {
        let mut edges = Edges::new(20);
        edges.fan(&[0, 1, 5], &[5, 6]);
        assert_eq!((edges.count(Link::Rw), edges.count(Link::Update)), (4, 1));
        let mut edges = Edges::new(20);
        edges.fan(&[0, 1, 2, 3, 9], &[9, 11, 12, 13]);
        assert_eq!((edges.count(Link::Rw), edges.count(Link::Pass)), (4, 4));
        assert_eq!(edges.count(Link::Update), 3);
        assert!(edges.graph().core().is_empty());
        let mut edges = Edges::new(20);
        edges.fan(&[3, 4], &[3, 4, 5]);
        assert_eq!(edges.graph().core(), [3, 4]);
    }

    #[test]
    fn a_part_numbers_its_nodes_anew() {
        let part = graph(6, &[(1, 3), (3, 5), (5, 1), (5, 1), (3, 4)]).part(&[1, 3, 5], |_| true);
        let edges: Vec<(u32, u32)> = part.edges().map(|(from, end)| (from, end.node())).collect();
        assert_eq!(edges, [(0, 1), (1, 2), (2, 0)]);
    }
}
