//! What the server counts, in Prometheus's text form.

use super::notification_metrics::NotificationMetrics;
use super::schedule_metrics::ScheduleMetrics;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Upper bounds of the lateness histogram, in seconds.
const LATENESS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 60.0];

/// How long after their times things were done.
#[derive(Debug, Default, Clone)]
struct Histogram {
    buckets: [u64; LATENESS.len()],
    sum: f64,
    count: u64,
}

impl Histogram {
    fn add(&mut self, lateness: Duration) {
        let seconds = lateness.as_secs_f64();
        for (bound, count) in LATENESS.iter().zip(&mut self.buckets) {
            *count += u64::from(seconds <= *bound);
        }
        self.sum += seconds;
        self.count += 1;
    }

    /// Its samples as Prometheus has them.
    fn samples(&self) -> Vec<(String, String)> {
        let buckets = LATENESS.iter().zip(self.buckets);
        let buckets = buckets.map(|(bound, count)| (bound.to_string(), count));
        let all = buckets.chain([("+Inf".to_owned(), self.count)]);
        let mut samples: Vec<_> = all
            .map(|(bound, count)| (format!("_bucket{{le=\"{bound}\"}}"), count.to_string()))
            .collect();
        samples.push(("_sum".to_owned(), self.sum.to_string()));
        samples.push(("_count".to_owned(), self.count.to_string()));
        samples
    }
}

/// What the server counts.
#[derive(Debug, Default)]
pub struct Metrics {
    counts: Mutex<Counts>,
    /// Events, and what becomes of their notifications.
    pub(super) notifications: NotificationMetrics,
    /// What is known of each schedule.
    pub(super) schedules: ScheduleMetrics,
}

#[derive(Debug, Default, Clone)]
struct Counts {
    schedules: usize,
    running: usize,
    waiting: usize,
    firings: BTreeMap<&'static str, u64>,
    runs: BTreeMap<&'static str, u64>,
    decided: Histogram,
    started: Histogram,
    reloads: u64,
    refused_files: u64,
    store_faults: u64,
    store_refuses: bool,
    clock_jumps: u64,
    /// Since the loop came by, as the loop's own clock has it.
    seen: Duration,
    is_ending: bool,
    /// Why the file as it is now is not served.
    refused_file: Option<String>,
    /// What is wrong with scripts, or nothing.
    script_faults: String,
}

impl Metrics {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn load(&self, schedules: usize, running: usize, waiting: usize, seen: Duration) {
        let mut counts = self.counts();
        (
            counts.schedules,
            counts.running,
            counts.waiting,
            counts.seen,
        ) = (schedules, running, waiting, seen);
    }

    pub(super) fn firing(&self, outcome: &'static str, number: u64) {
        *self.counts().firings.entry(outcome).or_default() += number;
    }

    pub(super) fn run(&self, outcome: &'static str) {
        *self.counts().runs.entry(outcome).or_default() += 1;
    }

    /// How long after its time a run's process was started.
    pub(super) fn lateness(&self, lateness: Duration) {
        self.counts().started.add(lateness);
    }

    /// How long after its time the row of a firing was written.
    pub(super) fn decided(&self, lateness: Duration) {
        self.counts().decided.add(lateness);
    }

    /// A changed file was taken over, or refused and why.
    pub(super) fn reload(&self, refused: Option<String>) {
        let mut counts = self.counts();
        *(if refused.is_some() {
            &mut counts.refused_files
        } else {
            &mut counts.reloads
        }) += 1;
        counts.refused_file = refused;
    }

    /// What is wrong with scripts now; an empty text where nothing is.
    pub(super) fn script_fault(&self, faults: String) {
        self.counts().script_faults = faults;
    }

    /// Why what the files say is not what runs, where that is so.
    pub fn degraded(&self) -> Option<String> {
        let counts = self.counts();
        let scripts = Some(counts.script_faults.clone()).filter(|faults| !faults.is_empty());
        counts.refused_file.clone().or(scripts)
    }

