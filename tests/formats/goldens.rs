//! Each format as it was kept, byte for byte.

use checker::report::{Bundle, edn, junit, markdown, shiviz, trace_events};
use checker::{History, kv::Kv};

use super::{bundle, kept, pages, read};

type Format = fn(&Bundle, &History<Kv>) -> String;

/// Names for `dyno report --format`, and how their files end.
const FORMATS: [(&str, &str, Format); 5] = [
    ("edn", "edn", edn),
    ("junit", "xml", junit),
    ("markdown", "md", markdown),
    ("perfetto", "trace", trace_events),
    ("shiviz", "shiviz", shiviz),
];

/// Whoever changes what a format looks like writes these anew with `dyno report`, and looks at them.
#[test]
fn kept_bundles_are_written_as_they_were() {
    for (format, ending, write) in FORMATS {
        let mut files = 0;
        for (name, json) in kept() {
            let (bundle, history) = bundle(&json);
            let file = pages().join(format!("{name}.{ending}"));
            if file.exists() {
                files += 1;
                let same = read(&file) == write(&bundle, &history);
                let (from, to) = (pages().join(name), file.display());
                assert!(
                    same,
                    "{to} is another: dyno report {}.json --format {format} --out {to}",
                    from.display()
                );
            }
        }
        assert!(files >= 2, "{files} files of {format}");
    }
}
