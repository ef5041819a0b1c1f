//! Lists that change while their pages are read, as a fault makes them.

use cumulua_core::catalog::Action;
use serde_json::{Value as Json, json};

/// What has happened in front of a page since the one before it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum PageFault {
    #[default]
    None,
    /// An item has come.
    Grown,
    /// An item has gone.
    Shrunk,
}

/// Makes the server's own total of an answer one larger or smaller, where the catalogue knows where
/// it stands.
pub(crate) fn shift_total(action: &Action, fault: PageFault, answer: &mut Json) {
    let Some(total) = action
        .paginator
        .as_ref()
        .and_then(|paginator| paginator.total.as_deref())
    else {
        return;
    };
    let by = match fault {
        PageFault::None => return,
        PageFault::Grown => 1,
        PageFault::Shrunk => -1,
    };
    if let Some(total) = answer.pointer_mut(&format!("/{}", total.replace('.', "/"))) {
        match &*total {
            Json::Number(number) => *total = json!(number.as_i64().unwrap_or_default() + by),
            Json::String(text) => {
                *total = json!((text.parse::<i64>().unwrap_or_default() + by).to_string());
            }
            _ => {}
        }
    }
}
