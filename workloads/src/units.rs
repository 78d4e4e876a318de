//! Seeds and times as people write them, in flags and in the environment; and numbers as they read them.

use std::time::Duration;

/// A seed: decimal, or hexadecimal after 0x.
pub(crate) fn number(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.map_err(|wrong| format!("{wrong}; a seed is a 64-bit number, decimal or 0x…"))
}

/// A time with its unit.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let count: u64 = digits
        .parse()
        .map_err(|_| "it starts with a whole number, as in 30s")?;
    let millis = match unit {
        "ms" => Some(count),
        "s" => count.checked_mul(1_000),
        "m" => count.checked_mul(60_000),
        "h" => count.checked_mul(3_600_000),
        _ => return Err("its unit is ms, s, m or h, as in 30s".into()),
    };
    match millis {
        Some(0) => Err("it must be longer than nothing".into()),
        Some(millis) if millis <= 366 * 24 * 3_600_000 => Ok(Duration::from_millis(millis)),
        _ => Err("it is longer than a year".into()),
    }
}

pub(crate) use checker::report::grouped;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_need_a_unit_and_a_sane_length() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        for wrong in [
            "",
            "s",
            "30",
            "0s",
            "-1s",
            "1.5s",
            "99999999999999999999s",
            "9000000h",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seeds_are_decimal_or_hexadecimal() {
        assert_eq!(number("0xff"), Ok(255));
        assert_eq!(number("18446744073709551615"), Ok(u64::MAX));
        for wrong in ["", "0x", "ff", "-1", "18446744073709551616"] {
            assert!(number(wrong).is_err(), "{wrong}");
        }
    }
}
