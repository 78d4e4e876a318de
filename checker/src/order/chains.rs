//! Chains of writes, each superseding the one below it: how far down a write reaches, in small space.

use super::key::Key;
use super::vectors::Vector;
use crate::graph::{HappensBefore, Link};

/// How many chains that nobody continues are tried before a new one is begun.
const IDLE_TRIED: usize = 4;

impl Key<'_> {
    /// Covers the writes by chains, greedily: a write continues a chain whose last write it supersedes.
    ///
    /// A past is then one height for each chain (Jagadish 1990, compression by chain cover).
    pub(super) fn chain(&mut self) {
        let mut idle: Vec<u32> = Vec::new();
        self.circular = !self.forward() && self.contexts().cycle().is_some();
        for write in self.bottom_up() {
            let mut past = Vector::default();
            for index in 0..self.seen(write).len() {
                let seen = self.seen(write)[index];
                past = self.vectors.join(past, self.writes[seen].past);
            }
            let (chain, height) = self.place(write, past, &mut idle);
            let this = &mut self.writes[write];
            (this.chain, this.height) = (chain, height);
            this.past = self.vectors.set(past, chain as usize, height);
            self.chains[chain as usize].push(write as u32);
        }
    }

    /// All writes such that none comes before one that it saw, except within a cycle.
    pub(crate) fn bottom_up(&self) -> Vec<usize> {
        if self.forward() {
            return (0..self.writes.len()).collect();
        }
        // Equal times may list a write above one that it saw.
        self.contexts().order()
    }

    /// Whether no write saw one that was called after it.
    fn forward(&self) -> bool {
        (0..self.writes.len()).all(|write| self.seen(write).iter().all(|&seen| seen < write))
    }

    /// What each write saw, as a graph over the writes.
    fn contexts(&self) -> HappensBefore {
        let mut graph = HappensBefore::new(self.writes.len());
        for write in 0..self.writes.len() {
            for &seen in self.seen(write) {
                graph.link(seen, write, Link::Context);
            }
        }
        graph
    }

    /// The chain that this write continues, and its height there.
    fn place(&mut self, write: usize, past: Vector, idle: &mut Vec<u32>) -> (u32, u32) {
        let mut found = None;
        for &seen in self.seen(write) {
            let of = &self.writes[seen];
            let last = self
                .chains
                .get(of.chain as usize)
                .and_then(|chain| chain.last());
            if of.height > 0 && last == Some(&(seen as u32)) {
                match found {
                    None => found = Some(of.chain),
                    // What is merged into another chain waits for a write that branches off.
                    Some(_) => idle.push(of.chain),
                }
            }
        }
        if found.is_none() {
            let tried = idle.len().saturating_sub(IDLE_TRIED)..idle.len();
            let continues = |&at: &usize| {
                let chain = idle[at] as usize;
                self.vectors.get(past, chain) as usize == self.chains[chain].len()
            };
            found = tried.rev().find(continues).map(|at| idle.swap_remove(at));
        }
        let chain = found.unwrap_or_else(|| {
            self.chains.push(Vec::new());
            self.chains.len() as u32 - 1
        });
        (chain, self.chains[chain as usize].len() as u32 + 1)
    }
}
