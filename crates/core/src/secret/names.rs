//! Names by which a value is known to be a secret.

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
/// The same, of a name's last word only: they are parts of other words.
const LAST_PARTS: &[&str] = &["pw", "pwd", "pass", "psw", "pswd"];
/// The same, of whole names that do not show where a word begins.
const NAMES: &[&str] = &[
    "adminpass",
    "adminpw",
    "dbpass",
    "dbpw",
    "rootpass",
    "rootpw",
    "userpass",
    "userpw",
];

/// Whether what has this name is a secret by its name alone: a variable, a parameter, an option
/// with its dashes.
pub fn is_named_secret(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .flat_map(char::to_lowercase)
        .collect();
    PARTS.iter().any(|part| plain.contains(part))
        || NAMES.contains(&plain.as_str())
        || LAST_PARTS.contains(&last_word(name).to_lowercase().as_str())
}

/// `Pass` of `AdminPass`, `db-pass` or `DB_PASS`.
fn last_word(name: &str) -> &str {
    let name = name.trim_end_matches(|c: char| !c.is_alphabetic());
    let mut start = name.len();
    let mut later: Option<char> = None;
    for (at, c) in name.char_indices().rev() {
        let begins_before = later.is_some_and(|later| later.is_uppercase() && c.is_lowercase());
        if begins_before || !c.is_alphabetic() {
            break;
        }
        start = at;
        later = Some(c);
    }
    &name[start..]
}

#[cfg(test)]
mod tests {
    use super::is_named_secret;

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
            "AdminPass",
            "RootPw",
            "--db-pass",
            "DB_PASS",
            "ADMINPASS",
            "userPwd2",
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
            "PassCount",
            "--pass-rate",
            "public_key",
            "--dry-run",
        ] {
            assert!(!is_named_secret(name), "{name}");
        }
    }
}
