//! A cluster on its way through a story: its nodes by name, its keys, and the contexts kept so far.

use std::collections::BTreeMap;

use dynamo_core::{Config, Hint, NodeId, Record, Siblings, Version};

use super::arguments::Arguments;
use super::cast::Cast;
use super::choices;
use super::world::World;

/// What commands act on.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) cast: Cast,
    keys: Vec<String>,
    contexts: BTreeMap<String, Vec<u8>>,
}

impl Stage {
    /// `key=cart,list` names the keys of the story; `names=A,B` the nodes, in the preference order
    /// of the first key; `spares=X` more nodes that have not joined; `seeds=A` those of all these
    /// that everybody knows. All else is the shape of the cluster.
    pub(super) fn new(arguments: &mut Arguments) -> Result<Stage, String> {
        let mut lists = |name| arguments.optional(name).map(|list| split(&list));
        let (keys, names) = (lists("key").ok_or("key= is missing")?, lists("names"));
        let spares = lists("spares").unwrap_or_default();
        let seeds = lists("seeds").unwrap_or_default();
        let mut shape = choices::shape(&arguments.named())?;
        let (nodes, count) = (shape.nodes, spares.len() as u32);

        // Seeds are called by name, and names follow the ring, which does not depend on seeds.
        let config = Config::new(shape.clone()).map_err(|why| why.to_string())?;
        let order = config.ring().preference_list(keys[0].as_bytes());
        let letters = || ('A'..='Z').map(String::from).take(order.len()).collect();
        let mut names = names.unwrap_or_else(letters);
        if names.len() != order.len() {
            let (names, nodes) = (names.len(), order.len());
            return Err(format!("{names} names for {nodes} nodes"));
        }
        names.extend(spares);
        let order = order
            .into_iter()
            .chain((nodes..).map(NodeId))
            .take(names.len());
        let cast = Cast::new(names, order.collect())?;

        let seeds = seeds.iter().map(|name| cast.id(name));
        shape.seeds = seeds.collect::<Result<_, String>>()?;
        let world = World::new(shape, count).map_err(|why| why.to_string())?;
        Ok(Stage {
            world,
            cast,
            keys,
            contexts: BTreeMap::new(),
        })
    }

    /// The node of that name, which must be up.
    pub(super) fn up(&self, name: &str) -> Result<NodeId, String> {
        let id = self.cast.id(name)?;
        let node = self.world.node(id);
        node.map(|_| id).ok_or_else(|| format!("{name} is down"))
    }

    /// The node of that name, which must be down.
    pub(super) fn down(&self, name: &str) -> Result<NodeId, String> {
        let id = self.cast.id(name)?;
        match self.world.node(id) {
            None => Ok(id),
            Some(_) => Err(format!("{name} is up")),
        }
    }

    /// The bytes of a key of the story.
    pub(super) fn key(&self, name: &str) -> Result<Vec<u8>, String> {
        if self.keys.iter().any(|key| key == name) {
            Ok(name.as_bytes().to_vec())
        } else {
            Err(format!("the cluster was told of no key {name}"))
        }
    }

    pub(super) fn context(&self, name: &str) -> Result<Vec<u8>, String> {
        let context = self.contexts.get(name).cloned();
        context.ok_or_else(|| format!("no context is called {name}"))
    }

    /// Keeps a context. A name means one context through the whole story.
    pub(super) fn keep(&mut self, name: String, context: Vec<u8>) -> Result<(), String> {
        if self.contexts.contains_key(&name) {
            return Err(format!("{name} is another context already"));
        }
        self.contexts.insert(name, context);
        Ok(())
    }

    /// Gets to know all actors that are named on any disk.
    pub(super) fn meet_actors(&mut self) {
        let ids: Vec<NodeId> = self.cast.all().map(|(_, id)| id).collect();
        for id in ids {
            for record in self.world.records(id) {
                if let Record::Data { siblings, .. } | Record::Hint { siblings, .. } = record {
                    let seen = siblings.context();
                    seen.iter().for_each(|dot| self.cast.meet(dot.actor));
                }
            }
        }
    }

    /// What the disk of a node holds of a key: its own, and then what it keeps for others, in the
    /// order of their names.
    pub(super) fn held(&self, id: NodeId, key: &[u8]) -> Vec<(Option<Hint>, Siblings)> {
        let records = self.world.records(id).filter_map(|record| match record {
            Record::Data {
                key: name,
                siblings,
            } if name == key => Some((None, siblings)),
            Record::Hint {
                owner,
                reason,
                key: name,
                siblings,
            } if name == key => Some((Some(Hint { owner, reason }), siblings)),
            _ => None,
        });
        let mut held: Vec<_> = records.collect();
        held.sort_by_key(|(hint, _)| hint.map(|hint| self.cast.place(hint.owner)));
        held
    }
}

/// What a version holds, for people.
pub(super) fn content(version: &Version) -> String {
    match &version.value {
        Some(value) => text(value),
        None => "tombstone".to_owned(),
    }
}

/// What a client wrote, for people.
pub(super) fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

fn split(list: &str) -> Vec<String> {
    list.split(',').map(str::to_owned).collect()
}
