//! The session's own commands, which begin with `:`.

use crate::repl::editor::candidate::{Candidate, Knowledge, keep_matching};
use cumulua_core::catalog::suggest;
use std::fs;
use std::ops::RangeInclusive;

/// A command of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::repl) enum Command {
    Help,
    Profile(Option<String>),
    Region(Option<String>),
    Timing,
    Audit,
    Edit,
    Save {
        file: String,
        lines: Option<RangeInclusive<usize>>,
    },
    Load(String),
    Lines,
    Jobs,
    EndJob(u64),
    Trace,
    Reset,
    Quit,
}

/// Name, arguments and summary of each.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("help", "", "Shows this list"),
    (
        "profile",
        "[NAME]",
        "Shows the profile, or takes another one",
    ),
    ("region", "[NAME]", "Shows the region, or takes another one"),
    (
        "timing",
        "",
        "Says after each line how long it took, or no longer",
    ),
    ("audit", "", "Lists this session's calls"),
    (
        "edit",
        "",
        "Opens the last line in $EDITOR and runs what comes back",
    ),
    (
        "lines",
        "",
        "Lists this session's successful lines by number",
    ),
    (
        "save",
        "FILE [FROM-TO]",
        "Writes successful lines as a script that runs by itself",
    ),
    ("load", "FILE", "Runs a file here, so that its locals stay"),
    ("jobs", "", "Lists what runs in the background"),
    ("stop", "JOB", "Stops a background job"),
    ("trace", "", "Shows the rest of the last error"),
    ("reset", "", "Begins anew: no variables, no jobs"),
    ("quit", "", "Leaves"),
];

