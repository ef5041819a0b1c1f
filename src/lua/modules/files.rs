//! `io`: opening files, and what a script does with an open one. stdlib/core/files.lua makes Lua's functions of these.

use crate::gate::Gate;
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::files::arguments::Arguments;
use crate::lua::files::child::{Piped, outcome};
use crate::lua::files::given::{done, failed, refused, value};
use crate::lua::files::handle::{Closing, Handle};
use crate::lua::files::open::{Mode, open};
use crate::lua::files::output;
use crate::lua::files::path::{Judged, judge};
use crate::lua::files::problem;
use crate::lua::files::refused::Refused;
use crate::lua::files::request::Request;
use crate::lua::files::standard::Standard;
use crate::lua::files::stream::{Buffering, ReadError, Whence};
use mlua::{AnyUserData, IntoLuaMulti, Lua, LuaString, MultiValue, Table, UserDataFields, Value};
use std::sync::Arc;

pub(in crate::lua) fn register(bindings: &Bindings<'_>, memory: usize) -> mlua::Result<()> {
    bindings.plain("standard_files", |lua, _, meta: Table| standard_files(lua, &meta))?;
    bindings.function("file_open", |lua, gate, values| open_file(lua, gate, values))?;
    bindings.function("file_need", need_file)?;
    bindings.function("file_popen", start)?;
    bindings.function("file_read", move |lua, _, values| read(lua, values, memory))?;
    bindings.function("file_write", write)?;
    bindings.function("file_seek", seek)?;
    bindings.function("file_setvbuf", set_buffering)?;
    bindings.function("file_close", close)?;
    bindings.function("file_flush", |lua, _, values: MultiValue| {
        let arguments = Arguments::of_method(lua, "flush", values);
        let flushed = arguments.file()?.borrow_mut::<Handle>()?.flush();
        done(lua, flushed, None)
    })?;
    // Closes a file without results: at the end of a scope.
    bindings.function("file_drop", |lua, _, values: MultiValue| {
        drop(Arguments::new(lua, "close", values).handle()?.borrow_mut::<Handle>()?.close());
        Ok(())
    })?;
    // An open file or a complaint of the function that was called.
    bindings.function("file_use", |lua, _, mut values: MultiValue| {
        let function = values.pop_front().and_then(|name| name.as_string().map(LuaString::to_string_lossy)).unwrap_or_default();
        Arguments::new(lua, &function, values).file().cloned()
    })?;
    bindings.plain("is_file", |_, _, value: Value| Ok(value.as_userdata().is_some_and(AnyUserData::is::<Handle>)))?;
    bindings.function("file_kind", |lua, _, values: MultiValue| {
        let arguments = Arguments::new(lua, "type", values);
        arguments.any(0)?;
        let Ok(file) = arguments.handle() else { return Ok(None) };
        Ok(Some(if file.borrow::<Handle>()?.is_closed() { "closed file" } else { "file" }))
    })?;
    bindings.function("file_text", |lua, _, values: MultiValue| {
        let arguments = Arguments::new(lua, "tostring", values);
        let file = arguments.handle()?;
        let is_closed = file.borrow::<Handle>()?.is_closed();
        Ok(if is_closed { "file (closed)".to_owned() } else { format!("file ({:p})", file.to_pointer()) })
    })?;
    // A line of standard output; whether it could be written.
    bindings.plain("print", |_, gate, line: LuaString| Ok(output::write_line(gate, line.as_bytes().to_vec()).is_ok()))
}

/// The standard streams, with a metatable for them and every other file.
fn standard_files(lua: &Lua, meta: &Table) -> mlua::Result<(AnyUserData, AnyUserData, AnyUserData)> {
    let fields: Vec<(String, Value)> = meta.pairs().collect::<Result<_, _>>()?;
    lua.register_userdata_type::<Handle>(|registry| {
        // mlua has a `__gc` of its own, which drops the handle.
        for (name, value) in fields.into_iter().filter(|(name, _)| name != "__gc") {
            registry.add_meta_field(name, value);
        }
    })?;
    let standard = |stream| lua.create_any_userdata(Handle::standard(stream));
    Ok((standard(Standard::Input)?, standard(Standard::Output)?, standard(Standard::Error)?))
}

fn open_file(lua: &Lua, gate: &Gate, values: MultiValue) -> Result<MultiValue, Raised> {
    let arguments = Arguments::new(lua, "open", values);
    let path = arguments.text(0)?;
    let mode = match arguments.optional_text(1)? {
        None => Mode::READ,
        Some(name) => Mode::named(&name.as_bytes()).ok_or_else(|| arguments.complaint(1, "invalid mode"))?,
    };
    match opened(gate, &path, mode) {
        Ok(handle) => Ok(lua.create_any_userdata(handle)?.into_lua_multi(lua)?),
        Err(refusal) => refused(lua, refusal, Some(&path.as_bytes())),
    }
}

/// For functions that have no use for nil: the file at a path is there, or that it cannot be opened is raised.
fn need_file(lua: &Lua, gate: &Arc<Gate>, mut values: MultiValue) -> Result<AnyUserData, Raised> {
    let mut word = || values.pop_front().and_then(|word| word.as_string().map(LuaString::to_string_lossy)).unwrap_or_default();
    let (function, mode) = (word(), word());
    let path = Arguments::new(lua, &function, values).text(0)?;
    let mode = if mode == "w" { Mode::WRITE } else { Mode::READ };
    match opened(gate, &path, mode) {
        Ok(handle) => Ok(lua.create_any_userdata(handle)?),
        Err(Refused::Raised(raised)) => Err(raised),
        Err(Refused::System(problem)) => {
            Err(Raised::Text(format!("cannot open file '{}' ({})", path.to_string_lossy(), problem::text(&problem))))
        }
    }
}

