//! Markdown and `JUnit`, and files that are no bundles.

use checker::report::{Bundle, Unreadable, junit, markdown, terminal};

use super::{all, bundle, kept, printed};

#[test]
fn markdown_keeps_the_story_between_its_fences() {
    for (name, json) in all() {
        let (bundle, history) = bundle(&json);
        let text = markdown(&bundle, &history);
        let fence = text
            .lines()
            .find(|line| line.starts_with("```") && line.ends_with("text"));
        let fence = fence.expect("a fence").trim_end_matches("text");
        let begin = format!("{fence}text\n");
        let mut parts = text.split(&begin);
        let (before, after) = (parts.next(), parts.next());
        let (before, after) = (before.expect("a heading"), after.expect("a story"));
        assert_eq!(parts.next(), None, "{name}: one story");
        // Nothing in the story ends it before its end.
        let (story, rest) = after.split_once(&format!("\n{fence}\n")).expect("its end");
        let told = terminal(&bundle, &history);
        assert!(told.contains(story), "{name}: {story}");
        assert!(!rest.contains("```"), "{name}: {rest}");
        let found = bundle.counterexample.as_ref().expect("it broke something");
        assert!(before.contains(&bundle.fingerprint()) && before.starts_with("### ✗ dyno: "));
        assert_eq!(
            before.lines().filter(|line| line.starts_with('#')).count(),
            1,
            "{name}"
        );
        assert!(
            !before.contains('<') && !rest.contains("<b>"),
            "{name}: {found:?}"
        );
    }
}

#[test]
fn a_foreign_reader_of_xml_finds_the_failures() {
    const SCRIPT: &str = "import sys, xml.etree.ElementTree as tree\n\
        suite = tree.parse(sys.argv[1]).getroot()[0]\n\
        cases = suite.findall('testcase')\n\
        failed = [c.find('failure') for c in cases if c.find('failure') is not None]\n\
        print(suite.get('tests'), len(cases), suite.get('failures'), len(failed), failed[0].get('type'))";
    for (number, (name, json)) in all().iter().step_by(3).enumerate() {
        let (bundle, history) = bundle(json);
        let text = junit(&bundle, &history);
        let file = format!("junit-{number}.xml");
        let Some(said) = printed("python3", &["-c", SCRIPT], &file, &text) else {
            return;
        };
        let count = 1 + bundle.also.len();
        let promise = bundle
            .counterexample
            .as_ref()
            .expect("it broke something")
            .promise;
        let expected = format!("{count} {count} {count} {count} dyno.{promise}\n");
        assert_eq!(said, expected, "{name}");
    }
}

#[test]
fn a_run_that_broke_nothing_passes() {
    let (_, mut json) = kept().remove(0);
    for field in ["counterexample", "also", "explanation"] {
        json.as_object_mut().expect("an object").remove(field);
    }
    let (bundle, history) = bundle(&json);
    let text = junit(&bundle, &history);
    assert!(
        text.contains("tests=\"1\" failures=\"0\"") && !text.contains("<failure"),
        "{text}"
    );
    assert!(markdown(&bundle, &history).starts_with("### dyno: nothing was broken"));
}

#[test]
fn what_is_not_utf_8_is_refused_with_its_place() {
    let (_, json) = kept().remove(0);
    let mut bytes = json.to_string().into_bytes();
    let at = bytes
        .windows(4)
        .position(|four| four == b"\"k0\"")
        .expect("a key")
        + 1;
    bytes[at] = 0xff;
    match Bundle::read(&bytes) {
        Err(Unreadable::NotText(place)) => assert_eq!(place, at),
        other => panic!("{other:?}"),
    }
    // Half a character of JSON is no character either.
    let half = json.to_string().replacen("\"k0\"", "\"\\ud800\"", 1);
    assert!(matches!(
        Bundle::read(half.as_bytes()),
        Err(Unreadable::NotBundle(_))
    ));
}
