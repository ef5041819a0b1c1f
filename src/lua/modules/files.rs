//! `io`: opening files, and what a script does with an open one. stdlib/core/files.lua makes Lua's
//! functions of these.

use crate::effect_id::EffectId;
use crate::gate::{Gate, StopReason, Waiting, at_once, readable};
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::files::arguments::Arguments;
use crate::lua::files::child::{Piped, outcome};
use crate::lua::files::handle::{Closing, Handle};
use crate::lua::files::no_result::Refused;
use crate::lua::files::open::{Mode, open};
use crate::lua::files::output;
use crate::lua::files::path::of_text;
use crate::lua::files::problem;
use crate::lua::files::request::Request;
use crate::lua::files::results::{completion, failure, refusal_values, value};
use crate::lua::files::standard::Standard;
use crate::lua::files::stream::{Buffering, ReadError, Whence};
use mlua::{AnyUserData, IntoLuaMulti, Lua, LuaString, MultiValue, Table, UserDataFields, Value};
use std::sync::Arc;

pub(in crate::lua) fn register(bindings: &Bindings<'_>, memory: usize) -> mlua::Result<()> {
    bindings.plain("standard_files", |lua, _, meta: Table| {
        standard_files(lua, &meta)
    })?;
    bindings.effect_now("file_open", open_file)?;
    bindings.effect_now("file_need", need_file)?;
    bindings.effect_now("file_popen", start)?;
    bindings.function("file_read", move |lua, _, values| read(lua, values, memory))?;
    // What comes from outside: the run's other tasks go on meanwhile, where Lua can yield.
    bindings.function("input_ready", move |lua, _, values| {
        read_available(lua, values, memory)
    })?;
    bindings.effect_now("input_read", move |lua, gate, id, values| {
        gate.read_input_now(|| read(lua, values, memory), id)?
    })?;
    bindings.effect("input_await", move |lua, gate, id, values| {
        read_on(lua, gate, id, values, memory)
    })?;
    bindings.function("file_write", write)?;
    bindings.function("file_seek", seek)?;
    bindings.function("file_setvbuf", set_buffering)?;
    bindings.effect_now("file_close", close)?;
    bindings.effect("process_close", close_process)?;
    bindings.effect_now("file_flush", |lua, gate, id, values: MultiValue| {
        let arguments = Arguments::of_method(lua, "flush", values);
        let mut handle = arguments.file()?.borrow_mut::<Handle>()?;
        completion(lua, gate.write_out(|| handle.flush(), id), None)
    })?;
    // Closes a file without results: at the end of a scope.
    bindings.effect_now("file_drop", |lua, gate, id, values: MultiValue| {
        let arguments = Arguments::new(lua, "close", values);
        let mut handle = arguments.handle()?.borrow_mut::<Handle>()?;
        drop(gate.write_out(|| handle.close(), id));
        Ok(())
    })?;
    // An open file or a complaint of the function that was called.
    bindings.function("file_use", |lua, _, mut values: MultiValue| {
        let function = values
            .pop_front()
            .and_then(|name| name.as_string().map(LuaString::to_string_lossy))
            .unwrap_or_default();
        Arguments::new(lua, &function, values).file().cloned()
    })?;
    bindings.plain("is_file", |_, _, value: Value| {
        Ok(value.as_userdata().is_some_and(AnyUserData::is::<Handle>))
    })?;
    bindings.function("file_kind", |lua, _, values: MultiValue| {
        let arguments = Arguments::new(lua, "type", values);
        arguments.any(0)?;
        let Ok(file) = arguments.handle() else {
            return Ok(None);
        };
        Ok(Some(if file.borrow::<Handle>()?.is_closed() {
            "closed file"
        } else {
            "file"
        }))
    })?;
    bindings.function("file_text", |lua, _, values: MultiValue| {
        let arguments = Arguments::new(lua, "tostring", values);
        let file = arguments.handle()?;
        let is_closed = file.borrow::<Handle>()?.is_closed();
        Ok(if is_closed {
            "file (closed)".to_owned()
        } else {
            format!("file ({:p})", file.to_pointer())
        })
    })?;
    // A line of standard output; whether it could be written.
    bindings.plain("print", |_, gate, line: LuaString| {
        Ok(output::write_line(gate, line.as_bytes().to_vec()).is_ok())
    })
}

