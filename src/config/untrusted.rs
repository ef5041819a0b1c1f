//! What a project's file may set before a person trusts it: it may narrow what is allowed and name a
//! region. A file that sets more is refused as a whole, with the list of what it wants.

use super::account::RateLimit;
use super::error::ConfigError;
use super::file::{ConfigFile, HttpTable, ProductTable, ProfileTable, Tables};

/// Holds each file that is not trusted to what it may set; `files` in the order in which they count.
pub(super) fn check(files: &[ConfigFile]) -> Result<(), ConfigError> {
    for (index, file) in files.iter().enumerate().filter(|(_, file)| !file.trusted) {
        let wants = wants(&file.tables, &files[index + 1..]);
        if !wants.is_empty() {
            return Err(ConfigError::Untrusted {
                path: file.path.clone(),
                wants,
            });
        }
    }
    Ok(())
}

/// What a file sets that counts only once it is trusted, each by its key. `below` are the files that
/// count after it. Every key is named here, so that a new one is decided about.
pub(super) fn wants(tables: &Tables, below: &[ConfigFile]) -> Vec<String> {
    let Tables {
        profile,
        http: HttpTable { allow },
        profiles,
    } = tables;
    let mut wants = Vec::new();
    if let Some(name) = profile {
        wants.push(format!("profile = {name:?}"));
    }
    if !allow.is_empty() {
        wants.push(format!("[http] allow = {allow:?}"));
    }
    for (name, table) in profiles {
        let ProfileTable {
            // A cloud has only the regions that the catalogue gives it.
            region: _,
            // One file is enough for these, and none takes them back.
            read_only: _,
            production: _,
            allow_http,
            secrets,
            products,
        } = table;
        let place = format!("profiles.{}", key(name));
        if *allow_http == Some(true) {
            wants.push(format!("{place}.allow_http"));
        }
        wants.extend(
            secrets
                .keys()
                .map(|secret| format!("{place}.secrets.{}", key(secret))),
        );
        for (product, table) in products {
            let limit = limit(below, name, product);
            let place = format!("{place}.{}", key(product));
            let keys = of_product(table, limit).into_iter();
            wants.extend(keys.map(|key| format!("{place}.{key}")));
        }
    }
    wants
}

fn of_product(table: &ProductTable, limit: RateLimit) -> Vec<String> {
    let ProductTable {
        access_key,
        secret_key,
        security_token,
        region: _,
        requests_per_second,
        burst,
        endpoint,
        endpoints,
    } = table;
    let is_faster = requests_per_second.is_some_and(|wanted| wanted > limit.per_second);
    let is_more = burst.is_some_and(|wanted| wanted > limit.burst.get());
    let keys = [
        ("access_key", access_key.is_some()),
        ("secret_key", secret_key.is_some()),
        ("security_token", security_token.is_some()),
        ("endpoint", endpoint.is_some()),
    ];
    let keys = keys.into_iter().filter(|(_, is_set)| *is_set);
    keys.map(|(key, _)| key.to_owned())
        .chain(
            endpoints
                .keys()
                .map(|service| format!("endpoints.{}", key(service))),
        )
        .chain(is_faster.then(|| format!("requests_per_second above {}", limit.per_second)))
        .chain(is_more.then(|| format!("burst above {}", limit.burst)))
        .collect()
}

/// A key as the file has it, quoted where it is more than a word.
fn key(name: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(is_word) {
        name.to_owned()
    } else {
        format!("{name:?}")
    }
}

/// The limit that holds without the file.
fn limit(below: &[ConfigFile], profile: &str, product: &str) -> RateLimit {
    let mut limit = RateLimit::DEFAULT;
    for file in below.iter().rev() {
        let table = file.tables.profiles.get(profile);
        let Some(table) = table.and_then(|table| table.products.get(product)) else {
            continue;
        };
        limit.per_second = table.requests_per_second.unwrap_or(limit.per_second);
        let burst = table.burst.and_then(|burst| burst.try_into().ok());
        limit.burst = burst.unwrap_or(limit.burst);
    }
    limit
}

#[cfg(test)]
mod tests {
    use super::wants;

    fn wanted(text: &str) -> Vec<String> {
        wants(&toml::from_str(text).unwrap(), &[])
    }

    #[test]
    fn every_key_is_allowed_untrusted_or_refused_by_its_name() {
        for allowed in [
            "[http]\nallow = []",
            "[profiles.p]\nregion = 'cn'",
            "[profiles.p]\nread_only = true",
            "[profiles.p]\nread_only = false",
            "[profiles.p]\nproduction = true",
            "[profiles.p]\nproduction = false",
            "[profiles.p]\nallow_http = false",
            "[profiles.p.cds]\nregion = 'cn'",
            "[profiles.p.cds]\nrequests_per_second = 20",
            "[profiles.p.cds]\nburst = 40",
            "[profiles.p.cds]\nrequests_per_second = 0.5\nburst = 1",
        ] {
            assert_eq!(wanted(allowed), [""; 0], "{allowed}");
        }
        for (refused, named) in [
            ("profile = 'p'", "profile = \"p\""),
            (
                "[http]\nallow = ['a.example']",
                "[http] allow = [\"a.example\"]",
            ),
            ("[profiles.p]\nallow_http = true", "profiles.p.allow_http"),
            (
                "[profiles.p.secrets]\nx = { env = 'X' }",
                "profiles.p.secrets.x",
            ),
            (
                "[profiles.p.secrets]\nx = { file = 'x' }",
                "profiles.p.secrets.x",
            ),
            (
                "[profiles.p.secrets]\nx = { command = ['x'] }",
                "profiles.p.secrets.x",
            ),
            ("[profiles.p.secrets]\nx = 'plain'", "profiles.p.secrets.x"),
            (
                "[profiles.p.cds]\naccess_key = 'k'",
                "profiles.p.cds.access_key",
            ),
            (
                "[profiles.p.cds]\nsecret_key = 'k'",
                "profiles.p.cds.secret_key",
            ),
            (
                "[profiles.p.cds]\nsecret_key = { env = 'K' }",
                "profiles.p.cds.secret_key",
            ),
            (
                "[profiles.p.cds]\nsecurity_token = 't'",
                "profiles.p.cds.security_token",
            ),
            (
                "[profiles.p.cds]\nendpoint = 'https://a.example'",
                "profiles.p.cds.endpoint",
            ),
            (
                "[profiles.p.aliyun.endpoints]\nsas = 'https://a.example'",
                "profiles.p.aliyun.endpoints.sas",
            ),
            (
                "[profiles.p.cds]\nrequests_per_second = 20.1",
                "profiles.p.cds.requests_per_second above 20",
            ),
            (
                "[profiles.\"a\\u001b[2J\".cds]\naccess_key = 'k'",
                "profiles.\"a\\u{1b}[2J\".cds.access_key",
            ),
            (
                "[profiles.p.cds]\nburst = 41",
                "profiles.p.cds.burst above 40",
            ),
        ] {
            assert_eq!(wanted(refused), [named], "{refused}");
        }
    }

    #[test]
    fn all_that_a_file_wants_is_listed_and_no_secret_of_it() {
        let listed = wanted(
            "profile = 'p'\n[profiles.p.cds]\nendpoint = 'https://a.example'\nsecret_key = 'hunter2-hunter2'\nregion = 'cn'",
        );
        assert_eq!(
            listed,
            [
                "profile = \"p\"",
                "profiles.p.cds.secret_key",
                "profiles.p.cds.endpoint"
            ]
        );
    }
}
