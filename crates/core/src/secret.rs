//! Secrets: values that no text of ours may hold.

use aho_corasick::AhoCorasick;
use secrecy::{ExposeSecret as _, SecretString};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// What stands in place of a secret.
pub const REDACTED: &str = "[secret]";

/// A value that has no `Display`, a redacted `Debug`, and is wiped on drop.
#[derive(Clone)]
pub struct Secret {
    value: SecretString,
    stands_for: Option<Arc<str>>,
}

impl Secret {
    /// Takes the value in.
    pub fn new(value: impl Into<String>) -> Self {
        Self {
            value: SecretString::from(value.into()),
            stands_for: None,
        }
    }

    /// A value that a simulation has in place of the secret of this name, which is not set.
    pub fn stand_in(value: impl Into<String>, name: &str) -> Self {
        Self {
            stands_for: Some(name.into()),
            ..Self::new(value)
        }
    }

    /// The value, for the one place that must have it.
    pub fn expose(&self) -> &str {
        self.value.expose_secret()
    }

    /// The name of the secret that is not set, where this only stands in for it.
    pub fn stands_for(&self) -> Option<&str> {
        self.stands_for.as_deref()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

/// Parts of names that hold a secret in any product, in lower case and without what separates
/// words.
const PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "privatekey",
    "apikey",
    "credential",
];
/// The same, of whole names only: they are parts of other words.
const NAMES: &[&str] = &["pw", "pwd", "pass"];

/// Whether what has this name is a secret by its name alone: a variable, a parameter, an option
/// with its dashes.
pub fn is_named_secret(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .flat_map(char::to_lowercase)
        .collect();
    PARTS.iter().any(|part| plain.contains(part)) || NAMES.contains(&plain.as_str())
}

/// Replaces every secret that the process knows in text that leaves it: logs, errors, audit
/// records.
///
/// A server may echo what it was sent (a string to sign holds the parameters), so marking our own
/// values is not enough.
#[derive(Default)]
pub struct Redactor {
    forms: RwLock<Forms>,
}

/// The forms in which secrets may come back, and what finds them; none after another was learned.
struct Forms {
    texts: BTreeSet<String>,
    /// The length of the shortest: a text that is shorter holds none.
    shortest: usize,
    search: Option<AhoCorasick>,
}

impl Default for Forms {
    fn default() -> Self {
        Self {
            texts: BTreeSet::new(),
            shortest: usize::MAX,
            search: None,
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    /// Shorter values are not searched for: they would hit ordinary text, and guessing them is
    /// trivial anyway.
    const SHORTEST: usize = 4;

    /// Remembers a secret in the forms in which it may come back: as it is, and percent-encoded
    /// once and twice.
    pub fn learn(&self, secret: &str) {
        if secret.len() < Self::SHORTEST
            || self
                .forms
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .texts
                .contains(secret)
        {
            return;
        }
        let escaped = serde_json::Value::from(secret).to_string();
        let mut forms = vec![secret.to_owned(), escaped[1..escaped.len() - 1].to_owned()];
        // Encoders differ in what they leave as it is, and a string to sign is encoded twice.
        for encode in [encode_reserved as fn(&str) -> String, encode_all] {
            let once = encode(secret);
            forms.extend([
                encode_reserved(&once),
                encode_all(&once),
                once.replace("%20", "+"),
                once,
            ]);
        }
        let mut known = self.forms.write().unwrap_or_else(PoisonError::into_inner);
        known.shortest = forms
            .iter()
            .map(String::len)
            .fold(known.shortest, usize::min);
        known.texts.extend(forms);
        known.search = None;
    }

    /// How many forms of secrets it knows: a larger number than before means that it has learned
    /// more.
    pub fn form_count(&self) -> usize {
        self.forms
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .texts
            .len()
    }

    /// `text` without any secret known so far.
    pub fn redact(&self, text: &str) -> String {
        self.clean(text).into_owned()
    }

    /// The same for an owned text.
    pub fn redact_owned(&self, text: String) -> String {
        if let Cow::Owned(clean) = self.clean(&text) {
            return clean;
        }
        text
    }

    /// The same without a copy, where there is none in it.
    pub fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let known = self.forms.read().unwrap_or_else(PoisonError::into_inner);
        if text.len() < known.shortest {
            return Cow::Borrowed(text);
        }
        if let Some(search) = &known.search {
            return replace_all(search, text);
        }
        drop(known);
        let mut known = self.forms.write().unwrap_or_else(PoisonError::into_inner);
        let Forms {
            texts: forms,
            search,
            ..
        } = &mut *known;
        replace_all(search.get_or_insert_with(|| build_search(forms)), text)
    }
}

fn build_search(forms: &BTreeSet<String>) -> AhoCorasick {
    AhoCorasick::new(forms).expect("secrets take less than the 2 GiB that a search may have")
}

fn replace_all<'t>(search: &AhoCorasick, text: &'t str) -> Cow<'t, str> {
    let mut clean = String::new();
    let mut end = 0;
    // Of secrets that overlap nothing may stay: neither of a longer one behind a shorter one, nor
    // of one that begins in another.
    let mut found: Vec<_> = search
        .find_overlapping_iter(text)
        .map(|found| found.range())
        .collect();
    found.sort_unstable_by_key(|range| range.start);
    for range in found {
        if range.start >= end {
            clean.push_str(&text[end..range.start]);
            clean.push_str(REDACTED);
        }
        end = end.max(range.end);
    }
    if end == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[end..]);
    Cow::Owned(clean)
}

fn encode_all(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn encode_reserved(text: &str) -> String {
    encode_all(text)
        .replace("%2D", "-")
        .replace("%5F", "_")
        .replace("%2E", ".")
        .replace("%7E", "~")
}

#[cfg(test)]
mod tests {
    use super::{Redactor, Secret, is_named_secret};

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2-hunter2")), "[secret]");
    }

    #[test]
    fn a_name_shows_that_its_value_is_a_secret() {
        for name in [
            "Password",
            "vmPassword",
            "--db-passwd",
            "PASSPHRASE",
            "client_secret",
            "SecurityToken",
            "private_key",
            "PrivateKeyPem",
            "api-key",
            "Api_Key",
            "apikey",
            "credentials",
            "pw",
            "--pwd",
            "Pass",
        ] {
            assert!(is_named_secret(name), "{name}");
        }
        for name in [
            "",
            "--",
            "InstanceName",
            "KeyId",
            "bypass",
            "compass",
            "pwned",
            "passes",
            "public_key",
            "--dry-run",
        ] {
            assert!(!is_named_secret(name), "{name}");
        }
    }

    #[test]
    fn an_echoed_secret_is_found_in_every_encoding() {
        let redactor = Redactor::default();
        redactor.learn("p@ss word\"");
        let echoed = "plain p@ss word\" json p@ss word\\\" once p%40ss%20word%22 twice p%2540ss%2520word%2522";
        assert_eq!(
            redactor.redact(echoed),
            "plain [secret] json [secret] once [secret] twice [secret]"
        );
    }

    #[test]
    fn of_secrets_that_overlap_nothing_stays() {
        let redactor = Redactor::default();
        assert_eq!(redactor.redact("abcdefghi"), "abcdefghi");
        for secret in ["abcdef", "defghi", "abcd", "cdefghi-jkl"] {
            redactor.learn(secret);
        }
        assert_eq!(
            redactor.redact("x abcdefghi y abcde z abcdefghi-jkl"),
            "x [secret] y [secret]e z [secret]"
        );
        assert_eq!(
            redactor.redact("abcdefabcd, plain"),
            "[secret][secret], plain"
        );
    }
}
