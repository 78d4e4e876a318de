//! Pages of small histories: what is in them, and what must never be.

use super::{html, svg};
use crate::evidence::sketch::sketch;
use crate::history::{Entry, History, OpId, Outcome, Process, Time};
use crate::kv::{Kv, KvCall, KvRet};
use crate::note::{Clock, Node, Note, Version};
use crate::promises::promises;
use crate::report::{Bundle, FORMAT};
use crate::verdict::{Budget, Counterexample, Promise, Reason};

/// The bundle of a history, with the first counterexample that the four promises of a Dynamo have.
pub(super) fn bundle(history: &History<Kv>) -> Bundle {
    let verdicts = promises().map(|checker| checker.check(history, Budget::default()));
    let found = verdicts.iter().find_map(|verdict| verdict.counterexample());
    Bundle {
        format: FORMAT.into(),
        source: "test".into(),
        target: "a sketch".into(),
        flaw: None,
        seed: 7,
        counterexample: found.cloned(),
        also: Vec::new(),
        size: None,
        explanation: None,
        via: history.ops().iter().map(|op| (op.id, Node(0))).collect(),
        network: crate::network::Network::default(),
        trace: "0".into(),
        plan: serde_json::json!({}),
        history: history.entries().collect(),
    }
}

/// A write that one replica has and another overwrites.
fn lost() -> History<Kv> {
    sketch(
        "0 setup nodes=3 n=2 r=1 w=1 converges hands_off
         0 owners x A,B
         [1,9] s1 put x eggs -> ok
         2 durable A x {eggs@A:1}
         3 hint C B x {eggs@A:1}
         10 fault cut {n1} | rest
         12 crash B
         [13,19] s2 put x milk -> ok
         14 durable A x {milk@A:2}
         20 restart B
         21 healed
         22 transfer A B sync x
         23 durable B x {milk@A:2}
         24 dropped C B x
         30 quiet
         final x {milk}",
    )
}

/// The tags of a page in order, with the text of scripts and styles left out.
fn tags(page: &str) -> Vec<String> {
    let mut rest = page;
    let mut tags = Vec::new();
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').expect("a tag ends");
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        rest = after;
        tags.push(tag.to_owned());
        if name == "script" || name == "style" {
            rest = rest.split_once(&format!("</{name}")).expect("it ends").1;
            rest = rest.split_once('>').expect("it ends").1;
            tags.push(format!("/{name}"));
        }
    }
    tags
}

/// Every element is closed by its own end, but for those that have none.
fn assert_balanced(page: &str) {
    let mut open: Vec<String> = Vec::new();
    for tag in tags(page) {
        let name = tag
            .trim_end_matches('/')
            .split([' ', '\n'])
            .next()
            .unwrap_or_default()
            .to_owned();
        if let Some(closed) = name.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed), "{open:?}");
        } else if !(tag.ends_with('/')
            || name.starts_with('!')
            || ["meta", "input", "br"].contains(&name.as_str()))
        {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<String>::new());
}

fn assert_sound(page: &str) {
    assert_balanced(page);
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    for tag in tags(page) {
        for (name, value) in attributes(&tag) {
            assert!(!name.starts_with("on"), "a handler in {tag}");
            assert_ne!(name, "style", "the policy forbids {tag}");
            assert!(
                !["src", "srcset", "action", "data"].contains(&name),
                "{tag} loads"
            );
            assert!(name != "href" || value.starts_with('#'), "{tag} leads away");
            assert!(!value.contains("url(http"), "{tag} loads");
        }
    }
    for load in ["@import", "url(http", "//cdn", "fetch("] {
        assert!(!page.contains(load), "{load} loads something");
    }
}

/// The attributes of a tag; their values have no quotes of their own.
fn attributes(tag: &str) -> Vec<(&str, &str)> {
    let mut rest = tag.split_once(' ').map_or("", |(_, rest)| rest);
    let mut all = Vec::new();
    while let Some((name, after)) = rest.split_once("=\"") {
        let (value, after) = after.split_once('"').expect("a value ends");
        all.push((name.split(' ').next_back().unwrap_or_default(), value));
        rest = after;
    }
    all
}

#[test]
fn a_page_answers_in_the_order_of_the_questions() {
    let history = lost();
    let bundle = bundle(&history);
    let found = bundle.counterexample.as_ref().expect("eggs are lost");
    let page = html(&bundle, &history);
    assert_sound(&page);
    let title = found.title();
    let parts = [
        "class=\"hero\"",
        title.as_str(),
        "<h1>",
        "dyno replay",
        "class=\"props\"",
        "id=\"happened\"",
        "<svg",
        "id=\"steps\"",
        "id=\"why\"",
        "id=\"history\"",
        "id=\"again\"",
        "id=\"dyno-bundle\"",
    ];
    let mut from = 0;
    for part in parts {
        let at = page[from..].find(part);
        from += at.unwrap_or_else(|| panic!("{part} comes after what is before it"));
    }
    for absent in ["id=\"needs\"", "id=\"doom\"", "id=\"orders\""] {
        assert!(
            !page.contains(absent),
            "{absent} needs an explanation or another promise"
        );
    }
    assert_eq!(page, html(&bundle, &history), "the same bytes again");
}

