//! Finds secrets in texts that leave the process.

use super::forms::{Edges, Forms, SHORTEST, forms};
use super::layers::layers;
use aho_corasick::AhoCorasick;
use std::borrow::Cow;
use std::fmt;
use std::ops::{Range, RangeInclusive};

use std::sync::{PoisonError, RwLock};

/// What stands in place of a secret.
pub const REDACTED: &str = "[secret]";

/// The longest secret that is taken, in bytes: to find one takes some hundred times its size, and no
/// password and no key is as long.
pub const LONGEST_SECRET: usize = 16 * 1024;

/// What all secrets of a process may take together, in bytes, at least and at most. Finding them takes
/// over a thousand times that.
const MOST_SECRETS: RangeInclusive<usize> = 64 * 1024..=256 * 1024;

/// How many times longer a secret may become by what it goes through, such as a JSON escape that is
/// percent-encoded: `%5Cu00e4`, or `%26quot%3B`.
const EXPANSION: usize = 12;
/// A longer one is not looked for across the parts of a line, in bytes.
const LONGEST_REACH: usize = 256 * 1024;

/// Replaces every secret that the process knows in text that leaves it: logs, errors, audit
/// records.
///
/// A server may echo what it was sent (a string to sign holds the parameters), so marking our own
/// values is not enough. A secret is found as it is, behind escapes of JSON, URLs and XML in any
/// order, and within Base64.
pub struct Redactor {
    learned: RwLock<Learned>,
    /// What all secrets may take together, in bytes.
    most: usize,
}

impl Default for Redactor {
    fn default() -> Self {
        Self::within(0)
    }
}

/// The forms of all secrets, and what finds them.
struct Learned {
    /// Those for which nothing is built yet.
    pending: Forms,
    /// What finds the others: each has at least twice the forms of the next, so that a script that
    /// makes a password for each of thousands of machines builds each form a few times only.
    searches: Vec<Search>,
    /// The length of the shortest: a text that is shorter holds none.
    shortest: usize,
    longest: usize,
    /// The length of all secrets together.
    total: usize,
}

/// So many forms are built together whatever there is: one search is quicker than several.
const FEW: usize = 2_000;

struct Search {
    forms: Forms,
    automaton: AhoCorasick,
    /// By the automaton's numbers.
    edges: Vec<Edges>,
}

impl Default for Learned {
    fn default() -> Self {
        Self {
            pending: Forms::new(),
            searches: Vec::new(),
            shortest: usize::MAX,
            longest: 0,
            total: 0,
        }
    }
}

impl Learned {
    fn all(&self) -> impl Iterator<Item = &Forms> {
        let built = self.searches.iter().map(|search| &search.forms);
        built.chain([&self.pending])
    }

    fn contains(&self, form: &[u8]) -> bool {
        self.all().any(|forms| forms.contains_key(form))
    }

    /// Builds what finds the forms that were learned since.
    fn build(&mut self) {
        let mut forms = std::mem::take(&mut self.pending);
        if forms.is_empty() {
            return;
        }
        while let Some(last) = self
            .searches
            .pop_if(|last| last.forms.len() <= (2 * forms.len()).max(FEW))
        {
            forms.extend(last.forms);
        }
        self.searches.push(Search::new(forms));
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    /// One for a process whose script may use so much memory, in bytes.
    pub fn within(memory: usize) -> Self {
        let (least, most) = MOST_SECRETS.into_inner();
        Self {
            learned: RwLock::default(),
            most: (memory / 4096).clamp(least, most),
        }
    }

    /// What all secrets may take together, in bytes.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Whether a secret is long enough to be searched for: one of fewer than 4 bytes is not.
    pub fn can_find(secret: &str) -> bool {
        secret.len() >= SHORTEST
    }

    /// Whether there is no room for a secret: it is too long, or there are too many.
    pub fn is_too_much(&self, secret: &str) -> bool {
        let known = self.learned.read().unwrap_or_else(PoisonError::into_inner);
        secret.len() > LONGEST_SECRET
            || known.total + secret.len() > self.most && !known.contains(secret.as_bytes())
    }

    /// Remembers a secret in the forms in which it may come back, if it is long enough and there is
    /// room for it.
    pub fn learn(&self, secret: &str) {
        if !Self::can_find(secret) || self.is_too_much(secret) {
            return;
        }
        let is_known = self
            .learned
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(secret.as_bytes());
        if !is_known {
            let forms = forms(secret);
            let mut known = self.learned.write().unwrap_or_else(PoisonError::into_inner);
            for length in forms.keys().map(Vec::len) {
                known.shortest = known.shortest.min(length);
                known.longest = known.longest.max(length);
            }
            known.total += secret.len();
            known.pending.extend(forms);
        }
    }

    /// Whether a text is a secret known so far, and not only holds one.
    pub fn is_secret(&self, text: &str) -> bool {
        let learned = self.learned.read().unwrap_or_else(PoisonError::into_inner);
        learned.contains(text.as_bytes())
    }

    /// Whether a text holds a secret of which only `fold` is left, as of a host in lower case. Such a
    /// text is not shown: nothing finds the secret in it any more.
    pub fn is_in_folded(&self, text: &str, fold: impl Fn(&str) -> String) -> bool {
        let learned = self.learned.read().unwrap_or_else(PoisonError::into_inner);
        let forms = learned.all().flat_map(Forms::keys);
        let mut folded = forms.filter_map(|form| Some(fold(str::from_utf8(form).ok()?)));
        folded.any(|form| text.contains(&form))
    }

    /// How many forms of secrets it knows: a larger number than before means that it has learned
    /// more.
    pub fn form_count(&self) -> usize {
        let known = self.learned.read().unwrap_or_else(PoisonError::into_inner);
        known.all().map(Forms::len).sum()
    }

    /// Where a text can be cut at so many bytes at most: neither inside a character nor inside the
    /// mark of a secret.
    pub fn cut(text: &[u8], most: usize) -> usize {
        if text.len() <= most {
            return text.len();
        }
        let mut end = most;
        while end > 0 && (0x80..0xC0).contains(&text[end]) {
            end -= 1;
        }
        let inside = (1..REDACTED.len().min(end + 1))
            .find(|back| text[end - back..].starts_with(REDACTED.as_bytes()));
        end - inside.unwrap_or(0)
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
        let found = self.find(text.as_bytes());
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = String::with_capacity(text.len());
        let mut end = 0;
        for range in found {
            let range = text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end);
            if range.start >= end {
                clean.push_str(&text[end..range.start]);
                clean.push_str(REDACTED);
            }
            end = end.max(range.end);
        }
        clean.push_str(&text[end..]);
        Cow::Owned(clean)
    }

