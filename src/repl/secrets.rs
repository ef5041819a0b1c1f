//! Secrets in typed lines: such a line is never written down as it stands.

use crate::catalog::{Catalog, Param};
use crate::lua::syntax::{Token, TokenKind, tokens};
use crate::secret::Redactor;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Names that hold a secret whoever uses them.
const WORDS: &[&str] = &["password", "passwd", "secret", "token", "private_key", "privatekey"];

/// Finds secrets in typed lines.
pub(super) struct Secrets {
    catalog: Arc<Catalog>,
    redactor: Arc<Redactor>,
    /// What the catalogue marks, in lower case; read at the first line that gives any name a text.
    marked: OnceLock<BTreeSet<String>>,
}

/// A text in a line that is a secret, and the name that it is given to.
struct Literal {
    range: Range<usize>,
    name: Option<String>,
    /// Whether it is the argument of a call without parentheses.
    is_bare_argument: bool,
}

impl Secrets {
    /// What the catalogue marks, and what the run has learned.
    pub(super) fn new(catalog: Arc<Catalog>, redactor: Arc<Redactor>) -> Self {
        Self { catalog, redactor, marked: OnceLock::new() }
    }

    /// Whether a line holds a secret, as far as anybody can tell by now.
    pub(super) fn is_in(&self, line: &str) -> bool {
        self.redactor.redact(line) != line || !self.literals(line).is_empty()
    }

    /// The line with each secret read by its name.
    pub(super) fn replaced(&self, line: &str) -> String {
        let mut text = String::new();
        let mut from = 0;
        for literal in self.literals(line) {
            text.push_str(&line[from..literal.range.start]);
            let name = kebab(literal.name.as_deref().unwrap_or("secret"));
            let (open, close) = if literal.is_bare_argument { ("(", ")") } else { ("", "") };
            let _ = write!(text, "{open}secret {name:?}{close}");
            from = literal.range.end;
        }
        text.push_str(&line[from..]);
        // What is left stands in a comment or in a name.
        self.redactor.redact(&text)
    }

    fn literals(&self, line: &str) -> Vec<Literal> {
        let all: Vec<Token> = tokens(line).into_iter().filter(|token| token.kind != TokenKind::Comment).collect();
        let text = |at: usize| all.get(at).map_or("", |token| token.text(line));
        let mut found = Vec::new();
        // The name that a value is given to, and the depth of brackets in which it is.
        let mut given: Option<(String, usize)> = None;
        let mut depth = 0_usize;
        for (at, token) in all.iter().enumerate() {
            match token.kind {
                TokenKind::Symbol => match token.text(line) {
                    "{" | "(" | "[" => depth += 1,
                    "}" | ")" | "]" => {
                        depth = depth.saturating_sub(1);
                        given = given.filter(|(_, inside)| *inside <= depth);
                    }
                    "," | ";" => given = given.filter(|(_, inside)| *inside < depth),
                    "=" => given = name_before(&all, at, line).map(|name| (name, depth)),
                    _ => {}
                },
                TokenKind::Keyword if !matches!(token.text(line), "and" | "or" | "not") => given = None,
                TokenKind::Text | TokenKind::BrokenText | TokenKind::OpenText => {
                    let caller = if at > 0 && text(at - 1) == "(" { at.checked_sub(2) } else { at.checked_sub(1) };
                    let is_name_of_secret = caller.is_some_and(|caller| matches!(text(caller), "secret" | "env"));
                    let is_key = at > 0 && text(at - 1) == "[" && text(at + 1) == "]";
                    let shown = token.text(line);
                    let is_known = self.redactor.redact(shown) != shown;
                    let name = given.as_ref().map(|(name, _)| name.clone());
                    let is_marked = name.as_ref().is_some_and(|name| self.is_marked(name));
                    if !is_name_of_secret && !is_key && shown.len() > 2 && (is_known || is_marked) {
                        let before = at.checked_sub(1).map(|before| &all[before]);
                        let is_bare_argument =
                            before.is_some_and(|before| before.kind == TokenKind::Name || matches!(before.text(line), ")" | "]"));
                        found.push(Literal { range: token.range.clone(), name, is_bare_argument });
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn is_marked(&self, name: &str) -> bool {
        let lower = name.to_lowercase();
        if WORDS.iter().any(|word| lower.contains(word)) {
            return true;
        }
        let marked = self.marked.get_or_init(|| {
            let mut marked = BTreeSet::new();
            for action in self.catalog.actions().unwrap_or_default() {
                collect(&action.params, &mut marked);
            }
            marked
        });
        marked.contains(&lower)
    }
}

fn collect(params: &[Param], marked: &mut BTreeSet<String>) {
    for param in params {
        if param.sensitive {
            marked.insert(param.name.to_lowercase());
        }
        collect(&param.fields, marked);
    }
}

/// The name that is assigned to by the `=` at `at`: `Name =` or `["Name"] =`.
fn name_before(all: &[Token], at: usize, line: &str) -> Option<String> {
    let last = all.get(at.checked_sub(1)?)?;
    let named = match last.text(line) {
        "]" => all.get(at.checked_sub(2)?)?,
        // `local name <const> =`.
        ">" => all.get(at.checked_sub(4)?)?,
        _ => last,
    };
    let text = named.text(line);
    matches!(named.kind, TokenKind::Name | TokenKind::Text).then(|| text.trim_matches(['"', '\'']).to_owned())
}

/// `VncPassword` as a secret's name: `vnc-password`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    let mut was_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && was_lower {
            text.push('-');
        }
        was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        text.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Secrets;
    use crate::catalog::Catalog;
    use crate::secret::Redactor;
    use std::sync::Arc;

    fn secrets(known: &[&str]) -> Secrets {
        let redactor = Redactor::default();
        for secret in known {
            redactor.learn(secret);
        }
        Secrets::new(Arc::new(Catalog::default()), Arc::new(redactor))
    }

    #[test]
    fn a_text_for_a_sensitive_parameter_is_a_secret_before_anything_was_called() {
        for line in [
            "cds.ccs.CreateInstance { Cpu = 4, Password = \"hunter22\" }",
            "x = { [\"Password\"] = 'hunter22' }",
            "p.Password = 'hunter' .. 22",
            "f { password = [[hunter22]]",
            "f { Password = \"hunter22",
            "local my_secret <const> = 'hunter22'",
        ] {
            assert!(secrets(&[]).is_in(line), "{line}");
        }
        for line in
            ["f { Password = secret 'vm' }", "f { Password = env('PW'), Name = 'x' }", "f { Name = 'Password' }", "print 'x'"]
        {
            assert!(!secrets(&[]).is_in(line), "{line}");
        }
    }

    #[test]
    fn a_known_secret_is_one_wherever_it_stands() {
        let secrets = secrets(&["hunter22"]);
        assert!(secrets.is_in("local x = 'hunter22'"));
        assert!(secrets.is_in("-- hunter22"));
        assert_eq!(secrets.replaced("local vmKey = 'hunter22' -- hunter22"), "local vmKey = secret \"vm-key\" -- [secret]");
        assert_eq!(secrets.replaced("f 'hunter22'"), "f (secret \"secret\")");
        assert_eq!(secrets.replaced("f { Password = 'abcd', Name = 'b' }"), "f { Password = secret \"password\", Name = 'b' }");
    }
}
