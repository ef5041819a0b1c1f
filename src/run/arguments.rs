//! Arguments as a record may hold them.

use cumulua_core::secret::{REDACTED, Redactor, is_named_secret};
use serde_json::Value as Json;

/// Options of other programs whose value is a password by custom, though their name does not show
/// it: `mysql -p`.
const PASSWORD_OPTIONS: &[&str] = &["-p"];
/// Options whose value is a user's name and password.
const USER_OPTIONS: &[&str] = &["-u", "--user", "--userpwd", "--proxy-user"];

/// Arguments as a record may hold them: without known secrets, and without what stands where a
/// secret does: behind a name of one, in a URL, in JSON.
pub fn redact(args: &[String], redactor: &Redactor) -> Vec<String> {
    let mut before: Option<&str> = None;
    let redacted = args.iter().map(|arg| {
        let option = before.replace(arg);
        // Known ones first: what is cut up hides them.
        let clean = redactor.redact(arg);
        match option {
            Some(option) if expects_secret(option) && !is_option(arg) => REDACTED.to_owned(),
            Some(option) if USER_OPTIONS.contains(&option) => match clean.split_once(':') {
                Some((user, _)) => format!("{user}:{REDACTED}"),
                None => clean,
            },
            _ => argument(&clean),
        }
    });
    redacted.collect()
}

/// Whether the next argument is its secret.
fn expects_secret(arg: &str) -> bool {
    PASSWORD_OPTIONS.contains(&arg)
        || arg.starts_with('-') && !arg.contains(['=', ':']) && is_secret_header(arg)
}

/// Whether an argument is an option, and no value that begins with a dash: `--name` or `-n`.
fn is_option(arg: &str) -> bool {
    arg.strip_prefix("--")
        .is_some_and(|name| name.starts_with(char::is_alphabetic))
        || arg.len() == 2 && arg.starts_with('-') && arg.ends_with(char::is_alphabetic)
}

/// One argument by itself.
fn argument(arg: &str) -> String {
    for option in PASSWORD_OPTIONS {
        if let Some(value) = arg.strip_prefix(option)
            && !value.is_empty()
        {
            return format!("{option}{REDACTED}");
        }
    }
    match arg.split_once(['=', ':']) {
        Some((name, _)) if is_word(name) && is_secret_header(name) => {
            // `Name:=json` has two marks.
            let mark = &arg[name.len()..];
            let mark = ["=", ":=", ": ", ":"]
                .into_iter()
                .find(|kind| mark.starts_with(kind))
                .unwrap_or_default();
            return format!("{name}{mark}{REDACTED}");
        }
        Some((name, json)) => {
            if let Some(json) = json_without_secrets(json.trim_start_matches(['=', ':'])) {
                let start = arg.len() - arg[name.len()..].trim_start_matches(['=', ':']).len();
                return format!("{}{json}", &arg[..start]);
            }
            // `--header=X-Api-Key: …`
            let value = json.trim_start_matches(['=', ':']);
            if let Some((header, _)) = value.split_once(':')
                && is_word(header)
                && is_named_secret(header)
            {
                let start = arg.len() - value.len();
                return format!("{}{header}: {REDACTED}", &arg[..start]);
            }
        }
        None => {}
    }
    if let Some(json) = json_without_secrets(arg) {
        return json;
    }
    if let Some(host) = host_of_login(arg) {
        return format!("{REDACTED}@{host}");
    }
    without_bearer(without_url_secrets(arg))
}

/// A text without what stands in its URLs and pairs where secrets do.
pub(super) fn without_url_secrets(text: &str) -> String {
    without_secret_pairs(&without_quoted_pairs(&without_user(text)))
}

/// The host of `user:password@host`, which has no scheme.
fn host_of_login(arg: &str) -> Option<&str> {
    let (login, host) = arg.rsplit_once('@')?;
    let (user, password) = login.split_once(':')?;
    let is_part =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '/');
    (is_part(user) && is_part(password) && is_part(host)).then_some(host)
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || "/?&;,{[\"".contains(c))
}

fn is_secret_header(name: &str) -> bool {
    let bare = name.trim_start_matches('-');
    is_named_secret(name)
        || ["authorization", "proxy-authorization", "cookie", "auth"]
            .iter()
            .any(|header| bare.eq_ignore_ascii_case(header))
}

/// JSON whose fields with a secret's name are without it; none where it is none, or has none.
fn json_without_secrets(text: &str) -> Option<String> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut json: Json = serde_json::from_str(text).ok()?;
    hide(&mut json).then(|| json.to_string())
}