fn opened(gate: &Gate, path: &LuaString, mode: Mode) -> Result<Handle, Refused> {
    let judged = judge(gate, path, Judged::File)?;
    Ok(Handle::file(open(&judged, mode)?))
}

fn start(lua: &Lua, gate: &Arc<Gate>, values: MultiValue) -> Result<MultiValue, Raised> {
    let arguments = Arguments::new(lua, "popen", values);
    gate.process()?;
    let command = arguments.text(0)?;
    let is_read = match arguments.optional_text(1)?.as_ref().map(LuaString::as_bytes).as_deref() {
        None | Some(b"r") => true,
        Some(b"w") => false,
        Some(_) => return Err(arguments.complaint(1, "invalid mode")),
    };
    match Piped::start(gate, &command.to_string_lossy(), is_read) {
        Ok(process) => Ok(lua.create_any_userdata(Handle::process(process))?.into_lua_multi(lua)?),
        Err(problem) => failed(lua, &problem, Some(&command.as_bytes())),
    }
}

fn read(lua: &Lua, values: MultiValue, memory: usize) -> Result<MultiValue, Raised> {
    let arguments = Arguments::of_method(lua, "read", values);
    let file = arguments.file()?;
    let mut request = Request::new(arguments.formats(1)?);
    // What is read and has become no value of Lua's yet is held to the VM's limit as well.
    let room = if memory == 0 { usize::MAX } else { memory.saturating_sub(lua.used_memory()) };
    let mut items = MultiValue::new();
    // A finalizer that the collector calls meanwhile may use the same file.
    let collects = lua.gc_is_running();
    lua.gc_stop();
    let outcome = file.borrow_mut::<Handle>()?.read(&mut request, room, |item| {
        items.push_back(value(lua, item)?);
        Ok(())
    });
    if collects {
        lua.gc_restart();
    }
    match outcome {
        Ok(()) => Ok(items),
        Err(ReadError::System(problem)) => failed(lua, &problem, None),
        Err(ReadError::TooLarge) => Err(Raised::Vm(mlua::Error::MemoryError("not enough memory".to_owned()))),
        Err(ReadError::Given(error)) => Err(Raised::Vm(error)),
    }
}

/// Texts of one `write` go together up to so many bytes.
const TOGETHER: usize = 64 * 1024;

fn write(lua: &Lua, gate: &Arc<Gate>, values: MultiValue) -> Result<MultiValue, Raised> {
    let arguments = Arguments::of_method(lua, "write", values);
    let file = arguments.file()?;
    let texts: Vec<(bool, LuaString)> =
        arguments.rest(1).map(|(index, value)| Ok((value.is_number(), arguments.text(index)?))).collect::<Result<_, Raised>>()?;
    let mut handle = file.borrow_mut::<Handle>()?;
    let mut put = |bytes: &[u8]| {
        if handle.is_standard(Standard::Output) { output::write(gate, bytes) } else { handle.write(bytes) }
    };
    let outcome = (|| {
        // Short texts go together; long ones are not held a second time.
        let mut together = Vec::new();
        for (is_number, text) in texts {
            let text = text.as_bytes();
            // `%.14g`, as C writes it: without the point by which `tostring` tells a float.
            let text = if is_number { text.strip_suffix(b".0").unwrap_or(&text) } else { &text };
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
        Err(problem) => failed(lua, &problem, None),
    }
}

fn seek(lua: &Lua, _: &Arc<Gate>, values: MultiValue) -> Result<MultiValue, Raised> {
    let arguments = Arguments::of_method(lua, "seek", values);
    let file = arguments.file()?;
    let words = [("set", Whence::Start), ("cur", Whence::Current), ("end", Whence::End)];
    let whence = arguments.word(1, Some(Whence::Current), &words)?;
    let offset = arguments.optional_integer(2)?.unwrap_or_default();
    let place = file.borrow_mut::<Handle>()?.seek(whence, offset);
    match place {
        Ok(place) => Ok(place.into_lua_multi(lua)?),
        Err(problem) => failed(lua, &problem, None),
    }
}

fn set_buffering(lua: &Lua, _: &Arc<Gate>, values: MultiValue) -> Result<MultiValue, Raised> {
    let arguments = Arguments::of_method(lua, "setvbuf", values);
    let file = arguments.file()?;
    let words = [("no", Buffering::No), ("full", Buffering::Full), ("line", Buffering::Line)];
    let buffering = arguments.word(1, None, &words)?;
    // C takes a negative size for a large one.
    let size = arguments.optional_integer(2)?.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
    let outcome = file.borrow_mut::<Handle>()?.set_buffering(buffering, size);
    done(lua, outcome, None)
}

fn close(lua: &Lua, _: &Arc<Gate>, values: MultiValue) -> Result<MultiValue, Raised> {
    let arguments = Arguments::new(lua, "close", values);
    let closing = arguments.file()?.borrow_mut::<Handle>()?.close();
    match closing {
        Closing::Closed(outcome) => done(lua, outcome, None),
        Closing::Kept => Ok((Value::Nil, "cannot close standard file").into_lua_multi(lua)?),
        Closing::Process(Ok(status)) => Ok(outcome(status).into_lua_multi(lua)?),
        Closing::Process(Err(refusal)) => refused(lua, refusal, None),
    }
}
