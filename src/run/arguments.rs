//! Arguments as a record may hold them.

use crate::secret::{REDACTED, Redactor};

/// Words in the name of an argument whose value nobody should read.
const SECRET_WORDS: &[&str] = &["password", "passwd", "secret", "token", "credential", "apikey", "api_key", "api-key"];

/// Arguments as a record may hold them: without known secrets, and without what is named like one.
pub(super) fn redacted(args: &[String], redactor: &Redactor) -> Vec<String> {
    let is_secret = |name: &str| SECRET_WORDS.iter().any(|word| name.to_lowercase().contains(word));
    let mut is_value = false;
    let shown = args.iter().map(|arg| {
        if std::mem::take(&mut is_value) && !arg.starts_with('-') {
            return REDACTED.to_owned();
        }
        match arg.split_once('=') {
            Some((name, _)) if is_secret(name) => format!("{name}={REDACTED}"),
            None if arg.starts_with('-') && is_secret(arg) => {
                is_value = true;
                arg.clone()
            }
            _ => redactor.redact(arg),
        }
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::{Redactor, redacted};

    #[test]
    fn arguments_that_are_named_like_secrets_are_left_out() {
        let args = ["web", "--password", "a", "--Db-Token=b", "Password=c", "x=1", "--token", "--dry-run", "known-one"];
        let redactor = Redactor::default();
        redactor.learn("known-one");
        let shown = redacted(&args.map(str::to_owned), &redactor);
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
        assert_eq!(shown, expected);
    }
}
