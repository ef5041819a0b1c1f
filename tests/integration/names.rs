//! Reads the definitions of the whole tree and holds that none is named by a word that has a
//! standard term.

use std::fs;
use std::path::Path;
use syn::visit::{self, Visit};
use syn::{Field, ImplItem, Item, TraitItem, Variant};

/// Words that name no function, field, constant, module, or file, and the terms to use.
const LOWER_CASE: &[(&str, &str)] = &[
    ("beat", "recurrence"),
    ("bell", "wakeup"),
    ("centre", "VDCs"),
    ("corridor", "the path of a call"),
    ("crowd", "crowded second"),
    ("door", "authenticator"),
    ("doorway", "abortable listener"),
    ("fate", "task fault"),
    ("front", "ui, or foreground"),
    ("goods", "offerings"),
    ("house", "housekeeping"),
    ("lane", "rate key"),
    ("lifeline", "control socket, or server pipe"),
    ("odd", "lint"),
    ("orders", "commands"),
    ("ready", "fixtures"),
    ("rehearsal", "simulation"),
    ("room", "module"),
    ("scissors", "abort handle"),
    ("shown", "view, or the verb: render, format"),
    ("slip", "page fault"),
    ("strike", "triggered fault"),
    ("turn", "foreground"),
    ("wing", "service"),
    ("words", "format"),
    ("world", "context, or cloud"),
    ("written", "parse, or what it is: source, text"),
];

/// Names of modules and files that hide what is in them, and what to call those.
const FILES: &[(&str, &str)] = &[
    ("convert", "params"),
    ("native", "bindings"),
    ("tables", "json"),
];

/// Words that name no type and no variant, and the terms to use.
const TYPE_NAMES: &[(&str, &str)] = &[
    ("Consequences", "DecisionBatch"),
    ("Decided", "HistoryEntry"),
    ("Former", "PreviousAttempt"),
    ("Front", "Ui"),
    ("Interrupt", "CancelToken"),
    ("Known", "ScheduleState"),
    ("Ledger", "InFlight"),
    ("Lookup", "OutcomeProbe"),
    ("Named", "AccountRef"),
    ("Occasion", "NotifyEvent"),
    ("OpenEnds", "Pending"),
    ("Order", "Attempt"),
    ("Overheard", "TeeObserver"),
    ("Pace", "Backoff, or VirtualClock"),
    ("Place", "EffectId"),
    ("Record", "AuditLine, or what is recorded"),
    ("Recorded", "History"),
    ("Recorder", "RunRecorder, or HistoryRecorder"),
    ("Recording", "Output, or Locks"),
    ("Step", "Command"),
    ("Stop", "StopReason"),
    ("Watch", "StatePoller"),
    ("World", "GateParts, or Cloud"),
];

/// The folders whose definitions are read.
const FOLDERS: &[&str] = &["src", "crates", "tests", "benches", "examples"];

/// What a definition is, as far as its name goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// A file, a folder, or a module.
    Module,
    /// A type, a trait, or a variant.
    Type,
    /// A function, a field, a constant, or a macro.
    Value,
}

/// The definitions of a file, those inside functions too, in the order in which they stand.
#[derive(Default)]
struct Definitions(Vec<(Kind, String)>);

impl Definitions {
    fn of(text: &str) -> Self {
        let mut definitions = Self::default();
        definitions.visit_file(&syn::parse_file(text).unwrap());
        definitions
    }

    fn add(&mut self, kind: Kind, name: &syn::Ident) {
        self.0.push((kind, name.to_string()));
    }
}

impl<'ast> Visit<'ast> for Definitions {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Const(item) => self.add(Kind::Value, &item.ident),
            Item::Enum(item) => self.add(Kind::Type, &item.ident),
            Item::Fn(item) => self.add(Kind::Value, &item.sig.ident),
            Item::Macro(item) => item
                .ident
                .iter()
                .for_each(|name| self.add(Kind::Value, name)),
            Item::Mod(item) => self.add(Kind::Module, &item.ident),
            Item::Static(item) => self.add(Kind::Value, &item.ident),
            Item::Struct(item) => self.add(Kind::Type, &item.ident),
            Item::Trait(item) => self.add(Kind::Type, &item.ident),
            Item::Type(item) => self.add(Kind::Type, &item.ident),
            Item::Union(item) => self.add(Kind::Type, &item.ident),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_variant(&mut self, variant: &'ast Variant) {
        self.add(Kind::Type, &variant.ident);
        visit::visit_variant(self, variant);
    }

