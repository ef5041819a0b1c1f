//! A page that shows the cloud at work, and the data behind it.

use crate::Simulator;
use crate::cloud::kernel::Kernel;
use crate::cloud::task::{Progress, Stage, Task};
use crate::cloud::tasks::Tasks;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use maud::{DOCTYPE, PreEscaped, html};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// How many requests and ended tasks are shown.
const LONGEST_LIST: usize = 60;

/// The page. It asks for [`status`] again and again, and needs nothing from elsewhere.
pub(crate) fn page() -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "cumulua sim" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "cumulua sim" span #state { "…" } }
                    dl #facts {}
                }
                main {
                    section #resources-of {
                        h2 { "Resources" }
                        div #resources { p .soft { "Nothing yet." } }
                    }
                    div {
                        section {
                            h2 { "Tasks" span #running .soft {} }
                            div .wide { table #tasks { tbody {} } }
                            p #no-tasks .soft { "None yet." }
                        }
                        section {
                            h2 { "Requests" span #counted .soft {} }
                            div .wide { table #requests { tbody {} } }
                            p #no-requests .soft { "None yet. Point a script here: " code { "cumulua run --endpoint cds=" span #address {} " …" } }
                        }
                    }
                }
                footer {
                    "A simulation: nothing here exists. " a href="/_sim/requests" { "Requests" } " and " a href="/_sim/state" { "state" } " as JSON."
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// What the page may do: its own style and script, by their hashes, and asking the simulator.
pub(crate) fn content_policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// What the page shows now.
pub(crate) fn status(simulator: &Simulator) -> Json {
    let clock = simulator.clock.elapsed();
    let mut state = simulator.state();
    state.kernel.settle(clock);
    let requests: Vec<_> = state.log.iter().rev().take(LONGEST_LIST).collect();
    json!({
        "time": format!("{:.0}", state.kernel.cloud.now()),
        "seed": state.kernel.cloud.ids.seed(),
        "balance": state.kernel.cloud.wallet.balance,
        "request_count": state.requests,
        "requests": requests,
        "running": state.kernel.cloud.tasks.running(),
        "tasks": tasks(&state.kernel.cloud.tasks),
        "services": services(&state.kernel),
    })
}

/// The tasks that run, and the last ones that ended.
fn tasks(tasks: &Tasks) -> Vec<Json> {
    let running = tasks
        .iter()
        .rev()
        .filter(|task| task.ended().is_none())
        .take(LONGEST_LIST);
    let ended = tasks
        .iter()
        .rev()
        .filter(|task| task.ended().is_some())
        .take(LONGEST_LIST / 4);
    running.chain(ended).map(|task| view(tasks, task)).collect()
}

fn view(tasks: &Tasks, task: &Task) -> Json {
    let part = match task.progress {
        Progress::Ended(_) => Some(1.0),
        Progress::Running { due: None, .. } => None,
        Progress::Running {
            started,
            due: Some(due),
        } => {
            let (passed, all) = (
                tasks.elapsed().saturating_sub(started),
                due.saturating_sub(started),
            );
            Some(passed.as_secs_f64() / all.as_secs_f64().max(0.001))
        }
    };
    json!({
        "id": task.id,
        "kind": task.kind,
        "status": tasks.status(task),
        "failed": tasks.stage(task) == Stage::Failed,
        "part": part,
        "resources": task.resources,
        "failure": task.failure.as_ref().filter(|_| tasks.stage(task) == Stage::Failed),
    })
}

/// What each service has, where it has anything.
fn services(kernel: &Kernel) -> Map<String, Json> {
    let with_something = kernel.dashboard_lists().map(|(service, lists)| {
        let lists = lists.into_iter().filter(|(_, list)| list.count > 0);
        (
            service.to_owned(),
            lists
                .map(|(name, list)| (name, json!(list)))
                .collect::<Map<_, _>>(),
        )
    });
    with_something
        .filter(|(_, lists)| !lists.is_empty())
        .map(|(name, lists)| (name, Json::Object(lists)))
        .collect()
}
