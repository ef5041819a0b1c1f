//! Numerals as `read("n")` takes them from a file: where one ends, and what it is worth.
//!
//! Both follow Lua 5.4: `read_number` of its liolib.c, and `luaO_str2num` of its lobject.c.

/// A numeral has so many characters at most.
const LONGEST: usize = 200;

/// The value of a numeral.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::lua) enum Number {
    Integer(i64),
    Float(f64),
}

/// What stands where a numeral is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Numeral {
    /// The bytes that belong to it, which are read whether it is valid or not.
    pub(super) length: usize,
    /// Its value; none where it is not valid.
    pub(super) value: Option<Number>,
}

/// The numeral that bytes begin with; none where its end shows only with more of them.
pub(super) fn scan(bytes: &[u8], is_end: bool) -> Option<Numeral> {
    let mut scan = Scan {
        bytes,
        at: 0,
        is_starved: false,
        is_too_long: false,
    };
    scan.any_of(b"+-");
    let mut has_digits = false;
    let mut is_hex = false;
    if scan.any_of(b"0") {
        is_hex = scan.any_of(b"xX");
        has_digits = !is_hex;
    }
    has_digits |= scan.digits(is_hex);
    if scan.any_of(b".") {
        has_digits |= scan.digits(is_hex);
    }
    if has_digits && scan.any_of(if is_hex { b"pP" } else { b"eE" }) {
        scan.any_of(b"+-");
        scan.digits(false);
    }
    if scan.is_starved && !is_end {
        return None;
    }
    let value = if scan.is_too_long {
        None
    } else {
        value(&bytes[..scan.at])
    };
    Some(Numeral {
        length: scan.at,
        value,
    })
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Whether a byte was wanted that is not there yet.
    is_starved: bool,
    is_too_long: bool,
}

impl Scan<'_> {
    /// Passes the next byte where it is one of those that are wanted.
    fn next_is(&mut self, is_wanted: impl Fn(u8) -> bool) -> bool {
        let Some(&next) = self.bytes.get(self.at) else {
            self.is_starved = true;
            return false;
        };
        if !is_wanted(next) {
            return false;
        }
        if self.at == LONGEST {
            self.is_too_long = true;
            return false;
        }
        self.at += 1;
        true
    }

    fn any_of(&mut self, set: &[u8]) -> bool {
        self.next_is(|byte| set.contains(&byte))
    }

    fn digits(&mut self, is_hex: bool) -> bool {
        let start = self.at;
        while self.next_is(|byte| {
            if is_hex {
                byte.is_ascii_hexdigit()
            } else {
                byte.is_ascii_digit()
            }
        }) {}
        self.at > start
    }
}

