//! `cumulua runs logs`.

use super::common::{History, Problem};
use crate::cli::{report, streams};
use crate::history::{OutputRow, RunState};
use clap::Args;
use cumulua_core::controls;
use std::io::IsTerminal as _;
use std::thread;
use std::time::Duration;

/// Prints what a run printed and logged
#[derive(Debug, Args)]
pub(super) struct Logs {
    /// A name for the latest run of that name, or the beginning of the run's id
    run: String,
    /// Goes on printing until the run has ended
    #[arg(short, long)]
    follow: bool,
    /// Puts the time in front of each line
    #[arg(short, long)]
    timestamps: bool,
    /// Prints an object a line: number, at, stream (out or err), line
    #[arg(long)]
    json: bool,
}

/// How often a run that is followed is looked at.
const PAUSE: Duration = Duration::from_millis(250);

/// Lines that are read at once.
const PAGE: u32 = 1_000;

impl Logs {
    pub(super) fn run(self, history: &History) -> Result<(), Problem> {
        let mut row = history.find(&self.run)?;
        let mut printed = 0;
        loop {
            // Asked before the lines are read, so that the last ones are not missed.
            let goes_on = self.follow
                && matches!(
                    history.store.state(&row),
                    RunState::Queued | RunState::Running
                );
            loop {
                let lines = history.store.output(&row.run.id, printed, PAGE)?;
                let Some(last) = lines.last() else { break };
                let text: Vec<_> = lines
                    .iter()
                    .scan(printed, |before, line| {
                        Some(self.format_line(history, before, line))
                    })
                    .collect();
                printed = last.number;
                report::print_plain(&text.join("\n"));
            }
            if !goes_on {
                return Ok(());
            }
            thread::sleep(PAUSE);
            row = history.find(&row.run.id)?;
        }
    }

    fn format_line(&self, history: &History, before: &mut u64, line: &OutputRow) -> String {
        let gap = line.number - *before - 1;
        *before = line.number;
        if self.json {
            let at = history.times.exact(line.at);
            return controls::escape_json(&serde_json::json!({ "number": line.number, "at": at, "stream": line.stream, "line": line.line }).to_string()).into_owned();
        }
        let left_out = if gap > 0 {
            format!("… {gap} lines are left out\n")
        } else {
            String::new()
        };
        let time = if self.timestamps {
            history.times.full(line.at) + "  "
        } else {
            String::new()
        };
        // A file gets every byte.
        let text = if streams::stdout().is_terminal() {
            controls::escape_line(&line.line)
        } else {
            line.line.as_str().into()
        };
        format!("{left_out}{time}{text}")
    }
}
