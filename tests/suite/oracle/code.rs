//! The short codes of properties, and in which mode each is evaluated.

use std::str::FromStr;

use super::line::Mode;

macro_rules! codes {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// A property that an oracle may expect to hold or to fail.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(in super::super) enum Code { $($variant),+ }

        impl Code {
            pub(in super::super) const ALL: &[Code] = &[$(Code::$variant),+];

            pub(in super::super) fn name(self) -> &'static str {
                match self { $(Code::$variant => $name),+ }
            }
        }

        impl FromStr for Code {
            type Err = String;

            fn from_str(name: &str) -> Result<Code, String> {
                match name {
                    $($name => Ok(Code::$variant),)+
                    _ => Err(format!("no property is named {name:?}")),
                }
            }
        }
    };
}

codes! {
    Thin = "THIN", Anti = "ANTI", Dup = "DUP", Loss = "LOSS", Zomb = "ZOMB",
    Reg = "REG", Mono = "MONO", Lin = "LIN",
    Ryw = "RYW", Mr = "MR", Mw = "MW", Wfr = "WFR", Cc = "CC", Ccv = "CCV", Cm = "CM",
    Sound = "SOUND", Complete = "COMPLETE", Uniq = "UNIQ",
    Conv = "CONV", Ncopy = "NCOPY", Merk = "MERK",
    HCreate = "H_CREATE", HDelete = "H_DELETE", HDeliver = "H_DELIVER", HCrash = "H_CRASH",
    HLeak = "H_LEAK", HIdemp = "H_IDEMP",
}

impl Code {
    /// Whether the property is evaluated in this mode at all.
    pub(in super::super) fn counts_in(self, mode: Mode) -> bool {
        match self {
            Code::Mono => mode == Mode::Siblings,
            Code::Ccv | Code::Cm => mode == Mode::LastWriter,
            _ => true,
        }
    }
}
