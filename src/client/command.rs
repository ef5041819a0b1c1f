//! Commands that a person can paste into a shell.

/// The account that a command names: a profile and a region.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountRef {
    /// The profile.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
}

impl AccountRef {
    /// What is named here, and where nothing is, there.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            profile: self.profile.clone().or_else(|| other.profile.clone()),
            region: self.region.clone().or_else(|| other.region.clone()),
        }
    }

    /// The options that name it, as words of a command.
    pub fn options(&self) -> Vec<String> {
        let options = [("--profile", &self.profile), ("--region", &self.region)];
        options
            .into_iter()
            .filter_map(|(option, value)| Some(format!("{option} {}", word(value.as_ref()?))))
            .collect()
    }
}

/// A word as a shell reads it back.
pub(super) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:=,@%+".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
