//! Finds files that import each other in a circle, be it over several steps. An import counts for the file that defines the name: what a
//! `mod.rs` hands on is followed to where it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the package: their files by their paths, as `lua::modules::call`.
struct Modules(BTreeMap<Vec<String>, PathBuf>);

impl Modules {
    fn of(root: &Path) -> Self {
        let mut modules = BTreeMap::new();
        walk(root, &[], &mut modules);
        Self(modules)
    }

    fn code(&self, module: &[String]) -> String {
        code(&fs::read_to_string(&self.0[module]).unwrap())
    }

    /// The module that defines what a path names, as far as that is a module of the package.
    fn definer(&self, path: &[String]) -> Option<Vec<String>> {
        let length = (1..=path.len()).rev().find(|length| self.0.contains_key(&path[..*length]))?;
        let (module, rest) = path.split_at(length);
        if let Some(name) = rest.first().filter(|_| self.0[module].ends_with("mod.rs")) {
            for (target, given) in uses(&self.code(module)) {
                let target = self.absolute(module, &target)?;
                if given == *name && target != path {
                    return self.definer(&[target.as_slice(), &rest[1..]].concat());
                }
            }
        }
        Some(module.to_vec())
    }

    /// A path from the package's root; none where it leads out of the package.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let mut base = module.to_vec();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => (base, rest) = (Vec::new(), &rest[1..]),
            "self" => rest = &rest[1..],
            "super" => {}
            first => {
                base.push(first.to_owned());
                return self.0.contains_key(&base).then(|| [base.as_slice(), &rest[1..]].concat());
            }
        }
        while rest.first().is_some_and(|part| part == "super") {
            base.pop();
            rest = &rest[1..];
        }
        Some([base.as_slice(), rest].concat())
    }

    /// The modules whose definitions a module names.
    fn imports(&self, module: &[String]) -> BTreeSet<Vec<String>> {
        let code = self.code(module);
        let mut found = BTreeSet::new();
        let mut paths = Vec::new();
        for (path, given) in uses(&code) {
            let Some(path) = self.absolute(module, &path) else { continue };
            // A module that is imported as a whole counts for what is named of it.
            if self.0.contains_key(&path) {
                let named = names_after(&code, &format!("{given}::"));
                paths.extend(named.into_iter().map(|name| [path.clone(), name].concat()));
            }
            paths.push(path);
        }
        for start in ["crate", "super"] {
            let inline = names_after(&without_uses(&code), &format!("{start}::"));
            paths.extend(inline.into_iter().filter_map(|name| self.absolute(module, &[vec![start.to_owned()], name].concat())));
        }
        for path in paths {
            found.extend(self.definer(&path).filter(|definer| definer != module && !self.0[definer].ends_with("mod.rs")));
        }
        found
    }
}

fn walk(folder: &Path, module: &[String], modules: &mut BTreeMap<Vec<String>, PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut own = module.to_vec();
        if path.is_dir() {
            own.push(name);
            walk(&path, &own, modules);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !["lib", "main"].contains(&name.as_str()) {
            if name != "mod" {
                own.push(name);
            }
            modules.insert(own, path);
        }
    }
}

/// A file's text without unit tests, comments and texts.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| line.split('"').step_by(2).collect::<String>() + "\n").collect()
}

fn statements(code: &str) -> Vec<&str> {
    let starts = code.match_indices("use ").filter(|(at, _)| {
        let before = code[..*at].rsplit('\n').next().unwrap_or_default().trim_start();
        before.is_empty() || (before.starts_with("pub") && !before.contains(['=', '{']))
    });
    starts.filter_map(|(at, word)| code[at + word.len()..].split(';').next()).collect()
}

fn without_uses(code: &str) -> String {
    statements(code).into_iter().fold(code.to_owned(), |code, statement| code.replace(statement, ""))
}

/// The paths that `use` names, each with the name that it gets.
fn uses(code: &str) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    for statement in statements(code) {
        expand(&[], statement, &mut found);
    }
    found
}

