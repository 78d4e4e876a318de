//! Who reads what each command prints.

use super::{Command, Format, HuntFormat, ReportFormat, TableFormat};
use crate::cli::output::Kind;

impl Command {
    /// Who reads what it prints on stdout.
    pub(in crate::cli) fn kind(&self) -> Kind {
        match self {
            Command::Hunt(args) => args.format.into(),
            Command::Merge(args) => args.format.into(),
            Command::Flaws(args) => match args.format {
                TableFormat::Human => Kind::Human,
                TableFormat::Json => Kind::Json,
                TableFormat::Markdown => Kind::Markdown,
            },
            Command::Explore(args) => args.format.into(),
            Command::Check(args) => args.format.into(),
            Command::Replay(args) => args.format.into(),
            Command::Explain(args) => args.format.into(),
            Command::Config(args) => args.format.into(),
            Command::Report(args) if args.out.is_none() => match args.format {
                ReportFormat::Human => Kind::Human,
                ReportFormat::Json | ReportFormat::Perfetto => Kind::Json,
                ReportFormat::Markdown => Kind::Markdown,
                ReportFormat::Junit => Kind::Xml,
                ReportFormat::Html
                | ReportFormat::Svg
                | ReportFormat::Edn
                | ReportFormat::Shiviz => Kind::Document,
            },
            Command::Export(args) if args.out.is_none() => Kind::Document,
            Command::Completions(_) | Command::Trace(_) => Kind::Document,
            Command::Export(_)
            | Command::Report(_)
            | Command::Shrink(_)
            | Command::Pin(_)
            | Command::Demo(_)
            | Command::Node(_)
            | Command::Env
            | Command::Man(_)
            | Command::Help(_) => Kind::Human,
        }
    }
}

impl From<Format> for Kind {
    fn from(format: Format) -> Self {
        match format {
            Format::Human => Kind::Human,
            Format::Json => Kind::Json,
        }
    }
}

impl From<HuntFormat> for Kind {
    fn from(format: HuntFormat) -> Self {
        match format {
            HuntFormat::Human => Kind::Human,
            HuntFormat::Json => Kind::Json,
            HuntFormat::Markdown => Kind::Markdown,
            HuntFormat::Junit => Kind::Xml,
        }
    }
}
