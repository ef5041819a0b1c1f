//! Commands that a person can paste into a shell.

/// The account that a command names: a profile and a region.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountRef {
    /// The profile.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Further options that decide which cloud it is, as they stand on the run's own command line:
    /// configuration, endpoints, the simulator.
    pub others: Vec<(&'static str, Option<String>)>,
}

impl AccountRef {
    /// What is named here, and where nothing is, there.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            profile: self.profile.clone().or_else(|| other.profile.clone()),
            region: self.region.clone().or_else(|| other.region.clone()),
            others: if self.others.is_empty() {
                other.others.clone()
            } else {
                self.others.clone()
            },
        }
    }

    /// The options that name it, as words of a command.
    pub fn options(&self) -> Vec<String> {
        let named = [("--profile", &self.profile), ("--region", &self.region)];
        let named = named.into_iter().filter(|(_, value)| value.is_some());
        let others = self.others.iter().map(|(option, value)| (*option, value));
        named
            .chain(others)
            .map(|(option, value)| match value {
                Some(value) => format!("{option} {}", word(value)),
                None => option.to_owned(),
            })
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
