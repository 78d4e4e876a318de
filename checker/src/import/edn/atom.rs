//! The smallest forms of EDN: numbers, strings, characters, names.

use super::form::{Kind, name};

/// Why a text is not EDN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// The text ends inside it.
    #[error("this {0} is never closed")]
    Unclosed(&'static str),
    /// A bracket that closes nothing.
    #[error("`{0}` closes nothing")]
    Stray(char),
    /// A bracket of another kind than the one it should close.
    #[error("`{found}` closes what `{open}` opened")]
    Crossed {
        /// The bracket that was opened last.
        open: &'static str,
        /// The one that was found.
        found: char,
    },
    /// A map with a key and no value.
    #[error("this map has a key without a value")]
    Odd,
    /// A key of a JSON object that is no string.
    #[error("the key of an object is a string")]
    Key,
    /// A tag or a `#_` that stands before nothing.
    #[error("`{0}` stands before nothing")]
    Dangling(String),
    /// A word that is no form.
    #[error("`{0}` is not EDN")]
    Word(String),
    /// A word that is no value of JSON.
    #[error("`{0}` is not JSON")]
    Json(String),
    /// A backslash in a string that means nothing.
    #[error("`\\{0}` is no escape")]
    Escape(String),
    /// More brackets inside each other than any history has.
    #[error("this is nested deeper than {0}")]
    Deep(usize),
}

/// A number, name, keyword, `nil`, `true` or `false`.
pub(super) fn word(word: &str) -> Result<Kind, Flaw> {
    let wrong = || Err(Flaw::Word(crate::import::error::excerpt(word)));
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    if digits.starts_with(|first: char| first.is_ascii_digit()) {
        return number(word, digits).map_or_else(wrong, Ok);
    }
    match word {
        "nil" => Ok(Kind::Nil),
        "true" => Ok(Kind::Bool(true)),
        "false" => Ok(Kind::Bool(false)),
        _ => match word.strip_prefix(':') {
            Some("") => wrong(),
            Some(name) if name.starts_with(':') => wrong(),
            Some(read) => Ok(Kind::Keyword(name(read))),
            None if word.starts_with(['\'', '`', '~', '@', '^']) => wrong(),
            None => Ok(Kind::Symbol(word.into())),
        },
    }
}

/// A number, of which only integers of 64 bits are understood; the others are kept as a text that equal ones
/// share: without a plus, without the `N` of an integer, floats as short as they can be.
fn number(word: &str, digits: &str) -> Option<Kind> {
    let sign = if word.starts_with('-') { "-" } else { "" };
    let kept = |digits: &str| Some(Kind::Number(format!("{sign}{digits}")));
    let decimal = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let whole = digits.strip_suffix('N').unwrap_or(digits);
    if decimal(whole) && (whole.len() == 1 || !whole.starts_with('0')) {
        return signed(word, whole, 10).map_or_else(|| kept(whole), |int| Some(Kind::Int(int)));
    }
    let (radix, rest) = if let Some(rest) = whole.strip_prefix("0x").or(whole.strip_prefix("0X")) {
        (16, rest)
    } else if let Some((radix, rest)) = whole.split_once(['r', 'R']) {
        (
            radix
                .parse()
                .ok()
                .filter(|radix| (2..=36).contains(radix))?,
            rest,
        )
    } else if decimal(whole) {
        (8, &whole[1..])
    } else {
        let real = digits.strip_suffix('M').unwrap_or(digits);
        let ratio = digits.split_once('/');
        let ratio = ratio.is_some_and(|(above, below)| decimal(above) && decimal(below));
        return match float(word) {
            Some(float) if is_real(digits) => Some(Kind::Number(float)),
            _ if ratio || is_real(real) => kept(digits),
            _ => None,
        };
    };
    if rest.is_empty() || !rest.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    signed(word, rest, radix).map_or_else(|| kept(whole), |int| Some(Kind::Int(int)))
}

/// The shortest text of a float; `None` of one that is too large.
fn float(word: &str) -> Option<String> {
    let float: f64 = word.parse().ok()?;
    // Both zeros are equal.
    float.is_finite().then(|| format!("{:?}", float + 0.0))
}

fn signed(word: &str, digits: &str, radix: u32) -> Option<i64> {
    let size = i128::from_str_radix(digits, radix).ok()?;
    i64::try_from(if word.starts_with('-') { -size } else { size }).ok()
}

/// Digits, a fraction, an exponent: as in `1.5`, `1.`, `2e-7`.
fn is_real(text: &str) -> bool {
    let decimal = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && decimal(digits)
    });
    !whole.is_empty() && decimal(whole) && decimal(fraction) && exponent_fits
}

/// What stands behind a backslash: `a`, `newline`, `u0041`, `o101`.
pub(super) fn character(name: &str) -> Result<Kind, Flaw> {
    let mut chars = name.chars();
    let only = chars.next().filter(|_| chars.next().is_none());
    let char = only.or_else(|| match name {
        "newline" => Some('\n'),
        "space" => Some(' '),
        "tab" => Some('\t'),
        "return" => Some('\r'),
        "formfeed" => Some('\u{c}'),
        "backspace" => Some('\u{8}'),
        _ => match name.split_at_checked(1)? {
            ("u", hex) if hex.len() == 4 => code(hex, 16),
            ("o", octal) if octal.len() <= 3 => code(octal, 8),
            _ => None,
        },
    });
    let wrong = || Flaw::Word(format!("\\{}", crate::import::error::excerpt(name)));
    char.map(Kind::Char).ok_or_else(wrong)
}

