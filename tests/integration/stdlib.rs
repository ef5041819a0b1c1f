//! The Lua half of the runtime: every function that a script finds is described, and `std.` is the
//! standard library's.

use crate::support::Test;
use cumulua::reference::lua_types::runtime_summary;
use std::fs;
use std::path::Path;

/// What Lua's own manual describes, whether cumulua keeps Lua's function or has one of its own that
/// does the same.
const LUA: &str = "
    assert collectgarbage dofile error getmetatable ipairs load loadfile next pairs pcall print rawequal rawget rawlen rawset require select
    setmetatable tonumber tostring type warn xpcall
    coroutine.close coroutine.create coroutine.isyieldable coroutine.resume coroutine.running coroutine.status coroutine.wrap
    coroutine.yield
    debug.traceback
    io.close io.flush io.input io.lines io.open io.output io.popen io.read io.type io.write
    math.abs math.acos math.asin math.atan math.ceil math.cos math.deg math.exp math.floor math.fmod math.log math.max math.min math.modf
    math.rad math.random math.randomseed math.sin math.sqrt math.tan math.tointeger math.type math.ult
    os.clock os.date os.difftime os.execute os.exit os.getenv os.remove os.rename os.time
    string.byte string.char string.find string.format string.gmatch string.gsub string.len string.lower string.match string.pack
    string.packsize string.rep string.reverse string.sub string.unpack string.upper
    table.concat table.insert table.move table.pack table.remove table.sort table.unpack
    utf8.char utf8.codepoint utf8.codes utf8.len utf8.offset";

/// What Lua 5.3's manual called deprecated and Lua 5.4 still has.
const DEPRECATED: &str =
    "math.atan2 math.cosh math.frexp math.ldexp math.log10 math.pow math.sinh math.tanh";

/// Prints the name of each function below `_G`; the catalogue's products are described by the
/// catalogue.
const WALK: &str = "
    local seen = {}
    local function walk(prefix, value)
        local meta = getmetatable(value)
        if type(value) == 'function' or type(value) == 'table' and meta and meta.__call then
            print(prefix)
        end
        if type(value) == 'table' and not seen[value] and not (meta and meta.__name == 'product') then
            seen[value] = true
            for name, inner in pairs(value) do
                walk(prefix == '' and name or prefix .. '.' .. name, inner)
            end
        end
    end
    seen[package.loaded] = true
    walk('', _G)";

fn modules() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stdlib/std");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry
            .unwrap()
            .path()
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    fs::read_dir(folder).unwrap().map(name).collect()
}

#[test]
fn every_function_of_a_script_is_described() {
    let output = Test::simulated(WALK).run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let found: Vec<&str> = output
        .stdout
        .lines()
        .filter(|name| {
            !LUA.split_whitespace()
                .chain(DEPRECATED.split_whitespace())
                .any(|own| own == *name)
        })
        .collect();
    assert!(
        found.contains(&"wait.for_state")
            && found.contains(&"sim.fault")
            && found.contains(&"parallel"),
        "{found:?}"
    );
    let missing: Vec<_> = found
        .into_iter()
        .filter(|name| runtime_summary(name).is_none())
        .collect();
    assert!(
        missing.is_empty(),
        "stdlib/types/core.lua does not describe {missing:?}"
    );
}

#[test]
fn every_module_of_the_standard_library_is_described() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("stdlib/README.md")).unwrap();
    for module in modules() {
        assert!(
            readme.contains(&format!("| `std.{module}` |")),
            "stdlib/README.md has no row of std.{module}"
        );
        let types =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("stdlib/types/std/{module}.lua"));
        let types = fs::read_to_string(types).unwrap();
        assert!(
            types.starts_with(&format!("---@meta std.{module}\n")),
            "{module}"
        );
        // A module is a function, or a table of functions; `function` or `.name` is how its types
        // define each.
        let code = format!(
            "local module = require 'std.{module}'
            if type(module) == 'function' then print 'local function ' else
                for name, value in pairs(module) do
                    if type(value) == 'function' then print('.' .. name .. '(') end
                end
            end"
        );
        let output = Test::simulated(&code).run();
        assert_eq!(output.status, 0, "{}", output.stderr);
        assert!(!output.stdout.is_empty(), "std.{module} has no function");
        for definition in output.stdout.lines() {
            let is_described = |block: &str| {
                block.contains(definition) && block.starts_with("---") && !block.starts_with("---@")
            };
            assert!(
                types.split("\n\n").any(is_described),
                "stdlib/types/std/{module}.lua does not describe {definition}"
            );
        }
    }
}

