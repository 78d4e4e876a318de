//! The share of runs that is run twice, once more in another process.

use crate::campaign::{Campaign, Tally, Trouble};
use crate::cli::output::note;
use crate::cli::status::Status;
use crate::elsewhere::{Elsewhere, Parted, Silent};

/// Runs there what was run twice here, with another number of threads. What goes another way is trouble, as if
/// it had done so here.
pub(super) fn elsewhere(campaign: &Campaign, tally: &mut Tally) {
    if tally.ways.is_empty() || tally.trouble.is_some() {
        return;
    }
    let what = || format!("rerun {} runs in another process", tally.ways.len());
    match Status::during(what, || parted(campaign, tally)) {
        Ok(None) => tally.elsewhere = tally.ways.len() as u64,
        Ok(Some(Parted { seed, event })) => {
            let event = event.unwrap_or("two runs of it differ".to_owned());
            let said = format!("in another process, {event}");
            tally.trouble = Some(Trouble::TwoWays(seed, Some(said)));
        }
        Err(why) => note(&format!(
            "nothing is known of reruns in another process: {why}"
        )),
    }
}

fn parted(campaign: &Campaign, tally: &Tally) -> Result<Option<Parted>, Silent> {
    let program = std::env::current_exe();
    let program = program.map_err(|why| Silent::Unstarted(why.to_string()))?;
    let other = Elsewhere {
        program,
        preset: campaign.preset,
        target: campaign.target,
        jobs: if campaign.jobs > 1 { 1 } else { 2 },
    };
    other.parted(campaign.target, &tally.ways)
}