#[test]
fn a_picture_shows_what_each_disk_held_and_where_the_value_went() {
    let history = lost();
    let picture = svg(&bundle(&history), &history);
    assert_balanced(&picture);
    assert!(picture.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    for part in [
        "put eggs ✓",
        "get → milk",
        ">n0<",
        ">n1<",
        ">n2<",
        "no owner",
        "hint for n1: eggs ⟨n0:1⟩",
        "✗ last copy of eggs gone",
        "class=\"crash\"",
        "class=\"cut\"",
        "cut {n1} | rest",
        "all faults over",
        "sync from n0 to n1",
    ] {
        let part = part.replace("n0:1", "A:1");
        assert!(picture.contains(&part), "{part} in {picture}");
    }
}

#[test]
fn a_page_gives_its_bundle_back() {
    let history = lost();
    let mut bundle = bundle(&history);
    bundle.target = "</script><b>\u{2028}".into();
    let page = html(&bundle, &history);
    let (read, again) = Bundle::read(page.as_bytes()).expect("it holds its bundle");
    assert_eq!((read, again), (bundle, history));
    let without = page.replace("dyno-bundle", "nothing");
    let wrong = Bundle::read(without.as_bytes())
        .expect_err("no bundle")
        .to_string();
    assert!(wrong.contains("a page without a bundle"), "{wrong}");
}

/// Texts that a store may return and that must stay texts.
fn hostile() -> Vec<String> {
    let long = "W".repeat(5_000);
    [
        "</script><img src=x onerror=alert(1)>",
        "\"><svg onload='x'>",
        "' onmouseover='x",
        "<!--<script>",
        "]]></style><style>*{display:none}",
        "\u{0}\u{1b}[31m\u{7f}",
        "\u{202e}txt.exe\u{2066}\u{200b}",
        "&lt;b&gt;",
        "{{7*7}}${7*7}",
        "漢字かな交じり文漢字かな交じり文",
        "",
        long.as_str(),
    ]
    .map(String::from)
    .to_vec()
}

fn hostile_history() -> (Bundle, History<Kv>) {
    let values = hostile();
    let key = "k</title><script>x</script>".to_owned();
    let mut entries = Vec::new();
    let mut at = 0;
    let mut held = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let op = OpId(index as u64);
        let put = KvCall::Put {
            key: key.clone(),
            value: value.clone(),
            context: Vec::new(),
        };
        entries.push(Entry::Invoke {
            op,
            at: Time(at),
            process: Process(index as u64),
            call: put,
        });
        held.push(Version {
            value: Some(value.clone()),
            clock: Some(Clock {
                dot: (format!("<a{index}>"), 1),
                past: vec![("\"'>".into(), 1)],
            }),
        });
        let note = |note| Entry::Note {
            at: Time(at + 1),
            note,
        };
        entries.push(note(Note::Durable {
            node: Node(0),
            key: key.clone(),
            versions: held.clone(),
        }));
        entries.push(note(Note::Fault {
            what: format!("<i>{value}"),
            begins: true,
        }));
        entries.push(note(Note::Transfer {
            from: Node(0),
            to: Node(1),
            kind: format!("<u>{value}"),
            key: key.clone(),
        }));
        entries.push(note(Note::Durable {
            node: Node(1),
            key: key.clone(),
            versions: held[index..].to_vec(),
        }));
        entries.push(Entry::Return {
            op,
            at: Time(at + 2),
            outcome: Outcome::Ok(KvRet::Stored),
        });
        at += 10;
    }
    let history = History::new(entries).expect("it is well formed");
    let mut bundle = bundle(&history);
    bundle.counterexample = Some(hostile_counterexample(key));
    (bundle, history)
}

fn hostile_counterexample(key: String) -> Counterexample {
    let values = hostile();
    let reason = |value: &String| Reason {
        text: value.clone(),
        ops: vec![OpId(1)],
    };
    Counterexample {
        promise: Promise::SiblingPreservation,
        part: "lost <b>write".into(),
        sentence: values.join(" "),
        key: Some(key),
        ops: vec![OpId(0)],
        reasons: values.iter().map(reason).collect(),
        cause: "<cause>".into(),
    }
}

