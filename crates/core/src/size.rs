//! Amounts of memory as a person writes them.

const MOST_DECIMALS: usize = 3;

/// An amount of memory in bytes: `256M`, `1.5G`, `64 KiB`, or a bare number of bytes. The units are
/// powers of 1024, whether written `M`, `MB` or `MiB`, in either case.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let shift = match unit.trim_start().to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let has_part = number.contains('.');
    if has_part && (shift == 0 || part.len() > MOST_DECIMALS) {
        return None;
    }
    let parts = 10_u64.pow(u32::try_from(part.len()).ok()?);
    let part = (part.parse::<u64>().ok()? << shift) / parts;
    whole
        .parse::<u64>()
        .ok()?
        .checked_mul(1 << shift)?
        .checked_add(part)
}

/// An amount as a person reads it, with one decimal: `190.7 MiB`.
pub fn size_text(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let Some((unit, shift)) = units.into_iter().find(|(_, shift)| bytes >> shift > 0) else {
        return format!("{bytes} bytes");
    };
    let tenths = (u128::from(bytes) * 10 + (1 << (shift - 1))) >> shift;
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::{parse_size, size_text};

    #[test]
    fn an_amount_is_written_with_one_decimal() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (200_000_000, "190.7 MiB"),
            (3 << 30, "3.0 GiB"),
            (u64::MAX, "17179869184.0 GiB"),
        ] {
            assert_eq!(size_text(bytes), text);
        }
    }

    #[test]
    fn units_are_powers_of_1024_however_they_are_written() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("512", Some(512)),
            ("512B", Some(512)),
            ("64k", Some(64 << 10)),
            ("256M", Some(256 << 20)),
            (" 2 GiB ", Some(2 << 30)),
            ("1tb", Some(1 << 40)),
            ("", None),
            ("M", None),
            ("1.5G", Some(3 << 29)),
            ("0.125 MiB", Some(1 << 17)),
            ("1.5", None),
            ("1.G", None),
            (".5G", None),
            ("1.5.5G", None),
            ("1.0001G", None),
            ("1.5B", None),
            ("-1", None),
            ("1 X", None),
            ("99999999999T", None),
        ] {
            assert_eq!(parse_size(text), bytes, "{text:?}");
        }
    }
}