/// The standard streams, with a metatable for them and every other file.
fn standard_files(
    lua: &Lua,
    meta: &Table,
) -> mlua::Result<(AnyUserData, AnyUserData, AnyUserData)> {
    let fields: Vec<(String, Value)> = meta.pairs().collect::<Result<_, _>>()?;
    lua.register_userdata_type::<Handle>(|registry| {
        // mlua has a `__gc` of its own, which drops the handle.
        for (name, value) in fields.into_iter().filter(|(name, _)| name != "__gc") {
            registry.add_meta_field(name, value);
        }
    })?;
    let standard = |stream| lua.create_any_userdata(Handle::standard(stream));
    Ok((
        standard(Standard::Input)?,
        standard(Standard::Output)?,
        standard(Standard::Error)?,
    ))
}

fn open_file(
    lua: &Lua,
    gate: &Arc<Gate>,
    id: &EffectId,
    values: MultiValue,
) -> Result<MultiValue, Raised> {
    let arguments = Arguments::new(lua, "open", values);
    let path = arguments.text(0)?;
    let mode = match arguments.optional_text(1)? {
        None => Mode::READ,
        Some(name) => {
            Mode::parse(&name.as_bytes()).ok_or_else(|| arguments.complaint(1, "invalid mode"))?
        }
    };
    match open_handle(gate, &path, mode, id) {
        Ok(handle) => Ok(lua.create_any_userdata(handle)?.into_lua_multi(lua)?),
        Err(refusal) => refusal_values(lua, refusal, Some(&path.as_bytes())),
    }
}

/// For functions that have no use for nil: the file at a path is there, or that it cannot be opened
/// is raised.
fn need_file(
    lua: &Lua,
    gate: &Arc<Gate>,
    id: &EffectId,
    mut values: MultiValue,
) -> Result<AnyUserData, Raised> {
    let mut word = || {
        values
            .pop_front()
            .and_then(|word| word.as_string().map(LuaString::to_string_lossy))
            .unwrap_or_default()
    };
    let (function, mode) = (word(), word());
    let path = Arguments::new(lua, &function, values).text(0)?;
    let mode = if mode == "w" { Mode::WRITE } else { Mode::READ };
    match open_handle(gate, &path, mode, id) {
        Ok(handle) => Ok(lua.create_any_userdata(handle)?),
        Err(Refused::Raised(raised)) => Err(raised),
        Err(Refused::System(problem)) => Err(Raised::Text(format!(
            "cannot open file '{}' ({})",
            path.to_string_lossy(),
            problem::text(&problem)
        ))),
    }
}

fn open_handle(
    gate: &Gate,
    path: &LuaString,
    mode: Mode,
    id: &EffectId,
) -> Result<Handle, Refused> {
    Ok(Handle::file(open(gate, &of_text(path), mode, id)?))
}

fn start(
    lua: &Lua,
    gate: &Arc<Gate>,
    id: &EffectId,
    values: MultiValue,
) -> Result<MultiValue, Raised> {
    let arguments = Arguments::new(lua, "popen", values);
    gate.may_run()?;
    let command = arguments.text(0)?;
    let is_read = match arguments
        .optional_text(1)?
        .as_ref()
        .map(LuaString::as_bytes)
        .as_deref()
    {
        None | Some(b"r") => true,
        Some(b"w") => false,
        Some(_) => return Err(arguments.complaint(1, "invalid mode")),
    };
    match Piped::start(gate, &command.to_string_lossy(), is_read, id) {
        Ok(process) => Ok(lua
            .create_any_userdata(Handle::process(process))?
            .into_lua_multi(lua)?),
        Err(error) => refusal_values(lua, error.into(), Some(&command.as_bytes())),
    }
}

fn read(lua: &Lua, values: MultiValue, memory: usize) -> Result<MultiValue, Raised> {
    let arguments = Arguments::of_method(lua, "read", values);
    let file = arguments.file()?;
    let mut request = Request::new(arguments.formats(1)?);
    let mut items = MultiValue::new();
    let outcome = without_collector(lua, || {
        let mut handle = file.borrow_mut::<Handle>()?;
        handle.read(&mut request, memory_left(lua, memory), |item| {
            items.push_back(value(lua, item)?);
            Ok(())
        })
    });
    finish_read(lua, outcome, items)
}