/// Whether there was any.
fn hide(json: &mut Json) -> bool {
    match json {
        // All of them, and not only up to the first that has any.
        Json::Array(items) => items.iter_mut().map(hide).filter(|any| *any).count() > 0,
        Json::Object(fields) => fields.iter_mut().fold(false, |any, (name, value)| {
            if is_secret_header(name) {
                *value = REDACTED.into();
                return true;
            }
            hide(value) || any
        }),
        Json::String(text) => {
            let plain = without_url_secrets(text);
            let is_other = plain != *text;
            *text = plain;
            is_other
        }
        _ => false,
    }
}

/// URLs without a user's name and password, either of which may be a token.
fn without_user(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (scheme, after) = rest.split_at(at + 3);
        plain.push_str(scheme);
        let end = after
            .find(|c: char| c.is_whitespace() || "/?#\"'".contains(c))
            .unwrap_or(after.len());
        let host = match after[..end].rfind('@') {
            Some(at) => {
                plain.push_str(REDACTED);
                at
            }
            None => 0,
        };
        rest = &after[host..];
    }
    plain + rest
}

/// `name=value` within a text, as of a URL's query or a connection string, without values that are
/// secrets by their name.
fn without_secret_pairs(text: &str) -> String {
    let is_end = |c: char| c.is_whitespace() || "&;,?#\"'".contains(c);
    let pairs = text.split_inclusive(is_end).map(|part| {
        let pair = part.trim_end_matches(is_end);
        match pair.split_once('=') {
            Some((name, value)) if is_named_secret(name) && !value.is_empty() => {
                format!("{name}={REDACTED}{}", &part[pair.len()..])
            }
            _ => part.to_owned(),
        }
    });
    pairs.collect()
}

/// `'name': 'value'` within a text that is not quite JSON, as a dictionary of Python or a table of
/// Lua, without values that are secrets by their name.
fn without_quoted_pairs(text: &str) -> String {
    const QUOTES: [char; 2] = ['"', '\''];
    let mut plain = String::new();
    let mut rest = text;
    while let Some(open) = rest.find(QUOTES) {
        let name = &rest[open + 1..];
        let Some(close) = name.find(&rest[open..=open]) else {
            break;
        };
        let name = &name[..close];
        let after = &rest[open + close + 2..];
        let behind_mark = after
            .trim_start_matches(|c: char| c == ']' || c.is_whitespace())
            .strip_prefix([':', '=']);
        let Some(value) = behind_mark.filter(|_| is_secret_header(name)) else {
            plain.push_str(&rest[..rest.len() - after.len()]);
            rest = after;
            continue;
        };
        let value = value.trim_start();
        plain.push_str(&rest[..rest.len() - value.len()]);
        plain.push_str(REDACTED);
        // One that is never closed goes on to the end.
        let end = match value.chars().next().filter(|first| QUOTES.contains(first)) {
            Some(quote) => value[1..].find(quote).map(|end| end + 2),
            None => value.find(|c: char| c.is_whitespace() || ",}])".contains(c)),
        };
        rest = &value[end.unwrap_or(value.len())..];
    }
    plain + rest
}

