//! "Did you mean": the names nearest to one that does not exist.

/// The longest name that anything is near to, in bytes.
const LONGEST: usize = 256;

/// Up to three of `candidates` that a person may have meant by `name`, nearest first.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    // Nothing is near what is longer than any name.
    if name.len() > LONGEST {
        return Vec::new();
    }
    let wanted = name.to_lowercase();
    let mut scored: Vec<(f64, &str)> = candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::jaro_winkler(&wanted, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(score, _)| *score > 0.83)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored
        .into_iter()
        .take(3)
        .map(|(_, candidate)| candidate.to_owned())
        .collect()
}

/// `; did you mean A or B?`, or nothing where nothing is near.
pub fn did_you_mean(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("; did you mean {one}?"),
        [first @ .., last] => format!("; did you mean {} or {last}?", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, nearest};

    #[test]
    fn the_nearest_name_comes_first() {
        let near = nearest(
            "CreateInstanse",
            ["DeleteInstance", "CreateInstance", "CreateDisk"],
        );
        assert_eq!(near.first().map(String::as_str), Some("CreateInstance"));
    }

    #[test]
    fn a_name_like_nothing_suggests_nothing() {
        assert!(nearest("zzz", ["CreateInstance"]).is_empty());
        assert_eq!(did_you_mean(&[]), "");
    }
}