    /// The beginning of a text, so many bytes and what a secret there has more, without any secret
    /// known so far; and how many bytes are left out. A text of any length takes little so.
    pub fn clean_beginning<'t>(&self, text: &'t str, most: usize) -> (Cow<'t, str>, usize) {
        if text.len() <= most {
            return (self.clean(text), 0);
        }
        let seen = text.floor_char_boundary(most.saturating_add(self.reach()));
        let mut end = text.floor_char_boundary(most);
        for range in self.find(&text.as_bytes()[..seen]) {
            if range.start < end && range.end > end {
                end = text.ceil_char_boundary(range.end);
            }
        }
        (self.clean(&text[..end]), text.len() - end)
    }

    /// Where secrets stand in a text, by their beginnings. Of those that overlap nothing may stay:
    /// neither of a longer one behind a shorter one, nor of one that begins in another.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let known = self.learned.read().unwrap_or_else(PoisonError::into_inner);
        if text.len() < known.shortest {
            return Vec::new();
        }
        if known.pending.is_empty() {
            return find(&known.searches, text);
        }
        drop(known);
        let mut known = self.learned.write().unwrap_or_else(PoisonError::into_inner);
        known.build();
        find(&known.searches, text)
    }

    /// How far a secret may reach in a text, in bytes.
    pub(super) fn reach(&self) -> usize {
        let known = self.learned.read().unwrap_or_else(PoisonError::into_inner);
        known.longest.saturating_mul(EXPANSION).min(LONGEST_REACH)
    }
}

fn find(searches: &[Search], text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for search in searches {
        found.extend(search.matches(text));
    }
    for layer in layers(text) {
        for search in searches {
            let inner = search.matches(&layer.bytes);
            found.extend(inner.map(|range| layer.original(&range)));
        }
    }
    found.sort_unstable_by_key(|range| range.start);
    found
}

impl Search {
    fn new(forms: Forms) -> Self {
        Self {
            // Most texts are short and hold the bytes that secrets begin with: to look for those
            // first takes longer than it saves.
            automaton: AhoCorasick::builder()
                .prefilter(false)
                .build(forms.keys())
                .expect("secrets take less than the 2 GiB that a search may have"),
            edges: forms.values().copied().collect(),
            forms,
        }
    }

    fn matches<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
        self.automaton.find_overlapping_iter(text).map(|found| {
            let (mut range, edges) = (found.range(), self.edges[found.pattern()]);
            if edges.before && range.start > 0 && is_base64(text[range.start - 1]) {
                range.start -= 1;
            }
            if edges.after && text.get(range.end).copied().is_some_and(is_base64) {
                range.end += 1;
            }
            range
        })
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::Redactor;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    #[test]
    fn an_echoed_secret_is_found_in_every_encoding() {
        let redactor = Redactor::default();
        redactor.learn("p@ss word\"");
        let echoed = "plain p@ss word\" json p@ss word\\\" once p%40ss%20word%22 twice p%2540ss%2520word%2522 form p%40ss+word%22";
        assert_eq!(
            redactor.redact(echoed),
            "plain [secret] json [secret] once [secret] twice [secret] form [secret]"
        );
    }