fn expand(prefix: &[String], tree: &str, found: &mut Vec<(Vec<String>, String)>) {
    let tree = tree.trim();
    if let Some((head, inner)) = tree.split_once('{') {
        let head = head.trim_end_matches("::").split("::").filter(|part| !part.is_empty()).map(|part| part.trim().to_owned());
        let prefix: Vec<_> = prefix.iter().cloned().chain(head).collect();
        let inner = inner.trim_end().strip_suffix('}').unwrap_or(inner);
        let (mut depth, mut start) = (0, 0);
        for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    if !inner[start..at].trim().is_empty() {
                        expand(&prefix, &inner[start..at], found);
                    }
                    start = at + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let (path, given) = tree.split_once(" as ").unwrap_or((tree, ""));
    let mut path: Vec<String> = prefix.iter().cloned().chain(path.split("::").map(|part| part.trim().to_owned())).collect();
    if path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let given = if given.is_empty() { path.last().cloned().unwrap_or_default() } else { given.trim().to_owned() };
    found.push((path, given));
}

/// What follows each `start`, as `a::b` of `start::a::b(…)`.
fn names_after(code: &str, start: &str) -> Vec<Vec<String>> {
    let begins = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    let rests = code.match_indices(start).filter(|(at, _)| begins(*at)).map(|(at, _)| &code[at + start.len()..]);
    let path = |rest: &str| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(rest.len());
        rest[..end].trim_end_matches(':').split("::").map(str::to_owned).collect()
    };
    rests.map(path).collect()
}

/// A circle that a module is in, where there is one.
fn circle(start: &Vec<String>, imports: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.clone()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for next in imports.get(way.last()?).into_iter().flatten() {
            if next == start {
                return Some(way.iter().chain([start]).map(|module| module.join("::")).collect());
            }
            if seen.insert(next.clone()) {
                ways.push([way.as_slice(), std::slice::from_ref(next)].concat());
            }
        }
    }
    None
}

/// The circles that files below these folders are in.
pub(crate) fn circles(root: &Path, folders: &[&str]) -> Vec<String> {
    let modules = Modules::of(root);
    let inside = |module: &&Vec<String>| folders.contains(&module[0].as_str());
    let imports: BTreeMap<_, _> = modules.0.keys().filter(inside).map(|module| (module.clone(), modules.imports(module))).collect();
    imports.keys().filter_map(|module| circle(module, &imports)).map(|way| way.join(" -> ")).collect()
}

/// Each `mod.rs` below these folders that defines anything, with the first line of it.
pub(crate) fn mod_files_with_definitions(root: &Path, folders: &[&str]) -> Vec<String> {
    let modules = Modules::of(root);
    let is_one = |(module, file): &(&Vec<String>, &PathBuf)| folders.contains(&module[0].as_str()) && file.ends_with("mod.rs");
    let words = ["fn ", "struct ", "enum ", "trait ", "impl ", "const "];
    let defines = |(module, file): (&Vec<String>, &PathBuf)| {
        let code = without_uses(&modules.code(module));
        let line = code.lines().find(|line| words.iter().any(|word| line.contains(word)))?;
        Some(format!("{}: {line}", file.display()))
    };
    modules.0.iter().filter(is_one).filter_map(defines).collect()
}

#[test]
fn a_circle_is_found_through_what_a_mod_file_hands_on() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    write("a/mod.rs", "mod one;\nmod two;\nmod three;\npub use two::Two;\n");
    write("a/one.rs", "use super::{Two, three::{self, Deep as Other}};\nfn f() { three::g() }\n");
    write("a/two.rs", "fn f() -> crate::a::three::Deep { todo!() }\n");
    write("a/three.rs", "// use super::one::f;\n");
    assert_eq!(circles(folder.path(), &["a"]), Vec::<String>::new());
    write("a/three.rs", "use super::one::f;\n");
    let found = circles(folder.path(), &["a"]);
    assert!(found.contains(&"a::one -> a::three -> a::one".to_owned()), "{found:?}");
    assert!(found.contains(&"a::two -> a::three -> a::one -> a::two".to_owned()), "{found:?}");
}
