//! `cumulua sign`: what a signature should be, to compare with what a server echoed.

use super::{report, status};
use crate::client::sign::{Address, Key, sign};
use clap::Args;
use cumulua_core::catalog::Scheme;
use cumulua_core::json;
use cumulua_core::secret::Secret;
use serde::Deserialize;
use serde_json::Value as Json;
use std::io::{self, BufRead as _};
use std::process::ExitCode;
use url::Url;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  echo '{\"scheme\":\"cds\",\"method\":\"GET\",\"secret\":\"s\",\"params\":{\"Action\":\"DescribeTags\"}}' | cumulua sign"
)]
pub(super) struct Sign {}

#[derive(Deserialize)]
struct Line {
    scheme: Scheme,
    method: String,
    secret: String,
    #[serde(default)]
    url: Option<String>,
}

impl Sign {
    /// Signs line by line.
    #[expect(clippy::unused_self, reason = "every subcommand has the same form")]
    pub(super) fn run(self) -> ExitCode {
        let mut failed = false;
        for (index, line) in io::stdin().lock().lines().enumerate() {
            let line = match line {
                Ok(line) => line,
                Err(error) => {
                    report::error(&format!("line {}: {error}", index + 1));
                    return status::SCRIPT.into();
                }
            };
            if line.trim().is_empty() {
                continue;
            }
            match sign_line(&line) {
                Ok(answer) => report::print_json_line(&answer),
                Err(problem) => {
                    failed = true;
                    report::print_json_line(&serde_json::json!({ "error": problem }));
                    report::error(&format!("line {}: {problem}", index + 1));
                }
            }
        }
        if failed {
            status::SCRIPT.into()
        } else {
            status::DONE.into()
        }
    }
}

fn sign_line(line: &str) -> Result<Json, String> {
    // serde's messages quote values, and one of them is the secret.
    let line =
        json::parse(line).map_err(|error| format!("is not JSON (column {})", error.column()))?;
    let needs = || "needs scheme (cds, pop or sigv2), method, secret and params (an object)";
    let Json::Object(mut fields) = line else {
        return Err(needs().to_owned());
    };
    let Some(Json::Object(params)) = fields.remove("params") else {
        return Err(needs().to_owned());
    };
    let line = Line::deserialize(Json::Object(fields)).map_err(|_| needs().to_owned())?;
    let mut pairs = Vec::with_capacity(params.len());
    for (name, value) in params {
        let text = match value {
            Json::String(text) => text,
            Json::Number(_) | Json::Bool(_) => value.to_string(),
            _ => return Err(format!("the parameter {name} must be text")),
        };
        pairs.push((name, text));
    }
    let url = match &line.url {
        Some(text) => {
            Some(Url::parse(text).map_err(|error| format!("url is no absolute URL: {error}"))?)
        }
        None => None,
    };
    let address = match (&url, line.scheme) {
        (Some(url), _) => Address {
            scheme: url.scheme(),
            host: url.host_str().unwrap_or_default(),
            port: url.port(),
            path: url.path(),
        },
        (None, Scheme::Sigv2) => {
            return Err("sigv2 signs the host and the path; give url".to_owned());
        }
        (None, _) => Address {
            scheme: "https",
            host: "",
            port: None,
            path: "/",
        },
    };
    let signed = sign(
        &Key::new(line.scheme, &Secret::new(line.secret)),
        &line.method,
        address,
        &pairs,
    );
    Ok(
        serde_json::json!({ "string_to_sign": signed.string_to_sign, "signature": signed.signature }),
    )
}
