//! No state is without a reason: each that there can be has one in words. A new one does not compile
//! here until it has its place, and fails until it has words.

use crate::history::{FiringOutcome, NewRun, RunOutcome, RunRow, RunState};
use crate::schedule::calendar::Block;
use crate::schedule::engine::{MissCause, Reason};
use crate::schedule::file::ScheduleFile;
use crate::schedule::standing::{Pause, QueuedFiring, Situation};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::fs;

/// All that follow from the first one.
fn all<T>(first: T, next: impl Fn(&T) -> Option<T>) -> Vec<T> {
    let mut all = vec![first];
    while let Some(more) = all.last().and_then(&next) {
        all.push(more);
    }
    all
}

fn reasons() -> Vec<Reason> {
    let what = || "what".into();
    all(Reason::Overlap(what()), |reason| match reason {
        Reason::Overlap(_) => Some(Reason::QueueFull),
        Reason::QueueFull => Some(Reason::Paused(what())),
        Reason::Paused(_) => Some(Reason::TooLate(MissCause::NotRunning)),
        Reason::TooLate(MissCause::NotRunning) => Some(Reason::TooLate(MissCause::ClockJump)),
        Reason::TooLate(MissCause::ClockJump) => Some(Reason::TooLate(MissCause::Busy)),
        Reason::TooLate(MissCause::Busy) => Some(Reason::Superseded),
        Reason::Superseded => Some(Reason::ShuttingDown),
        Reason::ShuttingDown => Some(Reason::Removed),
        Reason::Removed => Some(Reason::ServerGone),
        Reason::ServerGone => Some(Reason::Unrecorded),
        Reason::Unrecorded => Some(Reason::Blocked(what())),
        Reason::Blocked(_) => Some(Reason::NotFollowed(what())),
        Reason::NotFollowed(_) => Some(Reason::Dropped(what())),
        Reason::Dropped(_) => None,
    })
}

fn situations() -> Vec<Situation> {
    let at = Timestamp::UNIX_EPOCH;
    let queued = |why: Option<&str>| {
        Situation::Queued(QueuedFiring {
            due: at,
            why: why.map(str::to_owned),
        })
    };
    let block = Block {
        calendar: "freeze".into(),
        is_outside: false,
        until: Some(at),
    };
    let mut situations = all(Situation::Running(at), |situation| match situation {
        Situation::Running(_) => Some(Situation::Paused(Pause::default())),
        Situation::Paused(_) => Some(Situation::PausedByFile),
        Situation::PausedByFile => Some(queued(Some("waiting for the pool db"))),
        Situation::Queued(_) => Some(Situation::Repeats(at)),
        Situation::Repeats(_) => Some(Situation::Blocked(block.clone())),
        Situation::Blocked(_) => Some(Situation::Follows("a".to_owned())),
        Situation::Follows(_) => Some(Situation::Due(at)),
        Situation::Due(_) => Some(Situation::Over),
        Situation::Over => None,
    });
    // What a store of an earlier version has says less.
    situations.extend([queued(None), queued(Some(""))]);
    situations
}

fn run_states() -> Vec<RunState> {
    let ended = |outcome| Some(RunState::Ended(outcome));
    all(RunState::Queued, |state| match state {
        RunState::Queued => Some(RunState::Running),
        RunState::Running => ended(RunOutcome::Done),
        RunState::Ended(RunOutcome::Done) => ended(RunOutcome::Failed),
        RunState::Ended(RunOutcome::Failed) => ended(RunOutcome::TimedOut),
        RunState::Ended(RunOutcome::TimedOut) => ended(RunOutcome::Interrupted),
        RunState::Ended(RunOutcome::Interrupted) => ended(RunOutcome::Cancelled),
        RunState::Ended(RunOutcome::Cancelled) => ended(RunOutcome::Lost),
        RunState::Ended(RunOutcome::Lost) => None,
    })
}

#[test]
fn each_reason_has_words_and_each_outcome_of_a_firing_has_a_reason() {
    let mut explained: BTreeSet<&str> = BTreeSet::new();
    for reason in reasons() {
        let outcome = FiringOutcome::from(&reason);
        assert!(reason.to_string().len() >= 4, "{reason:?}");
        explained.insert(outcome.as_str());
    }
    // Of a firing that ran the run says more; one that waits says for what where that is decided.
    explained.extend(["ran", "queued"]);
    let outcomes = FiringOutcome::all();
    let words: BTreeSet<&str> = outcomes.iter().map(FiringOutcome::as_str).collect();
    assert_eq!(explained, words);
}

#[test]
fn each_situation_has_a_word_and_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schedules.toml");
    let text = "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@yearly'\n";
    fs::write(&path, text).unwrap();
    let file = ScheduleFile::read(&path).unwrap();
    let mut states = BTreeSet::new();
    for situation in situations() {
        states.insert(situation.as_str());
        let reason = situation.reason(&file.schedules[0]);
        let last_part = reason.rsplit(": ").next().unwrap_or_default();
        assert!(last_part.len() >= 4, "{situation:?}: {reason:?}");
    }
    let guide = include_str!("../../../docs/guide/schedules.md");
    for state in states {
        assert!(guide.contains(&format!("`{state}`")), "{state}");
    }
}

#[test]
fn each_state_of_a_run_that_is_no_success_has_a_reason_also_where_none_is_recorded() {
    let outcomes: Vec<_> = run_states()
        .into_iter()
        .filter_map(RunState::outcome)
        .collect();
    assert_eq!(outcomes, RunOutcome::ALL);
    for state in run_states() {
        let row = |error: Option<&str>| RunRow {
            run: NewRun::default(),
            host: None,
            claimed: None,
            process_started: None,
            ended: None,
            state,
            status: None,
            error: error.map(str::to_owned),
            retry_at: None,
            retry_given_up: None,
            calls: 0,
        };
        let goes_well = matches!(state, RunState::Running | RunState::Ended(RunOutcome::Done));
        for error in [None, Some("")] {
            let reason = row(error).reason(state).unwrap_or_default();
            assert_eq!(reason.is_empty(), goes_well, "{state:?}: {reason:?}");
        }
        let recorded = row(Some("boom")).reason(state);
        assert_eq!(recorded.as_deref(), Some("boom"), "{state:?}");
    }
}
