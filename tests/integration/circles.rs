//! Finds files that import each other in a circle, be it over several steps. An import counts for
//! the file that defines the name: what a `mod.rs` hands on is followed to where it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Macro, UseTree};

type Module = Vec<String>;

/// The names in a file.
#[derive(Default)]
struct File {
    path: PathBuf,
    /// What `use` names, with the name that it gets; `*` for all that a module has.
    uses: Vec<(Module, String)>,
    /// Every other path, from the file's own module.
    paths: Vec<Module>,
    /// What it defines itself.
    defines: BTreeSet<String>,
}

/// Reads a file; `inside` are the modules in it that are open.
struct Reader<'a> {
    file: &'a mut File,
    inside: Module,
}

impl Reader<'_> {
    /// A path as it reads in the file's own module: `super` in a module of the file is the file
    /// itself.
    fn in_file(&self, path: Module) -> Module {
        let supers = path.iter().take_while(|part| *part == "super").count();
        let outer = self.inside.len().min(supers);
        if self.inside.is_empty() || path.first().is_some_and(|first| first == "crate") {
            return path;
        }
        [&self.inside[..self.inside.len() - outer], &path[outer..]].concat()
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| matches!(&attribute.meta, syn::Meta::List(list) if list.path.is_ident("cfg") && list.tokens.to_string() == "test"))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        _ => &[],
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            if self.inside.is_empty() {
                self.file.defines.extend(defined(item));
            }
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.inside.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.inside.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut found = Vec::new();
        expand(&item.tree, &[], &mut found);
        for (path, name) in found {
            let path = self.in_file(path);
            self.file.uses.push((path, name));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        let parts = self.in_file(parts);
        self.file.paths.push(parts);
        visit::visit_path(self, path);
    }

    /// What stands in a macro is text to Rust's parser: its paths are read as such.
    fn visit_macro(&mut self, item: &'ast Macro) {
        let text = item.tokens.to_string().replace(" :: ", "::");
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
        let paths = words.filter(|word| word.contains("::")).map(|word| {
            word.trim_matches(':')
                .split("::")
                .map(str::to_owned)
                .collect()
        });
        for path in paths.collect::<Vec<Module>>() {
            let path = self.in_file(path);
            self.file.paths.push(path);
        }
        visit::visit_macro(self, item);
    }
}

/// The name that an item defines.
fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn expand(tree: &UseTree, prefix: &[String], found: &mut Vec<(Module, String)>) {
    let with = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
    match tree {
        UseTree::Path(path) => expand(&path.tree, &with(&path.ident), found),
        UseTree::Name(name) if name.ident == "self" => {
            found.push((prefix.to_vec(), prefix.last().cloned().unwrap_or_default()));
        }
        UseTree::Name(name) => found.push((with(&name.ident), name.ident.to_string())),
        UseTree::Rename(rename) if rename.ident == "self" => {
            found.push((prefix.to_vec(), rename.rename.to_string()));
        }
        UseTree::Rename(rename) => found.push((with(&rename.ident), rename.rename.to_string())),
        UseTree::Glob(_) => found.push((prefix.to_vec(), "*".to_owned())),
        UseTree::Group(group) => group
            .items
            .iter()
            .for_each(|item| expand(item, prefix, found)),
    }
}

/// The files of the package by their modules, as `lua::modules::call`.
struct Modules(BTreeMap<Module, File>);

impl Modules {
    fn of(root: &Path) -> Self {
        let mut paths = BTreeMap::new();
        walk(root, &[], &mut paths);
        let read = |(module, path): (Module, PathBuf)| {
            let text = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            let mut file = File {
                path,
                ..File::default()
            };
            Reader {
                file: &mut file,
                inside: Vec::new(),
            }
            .visit_file(&text);
            (module, file)
        };
        Self(paths.into_iter().map(read).collect())
    }

    /// Whether there is such a module, be it only a folder's.
    fn is_module(&self, path: &[String]) -> bool {
        path.is_empty() || self.0.contains_key(path)
    }

