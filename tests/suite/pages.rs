//! What pages and pictures look like: those of bundles that were kept are the same for ever, byte for byte,
//! and a browser shows them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use checker::report::{Bundle, html, svg};

fn kept() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/pages");
    let files = fs::read_dir(folder).expect("the folder is part of the project");
    let paths = files.map(|file| file.expect("it was listed").path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// Whoever changes what pages look like writes these anew with `dyno report`, and looks at them.
#[test]
fn kept_pages_and_pictures_are_as_they_were() {
    let bundles = kept();
    assert!(bundles.len() >= 6, "{} bundles", bundles.len());
    for path in bundles {
        let (bundle, history) = Bundle::read(read(&path).as_bytes()).expect("it is a bundle");
        for (format, made) in [
            ("html", html(&bundle, &history)),
            ("svg", svg(&bundle, &history)),
        ] {
            let file = path.with_extension(format);
            if format == "html" && !file.exists() {
                continue;
            }
            let same = read(&file) == made;
            let (from, to) = (path.display(), file.display());
            assert!(
                same,
                "{to} is another: dyno report {from} --format {format} --out {to}"
            );
        }
    }
}

#[test]
fn a_kept_page_says_who_did_what_and_when() {
    for path in kept() {
        let (bundle, history) = Bundle::read(read(&path).as_bytes()).expect("it is a bundle");
        let page = html(&bundle, &history);
        let (read, again) = Bundle::read(page.as_bytes()).expect("a page holds its bundle");
        assert_eq!((&read, &again), (&bundle, &history));
        let explanation = bundle.explanation.as_ref().expect("it is explained");
        if let Some(decision) = &explanation.decision {
            let sentence = decision.sentence.replace('\'', "&#39;");
            assert!(page.contains(&sentence), "{}", path.display());
            let (_, section) = page.split_once("id=\"decision\"").expect("its section");
            let remark = section.split("</h2>").next().expect("its heading");
            let at = format!("at {} ms", decision.at.0 / 1000);
            assert!(remark.contains(&at), "{}: {at}", path.display());
            assert!(remark.contains("on n"), "{}", path.display());
        }
        let picture = svg(&bundle, &again);
        let marked = picture.contains("class=\"kill\"") || picture.contains("class=\"wrong\"");
        let answered = picture.contains("class=\"op badop\"");
        assert!(marked || answered, "{}: nothing is red", path.display());
        let told = page.matches("class=\"sb bad\"").count();
        let drawn = picture.matches("class=\"badge bad\"").count();
        assert_eq!(told, drawn, "{}: steps in red", path.display());
    }
}

/// A browser without a window, where one is installed.
fn browser() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names.into_iter().find(|name| {
        let mut asked = Command::new(name);
        asked
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        asked.status().is_ok_and(|status| status.success())
    })
}

/// What the browser prints and complains about; it is stopped where it does not end by itself.
fn browse(browser: &str, folder: &Path, arguments: &[&str]) -> (String, String) {
    let file = |name: &str| fs::File::create(folder.join(name)).expect("it can be written");
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let mut child = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
        ])
        .args([
            "--enable-logging=stderr",
            "--virtual-time-budget=2000",
            &profile,
        ])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(file("stdout"))
        .stderr(file("stderr"))
        .spawn()
        .expect("it begins");
    let begun = Instant::now();
    while child.try_wait().expect("it is ours").is_none() {
        if begun.elapsed() > Duration::from_secs(90) {
            child.kill().expect("it is ours");
            panic!("{browser} did not end: {arguments:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    (read(&folder.join("stdout")), read(&folder.join("stderr")))
}

/// Width and height of an image in PNG.
fn size(path: &Path) -> (u32, u32) {
    let bytes = fs::read(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let number = |at: usize| {
        let bytes = bytes[at..at + 4].try_into().expect("four bytes");
        u32::from_be_bytes(bytes)
    };
    assert!(bytes.len() > 10_000, "an empty image");
    (number(16), number(20))
}

#[test]
fn a_browser_shows_the_page_and_runs_its_script_under_its_policy() {
    let Some(browser) = browser() else {
        println!("not looked at in a browser: none of chromium and google-chrome is installed");
        return;
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("it can be made");
    for path in kept() {
        let (bundle, history) = Bundle::read(read(&path).as_bytes()).expect("it is a bundle");
        let stem = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let page = folder.join(format!("{stem}.html"));
        fs::write(&page, html(&bundle, &history)).expect("it can be written");
        let url = format!("file://{}#step=1", page.display());
        let (dom, complaints) = browse(browser, &folder, &["--dump-dom", &url]);
        assert!(
            dom.contains("data-script=\"on\""),
            "the script ran to its end: {complaints}"
        );
        let current = dom.matches("aria-current=\"step\"").count();
        assert_eq!(current, 1, "{stem}: step 1 is current");
        assert!(
            dom.contains("class=\"ev off\""),
            "step 1 hides what comes later"
        );
        for word in ["Content Security Policy", "CONSOLE", "Uncaught"] {
            assert!(!complaints.contains(word), "{stem}: {complaints}");
        }
    }
    let page = folder.join("false-conflict.html");
    let url = format!("file://{}", page.display());
    let mut images = Vec::new();
    for (name, wide, more) in [
        ("narrow", 390, &[][..]),
        ("light", 1280, &[]),
        ("dark", 1280, &["--force-dark-mode"]),
    ] {
        let image = folder.join(format!("{name}.png"));
        let to = format!("--screenshot={}", image.display());
        let window = format!("--window-size={wide},2400");
        browse(
            browser,
            &folder,
            &[&[to.as_str(), &window], more, &[&url]].concat(),
        );
        assert_eq!(size(&image), (wide, 2400), "{name}");
        images.push(fs::read(&image).expect("it is there"));
    }
    assert_ne!(
        images[1], images[2],
        "the page follows the theme of the system"
    );
}
