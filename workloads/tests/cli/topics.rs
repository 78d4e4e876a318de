//! Help as a user meets it, completions and manual pages.

use std::fs;

use super::{code, dyno, folder, stdout};

const TOPICS: [&str; 8] = [
    "first-test",
    "properties",
    "faults",
    "seeds",
    "determinism",
    "configuration",
    "ci",
    "exit-codes",
];

#[test]
fn help_groups_commands_and_lists_topics() {
    let said = stdout(&dyno(&["help"]));
    let places = [
        "\nFind\n",
        "\nUnderstand\n",
        "\nKeep\n",
        "\nOther\n",
        "\nOptions:\n",
        "\nExamples:\n",
        "\nExit codes: ",
        "\nTopics",
    ];
    let places: Vec<_> = places.iter().map(|word| said.find(word)).collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{places:?}: {said}"
    );
    for topic in TOPICS {
        assert!(said.contains(&format!("\n  {topic} ")), "{topic}");
        let topic = dyno(&["help", topic]);
        assert_eq!(code(&topic), 0);
        assert!(stdout(&topic).lines().count() > 5, "{}", stdout(&topic));
    }
    assert!(
        said.starts_with(stdout(&dyno(&["--help"])).trim_end()),
        "{said}"
    );
}

#[test]
fn a_topic_says_what_is_in_the_code() {
    let topic = |name: &str| stdout(&dyno(&["help", name]));
    let first = include_str!("../library/first_test.rs");
    assert!(topic("first-test").contains(first));
    assert!(topic("properties").contains("\nmonotonic-reads\n"));
    assert!(
        topic("properties").contains("made by every preset")
            || topic("properties").contains("made by dynamo")
    );
    assert!(topic("faults").contains("\n  cut-one-way "));
    assert!(topic("configuration").contains("\nkeep-going     DYNO_KEEP_GOING      yes "));
    assert!(topic("configuration").contains("\nshard          DYNO_SHARD           no "));
    assert!(topic("exit-codes").contains("The worst wins: 70, 2, 12, 10, 13, 130, 11, 14, 0."));
}

#[test]
fn completions_and_manual_pages_know_all_of_it() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = dyno(&["completions", shell]);
        assert_eq!(code(&script), 0);
        let script = stdout(&script);
        for word in ["keep-going", "color", "profile", "exit-codes", "hunt"] {
            // The others complete no values without a flag.
            let values = ["bash", "zsh"].contains(&shell);
            assert!(
                script.contains(word) || word == "exit-codes" && !values,
                "{word} for {shell}"
            );
        }
    }
    let folder = folder("man");
    let out = folder.to_string_lossy().into_owned();
    assert_eq!(code(&dyno(&["man", "--out", &out])), 0);
    let help = stdout(&dyno(&["help"]));
    let commands = help
        .lines()
        .skip_while(|line| *line != "Find")
        .take_while(|line| *line != "Options:");
    let commands = commands.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    let mut count = 0;
    for command in commands {
        let page = folder.join(format!("dyno-{command}.1"));
        let page =
            fs::read_to_string(&page).unwrap_or_else(|why| panic!("{}: {why}", page.display()));
        assert!(page.contains("\\-\\-color"), "{command}");
        count += 1;
    }
    assert_eq!(count, 19);
    let page = fs::read_to_string(folder.join("dyno.1")).expect("it is there");
    assert!(page.contains("dyno hunt \\-\\-budget 5m"), "{page}");
}
