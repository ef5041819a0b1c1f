//! What is known of each schedule at a moment, in Prometheus's text form.

use jiff::{SignedDuration, Timestamp};
use std::fmt::{Display, Write as _};
use std::sync::Arc;

/// Schedules of one part of the text.
const PART: usize = 500;

/// One schedule at a moment.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) schedule: Arc<str>,
    pub(super) state: &'static str,
    pub(super) running: usize,
    pub(super) queued: usize,
    pub(super) next: Option<Timestamp>,
    pub(super) last_success: Option<Timestamp>,
    /// How long the last run that has ended took, and how it ended.
    pub(super) last_run: Option<(SignedDuration, &'static str)>,
    pub(super) lateness: Option<SignedDuration>,
    pub(super) missed: Vec<(&'static str, u64)>,
    /// Notifications that are still tried, and that were given up.
    pub(super) waiting: u64,
    pub(super) undelivered: u64,
}

/// Schedules at a moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples(pub(super) Arc<[Sample]>);

/// A metric: its name, its help, and the lines that a schedule has of it.
struct Family {
    name: &'static str,
    help: &'static str,
    lines: fn(&Sample, &mut Lines<'_>),
}

/// What is unknown has no line, so that no query takes it for a number.
const FAMILIES: [Family; 10] = [
    Family {
        name: "cumulua_schedule_state",
        help: "Where a schedule stands, as schedule status has it; the value is 1.",
        lines: |sample, lines| lines.add(Some(("state", sample.state)), 1),
    },
    Family {
        name: "cumulua_schedule_running",
        help: "Runs of a schedule that go on.",
        lines: |sample, lines| lines.add(None, sample.running),
    },
    Family {
        name: "cumulua_schedule_queued",
        help: "Firings of a schedule that wait.",
        lines: |sample, lines| lines.add(None, sample.queued),
    },
    Family {
        name: "cumulua_schedule_next_firing_timestamp_seconds",
        help: "When a schedule fires next by its own times.",
        lines: |sample, lines| lines.time(sample.next),
    },
    Family {
        name: "cumulua_schedule_last_success_timestamp_seconds",
        help: "When the last run of a schedule that succeeded ended.",
        lines: |sample, lines| lines.time(sample.last_success),
    },
    Family {
        name: "cumulua_schedule_last_run_duration_seconds",
        help: "How long the last run of a schedule took that has ended, by how it ended.",
        lines: |sample, lines| {
            if let Some((took, outcome)) = sample.last_run {
                lines.add(Some(("outcome", outcome)), took.as_secs_f64());
            }
        },
    },
    Family {
        name: "cumulua_schedule_last_start_lateness_seconds",
        help: "How long after its time the last run began that a schedule's own times started.",
        lines: |sample, lines| {
            if let Some(lateness) = sample.lateness {
                lines.add(None, lateness.as_secs_f64());
            }
        },
    },
    Family {
        name: "cumulua_schedule_missed_firings",
        help: "Firings since the last success that should have run and did not, by reason.",
        lines: |sample, lines| {
            for (reason, number) in &sample.missed {
                lines.add(Some(("reason", reason)), number);
            }
        },
    },
    Family {
        name: "cumulua_schedule_waiting_notifications",
        help: "Notifications about a schedule that have not arrived and are still tried.",
        lines: |sample, lines| lines.add(None, sample.waiting),
    },
    Family {
        name: "cumulua_schedule_undelivered_notifications",
        help: "Notifications about a schedule that were given up.",
        lines: |sample, lines| lines.add(None, sample.undelivered),
    },
];

/// The lines of one metric.
struct Lines<'a> {
    text: String,
    name: &'static str,
    schedule: &'a str,
}

impl Lines<'_> {
    /// Names of schedules have no characters that would be escaped.
    fn add(&mut self, label: Option<(&str, &str)>, value: impl Display) {
        let (text, name, schedule) = (&mut self.text, self.name, self.schedule);
        let _ = write!(text, "{name}{{schedule=\"{schedule}\"");
        if let Some((label, word)) = label {
            let _ = write!(text, ",{label}=\"{word}\"");
        }
        let _ = writeln!(text, "}} {value}");
    }

    fn time(&mut self, at: Option<Timestamp>) {
        if let Some(at) = at {
            let since = SignedDuration::from_millis(at.as_millisecond());
            self.add(None, since.as_secs_f64());
        }
    }
}

