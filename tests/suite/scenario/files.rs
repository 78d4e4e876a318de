//! Every file in `tests/scenarios`, played and compared.

use std::collections::BTreeSet;
use std::env::{self, VarError};
use std::fs;
use std::path::{Path, PathBuf};

use super::play::play;
use super::script::{Mistake, Script};

/// Set to 1, it has what is expected rewritten to what was told.
const BLESS: &str = "DYNO_BLESS";

/// The stories, by the section of the paper that they act out. Documentation names them.
const STORIES: [(&str, &str); 21] = [
    ("§2.3", "always-writeable"),
    ("§4.1", "foreign-contexts"),
    ("§4.4", "figure-3"),
    ("§4.4", "resurfacing-cart"),
    ("§4.4", "same-context-twice"),
    ("§4.4", "kv679"),
    ("§4.4", "lost-disk"),
    ("§4.4", "truncated-conflict"),
    ("§4.4", "truncated-doubt"),
    ("§4.4", "truncated-loss"),
    ("§4.4", "delete"),
    ("§4.6", "hinted-handoff"),
    ("§4.7", "anti-entropy"),
    ("§4.7", "reaped-tombstone"),
    ("§4.8.2", "logical-partition"),
    ("§4.9", "join"),
    ("§4.9", "leave"),
    ("§5", "read-repair"),
    ("§6", "last-writer"),
    ("§6", "terms"),
    ("§6.1", "write-buffer"),
];

#[test]
fn every_story_is_there_and_speaks_of_its_section() {
    let listed = STORIES.map(|(_, story)| folder().join(format!("{story}.txt")));
    let there: BTreeSet<PathBuf> = scenarios().into_iter().collect();
    assert_eq!(there, listed.iter().cloned().collect());
    for (path, (section, _)) in listed.iter().zip(STORIES) {
        let (name, text) = (named(path), read(path));
        assert!(text.contains(section), "{name} does not name {section}");
    }
}

#[test]
fn every_scenario_is_told_as_written() {
    let bless = match env::var(BLESS) {
        Err(VarError::NotPresent) => false,
        Ok(value) if value == "1" => true,
        other => panic!("{BLESS} is 1 or not set at all, not {other:?}"),
    };
    let (mut mistakes, mut rewritten) = (Vec::new(), Vec::new());
    for path in scenarios() {
        let name = named(&path);
        let text = read(&path);
        match told(&text, bless) {
            Ok(now) if now != text => {
                fs::write(&path, now).unwrap_or_else(|why| panic!("{name}: {why}"));
                rewritten.push(name);
            }
            Ok(_) => {}
            Err(wrong) => mistakes.extend(wrong.iter().map(|it| it.at(&name))),
        }
    }
    assert!(mistakes.is_empty(), "\n{}\n", mistakes.join("\n"));
    assert!(
        rewritten.is_empty(),
        "rewritten, to be read before it is believed: {}",
        rewritten.join(", ")
    );
}

#[test]
fn scenarios_fit_a_screen() {
    for path in scenarios() {
        let lines = read(&path).lines().count();
        assert!(lines <= 60, "{} has {lines} lines", named(&path));
    }
}

impl Mistake {
    fn at(&self, name: &str) -> String {
        format!("{name}:{}: {}", self.line, self.why)
    }
}

/// Plays a scenario. Returns the text as it should be, which differs from `text` only by blessing.
fn told(text: &str, bless: bool) -> Result<String, Vec<Mistake>> {
    let script = Script::parse(text).map_err(|mistake| vec![mistake])?;
    let told = play(&script).map_err(|mistake| vec![mistake])?;
    let says = told.iter().any(|lines| !lines.is_empty());
    if !says || !bless && !script.expects() {
        return Err(vec![Mistake::new(1, "nothing is expected of this story")]);
    }
    let mistakes = script.mistakes(&told);
    if bless {
        Ok(script.rewritten(&told))
    } else if mistakes.is_empty() {
        Ok(text.to_owned())
    } else {
        Err(mistakes)
    }
}

