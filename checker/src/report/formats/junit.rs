//! A bundle as `JUnit` XML: one suite, a case for each promise that it knows of.

use std::fmt::Write;

use super::escape::xml;
use crate::history::History;
use crate::kv::Kv;
use crate::report::{Bundle, terminal};

/// The bundle as `JUnit` XML. What it reports fails, with the sentence as message and the report of the
/// terminal as text; so does what the run broke beside it. A run that broke nothing is one case that passes.
pub fn junit(bundle: &Bundle, history: &History<Kv>) -> String {
    let suite = xml(&bundle.target);
    let failures = usize::from(bundle.counterexample.is_some()) + bundle.also.len();
    let tests = failures.max(1);
    let mut out =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dyno\">\n");
    let _ = writeln!(
        out,
        "  <testsuite name=\"{suite}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" \
         skipped=\"0\">"
    );
    properties(bundle, &mut out);
    if let Some(found) = &bundle.counterexample {
        let _ = writeln!(
            out,
            "    <testcase classname=\"{suite}\" name=\"{} {}\">\n      <failure type=\"dyno.{}\" \
             message=\"{}\">{}</failure>\n    </testcase>",
            xml(&found.title()),
            bundle.fingerprint(),
            found.promise,
            xml(&found.sentence),
            xml(&terminal(bundle, history))
        );
    }
    for title in &bundle.also {
        let promise = title.split(' ').next().unwrap_or_default();
        let _ = writeln!(
            out,
            "    <testcase classname=\"{suite}\" name=\"{}\">\n      <failure type=\"dyno.{}\" \
             message=\"broken in the same run\"/>\n    </testcase>",
            xml(title),
            xml(promise)
        );
    }
    if failures == 0 {
        let name = bundle.fingerprint();
        let _ = writeln!(out, "    <testcase classname=\"{suite}\" name=\"{name}\"/>");
    }
    out + "  </testsuite>\n</testsuites>\n"
}

fn properties(bundle: &Bundle, out: &mut String) {
    let properties = [
        ("seed", format!("{:#018x}", bundle.seed)),
        ("fingerprint", bundle.fingerprint()),
        ("source", bundle.source.clone()),
    ];
    out.push_str("    <properties>\n");
    for (name, value) in properties {
        let value = xml(&value);
        let _ = writeln!(out, "      <property name=\"{name}\" value=\"{value}\"/>");
    }
    out.push_str("    </properties>\n");
}
