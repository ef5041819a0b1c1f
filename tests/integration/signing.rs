//! Signatures, held to what other implementations gave.

use crate::support::Test;
use cumulua::client::sign::{Address, Key, sign};
use cumulua_core::catalog::Scheme;
use cumulua_core::secret::Secret;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use url::Url;

const VECTORS: &str = include_str!("../../vectors/signing.json");

#[derive(Deserialize)]
struct Vector {
    scheme: Scheme,
    method: String,
    secret: String,
    url: Option<String>,
    params: BTreeMap<String, String>,
    string_to_sign: String,
    signature: String,
}

#[test]
fn every_vector_agrees() {
    let vectors: Vec<Vector> = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(vectors.len(), 60);
    for vector in vectors {
        let url = Url::parse(vector.url.as_deref().unwrap_or("https://host/")).unwrap();
        let address = Address {
            scheme: url.scheme(),
            host: url.host_str().unwrap(),
            port: url.port(),
            path: url.path(),
        };
        let pairs: Vec<_> = vector.params.into_iter().collect();
        let signed = sign(
            &Key::new(vector.scheme, &Secret::new(vector.secret)),
            &vector.method,
            address,
            &pairs,
        );
        assert_eq!(
            (signed.string_to_sign, signed.signature),
            (vector.string_to_sign, vector.signature)
        );
    }
}

#[test]
fn the_command_signs_line_by_line_and_never_shows_the_secret() {
    let vectors: Vec<Json> = serde_json::from_str(VECTORS).unwrap();
    let lines: Vec<String> = vectors.iter().map(Json::to_string).collect();
    let output = Test::new().arg("sign").input(lines.join("\n")).run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let answers: Vec<Json> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), vectors.len());
    for (answer, vector) in answers.iter().zip(&vectors) {
        assert_eq!(answer["string_to_sign"], vector["string_to_sign"]);
        assert_eq!(answer["signature"], vector["signature"]);
        assert!(!output.stdout.contains(vector["secret"].as_str().unwrap()));
    }
}

#[test]
fn a_line_that_cannot_be_signed_is_named_and_the_others_are_signed() {
    let good = r#"{"scheme":"pop","method":"GET","secret":"topsecret","params":{"A":"1"}}"#;
    let bad = r#"{"scheme":"rot13","method":"GET","secret":"topsecret","params":{}}"#;
    let output = Test::new()
        .arg("sign")
        .input(format!("{good}\n{bad}\nnonsense\n{good}\n"))
        .fails(1, &["line 2", "line 3"]);
    assert_eq!(output.stdout.lines().count(), 4);
    assert_eq!(output.stdout.matches("signature").count(), 2);
    assert!(!(output.stdout + &output.stderr).contains("topsecret"));
}

/// `promises.md` row 32: a field has any name.
#[test]
fn a_parameter_that_is_an_object_is_refused_whatever_its_fields_are_called() {
    let line = |params: &str| {
        format!(r#"{{"scheme":"pop","method":"GET","secret":"topsecret","params":{params}}}"#)
    };
    let inner = line(r#"{"A":{"$serde_json::private::Number":"5"}}"#);
    Test::new()
        .arg("sign")
        .input(inner)
        .fails(1, &["the parameter A must be text"]);
    let whole = line(r#"{"$serde_json::private::Number":"5"}"#);
    let output = Test::new().arg("sign").input(whole).run();
    assert!(output.stdout.contains("Number%3D5"), "{}", output.stdout);
}
