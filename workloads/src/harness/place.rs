//! Where a test stands: its name, and the command that runs it alone.

use std::fmt;
use std::panic::Location;
use std::path::{Path, PathBuf};

/// A test as cargo knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The binary that holds it: `replication` for `tests/replication.rs`.
    binary: String,
    /// Its path in the binary; `None` where no thread is named after it.
    test: Option<String>,
    /// Which of the binaries of a package that is.
    kind: Kind,
    package: Option<String>,
    line: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Lib,
    Bin,
    Test,
    Example,
    Bench,
    Doc,
}

impl Place {
    /// The test that runs on this thread and called from there; `said` is the name that it gave itself.
    pub(super) fn here(said: Option<&str>, at: &Location<'_>) -> Self {
        let exe = std::env::current_exe().unwrap_or_default();
        let thread = std::thread::current();
        // Threads of tests are named after them; `main` is no name.
        let named = thread.name().filter(|name| *name != "main");
        Place::of(&exe, named.or(said), at.file(), at)
    }

    fn of(exe: &Path, test: Option<&str>, file: &str, at: &Location<'_>) -> Self {
        let stem = exe
            .file_stem()
            .map_or_else(|| "test".into(), |stem| stem.to_string_lossy().into_owned());
        Place {
            binary: without_hash(&stem).to_owned(),
            test: test.map(str::to_owned),
            kind: kind(exe, file),
            package: std::env::var("CARGO_PKG_NAME").ok(),
            line: at.to_string(),
        }
    }

    /// The command that runs this test on a bundle, for a shell. The path must be absolute: cargo runs
    /// tests in the folder of their package.
    pub(super) fn replay(&self, bundle: &Path) -> String {
        self.command(&format!("DYNO_REPLAY={}", quoted(bundle)))
    }

    /// The command that runs this test with a variable set.
    pub(super) fn command(&self, variable: &str) -> String {
        let mut words = vec![variable.to_owned(), "cargo test".into()];
        if let Some(package) = &self.package {
            words.push(format!("-p {package}"));
        }
        words.push(match self.kind {
            Kind::Lib => "--lib".into(),
            Kind::Doc => "--doc".into(),
            Kind::Bin => format!("--bin {}", self.binary),
            Kind::Test => format!("--test {}", self.binary),
            Kind::Example => format!("--example {}", self.binary),
            Kind::Bench => format!("--bench {}", self.binary),
        });
        match &self.test {
            Some(test) if self.kind != Kind::Doc => words.push(format!("-- --exact {test}")),
            _ => {}
        }
        words.join(" ")
    }

    /// The file and line that the test called from.
    pub(super) fn line(&self) -> &str {
        &self.line
    }

    /// A name for files.
    pub(super) fn file_name(&self) -> String {
        let odd = |c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-';
        self.to_string()
            .replace("::", ".")
            .replace(|c: char| odd(c) && c != '.', "_")
    }
}

/// `replication::replicas`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.binary)?;
        self.test.iter().try_for_each(|test| write!(f, "::{test}"))
    }
}

/// Where bundles go unless somebody says so: `dyno` in the folder that cargo builds into.
pub(super) fn out() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    let mut folders = exe.ancestors().skip(1);
    let built = folders.find(|folder| folder.ends_with("deps") || folder.ends_with("examples"));
    let target = built.and_then(|deps| deps.parent()?.parent());
    let target = target.map_or_else(|| PathBuf::from("target"), Path::to_owned);
    std::path::absolute(target.join("dyno")).unwrap_or_else(|_| target.join("dyno"))
}

/// The folder of the package under test; cargo says so to tests, too.
pub(super) fn package_folder() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// Cargo adds a hash to the names of test binaries.
fn without_hash(stem: &str) -> &str {
    match stem.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.chars().all(|c| c.is_ascii_hexdigit()) => {
            name
        }
        _ => stem,
    }
}

fn kind(exe: &Path, file: &str) -> Kind {
    let folder = exe.parent().and_then(Path::file_name);
    let folder = folder.map(|name| name.to_string_lossy().into_owned());
    let folders: Vec<&str> = file.split(['/', '\\']).collect();
    let inside = |name: &str| folders.contains(&name);
    match folder.as_deref() {
        Some("examples") => Kind::Example,
        Some("deps") if inside("tests") => Kind::Test,
        Some("deps") if inside("examples") => Kind::Example,
        Some("deps") if inside("benches") => Kind::Bench,
        Some("deps") if inside("bin") || file.ends_with("src/main.rs") => Kind::Bin,
        Some("deps") if inside("src") => Kind::Lib,
        Some("deps") => Kind::Test,
        _ => Kind::Doc,
    }
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@".contains(c);
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(exe: &str, test: Option<&str>, file: &str) -> Place {
        let package = Some("shop".into());
        let place = Place::of(Path::new(exe), test, file, Location::caller());
        Place { package, ..place }
    }

    #[test]
    fn each_binary_of_a_package_has_its_flag() {
        for (exe, file, flag) in [
            (
                "t/debug/deps/carts-0123456789abcdef",
                "shop/tests/carts.rs",
                "--test carts",
            ),
            (
                "t/debug/deps/suite-0123456789abcdef",
                "tests/suite/main.rs",
                "--test suite",
            ),
            (
                "t/debug/deps/shop-0123456789abcdef",
                "src/store.rs",
                "--lib",
            ),
            (
                "t/debug/deps/shopd-0123456789abcdef",
                "src/bin/shopd.rs",
                "--bin shopd",
            ),
            (
                "t/debug/examples/cart-0123456789abcdef",
                "examples/cart.rs",
                "--example cart",
            ),
        ] {
            let place = place(exe, Some("a::keeps"), file);
            assert_eq!(
                place.replay(Path::new("/out/x.json")),
                format!("DYNO_REPLAY=/out/x.json cargo test -p shop {flag} -- --exact a::keeps")
            );
        }
    }

    #[test]
    fn a_test_without_a_name_is_run_with_its_neighbours() {
        let place = place("doctests/rust_out", None, "src/lib.rs");
        assert_eq!(place.to_string(), "rust_out");
        assert_eq!(
            place.replay(Path::new("/my out/it's.json")),
            r"DYNO_REPLAY='/my out/it'\''s.json' cargo test -p shop --doc"
        );
    }

    #[test]
    fn names_of_files_have_no_colons() {
        let place = place(
            "deps/carts-0123456789abcdef",
            Some("a::b"),
            "tests/carts.rs",
        );
        assert_eq!(place.to_string(), "carts::a::b");
        assert_eq!(place.file_name(), "carts.a.b");
        let here = Place::here(None, Location::caller());
        assert!(
            here.to_string().ends_with("names_of_files_have_no_colons"),
            "{here}"
        );
    }
}
