//! What the documents name is there: links, paths, and the picture of the layers.

use crate::readme::{blocks, pages, read, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The documents beside the guide.
const DOCUMENTS: [&str; 5] = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "docs/architecture.md",
];

/// Every document, by its path.
fn documents() -> Vec<(String, String)> {
    let decisions = fs::read_dir(root().join("docs/decisions")).unwrap();
    let decisions = decisions.map(|entry| {
        format!(
            "docs/decisions/{}",
            entry.unwrap().file_name().to_str().unwrap()
        )
    });
    let named = DOCUMENTS.map(str::to_owned).into_iter().chain(decisions);
    named
        .map(|path| (path.clone(), read(&path)))
        .chain(pages())
        .collect()
}

#[test]
fn no_link_of_the_documents_leads_nowhere() {
    for (path, text) in documents() {
        let folder = root().join(&path).parent().unwrap().to_owned();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = link.split('#').next().unwrap_or_default();
            let is_elsewhere = target.is_empty() || target.contains("://");
            assert!(
                is_elsewhere || folder.join(target).exists(),
                "{path} links to {link}"
            );
        }
    }
}

#[test]
fn the_contents_of_the_guide_have_every_page() {
    let contents = read("docs/guide/README.md");
    for (path, _) in pages() {
        let name = path.rsplit('/').next().unwrap();
        assert!(
            name == "README.md" || contents.contains(&format!("]({name})")),
            "they lack {name}"
        );
    }
}

#[test]
fn the_paths_that_the_documents_name_exist() {
    const FOLDERS: [&str; 11] = [
        "src/",
        "crates/",
        "docs/",
        "tests/",
        "scripts/",
        "stdlib/",
        "catalog/",
        "benches/",
        "packaging/",
        "examples/",
        ".ci/",
    ];
    for (path, text) in documents()
        .into_iter()
        .filter(|(path, _)| !path.starts_with("docs/decisions/"))
    {
        for named in text.split('`').skip(1).step_by(2) {
            // A command is a path with arguments.
            let named = named.split([' ', '\n']).next().unwrap_or_default();
            let is_path = FOLDERS.iter().any(|folder| named.starts_with(folder))
                && !named.contains(['<', '*']);
            assert!(
                !is_path || root().join(named).exists(),
                "{path} names {named}"
            );
        }
    }
}

/// The commands that the documents name, in their text and in blocks of a shell.
fn commands() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, text) in documents() {
        let inline = text
            .split('`')
            .skip(1)
            .step_by(2)
            .map(|code| code.replace('\n', " "));
        let shell: String = blocks(&text)
            .into_iter()
            .filter(|block| block.language == "sh")
            .map(|block| block.text)
            .collect();
        let lines = shell.lines().map(|line| {
            line.split(" #")
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned()
        });
        // What has alternatives in it is no command yet.
        let commands = inline
            .chain(lines)
            .filter(|code| code.starts_with("cumulua ") && !code.contains(['…', '|']));
        found.extend(commands);
    }
    found
}

#[test]
fn the_commands_that_the_documents_name_are_understood() {
    let commands = commands();
    assert!(commands.len() > 30, "{commands:?}");
    for command in commands {
        let folder = tempfile::tempdir().unwrap();
        let words = command.strip_prefix("cumulua ").unwrap();
        let mut shell = Command::new("sh");
        // The help comes after everything before it has been understood.
        shell.args([
            "-c",
            &format!("'{}' {words} --help", env!("CARGO_BIN_EXE_cumulua")),
        ]);
        let output = shell
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .output()
            .unwrap();
        let problem = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && problem.is_empty(),
            "{command}: {problem}"
        );
    }
}

#[test]
fn decisions_are_numbered_without_gaps() {
    let mut numbers: Vec<usize> = Vec::new();
    for (path, text) in documents()
        .into_iter()
        .filter(|(path, _)| path.starts_with("docs/decisions/"))
    {
        let number: usize = path["docs/decisions/".len()..][..4].parse().unwrap();
        assert!(
            text.starts_with(&format!("# {number}. ")),
            "{path} begins with its number"
        );
        for heading in ["## Context", "## Choice", "## Consequence"] {
            assert!(text.contains(heading), "{path} has no {heading}");
        }
        numbers.push(number);
    }
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(1..=numbers.len()), "{numbers:?}");
}

/// Which layer imports which, by what its files name.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    fn walk(folder: &Path, layer: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let layer = if layer.is_empty() { &name } else { layer };
            if path.is_dir() {
                walk(&path, layer, found);
            } else if !["lib", "main"].contains(&layer) && name != "tests" {
                let text = fs::read_to_string(&path).unwrap();
                let code: String = text
                    .split("#[cfg(test)]")
                    .next()
                    .unwrap()
                    .lines()
                    .filter(|line| !line.trim().starts_with("//"))
                    .collect();
                let names = code.split("crate::").skip(1).map(|rest| {
                    rest.chars()
                        .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                        .collect::<String>()
                });
                let packages = [
                    ("cumulua_core::", "core"),
                    ("cumulua_simulator::", "simulator"),
                ];
                let packages = packages
                    .iter()
                    .filter(|(path, _)| code.contains(path))
                    .map(|(_, name)| (*name).to_owned());
                let imported = found.entry(layer.to_owned()).or_default();
                imported.extend(
                    names
                        .chain(packages)
                        .filter(|name| name != layer && !name.is_empty()),
                );
            }
        }
    }
    let mut found = BTreeMap::from([
        ("simulator".to_owned(), BTreeSet::from(["core".to_owned()])),
        ("core".to_owned(), BTreeSet::new()),
    ]);
    walk(&root().join("src"), "", &mut found);
    found
}

#[test]
fn the_picture_of_the_layers_is_right() {
    let text = read("docs/architecture.md");
    let picture = text
        .split("```mermaid\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let arrows: Vec<(&str, &str)> = picture
        .lines()
        .filter_map(|line| line.trim().split_once(" --> "))
        .collect();
    let boxes: BTreeSet<&str> = picture
        .lines()
        .filter_map(|line| Some(line.trim().split_once("[\"")?.0))
        .collect();
    let imports = imports();
    assert_eq!(
        boxes,
        imports.keys().map(String::as_str).collect(),
        "each layer and package has a box"
    );
    for (from, to) in &arrows {
        assert!(imports[*from].contains(*to), "{from} does not import {to}");
    }
    for (from, imported) in &imports {
        let mut reached = BTreeSet::from([from.as_str()]);
        while let Some((_, to)) = arrows
            .iter()
            .find(|(from, to)| reached.contains(from) && !reached.contains(to))
        {
            reached.insert(to);
        }
        for to in imported {
            assert!(
                reached.contains(to.as_str()),
                "no arrows lead from {from} to {to}"
            );
        }
    }
}
