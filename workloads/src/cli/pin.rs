//! `dyno pin`: the bundle of a failing test becomes a file that the test runs first.

use std::fs;
use std::path::Path;

use super::args::Pin;
use super::exit::Exit;
use super::output::tell;
use crate::bundle;
use crate::harness::recorded;

pub(super) fn pin(args: &Pin) -> Result<Exit, String> {
    let file = args.file.display();
    let wrong = |why: String| format!("cannot pin {file}: {why}");
    let bundle = recorded::load(&args.file).map_err(wrong)?;
    let test = recorded::test(&bundle).map_err(wrong)?;
    if let Err(why) = bundle::plan(&bundle) {
        return Err(wrong(why.to_string()));
    }
    if bundle.counterexample.is_none() {
        return Err(wrong("nothing was broken in it".into()));
    }
    let name = args
        .file
        .file_stem()
        .ok_or_else(|| wrong("it has no name".into()))?;
    let to = args.dir.join(Path::new(name).with_extension("json"));
    let text = bundle.write();
    match fs::read(&to) {
        Ok(there) if there != text.as_bytes() => {
            let to = to.display();
            return Err(wrong(format!(
                "{to} is another pin already; rename one of them"
            )));
        }
        _ => {}
    }
    let written = fs::create_dir_all(&args.dir).and_then(|()| fs::write(&to, &text));
    written.map_err(|why| format!("cannot write {}: {why}", to.display()))?;
    let to = to.display();
    tell(&format!(
        "wrote {to}; the test {test} runs it first. Commit it.\n"
    ));
    Ok(Exit::Fine)
}