/// The list that `:help` shows.
pub(in crate::repl) fn listing(width: usize) -> String {
    let first = |(name, arguments, _): &(&str, &str, &str)| {
        format!(":{name} {arguments}").trim_end().to_owned()
    };
    let widest = COMMANDS
        .iter()
        .map(|command| first(command).len())
        .max()
        .unwrap_or_default();
    let mut rows: Vec<(String, &str)> = COMMANDS
        .iter()
        .map(|command| (first(command), command.2))
        .collect();
    rows.push((
        "?NAME".to_owned(),
        "Shows the page of a name, or finds words",
    ));
    rows.push(("&LINE".to_owned(), "Runs a line in the background"));
    rows.push(("_".to_owned(), "The last result"));
    let side_by_side = width >= widest + 30;
    let lines = rows.into_iter().map(|(name, summary)| {
        if side_by_side {
            format!("{name:<widest$}  {summary}")
        } else {
            format!("{name}\n    {summary}")
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The command that a line without its `:` gives, or what is wrong with it.
pub(in crate::repl) fn parse(line: &str) -> Result<Command, String> {
    let mut words = line.split_whitespace();
    let name = words.next().unwrap_or_default();
    let arguments: Vec<&str> = words.collect();
    let usage = || {
        let arguments = COMMANDS
            .iter()
            .find(|command| command.0 == name)
            .map_or("", |command| command.1);
        format!(
            "write it as `{}`",
            format!(":{name} {arguments}").trim_end()
        )
    };
    let one = || {
        if let [only] = arguments[..] {
            Ok(only.to_owned())
        } else {
            Err(usage())
        }
    };
    let optional = || match arguments[..] {
        [] => Ok(None),
        [only] => Ok(Some(only.to_owned())),
        _ => Err(usage()),
    };
    let none = |command| {
        if arguments.is_empty() {
            Ok(command)
        } else {
            Err(usage())
        }
    };
    match name {
        "help" | "" => none(Command::Help),
        "profile" => optional().map(Command::Profile),
        "region" => optional().map(Command::Region),
        "timing" => none(Command::Timing),
        "audit" => none(Command::Audit),
        "edit" => none(Command::Edit),
        "lines" => none(Command::Lines),
        "save" => match arguments[..] {
            [file] => Ok(Command::Save {
                file: file.to_owned(),
                lines: None,
            }),
            [file, lines] => Ok(Command::Save {
                file: file.to_owned(),
                lines: Some(range(lines).ok_or_else(usage)?),
            }),
            _ => Err(usage()),
        },
        "load" => one().map(Command::Load),
        "jobs" => none(Command::Jobs),
        "stop" => one()?.parse().map(Command::EndJob).map_err(|_| usage()),
        "trace" => none(Command::Trace),
        "reset" => none(Command::Reset),
        "quit" | "q" | "exit" => none(Command::Quit),
        other => {
            let near = suggest::did_you_mean(&suggest::nearest(
                other,
                COMMANDS.iter().map(|command| command.0),
            ));
            Err(format!(
                "there is no command :{other}{near}; :help lists them"
            ))
        }
    }
}

/// `3-7` or `5`.
fn range(text: &str) -> Option<RangeInclusive<usize>> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    (from <= to).then_some(from..=to)
}

/// What can stand at the end of a command; where the word begins in it.
pub(in crate::repl) fn complete(line: &str, knowledge: &dyn Knowledge) -> (usize, Vec<Candidate>) {
    let start = line.rfind(' ').map_or(0, |space| space + 1);
    let word = &line[start..];
    let found = match line.split_whitespace().next() {
        _ if start == 0 => COMMANDS
            .iter()
            .map(|command| Candidate::new(command.0, command.2))
            .collect(),
        Some("profile") => knowledge
            .profiles()
            .into_iter()
            .map(|name| Candidate::new(name, ""))
            .collect(),
        Some("region") => regions(knowledge),
        Some("load" | "save") => files(word),
        _ => Vec::new(),
    };
    (start, keep_matching(found, word))
}

/// The regions of all products, each with what a person calls it.
pub(in crate::repl) fn regions(knowledge: &dyn Knowledge) -> Vec<Candidate> {
    let catalog = knowledge.catalog();
    let mut found: Vec<Candidate> = Vec::new();
    for product in catalog
        .products()
        .iter()
        .filter_map(|name| catalog.product(name).ok())
    {
        let zones = product
            .zones
            .as_ref()
            .and_then(|zones| product.tables.get(zones))
            .into_iter();
        let zones = zones
            .flat_map(|table| &table.values)
            .filter_map(|zone| Some(Candidate::new(zone.value.as_str()?, &zone.label)));
        let regions = product
            .regions
            .iter()
            .map(|(name, region)| Candidate::new(name, &region.label));
        for candidate in regions.chain(zones) {
            if !found.iter().any(|known| known.name == candidate.name) {
                found.push(candidate);
            }
        }
    }
    found
}

fn files(word: &str) -> Vec<Candidate> {
    let (folder, prefix) = word
        .rsplit_once('/')
        .map_or((".", String::new()), |(folder, _)| {
            (folder, format!("{folder}/"))
        });
    let Ok(entries) = fs::read_dir(if folder.is_empty() { "/" } else { folder }) else {
        return Vec::new();
    };
    let mut found: Vec<Candidate> = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_folder = entry.path().is_dir();
        if is_folder {
            found.push(Candidate::new(format!("{prefix}{name}/"), "folder"));
        } else if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "lua")
        {
            found.push(Candidate::new(format!("{prefix}{name}"), ""));
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, Command, listing, parse};

    #[test]
    fn every_command_of_the_list_is_one() {
        for (name, arguments, _) in COMMANDS {
            let argument = arguments
                .replace("JOB", "1")
                .replace(['[', ']'], "")
                .replace("FROM-TO", "2-5");
            parse(&format!("{name} {argument}")).unwrap();
        }
    }

    #[test]
    fn arguments_are_read_and_wrong_ones_explained() {
        assert_eq!(
            parse("save a.lua 2-5"),
            Ok(Command::Save {
                file: "a.lua".to_owned(),
                lines: Some(2..=5)
            })
        );
        assert_eq!(parse("profile"), Ok(Command::Profile(None)));
        assert_eq!(
            parse("save").unwrap_err(),
            "write it as `:save FILE [FROM-TO]`"
        );
        assert_eq!(parse("quit now").unwrap_err(), "write it as `:quit`");
        assert!(parse("prfile").unwrap_err().contains("profile"));
        assert!(parse("save a 5-2").is_err());
    }

    #[test]
    fn the_list_fits_forty_columns() {
        assert!(listing(100).lines().all(|line| line.len() <= 100));
        assert_eq!(listing(40).lines().count(), 2 * (COMMANDS.len() + 3));
    }
}