    fn visit_field(&mut self, field: &'ast Field) {
        field
            .ident
            .iter()
            .for_each(|name| self.add(Kind::Value, name));
        visit::visit_field(self, field);
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        match item {
            ImplItem::Const(item) => self.add(Kind::Value, &item.ident),
            ImplItem::Fn(item) => self.add(Kind::Value, &item.sig.ident),
            ImplItem::Type(item) => self.add(Kind::Type, &item.ident),
            _ => {}
        }
        visit::visit_impl_item(self, item);
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        match item {
            TraitItem::Const(item) => self.add(Kind::Value, &item.ident),
            TraitItem::Fn(item) => self.add(Kind::Value, &item.sig.ident),
            TraitItem::Type(item) => self.add(Kind::Type, &item.ident),
            _ => {}
        }
        visit::visit_trait_item(self, item);
    }
}

/// The term to use, where a definition is named by a word that has one.
fn standard_term(kind: Kind, name: &str) -> Option<&'static str> {
    let lists: &[&[(&str, &str)]] = match kind {
        Kind::Module => &[LOWER_CASE, FILES],
        Kind::Type => &[TYPE_NAMES],
        Kind::Value => &[LOWER_CASE],
    };
    // A constant is a word in capitals.
    let name = if name.chars().any(char::is_lowercase) {
        name.to_owned()
    } else {
        name.to_lowercase()
    };
    lists
        .iter()
        .copied()
        .flatten()
        .find(|(word, _)| *word == name)
        .map(|(_, term)| *term)
}

/// Every file and folder below a folder, but what is left out.
fn paths_below(root: &Path, folder: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            paths.extend(paths_below(root, &path));
        }
        paths.push(path);
    }
    paths
}

/// The definitions below the folders that are named by a word of the lists.
fn badly_named(root: &Path, folders: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for path in folders.iter().flat_map(|folder| paths_below(root, folder)) {
        let stem = Path::new(&path)
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let mut definitions = vec![(Kind::Module, stem)];
        if Path::new(&path)
            .extension()
            .is_some_and(|extension| extension == "rs")
        {
            definitions.extend(Definitions::of(&fs::read_to_string(root.join(&path)).unwrap()).0);
        }
        let named = definitions
            .iter()
            .filter_map(|(kind, name)| Some((name, standard_term(*kind, name)?)));
        found.extend(named.map(|(name, term)| format!("{path}: {name} (rather: {term})")));
    }
    found
}

#[test]
fn nothing_is_named_by_a_word_that_has_a_standard_term() {
    let found = badly_named(Path::new(env!("CARGO_MANIFEST_DIR")), FOLDERS);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_name_is_found_in_whatever_defines_it() {
    for (text, kind, name) in [
        ("mod door;", Kind::Module, "door"),
        ("mod a { fn shown() {} }", Kind::Value, "shown"),
        ("struct Place;", Kind::Type, "Place"),
        ("trait T { type Step; }", Kind::Type, "Step"),
        ("trait T { fn ready(); }", Kind::Value, "ready"),
        ("enum E { Known { lane: u8 } }", Kind::Type, "Known"),
        ("enum E { A { lane: u8 } }", Kind::Value, "lane"),
        ("struct S { goods: u8 }", Kind::Value, "goods"),
        ("impl S { const BEAT: u8 = 1; }", Kind::Value, "BEAT"),
        ("fn f() { fn turn() {} }", Kind::Value, "turn"),
        ("macro_rules! crowd { () => {} }", Kind::Value, "crowd"),
    ] {
        let found = Definitions::of(text).0;
        assert!(
            found.contains(&(kind, name.to_owned())),
            "{text}: {found:?}"
        );
        assert!(standard_term(kind, name).is_some(), "{name}");
    }
}

#[test]
fn a_word_is_compared_whole_and_with_its_case() {
    for (kind, name) in [
        (Kind::Type, "StopReason"),
        (Kind::Value, "lookup"),
        (Kind::Value, "place"),
        (Kind::Type, "Ready"),
        (Kind::Value, "tables"),
        (Kind::Value, "is_shown"),
    ] {
        assert_eq!(standard_term(kind, name), None, "{name}");
    }
}
