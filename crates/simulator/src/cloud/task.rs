//! A task: what takes the cloud its time, in every dialect.

use crate::cloud::data::Data;
use crate::cloud::ids;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;
use std::time::Duration;

/// How a task is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dialect {
    /// Numbers; `DescribeTask` of `/ccs`.
    CdsTask,
    /// UUIDs; `DescribeBmsTask`.
    BmsTask,
    /// UUIDs beside the client's own id of the call; `QueryTask`.
    DesktopTask,
    /// UUIDs; `DescribeEvent` of `/ecs/v1`.
    EcsEvent,
    /// UUIDs; `DescribeEvent` of `/ebs/v1`.
    EbsEvent,
    /// UUIDs; the Action that a waiter of the catalogue names, in the waiter's words.
    Catalogued,
    /// No Action asks about it: only the states of resources show how it stands.
    Unasked,
}

/// How far a task has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It waits for its turn: the first tenth of its time.
    Waiting,
    Working,
    Done,
    Failed,
}

impl Dialect {
    /// The stage in the words of the dialect. Those for running and failed events are the vendor's
    /// clients'.
    pub(crate) fn word(self, stage: Stage) -> &'static str {
        let [waiting, working, done, failed] = match self {
            Self::CdsTask | Self::Catalogued | Self::Unasked => ["NEW", "DOING", "FINISH", "ERROR"],
            Self::BmsTask => ["init", "init", "succeed", "failed"],
            Self::DesktopTask => ["Running", "Running", "Completed", "Failed"],
            Self::EcsEvent | Self::EbsEvent => ["doing", "doing", "success", "failed"],
        };
        match stage {
            Stage::Waiting => waiting,
            Stage::Working => working,
            Stage::Done => done,
            Stage::Failed => failed,
        }
    }
}

/// What kind of work it is: how it is asked about, its name on the wire, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    pub(crate) dialect: Dialect,
    pub(crate) kind: &'static str,
    /// Seconds at least.
    pub(crate) least: u32,
    /// Seconds at most.
    pub(crate) most: u32,
}

impl Work {
    /// How long the `number`th task takes: always the same for the same seed, in whole
    /// milliseconds.
    pub(crate) fn duration(self, seed: u64, number: u64) -> Duration {
        let seconds = f64::from(self.least)
            + f64::from(self.most - self.least) * ids::fraction(seed, "task", number);
        Duration::try_from_secs_f64((seconds * 1000.0).round() / 1000.0).unwrap_or(Duration::ZERO)
    }
}

impl Dialect {
    /// A work of this dialect, and how many seconds it takes at least and at most.
    pub(crate) const fn work(self, kind: &'static str, least: u32, most: u32) -> Work {
        Work {
            dialect: self,
            kind,
            least,
            most,
        }
    }
}

/// What the end of a task does in a service. Its type is the service's own: the kernel keeps it and
/// writes it to a file.
#[derive(Debug, Clone)]
pub(crate) struct Effect {
    /// The name of the service's state.
    pub(crate) state: &'static str,
    pub(crate) data: Box<dyn Data>,
}

/// A task before it is started.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) work: Work,
    pub(crate) request: Option<String>,
    pub(crate) shows: &'static str,
    pub(crate) resources: Vec<String>,
    pub(crate) holds: Vec<String>,
    pub(crate) reserves: Vec<(String, Ipv4Addr)>,
    pub(crate) effect: Option<Effect>,
    pub(crate) undo: Option<Effect>,
}

impl Plan {
    /// A task about resources that it does not hold.
    pub(crate) fn about(work: Work, resources: Vec<String>) -> Self {
        let (request, holds, reserves, effect, undo) = (None, Vec::new(), Vec::new(), None, None);
        Self {
            work,
            request,
            shows: "updating",
            resources,
            holds,
            reserves,
            effect,
            undo,
        }
    }

    /// A task about resources that nothing else may touch meanwhile.
    pub(crate) fn holding(work: Work, resources: Vec<String>) -> Self {
        Self {
            holds: resources.clone(),
            ..Self::about(work, resources)
        }
    }

    /// The resources that the task names, where they are not the held ones.
    pub(crate) fn making(self, resources: Vec<String>) -> Self {
        Self { resources, ..self }
    }

    /// The state that held resources show.
    pub(crate) fn showing(self, state: &'static str) -> Self {
        Self {
            shows: state,
            ..self
        }
    }

    /// Addresses of networks that are taken meanwhile.
    pub(crate) fn reserving(self, reserves: Vec<(String, Ipv4Addr)>) -> Self {
        Self { reserves, ..self }
    }

    /// The client's own id of the call.
    pub(crate) fn asked_with(self, request: &str) -> Self {
        Self {
            request: Some(request.to_owned()),
            ..self
        }
    }

    /// What happens when the task has done its work.
    pub(crate) fn then(self, effect: impl Into<Effect>) -> Self {
        Self {
            effect: Some(effect.into()),
            ..self
        }
    }

    /// What is undone where the task fails.
    pub(crate) fn or_else(self, undo: impl Into<Effect>) -> Self {
        Self {
            undo: Some(undo.into()),
            ..self
        }
    }
}

/// A task, from its start on; a finished one is kept, because it can still be asked about.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) dialect: Dialect,
    pub(crate) kind: String,
    /// The client's own id of the call that started it.
    pub(crate) request: Option<String>,
    /// The ids that it names when it is asked about.
    pub(crate) resources: Vec<String>,
    /// Resources that nothing else may touch meanwhile.
    pub(crate) holds: Vec<String>,
    /// The state that these show.
    pub(crate) shows: String,
    /// Addresses of networks that are taken meanwhile.
    pub(crate) reserves: Vec<(String, Ipv4Addr)>,
    pub(crate) created: Timestamp,
    pub(crate) progress: Progress,
    /// Why it fails, or has failed.
    pub(crate) failure: Option<String>,
    pub(crate) effect: Option<Effect>,
    pub(crate) undo: Option<Effect>,
}

/// When a task ends, or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// On the register's time; one without an end hangs.
    Running {
        started: Duration,
        due: Option<Duration>,
    },
    Ended(Timestamp),
}

impl Task {
    pub(crate) fn stage(&self, now: Duration) -> Stage {
        match self.progress {
            Progress::Ended(_) if self.failure.is_some() => Stage::Failed,
            Progress::Ended(_) => Stage::Done,
            Progress::Running {
                started,
                due: Some(due),
            } if now < started + due.saturating_sub(started) / 10 => Stage::Waiting,
            Progress::Running { started, due: None } if now < started + Duration::from_secs(2) => {
                Stage::Waiting
            }
            Progress::Running { .. } => Stage::Working,
        }
    }

    /// When it ended.
    pub(crate) fn ended(&self) -> Option<Timestamp> {
        match self.progress {
            Progress::Ended(time) => Some(time),
            Progress::Running { .. } => None,
        }
    }
}

/// What a fault makes of the tasks that the present call starts.
#[derive(Debug, Clone)]
pub(crate) enum TaskFault {
    Fails(String),
    Hangs,
}
