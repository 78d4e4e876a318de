//! Known sins that can be switched on, one line each at the place of the sin.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

mod sins;
mod table;

pub(crate) use sins::PRUNED;
pub use table::Flaw;

/// What a flaw is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Which event a version is, and what it replaces (§4.4).
    Clocks,
    /// What clocks forget when they grow (§4.4).
    Pruning,
    /// Who coordinates, who is asked, who counts (§4.5).
    Quorums,
    /// What is kept for owners that are away (§4.6).
    Handoff,
    /// Tombstones.
    Deletes,
    /// Merkle trees and what they bring (§4.7).
    AntiEntropy,
    /// Who owns what, and how it gets there (§4.2, §4.8, §4.9).
    Placement,
    /// What a crash leaves (§6.1).
    Durability,
}

impl Family {
    /// Every family, in the order of the catalogue.
    pub const ALL: [Family; 8] = [
        Family::Clocks,
        Family::Pruning,
        Family::Quorums,
        Family::Handoff,
        Family::Deletes,
        Family::AntiEntropy,
        Family::Placement,
        Family::Durability,
    ];

    /// The words for reports.
    pub const fn name(self) -> &'static str {
        match self {
            Family::Clocks => "events and clocks",
            Family::Pruning => "pruning",
            Family::Quorums => "coordination and quorums",
            Family::Handoff => "hinted handoff",
            Family::Deletes => "deletes",
            Family::AntiEntropy => "anti-entropy",
            Family::Placement => "placement and membership",
            Family::Durability => "durability",
        }
    }
}

/// Makes the enumeration of all flaws from its table: by family, each with what it does, its name and its
/// source.
macro_rules! flaws {
    ($($family:ident { $($(#[doc = $doc:literal])+ $flaw:ident $name:literal $source:literal;)* })*) => {
        /// A way in which a real store broke its promises. At most one is on; none by default.
        ///
        /// Most are quiet while calls come one after the other and nothing fails, and show themselves once
        /// there are crashes, cuts, lost messages or concurrent clients.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum Flaw {
            $($($(#[doc = $doc])+ #[doc = concat!("\n\nBug ", $source, ".")] $flaw,)*)*
        }

        impl Flaw {
            /// Every flaw, by family.
            pub const ALL: &'static [Flaw] = &[$($(Flaw::$flaw,)*)*];

            /// The word for flags and reports.
            pub const fn name(self) -> &'static str {
                match self {
                    $($(Flaw::$flaw => $name,)*)*
                }
            }

            /// What it is about.
            pub const fn family(self) -> Family {
                match self {
                    $($(Flaw::$flaw)|* => Family::$family,)*
                }
            }

            /// The number of the defect in the list of known bugs, and where that was.
            pub const fn source(self) -> &'static str {
                match self {
                    $($(Flaw::$flaw => $source,)*)*
                }
            }

            /// What it does, in a sentence or two.
            pub const fn about(self) -> &'static str {
                match self {
                    $($(Flaw::$flaw => concat!($($doc),+).trim_ascii(),)*)*
                }
            }
        }
    };
}
use flaws;

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Flaw {
    type Err = UnknownFlaw;

    fn from_str(name: &str) -> Result<Flaw, UnknownFlaw> {
        let mut flaws = Flaw::ALL.iter().copied();
        flaws
            .find(|flaw| flaw.name() == name)
            .ok_or_else(|| UnknownFlaw(name.into()))
    }
}

/// A name that no flaw has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFlaw(pub String);

impl fmt::Display for UnknownFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no flaw {:?}", self.0)
    }
}

impl core::error::Error for UnknownFlaw {}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    /// The name under which plans keep it: `KeepOneSibling` is `keep-one-sibling`.
    fn serde_name(flaw: Flaw) -> String {
        let mut name = String::new();
        for letter in alloc::format!("{flaw:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.extend(letter.to_lowercase());
        }
        name
    }

    #[test]
    fn every_family_has_flaws_and_every_flaw_says_what_it_does_and_whence() {
        assert!(Flaw::ALL.len() >= 64, "{}", Flaw::ALL.len());
        assert!(Flaw::ALL.is_sorted_by_key(|flaw| flaw.family()));
        for family in Family::ALL {
            let of = Flaw::ALL.iter().filter(|flaw| flaw.family() == family);
            assert!(of.count() >= 4, "{}", family.name());
        }
        for flaw in Flaw::ALL {
            let about = flaw.about();
            assert!(
                about.ends_with('.') && !about.contains("  "),
                "{flaw}: {about}"
            );
            let numbered = flaw.source().as_bytes()[0].is_ascii_digit();
            assert!(numbered || flaw.source().starts_with('§'), "{flaw}");
        }
    }

    #[test]
    fn every_flaw_is_found_by_its_name_and_by_no_other() {
        let names: BTreeSet<&str> = Flaw::ALL.iter().map(|flaw| flaw.name()).collect();
        assert_eq!(names.len(), Flaw::ALL.len());
        for flaw in Flaw::ALL {
            assert_eq!(flaw.name().parse(), Ok(*flaw));
            let written = serde_name(*flaw);
            assert_eq!(written, flaw.name());
        }
        assert_eq!("none".parse::<Flaw>(), Err(UnknownFlaw("none".into())));
    }
}
