//! The question of `cumulua call` before a call that can destroy or cost in production.

use super::{report, streams};
use crate::gate::{Asking, Confirm, Question, is_yes};
use crate::repl::discard_typed_ahead;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// Asks at the terminal; without one it refuses.
pub(super) struct Confirmation;

impl Confirm for Confirmation {
    fn confirm<'a>(&'a self, question: &'a Question) -> Asking<'a> {
        Box::pin(async move {
            if !io::stdin().is_terminal() || !streams::stderr().is_terminal() {
                return Err(
                    "there is no terminal to ask at; --yes makes the call without a question"
                        .to_owned(),
                );
            }
            report::marked(anstyle::AnsiColor::Red, "production", &question.describe());
            let prompt = question.prompt();
            // In a thread, so that Ctrl-C and the call's own end are seen meanwhile.
            let answer = tokio::task::spawn_blocking(move || read(&prompt)).await;
            match answer {
                Ok(Ok(answer)) if is_yes(&answer) => Ok(()),
                _ => Err("it was not confirmed".to_owned()),
            }
        })
    }
}

fn read(prompt: &str) -> io::Result<String> {
    discard_typed_ahead();
    let mut stderr = streams::stderr();
    stderr.write_all(prompt.as_bytes())?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer)
}