    /// A path from the package's root; none where it leads out of the package, or is a name of the
    /// module itself.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Module> {
        let (mut base, mut rest) = (module.to_vec(), path);
        match rest.first()?.as_str() {
            "crate" => (base, rest) = (Vec::new(), &rest[1..]),
            "self" => rest = &rest[1..],
            "super" => {}
            first => {
                base.push(first.to_owned());
                return self.is_module(&base).then(|| [&base, &rest[1..]].concat());
            }
        }
        while rest.first().is_some_and(|part| part == "super") {
            base.pop();
            rest = &rest[1..];
        }
        Some([&base, rest].concat())
    }

    /// The module that defines what an absolute path names; `seen` keeps re-exports from turning in
    /// a circle.
    fn definer(&self, path: &[String], seen: &mut BTreeSet<Module>) -> Option<Module> {
        if !seen.insert(path.to_vec()) {
            return None;
        }
        let length = (0..=path.len())
            .rev()
            .find(|length| self.0.contains_key(&path[..*length]))?;
        let (module, rest) = path.split_at(length);
        let Some(name) = rest.first() else {
            return Some(module.to_vec());
        };
        let file = &self.0[module];
        if file.defines.contains(name) {
            return Some(module.to_vec());
        }
        for (target, given) in &file.uses {
            let Some(target) = self.absolute(module, target) else {
                continue;
            };
            if given == name {
                return self.definer(&[&target, &rest[1..]].concat(), seen);
            }
            if given == "*"
                && let Some(found) = self
                    .definer(&[&target, rest].concat(), seen)
                    .filter(|found| *found != target || self.0[found].defines.contains(name))
            {
                return Some(found);
            }
        }
        Some(module.to_vec())
    }

    /// The modules whose definitions a module names.
    fn imports(&self, module: &[String]) -> BTreeSet<Module> {
        let file = &self.0[module];
        let mut named: Vec<Module> = file
            .uses
            .iter()
            .filter(|(_, given)| given != "*")
            .filter_map(|(path, _)| self.absolute(module, path))
            .collect();
        for path in &file.paths {
            let Some(first) = path.first() else { continue };
            let used = file.uses.iter().find(|(_, given)| given == first);
            match used {
                Some((target, _)) => named.extend(
                    self.absolute(module, target)
                        .map(|target| [&target, &path[1..]].concat()),
                ),
                None => named.extend(self.absolute(module, path)),
            }
            let globs = file
                .uses
                .iter()
                .filter(|(_, given)| used.is_none() && given == "*");
            for target in globs.filter_map(|(target, _)| self.absolute(module, target)) {
                let found =
                    self.definer(&[&target, path.as_slice()].concat(), &mut BTreeSet::new());
                named.extend(found.filter(|found| self.0[found].defines.contains(first)));
            }
        }
        let definers = named
            .iter()
            .filter_map(|path| self.definer(path, &mut BTreeSet::new()));
        definers
            .filter(|definer| definer != module && !self.0[definer].path.ends_with("mod.rs"))
            .collect()
    }
}

fn walk(folder: &Path, module: &[String], files: &mut BTreeMap<Module, PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut own = module.to_vec();
        if path.is_dir() {
            own.push(name);
            walk(&path, &own, files);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !["lib", "main"].contains(&name.as_str())
        {
            if name != "mod" {
                own.push(name);
            }
            files.insert(own, path);
        }
    }
}

/// A circle that a module is in, where there is one.
fn circle(start: &Module, imports: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.clone()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for next in imports.get(way.last()?).into_iter().flatten() {
            if next == start {
                return Some(
                    way.iter()
                        .chain([start])
                        .map(|module| module.join("::"))
                        .collect(),
                );
            }
            if seen.insert(next.clone()) {
                ways.push([way.as_slice(), std::slice::from_ref(next)].concat());
            }
        }
    }
    None
}

/// Each `mod.rs` below these folders that defines anything, with the names of it.
pub(crate) fn mod_files_with_definitions(root: &Path, folders: &[&str]) -> Vec<String> {
    let modules = Modules::of(root).0;
    let inside = modules.iter().filter(|(module, _)| {
        module
            .first()
            .is_some_and(|first| folders.contains(&first.as_str()))
    });
    let defining =
        inside.filter(|(_, file)| file.path.ends_with("mod.rs") && !file.defines.is_empty());
    defining
        .map(|(_, file)| format!("{}: {:?}", file.path.display(), file.defines))
        .collect()
}

