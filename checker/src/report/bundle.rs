//! The replayable file: one JSON object that holds all that is known of one counterexample.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::explanation::Explanation;
use super::html::EMBEDDED;
use crate::history::{Entry, History, Malformed, OpId};
use crate::kv::Kv;
use crate::network::Network;
use crate::note::Node;
use crate::verdict::Counterexample;

/// The version of the bundle format; it changes only when a reader would misunderstand.
pub const FORMAT: &str = "dyno/1";

/// All that is known of one counterexample. The same failure gives the same bytes: no date, no path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// Always [`FORMAT`].
    pub format: String,
    /// The sources of the tool that wrote it; equal sources must reproduce it.
    pub source: String,
    /// What was tested: `core`, or `core with forget-hints`.
    pub target: String,
    /// The flaw that was switched on in the core, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<String>,
    /// The seed of the run.
    pub seed: u64,
    /// What broke and why that is certain; `None` for the record of a run that broke nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterexample: Option<Counterexample>,
    /// Other promises that the same run broke, by title.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// How large the failing plan was, how small it became, and in how many runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// What the failure needs, since when it was certain, and where the store went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
    /// Which node each operation asked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub via: BTreeMap<OpId, Node>,
    /// What the network carried of the key of the counterexample, until the store counted as mended.
    #[serde(default, skip_serializing_if = "Network::is_empty")]
    pub network: Network,
    /// A number that two runs share exactly if they went the same way, in hex.
    pub trace: String,
    /// The plan, as its maker writes it.
    pub plan: serde_json::Value,
    /// Everything that was recorded.
    pub history: Vec<Entry<Kv>>,
}

/// How large a failing plan was and how small it became: calls, faults, nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// As found.
    pub found: (u32, u32, u32),
    /// As minimized.
    pub minimized: (u32, u32, u32),
    /// How many runs minimizing took.
    pub replays: u32,
}

/// Why a file is not a bundle.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// It is not text.
    #[error("byte {0} is not UTF-8")]
    NotText(usize),
    /// It is not the JSON of a bundle; the message has line and column.
    #[error("it is not a bundle: {0}")]
    NotBundle(#[from] serde_json::Error),
    /// It is a page that holds no bundle.
    #[error("it is a page without a bundle: no script named dyno-bundle is in it")]
    Page,
    /// It is of another version.
    #[error("its format is {0:?}; this dyno reads {FORMAT:?}")]
    Format(String),
    /// Its history breaks the rules.
    #[error("its history is malformed: {0}")]
    History(#[from] Malformed),
}

impl Bundle {
    /// Reads a bundle, as JSON or from the page of [`html`](super::html), and checks that its history is
    /// well formed. A page may hold a bundle without its history, where that was too large.
    ///
    /// # Errors
    /// Says what is wrong and where.
    pub fn read(bytes: &[u8]) -> Result<(Bundle, History<Kv>), Unreadable> {
        let text =
            std::str::from_utf8(bytes).map_err(|wrong| Unreadable::NotText(wrong.valid_up_to()))?;
        let bundle: Bundle = serde_json::from_str(embedded(text)?)?;
        if bundle.format != FORMAT {
            return Err(Unreadable::Format(bundle.format));
        }
        let history = History::new(bundle.history.clone())?;
        Ok((bundle, history))
    }

    /// The bundle as a file: JSON, one entry of the history a line.
    pub fn write(&self) -> String {
        let mut shell = self.clone();
        let entries = std::mem::take(&mut shell.history);
        let mut text = json(&shell);
        // The history is the last field and empty: `…"history":[]}`.
        text.truncate(text.len() - "]}".len());
        for (index, entry) in entries.iter().enumerate() {
            text.push_str(if index == 0 { "\n" } else { ",\n" });
            text.push_str(&json(entry));
        }
        text.push_str("\n]}\n");
        text
    }

    /// The counterexample, its title, or what a run without one is called.
    pub fn title(&self) -> String {
        self.counterexample
            .as_ref()
            .map_or_else(|| "nothing broken".into(), Counterexample::title)
    }

    /// A name for the cause: the promise's letters and a hash of the cause, as in `SP-7c1e93`.
    pub fn fingerprint(&self) -> String {
        let Some(found) = &self.counterexample else {
            return format!("run-{:016x}", self.seed);
        };
        let letters: String = found
            .promise
            .name()
            .split('-')
            .filter_map(|word| word.chars().next())
            .map(|letter| letter.to_ascii_uppercase())
            .collect();
        // FNV-1a: short, stable for ever, and nobody attacks a file name.
        let hash = found
            .cause
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        format!("{letters}-{:06x}", (hash ^ (hash >> 32)) & 0xff_ffff)
    }
}

/// The JSON of a file: all of it, or what a page holds of it.
fn embedded(text: &str) -> Result<&str, Unreadable> {
    if !text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('<')
    {
        return Ok(text);
    }
    let (_, after) = text.split_once(EMBEDDED).ok_or(Unreadable::Page)?;
    let (json, _) = after.split_once("</script>").ok_or(Unreadable::Page)?;
    Ok(json)
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("bundles have text or number keys and finite numbers")
}
