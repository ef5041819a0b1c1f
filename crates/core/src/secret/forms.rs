//! The forms in which a secret is searched for. Escapes are taken off a text before it is searched,
//! so these are the ones that no escape shows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::collections::BTreeMap;

use super::layers::innermost;

/// Shorter values are not searched for: they would hit ordinary text, and guessing them is
/// trivial anyway. In bytes.
pub(super) const SHORTEST: usize = 4;

/// A line of a secret of several lines is searched for by itself from this length on, in bytes.
const SHORTEST_LINE: usize = 8;

/// Whether a character before or behind a form holds a part of the secret too: one of Base64 has
/// bits of two bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Edges {
    pub(super) before: bool,
    pub(super) after: bool,
}

/// Forms of secrets, and the edges of each.
pub(super) type Forms = BTreeMap<Vec<u8>, Edges>;

/// All forms of a secret.
pub(super) fn forms(secret: &str) -> Forms {
    let mut forms = Forms::new();
    add(&mut forms, secret);
    // A file's last line break belongs to the file.
    add(&mut forms, secret.trim());
    if secret.trim().contains(['\n', '\r']) {
        // Output is searched line by line. What a key begins and ends with is no secret.
        let lines = secret.lines().map(str::trim);
        lines
            .filter(|line| line.len() >= SHORTEST_LINE && !line.starts_with("-----"))
            .for_each(|line| add(&mut forms, line));
    }
    forms
}

fn add(forms: &mut Forms, secret: &str) {
    if secret.len() < SHORTEST {
        return;
    }
    // Of a text that has a part of it as it is and a part escaped, too.
    let innermost = innermost(secret.as_bytes()).filter(|plain| plain.len() >= SHORTEST);
    let escaped = serde_json::Value::from(secret).to_string();
    let escaped = &escaped[1..escaped.len() - 1];
    add_base64(forms, secret.as_bytes());
    if escaped != secret {
        // JSON as a whole, as of a function's parameters, is sent in Base64 too.
        add_base64(forms, escaped.as_bytes());
    }
    // In a form a space is a plus.
    if secret.contains(' ') {
        forms.insert(secret.replace(' ', "+").into_bytes(), Edges::default());
    }
    forms.extend(innermost.map(|plain| (plain, Edges::default())));
    forms.insert(secret.as_bytes().to_vec(), Edges::default());
}

/// Base64 of a text that holds it: at each of three alignments the characters that have bits of it
/// alone, in both alphabets.
fn add_base64(forms: &mut Forms, secret: &[u8]) {
    for lead in 0..3 {
        let mut text = vec![0; lead];
        text.extend_from_slice(secret);
        let encoded = STANDARD_NO_PAD.encode(&text);
        let (first, end) = (lead * 8, text.len() * 8);
        let own = &encoded[first.div_ceil(6)..end / 6];
        if own.len() < SHORTEST {
            continue;
        }
        let edges = Edges {
            before: first % 6 != 0,
            after: end % 6 != 0,
        };
        let url = own.replace('+', "-").replace('/', "_");
        for form in [own, &url] {
            forms.entry(form.as_bytes().to_vec()).or_insert(edges);
        }
    }
}