fn code(digits: &str, radix: u32) -> Option<char> {
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    char::from_u32(u32::from_str_radix(digits, radix).ok()?)
}

/// The escape that begins behind a backslash: what it means, and how many bytes it takes.
pub(super) fn escape(rest: &str) -> Result<(char, usize), Flaw> {
    let wrong = |length: usize| {
        let shown: String = rest.chars().take(length).collect();
        Err(Flaw::Escape(shown))
    };
    let Some(first) = rest.chars().next() else {
        return Err(Flaw::Unclosed("string"));
    };
    match first {
        't' => Ok(('\t', 1)),
        'r' => Ok(('\r', 1)),
        'n' => Ok(('\n', 1)),
        'b' => Ok(('\u{8}', 1)),
        'f' => Ok(('\u{c}', 1)),
        '\\' | '"' => Ok((first, 1)),
        'u' => {
            let unit = |at: usize| {
                let hex = rest.get(at..at + 4)?;
                let hex = Some(hex).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))?;
                u16::from_str_radix(hex, 16).ok()
            };
            let Some(high) = unit(1) else { return wrong(5) };
            if let Some(char) = char::from_u32(high.into()) {
                return Ok((char, 5));
            }
            let low = rest
                .get(5..7)
                .filter(|next| *next == "\\u")
                .and_then(|_| unit(7));
            let both = low.and_then(|low| char::decode_utf16([high, low]).next()?.ok());
            both.map_or_else(|| wrong(5), |char| Ok((char, 11)))
        }
        '0'..='7' => {
            let length = rest
                .bytes()
                .take(3)
                .take_while(|b| (b'0'..=b'7').contains(b))
                .count();
            code(&rest[..length], 8).map_or_else(|| wrong(3), |char| Ok((char, length)))
        }
        _ => wrong(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_64_bits_are_numbers_and_others_stay_text() {
        let int = |text: &str| word(text).expect(text);
        for (text, number) in [
            ("0", 0),
            ("-0", 0),
            ("+7", 7),
            ("-12", -12),
            ("3N", 3),
            ("0x1F", 31),
            ("0Xff", 255),
            ("017", 15),
            ("2r101", 5),
            ("36rZ", 35),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(int(text), Kind::Int(number), "{text}");
        }
        for (text, kept) in [
            ("9223372036854775808", "9223372036854775808"),
            ("+9223372036854775808", "9223372036854775808"),
            ("-9223372036854775809N", "-9223372036854775809"),
            ("1.5", "1.5"),
            ("+1.50", "1.5"),
            ("2.5M", "2.5M"),
            ("1e3", "1000.0"),
            ("1000.0", "1000.0"),
            ("-1.5E-7", "-1.5e-7"),
            ("-0.0", "0.0"),
            ("1e999", "1e999"),
            ("10/3", "10/3"),
            ("1.", "1.0"),
        ] {
            assert_eq!(int(text), Kind::Number(kept.into()));
        }
        let huge = "9".repeat(500);
        assert_eq!(int(&huge), Kind::Number(huge.clone()));
    }

    #[test]
    fn words_that_only_begin_like_a_number_are_refused() {
        for text in [
            "12abc", "0x", "0xg", "08", "1/x", "1e", "99r1", "1.5N", "-1x", "1r0",
        ] {
            assert_eq!(word(text), Err(Flaw::Word(text.into())), "{text}");
        }
    }

    #[test]
    fn names_are_read() {
        assert_eq!(word(":a.b/c-d"), Ok(Kind::Keyword("a.b/c-d".into())));
        assert_eq!(
            word("clojure.core$fn"),
            Ok(Kind::Symbol("clojure.core$fn".into()))
        );
        assert_eq!(word("-"), Ok(Kind::Symbol("-".into())));
        for text in [":", "::a", "^a", "@a"] {
            assert_eq!(word(text), Err(Flaw::Word(text.into())), "{text}");
        }
    }

    #[test]
    fn characters_are_read() {
        for (name, char) in [
            ("a", 'a'),
            ("newline", '\n'),
            ("u00e4", 'ä'),
            ("o101", 'A'),
            ("ü", 'ü'),
        ] {
            assert_eq!(character(name), Ok(Kind::Char(char)));
        }
        for name in ["", "nonsense", "ud800", "u12", "o999", "üü"] {
            assert!(character(name).is_err(), "{name}");
        }
    }

    #[test]
    fn escapes_are_read() {
        assert_eq!(escape("n…"), Ok(('\n', 1)));
        assert_eq!(escape("u00e4x"), Ok(('ä', 5)));
        assert_eq!(escape("ud83d\\ude00"), Ok(('😀', 11)));
        assert_eq!(escape("101"), Ok(('A', 3)));
        for text in ["x", "u12", "ud83d", "u+123", "ud83d\\u0041", "äöü"] {
            assert!(matches!(escape(text), Err(Flaw::Escape(_))), "{text}");
        }
    }
}
