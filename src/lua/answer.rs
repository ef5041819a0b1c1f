//! An answer as Lua, and its `meta`.

use super::{json, task_handle};
use crate::client::Answer;
use crate::client::waiter::{self, Task};
use crate::effect_id::EffectId;
use mlua::{AnyUserData, Lua, Table, UserData, Value as LuaValue};

/// What is known of an answer beside its content. Few scripts ask, so that it becomes a table only
/// where one does.
pub(super) struct About {
    /// Without its content.
    answer: Answer,
    tasks: Vec<Task>,
    place: EffectId,
}

impl UserData for About {}

/// An answer as Lua, and its `meta`.
pub(super) fn answer_to_lua(
    lua: &Lua,
    mut answer: Answer,
    place: EffectId,
) -> mlua::Result<(LuaValue, AnyUserData)> {
    let tasks = waiter::tasks(&answer);
    let content = std::mem::take(&mut answer.json);
    let length = answer.length;
    json::with_room_for(lua, length, || {
        Ok((
            json::from_value(lua, &content)?,
            lua.create_userdata(About {
                answer,
                tasks,
                place,
            })?,
        ))
    })?
}

pub(super) fn about(lua: &Lua, known: &About) -> mlua::Result<Table> {
    let About {
        answer,
        tasks,
        place,
    } = known;
    let about = lua.create_table_with_capacity(0, 11)?;
    about.raw_set("action", &*answer.action.full_name)?;
    about.raw_set("profile", &*answer.profile)?;
    about.raw_set("region", answer.region.as_deref())?;
    about.raw_set("endpoint", &*answer.endpoint)?;
    about.raw_set("http_status", answer.http_status)?;
    about.raw_set("request_id", answer.request_id.as_deref())?;
    about.raw_set("attempts", answer.attempts)?;
    about.raw_set("duration", answer.duration.as_secs_f64())?;
    let position = lua.create_table_with_capacity(0, 2)?;
    position.raw_set("path", place.path.as_str())?;
    position.raw_set("number", place.number)?;
    about.raw_set("place", position)?;
    if answer.action.task.is_some() {
        about.raw_set("starts_task", true)?;
        about.raw_set("task", task_handle::of_answer(lua, answer, tasks)?)?;
    }
    Ok(about)
}