#[test]
fn nothing_that_a_store_says_is_taken_for_markup() {
    let (bundle, history) = hostile_history();
    let page = html(&bundle, &history);
    assert_sound(&page);
    let known = [
        "!doctype", "html", "head", "meta", "title", "style", "body", "main", "div", "span",
        "button", "header", "h1", "h2", "h3", "p", "a", "dl", "dt", "dd", "code", "ul", "ol", "li",
        "b", "i", "section", "small", "input", "output", "kbd", "svg", "desc", "defs", "marker",
        "path", "pattern", "rect", "line", "text", "tspan", "g", "circle", "table", "thead",
        "tbody", "tr", "th", "td", "details", "summary", "pre", "footer", "script",
    ];
    for tag in tags(&page) {
        let name = tag
            .trim_start_matches('/')
            .trim_end_matches('/')
            .split([' ', '\n'])
            .next()
            .unwrap_or_default()
            .to_owned();
        assert!(known.contains(&name.as_str()), "{tag}");
    }
    let (shown, hidden) = page.split_once(super::EMBEDDED).expect("a bundle");
    let (json, _) = hidden.split_once("</script>").expect("its end");
    assert!(!json.contains('<'), "the bundle cannot end its script");
    for tag in [
        "<u>",
        "<i>alert",
        "onerror=alert(1)>",
        "<b>write",
        "<a0>",
        "<cause>",
    ] {
        assert!(!shown.contains(tag), "{tag} is in the page");
    }
    for c in ['\u{0}', '\u{1b}', '\u{202e}', '\u{2066}', '\u{200b}'] {
        assert!(!shown.contains(c), "{c:?} is in the page");
    }
    assert!(shown.contains("\\u{202e}txt.exe"), "it is named instead");
    assert!(!shown.contains(&"W".repeat(1_000)), "what is long is cut");
    let (read, _) = Bundle::read(page.as_bytes()).expect("it holds its bundle");
    assert_eq!(read, bundle);
    let picture = svg(&bundle, &history);
    assert_balanced(&picture);
    assert!(picture.len() <= 60_000, "{} bytes", picture.len());
}

/// A run of 10,000 calls that was never minimized.
fn long() -> History<Kv> {
    let mut entries = Vec::new();
    for index in 0..10_000_u64 {
        let (op, process, at) = (OpId(index), Process(index % 40), index * 100);
        let key = format!("k{}", index % 3);
        let value = format!("v{index}");
        entries.push(Entry::Invoke {
            op,
            at: Time(at),
            process,
            call: KvCall::Put {
                key: key.clone(),
                value: value.clone(),
                context: Vec::new(),
            },
        });
        for node in 0..20 {
            let versions = vec![Version {
                value: Some(value.clone()),
                clock: None,
            }];
            entries.push(Entry::Note {
                at: Time(at + 1 + u64::from(node)),
                note: Note::Durable {
                    node: Node(node),
                    key: key.clone(),
                    versions,
                },
            });
        }
        entries.push(Entry::Return {
            op,
            at: Time(at + 60),
            outcome: Outcome::Ok(KvRet::Stored),
        });
    }
    History::new(entries).expect("it is well formed")
}

#[test]
fn a_long_run_makes_no_large_page() {
    let history = long();
    let mut long = bundle(&history);
    long.counterexample = None;
    let page = html(&long, &history);
    assert_sound(&page);
    assert!(page.contains("The history was too large to be embedded"));
    let (read, none) = Bundle::read(page.as_bytes()).expect("it holds the rest of its bundle");
    assert_eq!(none.lines().len(), 0);
    assert_eq!(
        (read.seed, read.trace, read.plan),
        (long.seed, long.trace.clone(), long.plan.clone())
    );
    let picture = svg(&long, &history);
    assert!(picture.len() <= 60_000, "{} bytes", picture.len());

    let shorter: Vec<Entry<Kv>> = history.entries().take(22 * 400).collect();
    let shorter = History::new(shorter).expect("it is well formed");
    let page = html(&bundle(&shorter), &shorter);
    assert_sound(&page);
    let badges =
        page.matches("class=\"badge\"").count() + page.matches("class=\"badge bad\"").count();
    assert!(badges <= 60, "{badges} events");
    assert!(page.matches("class=\"lanel\"").count() <= 12);
    assert!(
        page.contains("not told") && page.contains("not drawn"),
        "what is left out is counted"
    );
}

#[test]
fn a_run_that_broke_nothing_has_a_page_as_well() {
    let history =
        sketch("[1,2] s1 put x a -> ok   \n 2 durable A x {a@A:1} \n [3,4] s1 get x -> {a} as g");
    let page = html(&bundle(&history), &history);
    assert_sound(&page);
    assert!(page.contains("nothing was broken") && !page.contains("id=\"why\""));
    let empty = History::new(Vec::new()).expect("it is well formed");
    assert_sound(&html(&bundle(&empty), &empty));
    assert_balanced(&svg(&bundle(&empty), &empty));
}
