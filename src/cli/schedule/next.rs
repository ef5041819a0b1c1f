//! `cumulua schedule next`: when each schedule fires next.

use super::super::options::GlobalOptions;
use super::super::{context, report, status};
use super::common::{FileArgument, read};
use crate::history::{ScheduleRow, Store};
use crate::schedule::calendar::{Block, Blocked};
use crate::schedule::model::Schedule;
use crate::schedule::timing::{Firing, Recurrence};
use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use cumulua_core::clock::wall_now;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, Zoned};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

/// Prints the next firings of each schedule, on its own clock and in UTC, with the changes of
/// clocks marked
#[derive(Debug, Args)]
pub(super) struct Next {
    #[command(flatten)]
    file: FileArgument,
    /// Firings of each schedule; 5, or with --until all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: Option<u32>,
    /// Firings after this time, as 2026-03-29T00:00:00+01:00; now where none is given
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// No firings after this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,
    /// Prints an array of { name, at } as JSON
    #[arg(long)]
    json: bool,
}

/// Firings of each schedule at most.
const MOST: u32 = 100_000;

/// RFC 3339, or a date or date and time in UTC.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    let without_offset = |text: &str| {
        text.parse::<jiff::civil::DateTime>()
            .and_then(|time| TimeZone::UTC.to_timestamp(time))
    };
    text.parse::<Timestamp>()
        .or_else(|_| text.parse::<Zoned>().map(|time| time.timestamp()))
        .or_else(|_| without_offset(text))
        .map_err(|_| {
            "write it as 2026-03-29T00:00:00+01:00; without an offset it is in UTC".to_owned()
        })
}

struct Row {
    schedule: Arc<Schedule>,
    firing: Firing,
    before: Timestamp,
    /// What keeps it from firing beside the file, and until when.
    pause: Option<ScheduleRow>,
}

/// What is paused by the store, where there is one.
fn pauses(options: &GlobalOptions) -> BTreeMap<String, ScheduleRow> {
    let path = context::store_path(options).filter(|path| path.exists());
    let states = path.map(|path| Store::open(path).schedule_states());
    states.and_then(Result::ok).unwrap_or_default()
}

impl Next {
    /// Prints them.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        let file = match read(&self.file.file) {
            Ok(file) => file,
            Err(status) => return status,
        };
        let from = self.from.unwrap_or_else(wall_now);
        let until = self.until.unwrap_or(Timestamp::MAX);
        let count = self
            .count
            .unwrap_or(if self.until.is_some() { MOST } else { 5 });
        let pauses = pauses(options);
        let mut rows = Vec::new();
        for schedule in &file.schedules {
            let mut before = from;
            let firings = schedule.timing.firings(from).take(count as usize);
            for firing in firings.take_while(|firing| firing.at <= until) {
                let pause = pauses.get(&*schedule.name);
                let pause = pause.filter(|state| state.is_paused(firing.due));
                rows.push(Row {
                    schedule: Arc::clone(schedule),
                    pause: pause.copied(),
                    firing,
                    before,
                });
                before = firing.at;
            }
        }
        rows.sort_by(|a, b| (a.firing.at, &a.schedule.name).cmp(&(b.firing.at, &b.schedule.name)));
        if self.json {
            report::print(&format!(
                "{:#}",
                rows.iter().map(Row::json).collect::<serde_json::Value>()
            ));
            return status::DONE.into();
        }
        if rows.is_empty() {
            report::print(if self.until.is_some() {
                "nothing fires in that time"
            } else {
                "nothing fires any more"
            });
        } else {
            report::print(&table(&rows));
        }
        let silent = file
            .schedules
            .iter()
            .filter(|schedule| schedule.timing.after().is_empty())
            .filter(|schedule| schedule.timing.next(from).is_none());
        let silent: Vec<_> = silent.map(|schedule| schedule.name.to_string()).collect();
        if !silent.is_empty() {
            report::warning(&format!("these never fire: {}", silent.join(", ")));
        }
        for schedule in &file.schedules {
            let after = schedule.timing.after();
            if !after.is_empty() {
                let name = &schedule.name;
                report::note(&format!(
                    "{name} fires after a success of {}",
                    after.join(" and ")
                ));
            }
        }
        if file
            .schedules
            .iter()
            .any(|schedule| schedule.zone_is_default)
        {
            report::note("schedules without a timezone go by UTC");
        }
        status::DONE.into()
    }
}

fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["SCHEDULE", "LOCAL", "ZONE", "UTC", "NOTE"]);
    for row in rows {
        let local = row.local();
        table.add_row([
            row.schedule.name.to_string(),
            local.strftime("%a %Y-%m-%d %H:%M:%S %:z").to_string(),
            row.schedule.timing.zone.name().to_owned(),
            row.firing.at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            row.notes().join("; "),
        ]);
    }
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

impl Row {
    fn local(&self) -> Zoned {
        self.firing.at.to_zoned(self.schedule.timing.zone.0.clone())
    }

    fn json(&self) -> serde_json::Value {
        let local = self.local();
        let fraction = if self.firing.at.subsec_nanosecond() == 0 {
            ""
        } else {
            "%.f"
        };
        let mut row = serde_json::json!({
            "name": &*self.schedule.name,
            "at": local.strftime(&format!("%Y-%m-%dT%H:%M:%S{fraction}%:z")).to_string(),
        });
        if !self.schedule.timing.shift.is_zero() {
            row["due"] = self.firing.due.to_string().into();
        }
        if self.schedule.paused || self.pause.is_some() {
            row["paused"] = true.into();
        }
        if let Some(until) = self.pause.and_then(|pause| pause.paused_until) {
            row["paused_until"] = until.to_string().into();
        }
        if let Some(block) = self.block() {
            row["blocked"] = self.consequence(&block).into();
        }
        row
    }

    /// Why it does not begin at its time.
    fn block(&self) -> Option<Block> {
        self.schedule.window.as_ref()?.block(self.firing.due)
    }

    fn consequence(&self, block: &Block) -> String {
        let why = block.describe(&self.schedule.timing.zone);
        let begins = self.schedule.window.as_ref().map(|window| window.blocked);
        match (begins, block.until) {
            (Some(Blocked::RunAtEnd), Some(_)) => format!("{why}; one run begins then"),
            _ => format!("does not run: {why}"),
        }
    }

    /// What a change of clocks does to the firing, and what else a person should know.
    fn notes(&self) -> Vec<String> {
        let zone = &self.schedule.timing.zone.0;
        let local = self.local();
        let mut notes = Vec::new();
        let earlier = zone.to_offset(self.before);
        if earlier != local.offset() {
            let direction = if local.offset().seconds() > earlier.seconds() {
                "forward"
            } else {
                "back"
            };
            notes.push(format!(
                "DST: the clocks went {direction}, {} to {}",
                offset(earlier),
                offset(local.offset())
            ));
        }
        if let Recurrence::Cron(expression) = &self.schedule.timing.recurrence {
            let pattern = expression.pattern();
            if !pattern.follows_clock() && !pattern.names(local.datetime()) {
                notes.push("its time is skipped, so it fires at the end of the gap".to_owned());
            }
            if let AmbiguousOffset::Fold { before, .. } =
                zone.to_ambiguous_timestamp(local.datetime()).offset()
            {
                let which = if before == local.offset() {
                    "first"
                } else {
                    "second"
                };
                notes.push(format!("the {which} of two {}", local.strftime("%H:%M")));
            }
        }
        if !self.schedule.timing.shift.is_zero() {
            notes.push(format!("jitter: {:?} later", self.schedule.timing.shift));
        }
        match self.pause.map(|pause| pause.paused_until) {
            _ if self.schedule.paused => notes.push("paused".to_owned()),
            Some(Some(until)) => {
                let until = self.schedule.timing.zone.format(until);
                notes.push(format!("paused until {until}"));
            }
            Some(None) => notes.push("paused".to_owned()),
            None => {}
        }
        notes.extend(self.block().map(|block| self.consequence(&block)));
        notes
    }
}

fn offset(offset: jiff::tz::Offset) -> String {
    let minutes = offset.seconds().abs() / 60;
    format!(
        "{}{:02}:{:02}",
        if offset.is_negative() { '-' } else { '+' },
        minutes / 60,
        minutes % 60
    )
}
