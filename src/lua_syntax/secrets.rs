//! Secrets in Lua's text: a line that was typed, or a script, is never written down with them.

use super::tokens::{Token, TokenKind, code};
use cumulua_core::catalog::{Catalog, Param};
use cumulua_core::secret::{Redactor, is_named_secret};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Finds secrets in Lua's text.
pub struct Secrets {
    catalog: Arc<Catalog>,
    redactor: Arc<Redactor>,
    /// What the catalogue marks, in lower case; read at the first line that gives any name a text.
    marked: OnceLock<BTreeSet<String>>,
}

/// A text in a line that is a secret, or the expression that has it, and the name that it is given
/// to.
struct Literal {
    range: Range<usize>,
    name: Option<String>,
    /// Whether it is the argument of a call without parentheses.
    is_bare_argument: bool,
}

impl Secrets {
    /// What the catalogue marks, and what the run has learned.
    pub fn new(catalog: Arc<Catalog>, redactor: Arc<Redactor>) -> Self {
        Self {
            catalog,
            redactor,
            marked: OnceLock::new(),
        }
    }

    /// Whether a line holds a secret, as far as is known by now.
    pub fn is_in(&self, line: &str) -> bool {
        self.redactor.redact(line) != line || !self.literals(line).is_empty()
    }

    /// The line with each secret read by its name.
    pub fn replace_secrets(&self, line: &str) -> String {
        let mut text = String::new();
        let mut from = 0;
        for literal in self.literals(line) {
            text.push_str(&line[from..literal.range.start]);
            let name = kebab(literal.name.as_deref().unwrap_or("secret"));
            let (open, close) = if literal.is_bare_argument {
                ("(", ")")
            } else {
                ("", "")
            };
            let _ = write!(text, "{open}secret {name:?}{close}");
            from = literal.range.end;
        }
        text.push_str(&line[from..]);
        // What is left stands in a comment or in a name.
        self.redactor.redact(&text)
    }

    fn literals(&self, line: &str) -> Vec<Literal> {
        let all = code(line);
        let text = |at: usize| all.get(at).map_or("", |token| token.text(line));
        let mut found: Vec<Literal> = Vec::new();
        let mut givens: Vec<Given> = Vec::new();
        let mut open: Vec<&str> = Vec::new();
        for (at, token) in all.iter().enumerate() {
            match token.kind {
                TokenKind::Symbol => match token.text(line) {
                    bracket @ ("{" | "(" | "[") => open.push(bracket),
                    "}" | ")" | "]" => {
                        open.pop();
                        givens.retain(|given| given.depth <= open.len());
                    }
                    "," => {
                        if let Some(given) =
                            givens.last_mut().filter(|given| given.depth == open.len())
                        {
                            given.next(at + 1);
                        }
                    }
                    ";" => givens.retain(|given| given.depth < open.len()),
                    "=" => {
                        let names = names_before(&all, at, line, open.last() == Some(&"{"));
                        givens.retain(|given| given.depth < open.len());
                        givens.push(Given {
                            names,
                            depth: open.len(),
                            start: at + 1,
                        });
                    }
                    _ => {}
                },
                TokenKind::Keyword if !matches!(token.text(line), "and" | "or" | "not") => {
                    givens.clear();
                }
                TokenKind::Text | TokenKind::BrokenText | TokenKind::OpenText => {
                    let caller = if at > 0 && text(at - 1) == "(" {
                        at.checked_sub(2)
                    } else {
                        at.checked_sub(1)
                    };
                    let is_name_of_secret =
                        caller.is_some_and(|caller| matches!(text(caller), "secret" | "env"));
                    let is_key = at > 0 && text(at - 1) == "[" && text(at + 1) == "]";
                    let shown = token.text(line);
                    let is_known = self.redactor.redact(shown) != shown;
                    let given = givens.last();
                    let name = given.and_then(|given| given.names.first().cloned());
                    let is_marked = name.as_ref().is_some_and(|name| self.is_marked(name));
                    let is_part = found
                        .last()
                        .is_some_and(|last| token.range.end <= last.range.end);
                    if is_name_of_secret
                        || is_key
                        || is_part
                        || shown.len() <= 2
                        || !(is_known || is_marked)
                    {
                        continue;
                    }
                    // A part of a secret is none: what the whole expression gives is.
                    let expression = given
                        .filter(|_| is_marked)
                        .map(|given| expression(&all, given.start, line));
                    if let Some(range) =
                        expression.filter(|range| range.contains(&token.range.start))
                    {
                        found.push(Literal {
                            range,
                            name,
                            is_bare_argument: false,
                        });
                        continue;
                    }
                    let before = at.checked_sub(1).map(|before| &all[before]);
                    let is_bare_argument = before.is_some_and(|before| {
                        before.kind == TokenKind::Name || matches!(before.text(line), ")" | "]")
                    });
                    found.push(Literal {
                        range: token.range.clone(),
                        name,
                        is_bare_argument,
                    });
                }
                _ => {}
            }
        }
        found
    }

