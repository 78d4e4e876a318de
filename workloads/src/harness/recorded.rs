//! Bundles of tests as files: written when a test fails, read again as pins and for replays.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use checker::report::{Bundle, html};

use super::place::Place;
use super::terms::Terms;
use crate::bundle::{self, OF_TEST};
use crate::plan::{Call, Plan};

/// A bundle that this test can run again.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) file: PathBuf,
    pub(super) bundle: Bundle,
    pub(super) plan: Plan,
}

impl Recorded {
    pub(super) fn title(&self) -> String {
        self.bundle.title()
    }
}

/// A bundle that could not be written, so that it has to be told instead.
#[derive(Clone, Debug)]
pub(super) struct Unsaved {
    pub(super) why: String,
    pub(super) bytes: Vec<u8>,
}

/// Writes a bundle, in a file that no other test writes, and its page beside it.
pub(super) fn save(out: &Path, place: &Place, bundle: &Bundle) -> Result<PathBuf, Unsaved> {
    let name = format!("{}-{}.json", place.file_name(), bundle.fingerprint());
    let (path, text) = (out.join(name), bundle.write());
    let written = fs::create_dir_all(out).and_then(|()| fs::write(&path, &text));
    match written {
        Ok(()) => {
            if let Ok((bundle, history)) = Bundle::read(text.as_bytes()) {
                // The bundle has all of it: without the page nothing is lost, and `dyno report` makes it.
                let _ = fs::write(path.with_extension("html"), html(&bundle, &history));
            }
            Ok(path)
        }
        Err(why) => Err(Unsaved {
            why: format!("cannot write {}: {why}", path.display()),
            bytes: text.into_bytes(),
        }),
    }
}

/// The pins of this test, by name.
///
/// # Errors
/// A pin that cannot be read, or that no test has: nobody would ever run it.
pub(super) fn pins(folder: &Path, place: &Place) -> Result<Vec<PathBuf>, String> {
    let unreadable = |why: io::Error| format!("{}: {why}", folder.display());
    let entries = match fs::read_dir(folder) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(unreadable)?,
    };
    let mut pins = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let bundle = load(&path).map_err(|why| format!("{}: {why}", path.display()))?;
        let test = test(&bundle).map_err(|why| format!("{}: {why}", path.display()))?;
        if test == place.to_string() {
            pins.push(path);
        }
    }
    pins.sort();
    Ok(pins)
}

/// Reads a bundle that this test can run under these terms.
pub(super) fn read(file: &Path, place: &Place, terms: &Terms) -> Result<Recorded, String> {
    let bundle = load(file)?;
    let test = test(&bundle)?;
    if test != place.to_string() {
        return Err(format!("it is of the test {test}, and this is {place}"));
    }
    let found = bundle.counterexample.as_ref();
    let promise = found.ok_or("nothing was broken in it")?.promise;
    if !terms.promises.contains(&promise) {
        return Err(format!(
            "it broke {promise}, which this test does not judge"
        ));
    }
    let plan = bundle::plan(&bundle).map_err(|why| why.to_string())?;
    if plan.shape != terms.shape {
        return Err(format!(
            "its cluster is not this test's: {}, and here {}",
            plan.shape, terms.shape
        ));
    }
    if let Some(step) = foreign_context(&plan) {
        return Err(format!(
            "step {step} of its plan passes no context of its key"
        ));
    }
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    Ok(Recorded { file, bundle, plan })
}

/// Reads a bundle.
pub(crate) fn load(file: &Path) -> Result<Bundle, String> {
    let bytes = fs::read(file).map_err(|why| why.to_string())?;
    let (bundle, _) = Bundle::read(&bytes).map_err(|why| why.to_string())?;
    Ok(bundle)
}

/// The test that recorded a bundle.
pub(crate) fn test(bundle: &Bundle) -> Result<&str, String> {
    let test = bundle.target.strip_prefix(OF_TEST);
    test.ok_or_else(|| {
        let target = &bundle.target;
        format!("it was recorded of {target:?} and not by a test, so no test runs it")
    })
}

/// The first step that passes a context which no get of its key has given before.
fn foreign_context(plan: &Plan) -> Option<u32> {
    let gets = plan.steps.iter().filter_map(|step| match &step.call {
        Call::Get { key } => Some((step.id, key.as_str())),
        _ => None,
    });
    let gets: BTreeMap<u32, &str> = gets.collect();
    let foreign = plan.steps.iter().find(|step| match &step.call {
        Call::Get { .. } | Call::Retry { .. } | Call::PutForged { .. } | Call::Change { .. } => {
            false
        }
        Call::Put { key, context } | Call::Delete { key, context } => {
            // A get that was shrunk away gives no context, which is a blind write.
            context.is_some_and(|get| gets.get(&get).is_some_and(|read| read != key))
        }
    });
    foreign.map(|step| step.id)
}
