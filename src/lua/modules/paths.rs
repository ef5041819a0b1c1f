//! `os.remove` and `os.rename`.

use crate::lua::bindings::Bindings;
use crate::lua::files::arguments::Arguments;
use crate::lua::files::given::{done, refused};
use crate::lua::files::path::{Judged, judge};
use crate::lua::files::refused::Refused;
use mlua::MultiValue;
use std::path::Path;
use std::{fs, io};

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.function("remove", |lua, gate, values: MultiValue| {
        let path = Arguments::new(lua, "remove", values).text(0)?;
        match judge(gate, &path, Judged::Entry) {
            Ok(judged) => done(lua, remove(&judged), Some(&path.as_bytes())),
            Err(refusal) => refused(lua, refusal, Some(&path.as_bytes())),
        }
    })?;
    bindings.function("rename", |lua, gate, values: MultiValue| {
        let arguments = Arguments::new(lua, "rename", values);
        let (from, to) = (arguments.text(0)?, arguments.text(1)?);
        // A path that is not granted is raised, whichever it is; one that is not there is only given.
        let (source, target) = (judge(gate, &from, Judged::Entry), judge(gate, &to, Judged::Entry));
        match (source, target) {
            (Ok(source), Ok(target)) => done(lua, fs::rename(source, target), Some(&from.as_bytes())),
            (Err(Refused::Raised(raised)), _) | (_, Err(Refused::Raised(raised))) => Err(raised),
            (Err(refusal), _) => refused(lua, refusal, Some(&from.as_bytes())),
            (_, Err(refusal)) => refused(lua, refusal, Some(&to.as_bytes())),
        }
    })
}

/// Removes a file, or a folder with nothing in it.
fn remove(judged: &Path) -> io::Result<()> {
    if judged.symlink_metadata()?.is_dir() { fs::remove_dir(judged) } else { fs::remove_file(judged) }
}
