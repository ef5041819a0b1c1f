//! A line at the prompt, whole or not: its tokens lie in order, what Lua compiles it compiles after
//! locals were made to outlive their line, and completion replaces a part of the line.
#![no_main]

use cumulua::lua::fault;
use cumulua::lua::inspect::{InAnswer, Inspected, PathStep};
use cumulua::lua_syntax::locals::Rewritten;
use cumulua::lua_syntax::tokens;
use cumulua::repl::{Knowledge, complete, hint};
use cumulua_core::catalog::Catalog;
use libfuzzer_sys::fuzz_target;
use std::path::Path;
use std::sync::LazyLock;

struct Session(Catalog);

static SESSION: LazyLock<Session> = LazyLock::new(|| Session(Catalog::default()));

impl Knowledge for Session {
    fn catalog(&self) -> &Catalog {
        &self.0
    }

    fn folder(&self) -> &Path {
        Path::new("/nonexistent")
    }

    fn profiles(&self) -> Vec<String> {
        vec!["default".to_owned(), "production".to_owned()]
    }

    fn names(&self) -> Vec<(String, String)> {
        let products = self.0.products().into_iter();
        products.map(|name| (name.clone(), name)).collect()
    }

    fn inspect(&self, root: &str, _: &[PathStep]) -> (Inspected, Option<InAnswer>) {
        (Inspected::Catalogue(root.to_owned()), None)
    }
}

fuzz_target!(|line: &str| {
    let mut end = 0;
    for token in tokens(line) {
        let range = token.range.clone();
        assert!(range.start < range.end, "{token:?} is empty");
        let between = line.get(end..range.start).expect("tokens in order");
        assert!(
            between.bytes().all(|byte| byte.is_ascii_whitespace() || byte == 0x0b),
            "{between:?} is in no token"
        );
        assert!(line.get(range.clone()).is_some(), "{token:?} cuts a character");
        end = range.end;
    }
    let rewritten = Rewritten::alone(line);
    assert_eq!(
        rewritten.text.matches('\n').count(),
        line.matches('\n').count(),
        "the lines stay"
    );
    // A script's first line may be a shebang, which a prompt's may not.
    if !line.starts_with(['#', '\u{feff}']) && fault("a", line).is_none() {
        assert_eq!(fault("a", &rewritten.text), None, "{:?}", rewritten.text);
    }
    let (start, found) = complete(line, &*SESSION);
    assert!(line.get(start..).is_some(), "{start} cuts a character");
    assert!(found.iter().all(|candidate| !candidate.insert.is_empty()));
    let _ = hint(line, 80, &*SESSION);
});
