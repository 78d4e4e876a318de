//! What an observer of a disk writes down.

use checker::note::{Node, Note};

use crate::replica::Holding;

/// What a record is about, whatever versions it holds.
#[derive(Debug)]
pub(crate) enum Slot {
    Data { key: String },
    Hint { owner: u32, key: String },
}

impl Slot {
    pub(crate) fn is_of(&self, holding: &Holding) -> bool {
        match (self, holding) {
            (Slot::Data { key }, Holding::Data { key: now, .. }) => key == now,
            (
                Slot::Hint { owner, key },
                Holding::Hint {
                    owner: to,
                    key: now,
                    ..
                },
            ) => owner == to && key == now,
            _ => false,
        }
    }

    pub(crate) fn of(holding: &Holding) -> Option<Self> {
        match holding {
            Holding::Data { key, .. } => Some(Slot::Data { key: key.clone() }),
            Holding::Hint { owner, key, .. } => Some(Slot::Hint {
                owner: *owner,
                key: key.clone(),
            }),
            Holding::Change(_) => None,
        }
    }
}

/// What is noted when a record is no longer what it was.
pub(crate) fn left(node: Node, was: Slot) -> Note {
    match was {
        Slot::Data { key } => Note::Durable {
            node,
            key,
            versions: Vec::new(),
        },
        Slot::Hint { owner, key } => Note::HintDropped {
            holder: node,
            owner: Node(owner),
            key,
        },
    }
}

/// What is noted when a record has a new value; nothing of a line of membership history.
pub(crate) fn entered(node: Node, is: Holding) -> Option<Note> {
    match is {
        Holding::Data { key, versions } => Some(Note::Durable {
            node,
            key,
            versions,
        }),
        Holding::Hint {
            owner,
            key,
            versions,
        } => Some(Note::Hint {
            holder: node,
            owner: Node(owner),
            key,
            versions,
        }),
        Holding::Change(_) => None,
    }
}
