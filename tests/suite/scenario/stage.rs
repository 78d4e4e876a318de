//! A cluster on its way through a story: its nodes by name, its keys, and the contexts kept so far.

use std::collections::BTreeMap;

use dynamo_core::{NodeId, Record, Siblings, Version};

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
    /// of the first key. All else is the shape of the cluster.
    pub(super) fn new(arguments: &mut Arguments) -> Result<Stage, String> {
        let keys: Vec<String> = split(&arguments.required("key")?);
        let names = arguments.optional("names");
        let shape = choices::shape(&arguments.named())?;
        let world = World::new(shape).map_err(|why| why.to_string())?;
        let order = world.config().ring().preference_list(keys[0].as_bytes());
        let letters = || ('A'..='Z').map(String::from).take(order.len()).collect();
        let cast = Cast::new(names.map_or_else(letters, |names| split(&names)), order)?;
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

    /// What the disk of a node holds of a key: its own, and then what it keeps for others, in the
    /// order of their names.
    pub(super) fn held(&self, id: NodeId, key: &[u8]) -> Vec<(Option<NodeId>, Siblings)> {
        let records = self.world.records(id).filter_map(|record| match record {
            Record::Data {
                key: name,
                siblings,
            } if name == key => Some((None, siblings)),
            Record::Hint {
                owner,
                key: name,
                siblings,
            } if name == key => Some((Some(owner), siblings)),
            _ => None,
        });
        let mut held: Vec<_> = records.collect();
        held.sort_by_key(|(owner, _)| owner.map(|owner| self.cast.place(owner)));
        held
    }
}

/// What a version holds, for people.
pub(super) fn content(version: &Version) -> String {
    text(&version.value)
}

/// What a client wrote, for people.
pub(super) fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

fn split(list: &str) -> Vec<String> {
    list.split(',').map(str::to_owned).collect()
}
