//! Every script below `tests/lua/` is a spec of what scripts see, and a test of its own: it runs
//! against the simulator in its folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

macro_rules! specs {
    ($($name:ident => $path:literal,)*) => {
        $(#[test]
        fn $name() {
            holds($path);
        })*

        const LISTED: &[&str] = &[$($path),*];
    };
}

specs! {
    actions_answers => "actions/answers.lua",
    actions_common_parameters => "actions/common_parameters.lua",
    actions_names => "actions/names.lua",
    actions_options => "actions/options.lua",
    actions_timeout => "actions/timeout.lua",
    actions_validation => "actions/validation.lua",
    arguments => "arguments.lua",
    call_by_name => "call_by_name.lua",
    cannot_wait => "cannot_wait.lua",
    coroutines => "coroutines.lua",
    csv => "csv.lua",
    defer => "defer.lua",
    defer_nested => "defer_nested.lua",
    errors => "errors.lua",
    errors_userdata => "errors_userdata.lua",
    exit => "exit.lua",
    faults => "faults.lua",
    files => "files.lua",
    files_links => "files_links.lua",
    for_state => "for_state.lua",
    globals_changed => "globals_changed.lua",
    help => "help.lua",
    http => "http.lua",
    io_buffers => "io/buffers.lua",
    io_closing => "io/closing.lua",
    io_defaults => "io/defaults.lua",
    io_finalizers => "io/finalizers.lua",
    io_formats => "io/formats.lua",
    io_lines => "io/lines.lua",
    io_modes => "io/modes.lua",
    io_numbers => "io/numbers.lua",
    io_places => "io/places.lua",
    json => "json.lua",
    json_cycles => "json_cycles.lua",
    load => "load.lua",
    lock => "lock.lua",
    log => "log.lua",
    log_bytes => "log_bytes.lua",
    meta => "meta.lua",
    modules_sub_calls => "modules/sub/calls.lua",
    modules_sub_init => "modules/sub/init.lua",
    ensure => "ensure.lua",
    outcome => "outcome.lua",
    numbers => "numbers.lua",
    paging => "paging.lua",
    parallel => "parallel.lua",
    parallel_computing => "parallel_computing.lua",
    places => "places.lua",
    pp => "pp.lua",
    require => "require.lua",
    require_bom_and_shebang => "require_bom_and_shebang.lua",
    sandbox => "sandbox.lua",
    secret => "secret.lua",
    sim => "sim.lua",
    time => "time.lua",
    wait => "wait.lua",
    wait_holes => "wait_holes.lua",
    wait_nothing => "wait_nothing.lua",
    with => "with.lua",
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lua")
}

#[track_caller]
fn holds(path: &str) {
    let (spec, home) = (root().join(path), tempfile::tempdir().unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_cumulua"))
        .args(["run", "--sim", spec.file_name().unwrap().to_str().unwrap()])
        .current_dir(spec.parent().unwrap())
        .env("HOME", home.path())
        .env_remove("XDG_CONFIG_HOME")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{path}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The specs of a folder, by their paths below `tests/lua`.
fn specs(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Modules that specs require are no specs.
        if path.is_dir() && !path.ends_with("modules") {
            found.extend(specs(&path));
        } else if path.extension().is_some_and(|extension| extension == "lua") {
            found.push(
                path.strip_prefix(root())
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned(),
            );
        }
    }
    found
}

#[test]
fn every_lua_spec_is_a_test() {
    let missing: Vec<_> = specs(&root())
        .into_iter()
        .filter(|spec| !LISTED.contains(&spec.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "a line in tests/integration/lua_specs.rs is missing for {missing:?}"
    );
    assert!(LISTED.len() > 10, "the specs are there");
}
