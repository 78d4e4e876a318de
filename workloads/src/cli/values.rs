//! The values that flags take.

use std::fmt;

use checker::Promise;
use checker::cycles::ConsistencyModel;
use checker::import::Object;
use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use dynamo_core::{Flaw, ReadRepair};
use serde::{Deserialize, Serialize};

use super::hunt::github;
use crate::preset::Preset;
use crate::world::World;

/// What stdout gets of a hunt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum HuntFormat {
    Human,
    Json,
    Markdown,
    Junit,
}

/// Whether GitHub is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Github {
    Auto,
    On,
    Off,
}

impl Github {
    pub(super) fn is_on(self) -> bool {
        match self {
            Github::Auto => github::is_job(),
            Github::On => true,
            Github::Off => false,
        }
    }
}

/// What becomes of a hunt in which nothing is violated and something could not be decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Undecided {
    /// It ends with 11
    #[default]
    Fail,
    /// It ends with 0
    Pass,
}

/// One of the parts of a hunt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shard {
    /// Which, from 1.
    pub(super) index: u32,
    /// How many there are.
    pub(super) of: u32,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// The most shards of a hunt.
const SHARDS_MAX: u32 = 10_000;

pub(super) fn shard(text: &str) -> Result<Shard, String> {
    let parsed = text.split_once('/').and_then(|(index, of)| {
        let (index, of) = (index.parse().ok()?, of.parse().ok()?);
        Some(Shard { index, of })
    });
    match parsed {
        Some(shard)
            if (1..=SHARDS_MAX).contains(&shard.of) && (1..=shard.of).contains(&shard.index) =>
        {
            Ok(shard)
        }
        _ => Err(format!(
            "say which of how many, from 1/1 to {SHARDS_MAX}/{SHARDS_MAX}: 3/8"
        )),
    }
}

/// One preset or each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    All,
    One(Preset),
}

/// Which flaw to switch on instead of the recorded one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Switch(pub(super) Option<Flaw>);

pub(super) fn presets() -> impl TypedValueParser<Value = Chosen> {
    let known = Preset::all().map(|preset| PossibleValue::new(preset.name()).help(preset.about()));
    let all = PossibleValue::new("all").help("each of them in turn");
    PossibleValuesParser::new(known.chain([all])).map(|name| {
        let found = Preset::all().find(|preset| preset.name() == name);
        found.map_or(Chosen::All, Chosen::One)
    })
}

pub(super) fn worlds() -> impl TypedValueParser<Value = World> {
    PossibleValuesParser::new(World::ALL.map(World::name)).map(|name| {
        let named = World::ALL.into_iter().find(|world| world.name() == name);
        named.unwrap_or_default()
    })
}

pub(super) fn repairs() -> impl TypedValueParser<Value = ReadRepair> {
    PossibleValuesParser::new(["off", "after", "responders", "quorum"]).map(|name| {
        match name.as_str() {
            "off" => ReadRepair::Off,
            "responders" => ReadRepair::Responders,
            "quorum" => ReadRepair::Quorum,
            _ => ReadRepair::After,
        }
    })
}

pub(super) fn flaws() -> impl TypedValueParser<Value = Flaw> {
    PossibleValuesParser::new(Flaw::ALL.iter().map(|flaw| flaw.name()))
        .try_map(|name| named(&name).ok_or("no such flaw"))
}

pub(super) fn flaws_or_none() -> impl TypedValueParser<Value = Switch> {
    let names = Flaw::ALL.iter().map(|flaw| flaw.name()).chain(["none"]);
    PossibleValuesParser::new(names).map(|name| Switch(named(&name)))
}

fn named(name: &str) -> Option<Flaw> {
    Flaw::ALL.iter().copied().find(|flaw| flaw.name() == name)
}

pub(super) fn promises(known: &'static [Promise]) -> impl TypedValueParser<Value = Promise> {
    PossibleValuesParser::new(known.iter().map(|promise| promise.name())).try_map(|name| {
        let found = known.iter().copied().find(|promise| promise.name() == name);
        found.ok_or("no such promise")
    })
}

pub(super) fn formats() -> impl TypedValueParser<Value = checker::import::Format> {
    let known = checker::import::Format::ALL;
    PossibleValuesParser::new(known.iter().map(|format| format.name())).try_map(move |name| {
        let found = known.iter().copied().find(|format| format.name() == name);
        found.ok_or("no such format")
    })
}

pub(super) fn objects() -> impl TypedValueParser<Value = Object> {
    PossibleValuesParser::new(Object::ALL.iter().map(|object| object.name())).try_map(|name| {
        let found = Object::ALL.into_iter().find(|object| object.name() == name);
        found.ok_or("no such object")
    })
}

pub(super) fn consistency_models() -> impl TypedValueParser<Value = ConsistencyModel> {
    let known = ConsistencyModel::ALL;
    PossibleValuesParser::new(known.iter().map(|model| model.name())).try_map(move |name| {
        let found = known.iter().copied().find(|model| model.name() == name);
        found.ok_or("no such consistency model")
    })
}
