//! Where settings come from.

use std::fmt::Write;

use crate::cli::settings::SETTINGS;

const HEAD: &str = "\
A flag goes before a variable of the environment, that before the profile, that before the default.
dyno config prints what is in force and where it comes from; dyno config -- FLAGS does so for a hunt with flags.

dyno.toml is looked for in the working folder and those above, or named with --config FILE or DYNO_CONFIG:

  [profile.default]        # inherited by all that do not say otherwise
  budget = \"30s\"

  [profile.ci]             # used where the variable CI is set
  budget = \"5m\"
  keep-going = true

  [profile.night]          # dyno hunt --profile night, or DYNO_PROFILE=night
  inherits = \"ci\"
  budget = \"45m\"
  preset = \"all\"

Of settings that exclude each other, as one seed and a number of runs, the one that goes before stays.

setting        variable             in a profile  of
";

pub(super) fn text() -> String {
    let mut out = String::from(HEAD);
    for setting in &SETTINGS {
        let in_profile = if setting.in_profile { "yes" } else { "no" };
        let of = if setting.everywhere {
            "every command"
        } else {
            "hunt"
        };
        let _ = writeln!(
            out,
            "{:<14} {:<20} {in_profile:<13} {of}",
            setting.name,
            setting.variable()
        );
    }
    out.push_str(
        "\ndyno hunt --help says what each does. dyno env lists the variables that tests read.\n",
    );
    out
}
