//! Arguments as a record may hold them.

use cumulua_core::secret::{REDACTED, Redactor, is_named_secret};

/// Arguments as a record may hold them: without known secrets, and without what is named like one.
pub(super) fn redact(args: &[String], redactor: &Redactor) -> Vec<String> {
    let mut is_value = false;
    let shown = args.iter().map(|arg| {
        if std::mem::take(&mut is_value) && !arg.starts_with('-') {
            return REDACTED.to_owned();
        }
        match arg.split_once('=') {
            Some((name, _)) if is_named_secret(name) => format!("{name}={REDACTED}"),
            None if arg.starts_with('-') && is_named_secret(arg) => {
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
    use super::{Redactor, redact};

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
        let redactor = Redactor::default();
        redactor.learn("known-one");
        let shown = redact(&args.map(str::to_owned), &redactor);
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
