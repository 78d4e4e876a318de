//! A scenario as text.
//!
//! Lines with `#` tell the story, lines indented by four spaces are what the command above them is
//! expected to print, and all other lines are commands:
//!
//! ```text
//! # What the paper says, and what happens here.
//!
//! cluster nodes=3 n=3 key=cart
//! get via=A key=cart
//!     nothing
//! ```

use super::difference::difference;

const MARGIN: &str = "    ";

/// A scenario, line by line.
#[derive(Debug)]
pub(super) struct Script(Vec<Part>);

#[derive(Debug)]
enum Part {
    /// A line of the story, or an empty one.
    Prose(String),
    Step(Step),
}

/// A command and what it is expected to print.
#[derive(Debug)]
pub(super) struct Step {
    /// Where the command is, from 1.
    pub(super) line: usize,
    pub(super) command: String,
    expected: Vec<String>,
}

/// A line that is wrong, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) line: usize,
    pub(super) why: String,
}

impl Mistake {
    pub(super) fn new(line: usize, why: impl Into<String>) -> Mistake {
        let why = why.into();
        Mistake { line, why }
    }
}

impl Script {
    pub(super) fn parse(text: &str) -> Result<Script, Mistake> {
        if !text.starts_with("# ") {
            return Err(Mistake::new(1, "a scenario begins with its story"));
        }
        let mut parts = Vec::new();
        for (line, content) in (1..).zip(text.lines()) {
            if let Some(answer) = content.strip_prefix(MARGIN) {
                match parts.last_mut() {
                    Some(Part::Step(step)) => step.expected.push(answer.to_owned()),
                    _ => return Err(Mistake::new(line, "there is no command above this")),
                }
            } else if content.is_empty() || content.starts_with('#') {
                parts.push(Part::Prose(content.to_owned()));
            } else if content.starts_with(char::is_whitespace) {
                return Err(Mistake::new(
                    line,
                    "what is expected has four spaces before it",
                ));
            } else {
                parts.push(Part::Step(Step {
                    line,
                    command: content.to_owned(),
                    expected: Vec::new(),
                }));
            }
        }
        Ok(Script(parts))
    }

    pub(super) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.0.iter().filter_map(|part| match part {
            Part::Step(step) => Some(step),
            Part::Prose(_) => None,
        })
    }

    /// Whether any command is expected to print something. If not, nothing can go wrong.
    pub(super) fn expects(&self) -> bool {
        self.steps().any(|step| !step.expected.is_empty())
    }

    /// Each step that told something else than expected, with the difference.
    pub(super) fn mistakes(&self, told: &[Vec<String>]) -> Vec<Mistake> {
        let both = self.steps().zip(told);
        let wrong = both.filter(|(step, told)| step.expected != **told);
        let mistakes = wrong.map(|(step, told)| {
            let difference = difference(&step.expected, told).join("\n  ");
            Mistake::new(step.line, format!("{}\n  {difference}", step.command))
        });
        mistakes.collect()
    }

    /// The text, with what was told in the place of what was expected.
    pub(super) fn rewritten(&self, told: &[Vec<String>]) -> String {
        let (mut text, mut told) = (String::new(), told.iter());
        for part in &self.0 {
            match part {
                Part::Prose(line) => text.push_str(line),
                Part::Step(step) => {
                    text.push_str(&step.command);
                    for line in told.next().into_iter().flatten() {
                        text.push('\n');
                        text.push_str(MARGIN);
                        text.push_str(line);
                    }
                }
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# A story.\n\none\n    1\n# More.\ntwo\n    2\n    3\n";

    fn lines(told: &[&[&str]]) -> Vec<Vec<String>> {
        let own = |lines: &&[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        told.iter().map(own).collect()
    }

    #[test]
    fn a_script_is_commands_and_what_they_print() {
        let script = Script::parse(TEXT).expect("the text is a script");
        let steps: Vec<_> = script
            .steps()
            .map(|it| (it.line, it.command.as_str()))
            .collect();
        assert_eq!(steps, [(3, "one"), (6, "two")]);
        assert!(script.expects());
        assert!(script.mistakes(&lines(&[&["1"], &["2", "3"]])).is_empty());
    }

    #[test]
    fn a_wrong_answer_is_shown_with_its_line() {
        let script = Script::parse(TEXT).expect("the text is a script");
        let mistakes = script.mistakes(&lines(&[&["1"], &["2", "4"]]));
        assert_eq!(mistakes, [Mistake::new(6, "two\n    2\n  - 3\n  + 4")]);
        let mistakes = script.mistakes(&lines(&[&[], &["2", "3", ""]]));
        assert_eq!(mistakes.len(), 2, "missing and additional lines are wrong");
    }

    #[test]
    fn rewriting_touches_nothing_but_answers() {
        let script = Script::parse(TEXT).expect("the text is a script");
        assert_eq!(script.rewritten(&lines(&[&["1"], &["2", "3"]])), TEXT);
        let rewritten = script.rewritten(&lines(&[&[], &["4"]]));
        assert_eq!(rewritten, "# A story.\n\none\n# More.\ntwo\n    4\n");
    }

    #[test]
    fn what_is_no_script_is_an_error() {
        let line = |text| Script::parse(text).expect_err("the text is no script").line;
        assert_eq!(line("one\n    1\n"), 1, "no story");
        assert_eq!(line("# A story.\n    1\n"), 2, "an answer to nothing");
        assert_eq!(
            line("# A story.\none\n\n    1\n"),
            4,
            "an answer to an empty line"
        );
        assert_eq!(line("# A story.\none\n  1\n"), 3, "two spaces");
        assert_eq!(line("# A story.\none\n\t1\n"), 3, "a tab");
    }
}
