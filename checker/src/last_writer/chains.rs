//! Nodes sorted by key and then by group, so that those of one key and group stand in a row.

/// Rows of nodes, each of one key and one group, in ascending order.
#[derive(Debug)]
pub(super) struct Chains {
    /// Where the chains of each key begin.
    keys: Vec<u32>,
    groups: Vec<u32>,
    starts: Vec<u32>,
    nodes: Vec<u32>,
}

impl Chains {
    /// Sorts entries of key, group and node, which come in ascending order of their nodes;
    /// O(entries + keys + groups).
    pub(super) fn new(keys: u32, groups: u32, entries: &[(u32, u32, u32)]) -> Self {
        let order = counting(groups, 0..entries.len() as u32, entries.len(), |entry| {
            entries[entry as usize].1
        });
        let order = counting(keys, order.iter().copied(), entries.len(), |entry| {
            entries[entry as usize].0
        });
        let mut chains = Chains {
            keys: vec![0; keys as usize + 1],
            groups: Vec::new(),
            starts: Vec::new(),
            nodes: Vec::with_capacity(entries.len()),
        };
        let mut last = None;
        for entry in order {
            let (key, group, node) = entries[entry as usize];
            if last != Some((key, group)) {
                last = Some((key, group));
                chains.groups.push(group);
                chains.starts.push(chains.nodes.len() as u32);
                chains.keys[key as usize + 1] += 1;
            }
            chains.nodes.push(node);
        }
        chains.starts.push(chains.nodes.len() as u32);
        for key in 0..keys as usize {
            chains.keys[key + 1] += chains.keys[key];
        }
        chains
    }

    /// How many chains there are.
    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    /// The chains of a key, in ascending order of their groups.
    pub(super) fn of(&self, key: u32) -> std::ops::Range<usize> {
        self.keys[key as usize] as usize..self.keys[key as usize + 1] as usize
    }

    /// The group of a chain.
    pub(super) fn group(&self, chain: usize) -> u32 {
        self.groups[chain]
    }

    /// The groups of these chains.
    pub(super) fn groups(&self, chains: std::ops::Range<usize>) -> &[u32] {
        &self.groups[chains]
    }

    /// The nodes of a chain.
    pub(super) fn nodes(&self, chain: usize) -> &[u32] {
        &self.nodes[self.range(chain)]
    }

    /// Where the nodes of a chain stand among those of all chains.
    pub(super) fn range(&self, chain: usize) -> std::ops::Range<usize> {
        self.starts[chain] as usize..self.starts[chain + 1] as usize
    }

    /// All nodes, chain after chain.
    pub(super) fn all(&self) -> &[u32] {
        &self.nodes
    }

    /// The chain of this key and group, O(log).
    pub(super) fn find(&self, key: u32, group: u32) -> Option<usize> {
        let range = self.of(key);
        let found = self.groups[range.clone()].binary_search(&group).ok()?;
        Some(range.start + found)
    }

    /// How many nodes of the chain are numbered below this one, O(log).
    pub(super) fn below(&self, chain: usize, node: u32) -> usize {
        self.nodes(chain).partition_point(|&one| one < node)
    }
}

/// Sorts stably by a small number.
fn counting(
    ends: u32,
    items: impl Iterator<Item = u32> + Clone,
    count: usize,
    by: impl Fn(u32) -> u32,
) -> Vec<u32> {
    let mut places = vec![0_u32; ends as usize + 1];
    for item in items.clone() {
        places[by(item) as usize + 1] += 1;
    }
    for end in 0..ends as usize {
        places[end + 1] += places[end];
    }
    let mut sorted = vec![0; count];
    for item in items {
        let place = &mut places[by(item) as usize];
        sorted[*place as usize] = item;
        *place += 1;
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::Chains;

    #[test]
    fn nodes_of_one_key_and_group_stand_in_a_row() {
        let entries = [(1, 2, 10), (0, 1, 11), (1, 0, 12), (1, 2, 13), (0, 1, 14)];
        let chains = Chains::new(3, 3, &entries);
        let rows: Vec<_> = (0..3)
            .flat_map(|key| chains.of(key).map(move |chain| (key, chain)))
            .map(|(key, chain)| (key, chains.group(chain), chains.nodes(chain).to_vec()))
            .collect();
        let expected = [(0, 1, vec![11, 14]), (1, 0, vec![12]), (1, 2, vec![10, 13])];
        assert_eq!(rows, expected);
        assert_eq!(chains.find(1, 2), Some(2));
        assert_eq!(chains.find(1, 1), None);
        assert_eq!((chains.below(2, 10), chains.below(2, 13)), (0, 1));
    }
}
