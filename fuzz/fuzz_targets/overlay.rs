//! An overlay of the catalogue is refused with a place that the text has, or its Actions are
//! described, and decode answers, without a panic. A first line `product` makes it a product's file.
#![no_main]

use cumulua::reference::page::{Paper, render_named};
use cumulua_core::catalog::{Catalog, CatalogError};
use cumulua_fuzz::decode_answer;
use libfuzzer_sys::fuzz_target;
use std::fs;
use std::sync::LazyLock;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("service/mcs")).expect("a folder");
    fs::create_dir_all(folder.path().join("product/mcs")).expect("a folder");
    folder
});

const ANSWERS: [&str; 2] = [
    r#"{"Code":"Success","a":[1,{"b":null}],"Data":{"a":"b"}}"#,
    "<AResponse><a>1</a><a><b>2</b></a><c/></AResponse>",
];

fuzz_target!(|text: &str| {
    let (kind, file, text) = match text.strip_prefix("product\n") {
        Some(rest) => ("product", "product/mcs/product.json", rest),
        None => ("service", "service/mcs/mcs.json", text),
    };
    fs::write(FOLDER.path().join(file), text).expect("a file");
    let catalog = Catalog::new(vec![FOLDER.path().join(kind)]);
    let loaded = catalog
        .product("mcs")
        .map(drop)
        .and_then(|()| catalog.actions_of("mcs"));
    let actions = match loaded {
        Ok(actions) => actions,
        Err(CatalogError::Malformed { line, .. }) => {
            assert!(line <= text.matches('\n').count() + 1, "{line}");
            return;
        }
        Err(other) => panic!("{other}"),
    };
    let paper = Paper {
        width: 80,
        color: true,
    };
    let _ = render_named(&catalog, "mcs", &paper);
    // An overlay's Actions are the last; the others are only looked at where all may be changed.
    for action in actions.iter().rev().take(4) {
        let _ = cumulua::reference::page::action(action, &paper);
        for answer in ANSWERS {
            let _ = decode_answer(action, answer.as_bytes());
        }
    }
});
