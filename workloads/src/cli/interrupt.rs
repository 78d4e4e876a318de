//! Ctrl-C during a hunt: it ends soon and is reported; the second time the process ends at once. Other commands
//! have nothing to say of a part of their work, and end at once.

use std::process;

use super::output::complain;
use crate::campaign;

/// Listens from now on.
pub(super) fn listen() {
    // Where no handler can be set, Ctrl-C ends the process at once, as it does by itself.
    let _ = ctrlc::set_handler(|| {
        if campaign::is_interrupted() {
            process::exit(130);
        }
        campaign::interrupt();
        complain("\ninterrupted: what is known so far is reported; once more ends at once");
    });
}