    #[test]
    fn of_thousands_of_secrets_each_is_found_and_each_is_built_few_times() {
        let redactor = Redactor::within(1 << 30);
        let secret = |number: usize| format!("Pw-{number:09}!");
        for number in 0..600 {
            redactor.learn(&secret(number));
            assert_eq!(redactor.redact(&secret(number)), "[secret]");
        }
        let known = redactor.learned.read().unwrap();
        let sizes: Vec<_> = known
            .searches
            .iter()
            .map(|search| search.forms.len())
            .collect();
        assert!(
            sizes.is_sorted_by(|one, next| *one >= *next) && sizes.len() < 8,
            "{sizes:?}"
        );
        drop(known);
        for number in 0..600 {
            let text = format!("a {} b", secret(number));
            assert_eq!(redactor.redact(&text), "a [secret] b");
        }
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

    #[test]
    fn a_secret_of_several_lines_is_found_line_by_line() {
        let redactor = Redactor::default();
        redactor.learn("-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n");
        for line in ["MIIEvQIBADANBg", "kqhkiG9w0BAQEF"] {
            assert_eq!(redactor.redact(line), "[secret]");
        }
        assert_eq!(
            redactor.redact("-----BEGIN KEY-----"),
            "-----BEGIN KEY-----"
        );
    }

    #[test]
    fn one_that_is_too_short_is_not_searched_for_and_that_is_said() {
        let redactor = Redactor::default();
        assert!(!Redactor::can_find("abc") && Redactor::can_find("abcd"));
        redactor.learn("abc");
        redactor.learn("abcd");
        assert_eq!(redactor.redact("abc abcd"), "abc [secret]");
    }

    #[test]
    fn neither_a_mark_nor_a_character_is_cut() {
        let text = "ab[secret]äc".as_bytes();
        let cuts: Vec<_> = (0..=text.len())
            .map(|most| Redactor::cut(text, most))
            .collect();
        assert_eq!(cuts, [0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 10, 10, 12, 13]);
    }

    /// Ways on which a text is encoded.
    fn json(text: &str) -> String {
        let text = serde_json::Value::from(text).to_string();
        text[1..text.len() - 1].to_owned()
    }

    fn ascii_json(text: &str, write: fn(u16) -> String) -> String {
        let mut escaped = String::new();
        for c in json(text).chars() {
            if c.is_ascii() {
                escaped.push(c);
            } else {
                let mut units = [0; 2];
                escaped.extend(c.encode_utf16(&mut units).iter().map(|unit| write(*unit)));
            }
        }
        escaped
    }

    fn percent(text: &str) -> String {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    }

    fn lower_percent(text: &str) -> String {
        let mut encoded = percent(text).into_bytes();
        for at in 0..encoded.len() {
            if encoded[at] == b'%' {
                encoded[at + 1..at + 3].make_ascii_lowercase();
            }
        }
        String::from_utf8(encoded).unwrap()
    }

    fn xml(text: &str) -> String {
        let text = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        text.replace('"', "&quot;").replace('\'', "&#39;")
    }

    const WAYS: [fn(&str) -> String; 7] = [
        json,
        |text| json(text).replace('/', "\\/"),
        |text| ascii_json(text, |unit| format!("\\u{unit:04x}")),
        |text| ascii_json(text, |unit| format!("\\u{unit:04X}")),
        percent,
        lower_percent,
        xml,
    ];

    proptest! {
        #[test]
        fn a_secret_is_found_whatever_it_went_through(
            secret in "[a-z0-9]{4}[ -~äöü€😀]{0,20}[a-z0-9]{2}",
            ways in proptest::collection::vec(0..WAYS.len(), 0..4),
        ) {
            let redactor = Redactor::default();
            redactor.learn(&secret);
            let mut text = format!("<{secret}>");
            for way in ways {
                text = WAYS[way](&text);
            }
            let clean = redactor.redact(&text);
            prop_assert!(clean.contains("[secret]") && !clean.contains(&secret[..4]), "{text} became {clean}");
        }

        #[test]
        fn base64_shows_nothing_of_a_secret_at_any_alignment(
            before in "[ -~]{0,7}",
            secret in "[a-z0-9]{4}[ -~äöü€]{0,40}",
            after in "[ -~]{0,7}",
        ) {
            let redactor = Redactor::default();
            redactor.learn(&secret);
            let text = format!("{before}{secret}{after}");
            for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                let clean = redactor.redact(&encoded);
                let (first, end) = (before.len() * 8 / 6, (before.len() + secret.len()) * 8);
                let expected = |more: usize| {
                    let rest = (end.div_ceil(6) + more).min(encoded.len());
                    format!("{}[secret]{}", &encoded[..first], &encoded[rest..])
                };
                // What follows can be as its form in JSON goes on, which is longer.
                let further = ((json(&secret).len() - secret.len()) * 8).div_ceil(6);
                let is_expected = (0..=further).any(|more| clean == expected(more));
                // What is around it may hold it once more.
                prop_assert!(is_expected || clean.matches("[secret]").count() > 1, "{encoded} became {clean}");
            }
        }

        #[test]
        fn ordinary_text_stays_as_it_is(text in "[ -~äöü]{0,60}") {
            let redactor = Redactor::default();
            redactor.learn("0123456789-not-in-there");
            prop_assert_eq!(redactor.redact(&text), text);
        }
    }
}
