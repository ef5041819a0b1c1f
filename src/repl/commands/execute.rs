//! What each `:` command does.

use super::parse::{self, Command};
use super::transcript::Transcript;
use crate::repl::background::first_line;
use crate::repl::conversation::{Conversation, Flow, new_session};
use cumulua_core::catalog::suggest;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::{fs, io};

impl Conversation {
    /// Carries out a command.
    pub(in crate::repl) async fn command(&mut self, command: Command) -> Flow {
        match command {
            Command::Help => self.page("").await,
            Command::Profile(name) => self.profile(name.as_deref()),
            Command::Region(name) => self.region(name.as_deref()).await,
            Command::Timing => {
                self.shows_timing = !self.shows_timing;
                self.ui.note(if self.shows_timing {
                    "each line's time is shown"
                } else {
                    "no line's time is shown"
                });
            }
            Command::Audit => self.audit().await,
            Command::Edit => return self.edit().await,
            Command::Lines => self.show(&self.transcript.listing(&self.secrets)).await,
            Command::Save { file, lines } => self.save(&file, lines.as_ref()),
            Command::Load(file) => return self.load(&file).await,
            Command::Jobs => self.list_jobs(),
            Command::EndJob(number) => {
                if !self.jobs.stop(number) {
                    self.problem(&format!("there is no job {number}; `jobs` lists them"));
                }
            }
            Command::Trace => self.trace().await,
            Command::Reset => self.reset().await,
            Command::Quit => return Some(0),
        }
        None
    }

    fn profile(&self, name: Option<&str>) {
        let profiles = self.gate.profiles();
        let shown = match name {
            Some(name) => profiles.choose_profile(name).and_then(|()| profiles.production(name)).map(|production| {
                production
                    .map(|_| format!("{name} is a production profile: what destroys or costs is asked about"))
                    .unwrap_or_default()
            }),
            None => profiles.current().and_then(|current| {
                let others = profiles.names()?;
                Ok(format!("{} ({}); there are: {}", current.value, current.origin, others.join(", ")))
            }),
        };
        match shown {
            Ok(text) if text.is_empty() => {}
            Ok(text) => self.ui.note(&text),
            Err(failure) => self.problem(&failure.to_string()),
        }
    }

    async fn region(&mut self, name: Option<&str>) {
        let known = parse::regions(self);
        match name {
            Some(name) if known.iter().any(|region| region.name == name) => {
                self.gate.profiles().choose_region(name);
            }
            Some(name) => {
                let near = suggest::nearest(name, known.iter().map(|region| region.name.as_str()));
                let near = suggest::did_you_mean(&near);
                self.problem(&format!(
                    "no product has a region {name:?}{near}; Tab behind :region lists them"
                ));
            }
            None => {
                let names: Vec<String> = known
                    .iter()
                    .map(|region| format!("{}  {}", region.name, region.summary))
                    .collect();
                self.show(&names.join("\n")).await;
            }
        }
    }

    async fn audit(&mut self) {
        let records: Vec<serde_json::Value> = self
            .gate
            .latest_records()
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        let ended = records.iter().filter(|record| record["phase"] == "ended");
        let lines: Vec<String> = ended.map(audit_line).collect();
        let text = if lines.is_empty() {
            "no calls yet".to_owned()
        } else {
            lines.join("\n")
        };
        self.show(&text).await;
    }

    async fn edit(&mut self) -> Flow {
        let last = if self.last_input.is_empty() {
            self.transcript.last().unwrap_or_default()
        } else {
            &self.last_input
        }
        .to_owned();
        let (ui, last) = (Arc::clone(&self.ui), last);
        let edited = self.elsewhere(move || ui.edit(&last)).await;
        match edited.unwrap_or_else(|| Err("the editor's thread ended".to_owned())) {
            Ok(text) if text.trim().is_empty() => None,
            Ok(text) => {
                text.trim_end().clone_into(&mut self.last_input);
                self.ui.note(&self.secrets.replace_secrets(text.trim_end()));
                let flow = self.evaluate(text.trim_end()).await;
                self.remember(text.trim_end());
                flow
            }
            Err(problem) => {
                self.problem(&problem);
                None
            }
        }
    }

    fn save(&self, file: &str, lines: Option<&RangeInclusive<usize>>) {
        let Some(script) = self.transcript.script(lines, &self.secrets) else {
            return self.problem("there are no such lines; :lines lists those that can be saved");
        };
        // A file that is there already may be anything.
        let written = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(file)
            .and_then(|mut file| {
                use std::io::Write as _;
                file.write_all(script.as_bytes())
            });
        match written {
            Ok(()) => {
                let mut command = vec!["cumulua run".to_owned()];
                command.extend(self.gate.account_ref().options());
                command.push(file.to_owned());
                let command = command.join(" ");
                self.ui
                    .note(&format!("written to {file}; `{command}` runs it"));
            }
            Err(failure) => self.problem(&format!("{file} cannot be written: {failure}")),
        }
    }

    async fn load(&mut self, file: &str) -> Flow {
        match read_file(file) {
            Ok(text) => {
                let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
                let text = if text.starts_with("#!") {
                    format!("--{text}")
                } else {
                    text.to_owned()
                };
                self.inputs += 1;
                self.evaluate_one(&format!("@{file}"), &text)
                    .await
                    .err()
                    .flatten()
            }
            Err(failure) => {
                self.problem(&format!("{file} cannot be read: {failure}"));
                None
            }
        }
    }

    fn list_jobs(&self) {
        let lines: Vec<String> = self
            .jobs
            .iter()
            .map(|(number, job)| {
                let line = self.secrets.replace_secrets(&job.line);
                format!(
                    "[{number}] for {:.1} s: {}",
                    job.elapsed().as_secs_f64(),
                    first_line(&line)
                )
            })
            .collect();
        self.ui.note(&if lines.is_empty() {
            "nothing runs in the background".to_owned()
        } else {
            lines.join("\n")
        });
    }

    async fn trace(&mut self) {
        match &self.last_error {
            Some(error) => {
                self.show(&self.ui.terminal.error(error, &self.session.sources(), true))
                    .await;
            }
            None => self.ui.note("there was no error"),
        }
    }

    async fn reset(&mut self) {
        self.end_session().await;
        match new_session(&self.ui, &self.gate, &self.options) {
            Ok(session) => self.session = session,
            Err(error) => return self.failed(error),
        }
        self.transcript = Transcript::default();
        self.last_error = None;
        self.ui.note("a new session: no variables, no jobs");
    }
}

fn audit_line(record: &serde_json::Value) -> String {
    let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
    let time = text("time")
        .get(11..19)
        .map(|time| format!("{time}Z"))
        .unwrap_or_default();
    let outcome = match (record["code"].as_str(), record["error"].as_str()) {
        (Some(code), _) => format!("refused: {code}"),
        (None, Some(kind)) => format!("failed: {kind}, sent = {:?}", text("sent")),
        (None, None) => "done".to_owned(),
    };
    format!(
        "{time} {} {outcome}, {} ms",
        text("action"),
        record["duration_ms"]
    )
}

/// The text of a file. What is none, as a FIFO, would keep the session waiting.
fn read_file(path: &str) -> io::Result<String> {
    if fs::metadata(path)?.is_file() {
        fs::read_to_string(path)
    } else {
        Err(io::Error::other("it is no file"))
    }
}