/// All scenarios, by name. There is one at least, and nothing else beside them.
fn scenarios() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the folder is readable");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the entry is readable").path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "there are scenarios");
    for path in &paths {
        let is_text = path.extension().is_some_and(|it| it == "txt");
        assert!(is_text, "{} is no scenario", path.display());
    }
    paths
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn named(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("tests/scenarios/{name}")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: &str = "# A story.\ncluster nodes=3 n=3 r=2 w=2 key=cart names=A,B,C\n";

    /// What is wrong with a story of this cluster.
    fn wrong(rest: &str) -> String {
        let mistakes = told(&format!("{CLUSTER}{rest}"), false).expect_err("something is wrong");
        mistakes.iter().map(|it| it.at("a.txt")).collect()
    }

    #[test]
    fn a_story_that_comes_out_otherwise_is_wrong() {
        let right = format!("{CLUSTER}put via=A key=cart value=milk\n    stored\n");
        assert_eq!(told(&right, false), Ok(right));
        let expected = "a.txt:3: get via=A key=cart\n  - milk\n  + nothing";
        assert_eq!(wrong("get via=A key=cart\n    milk\n"), expected);
    }

    #[test]
    fn a_story_of_which_nothing_is_expected_is_wrong() {
        let expected = "a.txt:1: nothing is expected of this story";
        assert_eq!(wrong("get via=A key=cart\n"), expected);
        for bless in [false, true] {
            assert!(told(&format!("{CLUSTER}crash A\n"), bless).is_err());
        }
    }

    #[test]
    fn only_blessing_rewrites() {
        let endless = format!("{CLUSTER}get via=A key=cart\n    nothing");
        assert_eq!(told(&endless, false), Ok(endless));
        let silent = format!("{CLUSTER}get via=A key=cart\n");
        assert_eq!(told(&silent, true), Ok(format!("{silent}    nothing\n")));
        assert!(told(&format!("{silent}gett\n"), true).is_err());
    }

    #[test]
    fn what_is_not_understood_is_wrong_and_has_a_line() {
        let misunderstood = [
            ("gett via=A key=cart", "no command"),
            ("get via=A key=cart x=1", "nobody understands"),
            ("get via=A key=cart r=4 as=c1", "there is no context"),
            ("put via=A key=cart value=milk w=all", "w=all is no number"),
            ("get A via=A key=cart", "nobody understands \"A\""),
            ("get via=A", "key= is missing"),
            ("get via=E key=cart", "no node is called E"),
            ("get via=A key=crat", "no key crat"),
            ("put via=A key=cart value=milk context=c1", "no context"),
            ("garble c1 as=c2", "no context"),
            ("crash", "the node is missing"),
            ("restart A", "A is up"),
            ("cut A B", "two sides"),
            ("cut A | A", "its own nodes"),
            ("cut A |", "its own nodes"),
            ("forget A cart", "nothing to forget"),
            ("run 5", "not a time"),
            ("cluster nodes=3 key=cart names=A,B", "2 names for 3 nodes"),
            ("cluster nods=3 key=cart", "has no \"nods\""),
            ("cluster n=9 key=cart", "N is 9"),
            ("cluster n=3", "key= is missing"),
            ("cluster key=cart seeds=X", "no node is called X"),
            ("cluster key=cart spares=A", "two nodes are called A"),
            ("join X via=A", "no node is called X"),
            ("leave A", "via= is missing"),
            ("ahead A", "how far is missing"),
        ];
        for (line, why) in misunderstood {
            let wrong = wrong(&format!("{line}\n    stored\n"));
            assert!(wrong.starts_with(&format!("a.txt:3: {line}: ")), "{wrong}");
            assert!(wrong.contains(why), "{wrong}");
        }
        let wrong = wrong("crash A\nget via=A key=cart\n    nothing\n");
        assert!(wrong.ends_with("A is down"), "{wrong}");
    }

    #[test]
    fn a_story_begins_with_its_cluster() {
        let mistakes = told("# A story.\ncrash A\n    A\n", false);
        assert_eq!(
            mistakes,
            Err(vec![Mistake::new(2, "crash A: first comes the cluster")])
        );
    }

    #[test]
    fn a_disk_keeps_what_it_has_synced_and_no_more() {
        let alone = "w=1 sloppy=off hints=off anti_entropy=off read_repair=off";
        let story = format!(
            "# A crash before the sync, then the loss of a disk.\n\
             cluster nodes=3 n=3 r=1 {alone} key=cart\n\
             put via=A key=cart value=milk\n    stored\n\
             run 1200us\ncrash B\nrestart B\nrun 100ms\n\
             disks cart\n    A C: milk (A:1)\n    B: nothing\n\
             lose-disk C\n\
             disks cart\n    A: milk (A:1)\n    B C: nothing\n"
        );
        assert_eq!(told(&story, false), Ok(story));
    }

    #[test]
    fn a_name_means_one_context() {
        let get = "get via=A key=cart as=c1\n    nothing\n";
        assert!(wrong(&format!("{get}{get}")).contains("another context"));
    }
}