#[test]
fn a_file_beside_the_script_never_stands_in_for_the_standard_library() {
    let code = "print(type(require 'std.args')) print(require 'std.args' == require 'std.args')";
    let output = Test::simulated(code)
        .file("std/args.lua", "error 'loaded'")
        .run();
    assert_eq!(
        (output.status, output.stdout.as_str()),
        (0, "function\ntrue\n"),
        "{}",
        output.stderr
    );
    let warned = output
        .stderr
        .matches("is not loaded: names that begin with std. are the standard library's")
        .count();
    assert_eq!(warned, 1, "{}", output.stderr);
    let output = Test::simulated("require 'std.arg'")
        .file("std/arg.lua", "return 1")
        .run();
    assert_eq!(output.status, 1);
    assert!(
        output.stderr.contains("module 'std.arg' not found") && output.stderr.contains("std.args"),
        "{}",
        output.stderr
    );
}

#[test]
fn the_arguments_of_a_script_are_read_by_their_names() {
    let code = "
        local options = require 'std.args' { usage = 'x.lua [--keep N] [--zone NAME] [--dry-run]', keep = 7, zone = '', ['dry-run'] = false }
        print(options.keep, options.zone, options['dry-run'])";
    let given = |args: &[&str]| {
        Test::new()
            .file("x.lua", code)
            .args(["run", "--sim", "x.lua"])
            .args(args.iter().copied())
            .run()
    };
    assert_eq!(given(&[]).stdout, "7\t\tfalse\n");
    assert_eq!(
        given(&["--keep", "3", "--zone=a=b", "--dry-run"]).stdout,
        "3\ta=b\ttrue\n"
    );
    for (args, problem) in [
        (["--kep", "3"], "unknown argument --kep; usage: x.lua"),
        (["--keep", "many"], "--keep needs a whole number"),
        (["--dry-run=yes", "--keep"], "--dry-run takes no value"),
        (["--dry-run", "--zone"], "--zone needs a value"),
    ] {
        let output = given(&args);
        assert!(
            output.status == 1 && output.stderr.contains(problem),
            "{args:?}: {}",
            output.stderr
        );
    }
}

#[test]
fn a_misused_module_names_the_line_of_the_script() {
    for (code, problem) in [
        (
            "\nrequire 'std.args' (5)",
            "std.args takes a table of defaults with a text `usage`",
        ),
        (
            "\nrequire 'std.args' { keep = 7 }",
            "std.args takes a table of defaults with a text `usage`",
        ),
        (
            "\nrequire 'std.args' { usage = 'x', share = 0.5 }",
            "std.args: the default of share must be text, a whole number",
        ),
    ] {
        let output = Test::new()
            .file("x.lua", code)
            .args(["run", "--sim", "x.lua"])
            .run();
        let (stderr, named) = (output.stderr.replace("\n  | ", " "), "x.lua:2:");
        assert!(
            output.status == 1 && stderr.contains(problem) && stderr.contains(named),
            "{code}: {stderr}"
        );
    }
}

#[test]
fn a_module_of_the_standard_library_does_not_depend_on_what_a_script_makes_of_its_globals() {
    let code = "local read = print error, type, pairs, string.match, math.tointeger = nil, nil, nil, nil, nil
        read(require 'std.args' { usage = 'x', keep = 7 }.keep)";
    Test::new()
        .file("x.lua", code)
        .args(["run", "--sim", "x.lua", "--keep", "8"])
        .prints("8\n");
}

#[test]
fn the_types_of_an_editor_beside_a_script_are_no_module() {
    let test = Test::simulated("require 'std.args'").file(
        "std/args.lua",
        include_str!("../../stdlib/types/std/args.lua"),
    );
    let output = test.run();
    assert_eq!(
        (output.status, output.stderr.contains("is not loaded")),
        (0, false),
        "{}",
        output.stderr
    );
    for name in ["std./tmp/x", "std.", "std..args"] {
        Test::simulated(&format!("require '{name}'")).fails(1, &["is not the name of a module"]);
    }
}
