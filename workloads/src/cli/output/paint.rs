//! Colours where they help: marks of verdicts, and headings. Nothing is told by a colour alone.

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// Words that begin a line and say what it is about.
const HEADINGS: [&str; 16] = [
    "hunt",
    "preset",
    "exercised",
    "never",
    "determinism",
    "worth",
    "interrupted",
    "explore",
    "calls",
    "bounds",
    "searched",
    "demo",
    "found",
    "missed",
    "saved",
    "shards",
];

/// The text with colours.
pub(super) fn paint(text: &str) -> String {
    text.split_inclusive('\n').map(line).collect()
}

fn line(line: &str) -> String {
    // A command to GitHub is read by a machine.
    if line.starts_with("::") {
        return line.to_owned();
    }
    let end = line.trim_end_matches('\n').len();
    let (body, rest) = line.split_at(end);
    if let Some(title) = body.strip_prefix("✗ ") {
        return format!("{RED}✗{PLAIN} {BOLD}{}{PLAIN}{rest}", marks(title));
    }
    if body.starts_with("error: ") || body == "error:" {
        return format!("{RED}{BOLD}error{PLAIN}{}{rest}", &body["error".len()..]);
    }
    let heading = HEADINGS.iter().find(|heading| {
        body.strip_prefix(**heading)
            .is_some_and(|after| after.starts_with(' ') || after.is_empty())
    });
    if let Some(heading) = heading {
        let after = marks(&body[heading.len()..]);
        return format!("{BOLD}{heading}{PLAIN}{after}{rest}");
    }
    let open = body.trim_start_matches(' ');
    if let Some(after) = open.strip_prefix("? ") {
        let indent = &body[..body.len() - open.len()];
        return format!("{indent}{YELLOW}?{PLAIN} {}{rest}", marks(after));
    }
    marks(body) + rest
}

fn marks(text: &str) -> String {
    if !text.contains(['✗', '✓']) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for sign in text.chars() {
        let colour = match sign {
            '✗' => RED,
            '✓' => GREEN,
            _ => {
                out.push(sign);
                continue;
            }
        };
        out.push_str(colour);
        out.push(sign);
        out.push_str(PLAIN);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left without colours.
    fn bare(text: &str) -> String {
        let mut out = text.to_owned();
        for code in [RED, GREEN, YELLOW, BOLD, PLAIN] {
            out = out.replace(code, "");
        }
        out
    }

    #[test]
    fn colours_add_nothing_and_take_nothing_away() {
        let said = "✗ lost  n1\n\n  ✓ held ✗ broken\n? open\nhunt      runs 7\nhunting\n::error title=✗::x\nend";
        let painted = paint(said);
        assert_eq!(bare(&painted), said);
        assert!(
            painted.contains("\x1b[31m✗\x1b[0m \x1b[1mlost"),
            "{painted}"
        );
        assert!(painted.contains("\x1b[32m✓\x1b[0m held"), "{painted}");
        assert!(painted.contains("\x1b[33m?\x1b[0m open"), "{painted}");
        assert!(painted.contains("\x1b[1mhunt\x1b[0m "), "{painted}");
        assert!(painted.contains("\nhunting\n"), "{painted}");
        assert!(painted.contains("\n::error title=✗::x\n"), "{painted}");
    }
}