    fn is_marked(&self, name: &str) -> bool {
        if is_named_secret(name) {
            return true;
        }
        let marked = self.marked.get_or_init(|| {
            let mut marked = BTreeSet::new();
            for action in self.catalog.actions().unwrap_or_default() {
                collect(&action.params, &mut marked);
            }
            marked
        });
        marked.contains(&name.to_lowercase())
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

/// What values are given to: the names that are left, and where the value of the first begins.
struct Given {
    names: Vec<String>,
    /// The depth of brackets in which it is.
    depth: usize,
    start: usize,
}

impl Given {
    fn next(&mut self, start: usize) {
        self.start = start;
        if !self.names.is_empty() {
            self.names.remove(0);
        }
    }
}

/// The names that are assigned to by the `=` at `at`: `a, b.Name =`, `["Name"] =`. A field of a
/// table stands alone.
fn names_before(all: &[Token], at: usize, line: &str, is_field: bool) -> Vec<String> {
    let text = |at: usize| all[at].text(line);
    let mut names = Vec::new();
    let mut end = at;
    while let Some(mut last) = end.checked_sub(1) {
        // `local name <const> =`.
        if text(last) == ">" && last >= 3 {
            last -= 3;
        }
        let named = if text(last) == "]" {
            last.saturating_sub(1)
        } else {
            last
        };
        if !matches!(all[named].kind, TokenKind::Name | TokenKind::Text) {
            break;
        }
        names.insert(
            0,
            all[named].text(line).trim_matches(['"', '\'']).to_owned(),
        );
        // What the name is a field of does not matter.
        let comma = (0..named)
            .rev()
            .find(|at| !matches!(text(*at), "." | "[" | "]") && all[*at].kind != TokenKind::Name);
        match comma.filter(|comma| !is_field && text(*comma) == ",") {
            Some(comma) => end = comma,
            None => break,
        }
    }
    names
}

/// The expression that begins at a token, as far as it goes on in brackets, behind operators and as
/// the suffixes of a value.
fn expression(all: &[Token], start: usize, line: &str) -> Range<usize> {
    let is_value = |token: &Token| !matches!(token.kind, TokenKind::Symbol | TokenKind::Keyword);
    let mut depth = 0_usize;
    let mut end = start;
    while let Some(token) = all.get(end) {
        let text = token.text(line);
        let before = end
            .checked_sub(1)
            .filter(|before| *before >= start)
            .map(|before| &all[before]);
        let ends_value = before
            .is_some_and(|before| is_value(before) || matches!(before.text(line), ")" | "]" | "}"));
        let goes_on = match text {
            "{" | "(" | "[" => {
                depth += 1;
                true
            }
            "}" | ")" | "]" if depth > 0 => {
                depth -= 1;
                true
            }
            _ if depth > 0 => true,
            "}" | ")" | "]" | "," | ";" | "=" => false,
            "and" | "or" | "not" | "nil" | "true" | "false" => true,
            _ if token.kind == TokenKind::Keyword => false,
            // Two values side by side are two statements, unless the second is the argument of the
            // first.
            _ if is_value(token) => {
                !ends_value
                    || (token.kind == TokenKind::Text
                        && before.is_some_and(|before| before.kind == TokenKind::Name))
            }
            _ => true,
        };
        if !goes_on {
            break;
        }
        end += 1;
    }
    let last = end
        .checked_sub(1)
        .filter(|last| *last >= start)
        .map_or(0, |last| all[last].range.end);
    all.get(start).map_or(0, |first| first.range.start)..last
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
        text.push(if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Secrets;
    use cumulua_core::catalog::Catalog;
    use cumulua_core::secret::Redactor;
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
            "f { Password = g { Name = 'x' } .. 'hunter22' }",
            "local my_secret <const> = 'hunter22'",
            "local user, pw = 'me', 'hunter22'",
            "a.user, a.password, n = f('x', 'y'), 'hunter' .. n, 1",
        ] {
            assert!(secrets(&[]).is_in(line), "{line}");
        }
        for line in [
            "f { Password = secret 'vm' }",
            "f { Password = env('PW'), Name = 'x' }",
            "f { Name = 'Password' }",
            "print 'x'",
            "local pw, user = secret 'a', 'me'",
            "f { password, Name = 'x' }",
            "f { Password = p, 'x' }",
        ] {
            assert!(!secrets(&[]).is_in(line), "{line}");
        }
    }

    #[test]
    fn a_known_secret_is_one_wherever_it_stands() {
        let secrets = secrets(&["hunter22"]);
        assert!(secrets.is_in("local x = 'hunter22'"));
        assert!(secrets.is_in("-- hunter22"));
        assert_eq!(
            secrets.replace_secrets("local vmKey = 'hunter22' -- hunter22"),
            "local vmKey = secret \"vm-key\" -- [secret]"
        );
        assert_eq!(
            secrets.replace_secrets("f 'hunter22'"),
            "f (secret \"secret\")"
        );
        assert_eq!(
            secrets.replace_secrets("f { Password = p .. 'A1!' .. g('x', { 1 }), Name = 'b' }"),
            "f { Password = secret \"password\", Name = 'b' }"
        );
        assert_eq!(
            secrets.replace_secrets("p.Token = 'a' .. 'bc' x = 'b'"),
            "p.Token = secret \"token\" x = 'b'"
        );
        assert_eq!(
            secrets.replace_secrets("local user, pw = 'me', 'abcd' f()"),
            "local user, pw = 'me', secret \"pw\" f()"
        );
        assert_eq!(
            secrets.replace_secrets("f { Password = 'abcd', Name = 'b' }"),
            "f { Password = secret \"password\", Name = 'b' }"
        );
    }
}
