//! Commands that make something happen.

use dynamo_core::{NodeId, Record, Reply, Request, Terms};

use super::arguments::{Arguments, micros};
use super::play::Told;
use super::stage::{Stage, text};
use super::world::Disk;

/// `get via=A key=cart`, and with `as=c1` the context is kept under that name.
///
/// Like a put and a delete, with `n=` `r=` `w=` or `pinned` it goes by other terms than the
/// cluster's.
pub(super) fn get(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let via = stage.up(&arguments.required("via")?)?;
    let key = stage.key(&arguments.required("key")?)?;
    let name = arguments.optional("as");
    let terms = terms(arguments)?;
    let reply = stage.world.ask(via, Request::Get { key, terms });
    if let Some(name) = name {
        let Some(Reply::Values { context, .. }) = &reply else {
            return Err(format!("there is no context: {}", told(reply.as_ref())));
        };
        stage.keep(name, context.clone())?;
    }
    Ok(vec![told(reply.as_ref())])
}

/// `put via=A key=cart value=milk`, and with `context=c1` it replaces what that get returned.
pub(super) fn put(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let value = arguments.required("value")?.into_bytes();
    let (via, key, context, terms) = write(stage, arguments)?;
    let request = Request::Put {
        key,
        value,
        context,
        terms,
    };
    Ok(vec![told(stage.world.ask(via, request).as_ref())])
}

/// `delete via=A key=cart context=c1`.
pub(super) fn delete(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let (via, key, context, terms) = write(stage, arguments)?;
    let request = Request::Delete {
        key,
        context,
        terms,
    };
    Ok(vec![told(stage.world.ask(via, request).as_ref())])
}

/// What puts and deletes have in common.
fn write(stage: &Stage, arguments: &mut Arguments) -> Result<Writing, String> {
    let via = stage.up(&arguments.required("via")?)?;
    let key = stage.key(&arguments.required("key")?)?;
    let context = arguments.optional("context");
    let context = context.map(|name| stage.context(&name)).transpose()?;
    Ok((via, key, context, terms(arguments)?))
}

type Writing = (NodeId, Vec<u8>, Option<Vec<u8>>, Terms);

fn terms(arguments: &mut Arguments) -> Result<Terms, String> {
    Ok(Terms {
        n: arguments.number("n")?,
        r: arguments.number("r")?,
        w: arguments.number("w")?,
        pinned: arguments.flag("pinned"),
    })
}

/// `garble c1 as=c2`: a copy of a context with one bit flipped in its middle.
pub(super) fn garble(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let mut context = stage.context(&arguments.word("the context")?)?;
    let middle = context.len() / 2;
    let byte = context.get_mut(middle).ok_or("the context is empty")?;
    *byte ^= 1;
    stage.keep(arguments.required("as")?, context)?;
    Ok(Vec::new())
}

/// `crash A B`.
pub(super) fn crash(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    for name in some(arguments)? {
        let id = stage.up(&name)?;
        stage.world.crash(id);
    }
    Ok(Vec::new())
}

/// `restart A B`, one after the other.
pub(super) fn restart(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    for name in some(arguments)? {
        let id = stage.down(&name)?;
        stage.world.restart(id);
    }
    Ok(Vec::new())
}

/// `cut A | B C`: no message passes from one side to the other.
pub(super) fn cut(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let words = arguments.words();
    let mut sides = words.split(|word| word == "|");
    let (Some(one), Some(other), None) = (sides.next(), sides.next(), sides.next()) else {
        return Err("a cut has two sides: A | B C".to_owned());
    };
    let ids = |side: &[String]| -> Result<Vec<NodeId>, String> {
        side.iter().map(|name| stage.cast.id(name)).collect()
    };
    let (one, other) = (ids(one)?, ids(other)?);
    if one.is_empty() || other.is_empty() || one.iter().any(|id| other.contains(id)) {
        return Err("each side has its own nodes".to_owned());
    }
    for id in one {
        for peer in &other {
            stage.world.cut(id, *peer);
        }
    }
    Ok(Vec::new())
}

/// `lose-disk A`: a new disk, with nothing on it. A node that was up starts again.
pub(super) fn lose_disk(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let id = stage.cast.id(&arguments.word("the node")?)?;
    stage.world.tamper(id, Disk::clear);
    Ok(Vec::new())
}

/// `forget A cart`: what the disk holds of one key is gone. A node that was up starts again.
pub(super) fn forget(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let name = arguments.word("the node")?;
    let id = stage.cast.id(&name)?;
    let key = stage.key(&arguments.word("the key")?)?;
    let is_it = |record: &Record| matches!(record, Record::Data { key: held, .. } if *held == key);
    let before = stage.world.disk(id).len();
    stage.world.tamper(id, |disk| {
        disk.retain(|name, value| !Record::decode(name, value).is_ok_and(|it| is_it(&it)));
    });
    if stage.world.disk(id).len() == before {
        return Err(format!("{name} has nothing to forget"));
    }
    Ok(Vec::new())
}

/// `run 500ms`: so much time passes.
pub(super) fn run(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    stage.world.run(micros(&arguments.word("how long")?)?);
    Ok(Vec::new())
}

/// `ahead A 2s`: from now on the clock of A is so much further ahead of the true time.
pub(super) fn ahead(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let id = stage.cast.id(&arguments.word("the node")?)?;
    let micros = micros(&arguments.word("how far")?)?;
    stage.world.put_ahead(id, micros);
    Ok(Vec::new())
}

/// What a client was told.
pub(super) fn told(reply: Option<&Reply>) -> String {
    match reply {
        Some(Reply::Values {
            values, deleted, ..
        }) => {
            let mut values: Vec<String> = values.iter().map(|value| text(value)).collect();
            values.sort();
            match (values.join(", "), deleted) {
                (values, true) if values.is_empty() => "deleted".to_owned(),
                (values, false) if values.is_empty() => "nothing".to_owned(),
                (values, true) => format!("{values}, and deleted"),
                (values, false) => values,
            }
        }
        Some(Reply::Stored) => "stored".to_owned(),
        Some(Reply::Refused(why)) => format!("refused: {why}"),
        Some(Reply::Unavailable) => "unavailable".to_owned(),
        Some(other) => format!("{other:?}"),
        None => "no answer".to_owned(),
    }
}

/// Names of nodes: one at least.
fn some(arguments: &mut Arguments) -> Result<Vec<String>, String> {
    let names = arguments.words();
    if names.is_empty() {
        return Err("the node is missing".to_owned());
    }
    Ok(names)
}