fn value(text: &[u8]) -> Option<Number> {
    let (is_negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if let [b'0', b'x' | b'X', hex @ ..] = digits {
        return hex_value(hex, is_negative);
    }
    if !digits.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
        && let Ok(integer) = str::from_utf8(text).unwrap_or_default().parse()
    {
        return Some(Number::Integer(integer));
    }
    // Rust takes the same numerals as C here, because only digits, a point, an exponent and signs
    // came so far.
    str::from_utf8(text).ok()?.parse().ok().map(Number::Float)
}

/// What follows `0x`: an integer, which wraps around, or a float where there is a point or an
/// exponent.
fn hex_value(text: &[u8], is_negative: bool) -> Option<Number> {
    if !text.is_empty() && text.iter().all(u8::is_ascii_hexdigit) {
        let bits = text
            .iter()
            .fold(0u64, |bits, digit| (bits << 4) | nibble(*digit));
        let integer = bits.cast_signed();
        return Some(Number::Integer(if is_negative {
            integer.wrapping_neg()
        } else {
            integer
        }));
    }
    let end = text
        .iter()
        .position(|byte| matches!(byte, b'p' | b'P'))
        .unwrap_or(text.len());
    let exponent = match text.get(end + 1..) {
        None => 0,
        Some(exponent) => saturating(exponent)?,
    };
    let mut bits = 0_u64;
    let mut power = 0_i64;
    let mut has_digits = false;
    let mut is_fraction = false;
    for byte in &text[..end] {
        if *byte == b'.' {
            is_fraction = true;
            continue;
        }
        has_digits = true;
        power -= if is_fraction { 4 } else { 0 };
        if bits >> 60 == 0 {
            bits = (bits << 4) | nibble(*byte);
        } else {
            // The last bit stands for all that follow: only rounding asks for them.
            bits |= u64::from(*byte != b'0');
            power += 4;
        }
    }
    let float = scaled(bits, power.saturating_add(exponent));
    has_digits.then_some(Number::Float(if is_negative { -float } else { float }))
}

fn nibble(digit: u8) -> u64 {
    u64::from(char::from(digit).to_digit(16).unwrap_or_default())
}

/// A whole number in decimal; one that is too large for any float is as good as the largest.
fn saturating(text: &[u8]) -> Option<i64> {
    let digits = text
        .strip_prefix(b"-")
        .or(text.strip_prefix(b"+"))
        .unwrap_or(text);
    if digits.is_empty() {
        return None;
    }
    let size = digits.iter().fold(0i64, |sum, digit| {
        (sum * 10 + i64::from(digit - b'0')).min(1_000_000)
    });
    Some(if text.starts_with(b"-") { -size } else { size })
}

/// `bits * 2^power`, rounded once to the nearest float.
fn scaled(bits: u64, power: i64) -> f64 {
    let shift = i64::from(bits.leading_zeros());
    // The power of the highest bit.
    let highest = power - shift + 63;
    if bits == 0 || highest < -1075 {
        return 0.0;
    }
    let bits = bits << shift;
    // A float keeps 53 bits; below 2^-1022 each power fewer costs one of them.
    let kept = (highest + 1075).clamp(0, 53);
    let (mut whole, rest) = if kept == 0 {
        (0, bits)
    } else {
        (bits >> (64 - kept), bits << kept)
    };
    let half = 1 << 63;
    if rest > half || (rest == half && whole & 1 == 1) {
        whole += 1;
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "it has 54 bits at most, of which the last is 0"
    )]
    let float = whole as f64;
    float * power_of_two((highest - kept + 1).min(1023))
}

