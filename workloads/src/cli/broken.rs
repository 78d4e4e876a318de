//! What is said when dyno itself is broken.

use std::env;
use std::panic::{self, PanicHookInfo};

use super::output::complain;
use crate::bundle::SOURCE;

/// From now on a panic says what to report.
pub(super) fn tell() {
    panic::set_hook(Box::new(|info| complain(&told(info))));
}

fn told(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let at = info
        .location()
        .map_or(String::new(), |place| format!(" at {place}"));
    let args: Vec<String> = env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    format!(
        "error: dyno itself is broken{at}: {}\n  please report this line, and: dyno {}, source {SOURCE}, {} {}",
        text.unwrap_or("no reason is known"),
        args.join(" "),
        env::consts::OS,
        env::consts::ARCH,
    )
}