/// Whether one format can be read without asking for more, and what it reads.
fn read_available(lua: &Lua, values: MultiValue, memory: usize) -> Result<MultiValue, Raised> {
    let arguments = Arguments::of_method(lua, "read", values);
    let file = arguments.file()?;
    let mut request = Request::new(arguments.formats(1)?);
    let mut items = MultiValue::new();
    let is_ready = match advance(lua, file, &mut request, memory, &mut items) {
        Ok(is_ready) => is_ready,
        Err(error) => return finish_read(lua, Err(error), items),
    };
    items.push_front(Value::Boolean(is_ready));
    Ok(items)
}

/// Reads what comes bit by bit. The file is not held while more is waited for: others may read
/// meanwhile.
async fn read_on(
    lua: Lua,
    gate: Arc<Gate>,
    id: EffectId,
    values: MultiValue,
    memory: usize,
) -> Result<MultiValue, Raised> {
    let arguments = Arguments::of_method(&lua, "read", values);
    let file = arguments.file()?;
    let mut request = Request::new(arguments.formats(1)?);
    let mut items = MultiValue::new();
    match gate
        .read_input(
            read_bit_by_bit(&lua, file, &mut request, memory, &mut items),
            &id,
        )
        .await
    {
        Ok(outcome) => finish_read(&lua, outcome, items),
        Err(stop) => {
            // What is ended while a process is waited for ends the process, too. A script that ends
            // itself does not end what it started.
            if !matches!(stop, StopReason::Exit(_)) {
                file.borrow_mut::<Handle>()?.end_process();
            }
            Err(stop.into())
        }
    }
}

async fn read_bit_by_bit(
    lua: &Lua,
    file: &AnyUserData,
    request: &mut Request,
    memory: usize,
    items: &mut MultiValue,
) -> Result<(), ReadError<mlua::Error>> {
    loop {
        if advance(lua, file, request, memory, items)? {
            return Ok(());
        }
        let source = file.borrow_mut::<Handle>()?.source();
        let ready = match source {
            Ok(source) => readable(source).await,
            Err(problem) => Err(problem),
        };
        let filled = match ready {
            Ok(()) => file.borrow_mut::<Handle>()?.fill(request),
            Err(problem) => Err(problem),
        };
        filled.map_err(ReadError::System)?;
    }
}

/// Takes what is there of what is asked for; whether that was all.
fn advance(
    lua: &Lua,
    file: &AnyUserData,
    request: &mut Request,
    memory: usize,
    items: &mut MultiValue,
) -> Result<bool, ReadError<mlua::Error>> {
    without_collector(lua, || {
        let mut handle = file.borrow_mut::<Handle>()?;
        handle.advance(request, memory_left(lua, memory), |item| {
            items.push_back(value(lua, item)?);
            Ok(())
        })
    })
}

/// How many bytes may be read: what has become no value of Lua's yet is held to the VM's limit as
/// well.
fn memory_left(lua: &Lua, memory: usize) -> usize {
    if memory == 0 {
        usize::MAX
    } else {
        memory.saturating_sub(lua.used_memory())
    }
}

/// Does something with a file while no finalizer that the collector calls can use the same one.
fn without_collector<R>(lua: &Lua, use_it: impl FnOnce() -> R) -> R {
    let collects = lua.gc_is_running();
    lua.gc_stop();
    let outcome = use_it();
    if collects {
        lua.gc_restart();
    }
    outcome
}

fn finish_read(
    lua: &Lua,
    outcome: Result<(), ReadError<mlua::Error>>,
    items: MultiValue,
) -> Result<MultiValue, Raised> {
    match outcome {
        Ok(()) => Ok(items),
        Err(ReadError::System(problem)) => failure(lua, &problem, None),
        Err(ReadError::TooLarge) => Err(Raised::Vm(mlua::Error::MemoryError(
            "not enough memory".to_owned(),
        ))),
        Err(ReadError::Given(error)) => Err(Raised::Vm(error)),
    }
}

/// Texts of one `write` go together up to so many bytes.
const TOGETHER: usize = 64 * 1024;