/// From 2^-1074 to 2^1023.
fn power_of_two(exponent: i64) -> f64 {
    let bits = if exponent < -1022 {
        1 << (exponent + 1074)
    } else {
        (exponent + 1023) << 52
    };
    f64::from_bits(bits.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::{Number, Numeral, scan};

    fn whole(text: &str) -> Option<Number> {
        let Numeral { length, value } = scan(text.as_bytes(), true).unwrap();
        assert!(
            value.is_none() || length == text.len(),
            "{text} is read up to {length}"
        );
        value
    }

    fn is_float(text: &str, value: f64) {
        assert_eq!(whole(text), Some(Number::Float(value)), "{text}");
    }

    #[test]
    fn integers_are_exact_and_become_floats_beyond_64_bits() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("+7", 7),
            ("007", 7),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("0x10", 16),
            ("-0xffff", -65535),
            ("0XABC", 2748),
            (
                "0xDEADBEEFDEADBEEF",
                0xDEAD_BEEF_DEAD_BEEF_u64.cast_signed(),
            ),
            ("0x1ffffffffffffffff", -1),
        ] {
            assert_eq!(whole(text), Some(Number::Integer(value)), "{text}");
        }
        is_float("9223372036854775808", 9_223_372_036_854_775_808.0);
        is_float("-9223372036854775809", -9_223_372_036_854_775_808.0);
    }

    #[test]
    fn floats_have_a_point_or_an_exponent() {
        for (text, value) in [
            ("-.5", -0.5),
            (".3", 0.3),
            ("5.", 5.0),
            ("0.", 0.0),
            ("5.E-3", 5e-3),
            ("+234e+13", 234e13),
            ("1e999", f64::INFINITY),
            ("-1e999", f64::NEG_INFINITY),
            ("1e-999", 0.0),
        ] {
            is_float(text, value);
        }
    }

    #[test]
    fn hexadecimal_floats_round_once() {
        for (text, value) in [
            ("0x1.8p+1", 3.0),
            ("0xep1", 28.0),
            ("0x.8", 0.5),
            ("0x8.", 8.0),
            ("0xABCp-3", 343.5),
            ("-0xABCp-3", -343.5),
            ("0x1.13Ap+3", 8.613_281_25),
            ("0x1p1023", 2f64.powi(1023)),
            ("0x1p1024", f64::INFINITY),
            ("0x.00001p1043", 2f64.powi(1023)),
            ("0x1p-1074", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", 5e-324),
            ("0x3p-1075", 1e-323),
            ("0x0.8p-1074", 0.0),
            ("0x0p5", 0.0),
            ("0x1p-99999999999999999999", 0.0),
            ("0x1p99999999999999999999", f64::INFINITY),
            ("0x1.fffffffffffff8p0", 2.0),
            ("0x1.fffffffffffff7p0", 1.999_999_999_999_999_8),
            ("0x1.00000000000008p0", 1.0),
            (
                "0x1.000000000000080000000000000000000001p0",
                1.000_000_000_000_000_2,
            ),
            ("0x1.fffffffffffff8p1023", f64::INFINITY),
            ("0x0.fffffffffffff8p-1022", 2f64.powi(-1022)),
        ] {
            is_float(text, value);
        }
    }

    #[test]
    fn what_is_no_numeral_is_read_as_far_as_one_could_go_on() {
        for (text, length) in [
            ("", 0),
            ("x", 0),
            ("nan", 0),
            ("inf", 0),
            ("-", 1),
            ("--", 1),
            (".", 1),
            (".e+", 1),
            ("1e", 2),
            ("1e+", 3),
            ("0.e;", 3),
            ("0x", 2),
            ("0xX", 2),
            ("0x.p1", 3),
            ("0x1p", 4),
            ("0x1p-", 5),
        ] {
            assert_eq!(
                scan(text.as_bytes(), true),
                Some(Numeral {
                    length,
                    value: None
                }),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_numeral_ends_where_it_cannot_go_on() {
        for (text, length, value) in [
            ("-12.3-", 5, Number::Float(-12.3)),
            ("5.E-3X", 5, Number::Float(5e-3)),
            ("0xfg", 3, Number::Integer(15)),
            ("1.2.3", 3, Number::Float(1.2)),
            ("12 13", 2, Number::Integer(12)),
            ("0x1.13Ap+3e", 10, Number::Float(8.613_281_25)),
        ] {
            assert_eq!(
                scan(text.as_bytes(), false),
                Some(Numeral {
                    length,
                    value: Some(value)
                }),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_numeral_whose_end_is_not_there_yet_needs_more() {
        for text in ["", "-", "1", "12", "0x", "1e", "1e5", "0."] {
            assert_eq!(scan(text.as_bytes(), false), None, "{text:?}");
        }
    }

    #[test]
    fn a_numeral_has_200_characters_at_most() {
        let longest = "1".repeat(200);
        assert!(matches!(whole(&longest), Some(Number::Float(_))));
        let numeral = scan((longest.clone() + " ").as_bytes(), false).unwrap();
        assert!(numeral.length == 200 && numeral.value.is_some());
        for longer in [
            longest.clone() + "1",
            longest.clone() + ".5",
            longest + "e5",
        ] {
            assert_eq!(
                scan(longer.as_bytes(), true),
                Some(Numeral {
                    length: 200,
                    value: None
                })
            );
        }
    }
}