    pub(super) fn store_fault(&self) {
        let mut counts = self.counts();
        counts.store_faults += 1;
        counts.store_refuses = true;
    }

    pub(super) fn store_works(&self) {
        self.counts().store_refuses = false;
    }

    pub(super) fn clock_jump(&self) {
        self.counts().clock_jumps += 1;
    }

    pub(super) fn ending(&self) {
        self.counts().is_ending = true;
    }

    /// What is wrong with the server, if anything; `now` is on the loop's own clock.
    pub fn fault(&self, now: Duration) -> Option<&'static str> {
        let counts = self.counts();
        if counts.is_ending {
            Some("ending")
        } else if now.saturating_sub(counts.seen) > Duration::from_secs(15) {
            Some("the loop does not come by")
        } else if counts.store_refuses {
            Some("the run store refuses to be written, so nothing starts")
        } else {
            None
        }
    }

    /// Prometheus's text form of what is about no one schedule, and of events.
    pub fn text(&self) -> String {
        let counts = self.counts().clone();
        let mut text = String::new();
        let mut family = |name: &str, kind: &str, help: &str, samples: &[(String, String)]| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in samples {
                let _ = writeln!(text, "{name}{labels} {value}");
            }
        };
        let one = |value: String| [(String::new(), value)];
        let by_outcome = |counts: &BTreeMap<&'static str, u64>| -> Vec<_> {
            counts
                .iter()
                .map(|(outcome, count)| (format!("{{outcome=\"{outcome}\"}}"), count.to_string()))
                .collect()
        };
        family(
            "cumulua_schedules",
            "gauge",
            "Schedules in the file.",
            &one(counts.schedules.to_string()),
        );
        family(
            "cumulua_schedule_runs_running",
            "gauge",
            "Runs that go on.",
            &one(counts.running.to_string()),
        );
        family(
            "cumulua_schedule_firings_waiting",
            "gauge",
            "Firings that wait for an earlier run, a pool, a calendar or another schedule.",
            &one(counts.waiting.to_string()),
        );
        family(
            "cumulua_schedule_firings_total",
            "counter",
            "Firings by what became of them.",
            &by_outcome(&counts.firings),
        );
        family(
            "cumulua_schedule_runs_total",
            "counter",
            "Runs that ended, by how.",
            &by_outcome(&counts.runs),
        );
        family(
            "cumulua_schedule_reloads_total",
            "counter",
            "Changed files taken over.",
            &one(counts.reloads.to_string()),
        );
        family(
            "cumulua_schedule_files_refused_total",
            "counter",
            "Changed files that were faulty.",
            &one(counts.refused_files.to_string()),
        );
        family(
            "cumulua_schedule_store_faults_total",
            "counter",
            "Writes that the run store refused.",
            &one(counts.store_faults.to_string()),
        );
        family(
            "cumulua_schedule_clock_jumps_total",
            "counter",
            "Times that the clock jumped.",
            &one(counts.clock_jumps.to_string()),
        );
        family(
            "cumulua_schedule_decision_lateness_seconds",
            "histogram",
            "How long after its time the row of a firing was written.",
            &counts.decided.samples(),
        );
        family(
            "cumulua_schedule_start_lateness_seconds",
            "histogram",
            "How long after its time a firing's process was started.",
            &counts.started.samples(),
        );
        text + &self.notifications.text()
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;
    use std::time::Duration;

    #[test]
    fn lateness_is_a_cumulative_histogram() {
        let metrics = Metrics::default();
        for milliseconds in [1, 20, 20, 90_000] {
            metrics.lateness(Duration::from_millis(milliseconds));
        }
        let text = metrics.text();
        for line in [
            "_bucket{le=\"0.005\"} 1",
            "_bucket{le=\"0.025\"} 3",
            "_bucket{le=\"60\"} 3",
            "_bucket{le=\"+Inf\"} 4",
            "_count 4",
        ] {
            assert!(
                text.contains(&format!("cumulua_schedule_start_lateness_seconds{line}\n")),
                "{line} in\n{text}"
            );
        }
    }
}