/// The circles that files below these folders are in.
pub(crate) fn circles(root: &Path, folders: &[&str]) -> Vec<String> {
    let modules = Modules::of(root);
    let inside = |module: &&Module| {
        module
            .first()
            .is_some_and(|first| folders.contains(&first.as_str()))
    };
    let imports: BTreeMap<_, _> = modules
        .0
        .keys()
        .filter(inside)
        .map(|module| (module.clone(), modules.imports(module)))
        .collect();
    imports
        .keys()
        .filter_map(|module| circle(module, &imports))
        .map(|way| way.join(" -> "))
        .collect()
}

/// The circles of files with these texts.
fn planted(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    circles(folder.path(), &["a"])
}

#[test]
fn a_circle_is_found_however_its_imports_are_written() {
    let back = "use super::one::f;\npub struct Two;\npub fn h() {}\n";
    for (hands_on, one) in [
        ("", "use super::two::Two; pub fn f() {}"),
        (
            "",
            "use crate::a::two::{self as second}; pub fn f() { second::h() }",
        ),
        ("", "pub fn f() { super::two::h() }"),
        (
            "",
            "pub fn f() { let c = '\"'; crate::a::two::h(); let d = '\"'; }",
        ),
        ("", "use crate::a; pub fn f() { crate::a::two::h() }"),
        ("", "use crate as c; pub fn f() { c::a::two::h() }"),
        ("", "use super::tw; pub fn f() { super::two::h() }"),
        ("", "mod inner { use super::super::two::h; } pub fn f() {}"),
        (
            "",
            "#[cfg(test)] use std::fmt; pub fn f() { super::two::h() }",
        ),
        ("", "pub fn f() { assert!(super::two::h() == ()) }"),
        ("", "pub fn f() -> impl Into<super::two::Two> { todo!() }"),
        (
            "use std::fmt; pub use two::Two;",
            "use super::Two; pub fn f() {}",
        ),
        (
            "pub use two::Two as Second;",
            "pub fn f() -> super::Second { todo!() }",
        ),
        ("pub use two::*;", "use super::Two; pub fn f() {}"),
        (
            "pub use two::Two;",
            "use super::*; pub fn f() -> Two { todo!() }",
        ),
        (
            "pub(super) use self::two::{Two};",
            "use crate::a::{Two}; pub fn f() {}",
        ),
    ] {
        let module = format!("mod one; mod two; mod tw; {hands_on}");
        let found = planted(&[
            ("a/mod.rs", &module),
            ("a/one.rs", one),
            ("a/two.rs", back),
            ("a/tw.rs", ""),
        ]);
        assert!(
            found.contains(&"a::one -> a::two -> a::one".to_owned()),
            "{hands_on} {one}: {found:?}"
        );
    }
    let below = [
        ("a/mod.rs", "mod one;"),
        ("a/one.rs", "mod two; pub fn f() { self::two::h() }"),
        ("a/one/two.rs", "use super::f; pub fn h() {}"),
    ];
    assert_eq!(planted(&below).len(), 2, "a file and one below it");
}

#[test]
fn what_only_looks_like_a_circle_is_none() {
    for one in [
        "// use super::two::Two;\npub fn f() {}",
        "/* super::two::h() */ pub fn f() {}",
        "pub fn f() -> &'static str { \"super::two::h()\" }",
        "#[cfg(test)] mod tests { use super::super::two::Two; } pub fn f() {}",
        "use super::three::Three; pub fn f() {}",
    ] {
        let module = "mod one; mod two; mod three; pub use two::Two;";
        let found = planted(&[
            ("a/mod.rs", module),
            ("a/one.rs", one),
            ("a/two.rs", "use super::one::f; pub struct Two;"),
            ("a/three.rs", "pub struct Three;"),
        ]);
        assert_eq!(found, Vec::<String>::new(), "{one}");
    }
}