/// `-H "Authorization: Bearer x"` in one argument.
fn without_bearer(text: String) -> String {
    let lower = text.to_ascii_lowercase();
    for scheme in ["bearer ", "basic "] {
        if let Some(at) = lower.find(scheme) {
            return format!("{}{REDACTED}", &text[..at + scheme.len()]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Redactor, redact};
    use proptest::prelude::*;

    fn view(args: &[&str]) -> Vec<String> {
        let redactor = Redactor::default();
        redactor.learn("known-one");
        redact(
            &args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>(),
            &redactor,
        )
    }

    #[test]
    fn headers_and_logins_inside_an_argument_are_left_out() {
        assert_eq!(
            view(&[
                "--header=X-Api-Key: a-key",
                "user:pass-word@host",
                "--header=Accept: text"
            ]),
            [
                "--header=X-Api-Key: [secret]",
                "[secret]@host",
                "--header=Accept: text"
            ]
        );
    }

    #[test]
    fn arguments_that_are_named_like_secrets_are_left_out() {
        let args = [
            "web",
            "--password",
            "a",
            "--Db-Token=b",
            "Password=c",
            "x=1",
            "--token",
            "--dry-run",
            "known-one",
        ];
        let expected = [
            "web",
            "--password",
            "[secret]",
            "--Db-Token=[secret]",
            "Password=[secret]",
            "x=1",
            "--token",
            "--dry-run",
            "[secret]",
        ];
        assert_eq!(view(&args), expected);
    }

    #[test]
    fn what_stands_where_a_secret_does_is_left_out() {
        for (args, expected) in [
            (vec!["--db-pass=x"], vec!["--db-pass=[secret]"]),
            (vec!["-p", "x"], vec!["-p", "[secret]"]),
            (vec!["-px"], vec!["-p[secret]"]),
            (vec!["-p", "-x9"], vec!["-p", "[secret]"]),
            (vec!["--password", "-x9"], vec!["--password", "[secret]"]),
            (vec!["-u", "ann:pw"], vec!["-u", "ann:[secret]"]),
            (vec!["https://u:pw@h"], vec!["https://[secret]@h"]),
            (
                vec!["--url=https://token@h:1/a@b?x=1"],
                vec!["--url=https://[secret]@h:1/a@b?x=1"],
            ),
            (
                vec!["https://h/?a=1&access_token=x&b=2#c"],
                vec!["https://h/?a=1&access_token=[secret]&b=2#c"],
            ),
            (
                vec![r#"{"password":"x","user":"ann"}"#],
                vec![r#"{"password":"[secret]","user":"ann"}"#],
            ),
            (
                vec![r#"--with=[{"AdminPass":1}]"#],
                vec![r#"--with=[{"AdminPass":"[secret]"}]"#],
            ),
            (
                vec![r#"Login:={"Password":"x"}"#],
                vec![r#"Login:={"Password":"[secret]"}"#],
            ),
            (vec![r#"Password:="x""#], vec!["Password:=[secret]"]),
            (
                vec!["Server=db;User=ann;Password=x;Port=1"],
                vec!["Server=db;User=ann;Password=[secret];Port=1"],
            ),
            (
                vec!["host=db password=x port=1"],
                vec!["host=db password=[secret] port=1"],
            ),
            (
                vec!["-H", "Authorization: Bearer x"],
                vec!["-H", "Authorization: [secret]"],
            ),
            (
                vec!["--header=Authorization: Bearer x"],
                vec!["--header=Authorization: Bearer [secret]"],
            ),
            (vec!["X-Api-Key: x"], vec!["X-Api-Key: [secret]"]),
            (vec!["--auth=x"], vec!["--auth=[secret]"]),
            (vec!["--auth", "x"], vec!["--auth", "[secret]"]),
            (
                vec!["{'user':'ann','password': 'x y','n': 1}"],
                vec!["{'user':'ann','password': [secret],'n': 1}"],
            ),
            (
                vec![r#"data={["Password"] = "x", n = 1}"#],
                vec![r#"data={["Password"] = [secret], n = 1}"#],
            ),
            (
                vec![r#"{"token": x1, "n": 1}"#],
                vec![r#"{"token": [secret], "n": 1}"#],
            ),
            (vec!["'password':'x"], vec!["'password':[secret]"]),
        ] {
            assert_eq!(view(&args), expected, "{args:?}");
        }
    }

    #[test]
    fn other_arguments_are_kept() {
        let args = [
            "--region=eu",
            "-v",
            "a:b",
            "https://h/a@b",
            r#"{"user":"ann", "n": 1.50}"#,
            "[x",
            "x=y=z",
            "@file",
            "10:30",
            "-",
            "",
            "passes=3",
            "it's 'password'",
            "{'a': 'b'}",
        ];
        assert_eq!(view(&args), args);
    }

    proptest! {
        #[test]
        fn a_password_is_in_no_shape_of_an_argument(secret in "[A-Z0-9]{6,20}", shape in 0..8_usize) {
            let args: &[String] = &match shape {
                0 => vec![format!("--root-pw={secret}")],
                1 => vec!["--admin-pass".to_owned(), secret.clone()],
                2 => vec![format!("mysql://root:{secret}@db:3306/x")],
                3 => vec![format!("{{\"a\":[{{\"dbPassword\":\"{secret}\"}}]}}")],
                4 => vec![format!("RootPw={secret}")],
                5 => vec![format!("AdminPass:=\"{secret}\"")],
                6 => vec!["-p".to_owned(), secret.clone()],
                _ => vec![format!("https://h/x?sig=1&client_secret={secret}")],
            };
            let redacted = redact(args, &Redactor::default()).join(" ");
            prop_assert!(!redacted.contains(&secret), "{}", redacted);
        }
    }
}