impl Samples {
    /// The text, in parts that are made one at a time.
    pub(super) fn text(&self) -> impl Iterator<Item = String> + Send + 'static {
        let samples = Arc::clone(&self.0);
        let parts = samples.len().div_ceil(PART).max(1);
        let all = FAMILIES
            .iter()
            .flat_map(move |family| (0..parts).map(move |part| (family, part)));
        all.map(move |(family, part)| {
            let begin = part * PART;
            let end = samples.len().min(begin + PART);
            text_of(family, &samples[begin..end], part == 0)
        })
    }
}

fn text_of(family: &Family, samples: &[Sample], is_first: bool) -> String {
    let Family { name, help, lines } = family;
    let mut text = String::new();
    if is_first {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
    }
    for sample in samples {
        let mut all = Lines {
            text: std::mem::take(&mut text),
            name,
            schedule: &sample.schedule,
        };
        lines(sample, &mut all);
        text = all.text;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{FAMILIES, PART, Sample, Samples};
    use jiff::{SignedDuration, Timestamp};

    fn sample(name: &str) -> Sample {
        Sample {
            schedule: name.into(),
            state: "waiting",
            running: 0,
            queued: 2,
            next: Some(Timestamp::from_millisecond(1_700_000_000_250).unwrap()),
            last_success: None,
            last_run: Some((SignedDuration::from_millis(1_500), "timed out")),
            lateness: Some(SignedDuration::ZERO),
            missed: vec![("overlap", 1), ("too late", 3)],
            waiting: 0,
            undelivered: 0,
        }
    }

    #[test]
    fn each_metric_has_its_help_and_type_once_and_all_its_lines_follow() {
        let names: Vec<_> = (0..=2 * PART).map(|number| format!("s{number}")).collect();
        let samples = names.iter().map(|name| sample(name)).collect();
        let text: String = Samples(samples).text().collect();
        let mut lines = text.lines();
        for family in FAMILIES {
            let name = family.name;
            let help = format!("# HELP {name} {}", family.help);
            assert_eq!(lines.next(), Some(help.as_str()));
            let kind = format!("# TYPE {name} gauge");
            assert_eq!(lines.next(), Some(kind.as_str()));
            let each = match name {
                "cumulua_schedule_last_success_timestamp_seconds" => 0,
                "cumulua_schedule_missed_firings" => 2,
                _ => 1,
            };
            let begins = format!("{name}{{schedule=\"");
            let own = lines
                .by_ref()
                .take(each * names.len())
                .filter(|line| line.starts_with(&begins));
            assert_eq!(own.count(), each * names.len(), "{name}");
        }
        assert_eq!(lines.next(), None);
    }

    #[test]
    fn a_line_has_the_words_and_units_of_the_convention() {
        let text: String = Samples([sample("nightly")].into()).text().collect();
        for line in [
            "cumulua_schedule_state{schedule=\"nightly\",state=\"waiting\"} 1",
            "cumulua_schedule_queued{schedule=\"nightly\"} 2",
            "cumulua_schedule_next_firing_timestamp_seconds{schedule=\"nightly\"} 1700000000.25",
            "cumulua_schedule_last_run_duration_seconds{schedule=\"nightly\",outcome=\"timed out\"} 1.5",
            "cumulua_schedule_last_start_lateness_seconds{schedule=\"nightly\"} 0",
            "cumulua_schedule_missed_firings{schedule=\"nightly\",reason=\"too late\"} 3",
        ] {
            assert!(text.contains(&format!("{line}\n")), "{line} in\n{text}");
        }
    }
}
