//! A failure on a cluster of processes: kept as it was seen, and tried in the simulator.

use super::super::args::Hunt;
use super::{Found, explained, save, save_as, save_page, save_page_as, smallest};
use crate::bundle;
use crate::campaign::{Campaign, Cause, Failure};

/// Real time cannot be shrunk, as no run repeats exactly. But where the same plan breaks the same promise in
/// the simulator too, it is made smaller and explained there.
pub(super) fn report_cause(
    args: &Hunt,
    campaign: &Campaign,
    cause: &Cause,
) -> Result<Found, String> {
    let seen = bundle::seen(campaign.target, &cause.failures[0]);
    // The same cause may be told from the simulator too, under its usual name.
    let name = format!("{}-seen", seen.fingerprint());
    let path = save_as(&args.out, &name, &seen)?;
    let page = save_page_as(&args.out, &name, &seen)?;
    let simulated: Vec<Failure> = cause
        .failures
        .iter()
        .filter_map(|failure| bundle::simulated(campaign.target, failure, campaign.budget))
        .collect();
    let Some(small) = smallest(campaign, &simulated) else {
        let flaw = campaign.target.flaw;
        let flaw = flaw.map_or_else(String::new, |flaw| format!(" --flaw {}", flaw.name()));
        let preset = campaign.preset.name();
        let again = format!(
            "in real time, so not exactly: dyno hunt --target cluster --preset {preset}{flaw} --seed {:#018x}",
            seen.seed
        );
        return Ok(Found {
            runs: cause.runs,
            bundle: seen,
            path,
            page,
            again: Some(again),
        });
    };
    let bundle = explained(campaign, small);
    let small = save(&args.out, &bundle)?;
    let again = format!(
        "dyno replay {}, in the simulator; as seen on processes: {}",
        small.display(),
        path.display()
    );
    let (path, page) = (small, save_page(&args.out, &bundle)?);
    Ok(Found {
        runs: cause.runs,
        bundle,
        path,
        page,
        again: Some(again),
    })
}
