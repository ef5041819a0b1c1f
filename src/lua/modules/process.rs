//! `os.execute`: C's own ignores Ctrl-C while its child runs, this one ends the child with the run,
//! and lets the run's other tasks go on.

use crate::effect_id::EffectId;
use crate::gate::{Gate, Streams, Waiting, at_once};
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::files::child::{Outcome, outcome};
use crate::lua::files::no_result::Refused;
use crate::lua::files::pass_on::{pass_on, wait_for_output};
use mlua::Lua;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::mpsc;
use tokio::process::Child;

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.function("process", |_, gate, ()| Ok(gate.may_run()?))?;
    bindings.effect(
        "execute",
        |_: Lua, gate: Arc<Gate>, id: EffectId, command: String| async move {
            execute(&gate, &id, &command, Waiting::Yields).await
        },
    )?;
    bindings.effect_now("execute_now", |_, gate, id, command: String| {
        let executed = at_once(execute(gate, id, &command, Waiting::Blocks));
        executed.unwrap_or_else(|| Err(Raised::invalid("os.execute cannot wait here")))
    })
}

async fn execute(
    gate: &Arc<Gate>,
    id: &EffectId,
    command: &str,
    waiting: Waiting,
) -> Result<Outcome, Raised> {
    let hears = gate.captures_processes();
    let piped = || hears.then(Stdio::piped);
    let streams = Streams {
        input: None,
        output: piped(),
        error: piped(),
    };
    let (ended, end) = mpsc::channel();
    let attend = |child: &mut Child| pass_on(gate, child, &ended);
    let status = gate
        .execute(command, streams, attend, waiting, id)
        .await
        .map_err(|error| match Refused::from(error) {
            Refused::System(problem) => Raised::invalid(format!("os.execute: {problem}")),
            Refused::Raised(raised) => raised,
        })?;
    drop(ended);
    wait_for_output(gate, end, waiting).await;
    Ok(outcome(status))
}