fn write(lua: &Lua, gate: &Arc<Gate>, values: MultiValue) -> Result<MultiValue, Raised> {
    let arguments = Arguments::of_method(lua, "write", values);
    let file = arguments.file()?;
    let texts: Vec<(bool, LuaString)> = arguments
        .rest(1)
        .map(|(index, value)| Ok((value.is_number(), arguments.text(index)?)))
        .collect::<Result<_, Raised>>()?;
    let mut handle = file.borrow_mut::<Handle>()?;
    let mut put = |bytes: &[u8]| {
        if handle.is_standard(Standard::Output) {
            output::write(gate, bytes)
        } else if handle.is_standard(Standard::Error) {
            output::write_error(gate, bytes)
        } else {
            handle.write(bytes)
        }
    };
    let outcome = (|| {
        // Short texts go together; long ones are not held a second time.
        let mut together = Vec::new();
        for (is_number, text) in texts {
            let text = text.as_bytes();
            // `%.14g`, as C writes it: without the point that `tostring` marks a float with.
            let text = if is_number {
                text.strip_suffix(b".0").unwrap_or(&text)
            } else {
                &text
            };
            if together.len() + text.len() > TOGETHER && !together.is_empty() {
                put(&together)?;
                together.clear();
            }
            if text.len() > TOGETHER {
                put(text)?;
            } else {
                together.extend_from_slice(text);
            }
        }
        put(&together)
    })();
    match outcome {
        Ok(()) => Ok(file.into_lua_multi(lua)?),
        Err(problem) => failure(lua, &problem, None),
    }
}

fn seek(lua: &Lua, _: &Arc<Gate>, values: MultiValue) -> Result<MultiValue, Raised> {
    let arguments = Arguments::of_method(lua, "seek", values);
    let file = arguments.file()?;
    let words = [
        ("set", Whence::Start),
        ("cur", Whence::Current),
        ("end", Whence::End),
    ];
    let whence = arguments.word(1, Some(Whence::Current), &words)?;
    let offset = arguments.optional_integer(2)?.unwrap_or_default();
    let place = file.borrow_mut::<Handle>()?.seek(whence, offset);
    match place {
        Ok(place) => Ok(place.into_lua_multi(lua)?),
        Err(problem) => failure(lua, &problem, None),
    }
}

fn set_buffering(lua: &Lua, _: &Arc<Gate>, values: MultiValue) -> Result<MultiValue, Raised> {
    let arguments = Arguments::of_method(lua, "setvbuf", values);
    let file = arguments.file()?;
    let words = [
        ("no", Buffering::No),
        ("full", Buffering::Full),
        ("line", Buffering::Line),
    ];
    let buffering = arguments.word(1, None, &words)?;
    // C takes a negative size for a large one.
    let size = arguments
        .optional_integer(2)?
        .map(|size| usize::try_from(size).unwrap_or(usize::MAX));
    let outcome = file.borrow_mut::<Handle>()?.set_buffering(buffering, size);
    completion(lua, outcome, None)
}

fn close(
    lua: &Lua,
    gate: &Arc<Gate>,
    id: &EffectId,
    values: MultiValue,
) -> Result<MultiValue, Raised> {
    let arguments = Arguments::new(lua, "close", values);
    let mut handle = arguments.file()?.borrow_mut::<Handle>()?;
    let closing = gate.write_out(|| handle.close(), id);
    drop(handle);
    let closed = at_once(finish_close(lua, closing, Waiting::Blocks, id));
    closed.unwrap_or_else(|| Err(Raised::invalid("a process cannot be waited for here")))
}

/// Closes what may be one end of a process's pipe, and waits for the process.
async fn close_process(
    lua: Lua,
    gate: Arc<Gate>,
    id: EffectId,
    values: MultiValue,
) -> Result<MultiValue, Raised> {
    let arguments = Arguments::new(&lua, "close", values);
    let closing = {
        let mut handle = arguments.file()?.borrow_mut::<Handle>()?;
        gate.write_out(|| handle.close(), &id)
    };
    finish_close(&lua, closing, Waiting::Yields, &id).await
}

async fn finish_close(
    lua: &Lua,
    closing: Closing,
    waiting: Waiting,
    id: &EffectId,
) -> Result<MultiValue, Raised> {
    match closing {
        Closing::Closed(outcome) => completion(lua, outcome, None),
        Closing::Kept => Ok((Value::Nil, "cannot close standard file").into_lua_multi(lua)?),
        Closing::Process(process) => match process.close(waiting, id).await {
            Ok(status) => Ok(outcome(status).into_lua_multi(lua)?),
            Err(refusal) => refusal_values(lua, refusal, None),
        },
    }
}
