//! Files and the standard streams, as far as it takes a process to see them; `tests/lua/io` has the
//! rest.

#![cfg(unix)]

use crate::support::{Test, simulator};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

fn allowed(code: &str) -> Test {
    Test::new().args(["run", "--sim", "--allow-run", "-e", code])
}

#[test]
fn what_was_written_stands_before_what_a_process_writes() {
    let code = "io.write('one ') os.execute('echo two') io.write('three ') io.popen('cat', 'w'):write('four\\n'):close()
        io.write('five\\n')";
    allowed(code).prints("one two\nthree four\nfive\n");
}

#[test]
fn a_process_finds_what_was_written_to_any_file() {
    let code = "local file = io.open('notes', 'w') file:write('kept') print(io.popen('cat notes'):read('a'))";
    allowed(code).prints("kept\n");
}

#[test]
fn a_pipe_is_a_file_whose_end_is_that_of_its_process() {
    for (command, ended) in [
        ("true", "true exit 0"),
        ("exit 3", "nil exit 3"),
        ("exit 129", "nil exit 129"),
        ("kill -s HUP $$", "nil signal 1"),
        ("kill -s KILL $$", "nil signal 9"),
    ] {
        let code = format!(
            "print((table.concat({{ tostring(({{io.popen('{command}'):close()}})[1]),
            select(2, io.popen('{command}'):close()) }}, ' ')))"
        );
        allowed(&code).prints(&format!("{ended}\n"));
    }
    let code = "for line in io.popen(\"printf 'a\\\\nb'\"):lines() do print(line) end
        local pipe = io.popen('cat > copy', 'w')
        assert(io.type(pipe) == 'file' and pipe:write('whole', 1) == pipe and pipe:close() == true and io.type(pipe) == 'closed file')
        print(io.open('copy'):read('a'), io.popen('true'):write('x'), io.popen('cat', 'w'):read())
        print(select(2, pcall(io.popen, 'true', 'r+')), io.popen('true'):seek())";
    allowed(code).prints(
        "a\nb\nwhole1\tnil\tnil\tBad file descriptor\t9\n\
         (command line):5: bad argument #2 to 'popen' (invalid mode)\tnil\tIllegal seek\t29\n",
    );
}

#[test]
fn standard_input_is_read_as_a_file() {
    let code = "print(io.read('n', 'n', 'L')) print(io.read(3)) for line in io.lines() do print('[' .. line .. ']') end print(io.read())";
    Test::simulated(code)
        .input("3 0x10 more\n12345\n678")
        .prints("3\t16\t more\n\n123\n[45]\n[678]\nnil\n");
    Test::simulated("print(#io.read('a'), io.read(0), io.stdin:seek())")
        .input(vec![0xff; 100_000])
        .prints("100000\tnil\tnil\tIllegal seek\t29\n");
}

#[test]
fn a_question_is_seen_before_its_answer_is_waited_for() {
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_cumulua"))
        .args([
            "run",
            "--sim",
            "-e",
            "io.write('Who? ') io.write('Hello, ', io.read(), '!')",
        ])
        .env("HOME", home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut question = [0; 5];
    stdout.read_exact(&mut question).unwrap();
    assert_eq!(&question, b"Who? ");
    child.stdin.take().unwrap().write_all(b"Lua\n").unwrap();
    let mut answer = String::new();
    stdout.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "Hello, Lua!");
    assert!(child.wait().unwrap().success());
}

#[test]
fn all_that_was_written_goes_out_however_a_run_ends() {
    Test::simulated(
        "setmetatable({}, { __gc = function() io.write('last') end }) io.write('first ')",
    )
    .prints("first last");
    Test::simulated("io.write('written') os.exit(0)").prints("written");
    assert_eq!(
        Test::simulated("io.write('written') error('x')")
            .fails(1, &["x"])
            .stdout,
        "written"
    );
}

#[test]
fn a_script_that_does_not_react_to_ctrl_c_loses_nothing_that_it_wrote() {
    let (url, _simulator) = simulator();
    let home = tempfile::tempdir().unwrap();
    let code = "file = io.open('waits', 'w') file:write('waits') print(1) io.write('kept') string.rep('a', 40000):find(('a*'):rep(30) .. 'b')";
    let mut child = Command::new(env!("CARGO_BIN_EXE_cumulua"))
        .args(["run", "--endpoint", &format!("cds={url}"), "-e", code])
        .current_dir(home.path())
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    stdout.read_line(&mut printed).unwrap();
    assert!(
        Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    stdout.read_to_string(&mut printed).unwrap();
    assert_eq!(
        (child.wait().unwrap().code(), printed.as_str()),
        (Some(130), "1\nkept")
    );
    assert_eq!(
        std::fs::read_to_string(home.path().join("waits")).unwrap(),
        "waits"
    );
}

#[test]
fn a_file_that_is_larger_than_the_memory_ends_the_script_and_not_the_process() {
    let test = Test::new().args([
        "run",
        "--sim",
        "--max-memory",
        "16M",
        "-e",
        "print(pcall(io.lines('large', 'a')))",
    ]);
    File::create(test.path("large"))
        .unwrap()
        .set_len(1 << 32)
        .unwrap();
    test.fails(1, &["the script needs more than its 16 MiB of memory"]);
    let endless = "local zeros = io.open('/dev/zero') print(pcall(zeros.read, zeros))";
    let test = Test::new().args([
        "run",
        "--sim",
        "--max-memory",
        "16M",
        "--allow-path",
        "/dev",
        "-e",
        endless,
    ]);
    test.fails(1, &["the script needs more than its 16 MiB of memory"]);
}

#[test]
fn a_full_disk_is_what_write_gives() {
    let code = "local file = io.open('/dev/full', 'w') file:setvbuf('no') print(file:write('x'))
        local other = io.open('/dev/full', 'w') print(other:write('x') == other, other:close())";
    Test::new()
        .args(["run", "--sim", "--allow-path", "/dev", "-e", code])
        .prints("nil\tNo space left on device\t28\ntrue\tnil\tNo space left on device\t28\n");
}

#[test]
fn finalizers_work_to_the_end_of_a_run() {
    let code = "file = io.open('late', 'w')
        kept = setmetatable({}, { __gc = function() print('bye', io.type(file)) file:write('late') file:close() end })
        package.loaded.module = setmetatable({}, { __gc = function() io.write('module ') end })
        waiting = coroutine.wrap(function()
            local inner = setmetatable({}, { __gc = function() print('coroutine') end })
            coroutine.yield(inner)
        end)
        waiting()";
    for end in ["", " os.exit(0)"] {
        let test = Test::simulated(&format!("{code}{end}"));
        let late = test.path("late");
        let output = test.run();
        assert_eq!(
            (
                output.status,
                std::fs::read_to_string(&late).unwrap().as_str()
            ),
            (0, "late"),
            "{}",
            output.stderr
        );
        let mut words: Vec<_> = output.stdout.split_whitespace().collect();
        words.sort_unstable();
        assert_eq!(
            (words.join(" "), output.stderr.contains("panicked")),
            ("bye coroutine file module".to_owned(), false),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn a_script_that_ends_itself_lets_its_processes_end() {
    let test = allowed(
        "pipe = io.popen('read line; echo $line > copy', 'w') pipe:write('whole\\n') os.exit(0)",
    );
    let copy = test.path("copy");
    let output = test.run();
    assert_eq!(
        (
            output.status,
            std::fs::read_to_string(copy).unwrap().as_str()
        ),
        (0, "whole\n"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_script_without_descriptors_still_has_its_standard_streams() {
    let code = "local t = {} for i = 1, 200 do local f, e = io.open('h', 'w') if not f then print(e) io.stderr:write('warned') break end t[i] = f end";
    let shell = Command::new("sh")
        .args([
            "-c",
            "ulimit -n 40; exec \"$0\" run --sim --no-record -e \"$1\"",
            env!("CARGO_BIN_EXE_cumulua"),
            code,
        ])
        .current_dir(tempfile::tempdir().unwrap().path())
        .env("HOME", "/nonexistent")
        .output()
        .unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&shell.stdout),
        String::from_utf8_lossy(&shell.stderr),
    );
    assert_eq!(stdout, "h: Too many open files\n", "{stderr}");
    assert!(stderr.contains("warned"), "{stderr}");
}

#[test]
fn finalizers_work_where_a_script_took_all_its_memory() {
    let code = "kept = setmetatable({}, { __gc = function() print('bye') end })
        local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end";
    let output = Test::simulated(code).args(["--max-memory", "16M"]).run();
    assert_eq!(
        (output.stdout.as_str(), output.stderr.contains("panicked")),
        ("bye\n", false),
        "{}",
        output.stderr
    );
}

#[test]
fn a_script_cannot_put_a_link_in_the_place_of_what_is_granted() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "outside").unwrap();
    let code = "assert(io.open 'granted.txt' and io.open 'granted/inside')
        assert(os.rename('file-link', 'granted.txt'))
        print((pcall(io.open, 'granted.txt')))
        print((pcall(os.rename, 'folder-link', 'granted')), (pcall(os.rename, 'granted', 'moved')))";
    let test = Test::new()
        .file("granted/inside", "")
        .file("granted.txt", "");
    let test = test.args([
        "run",
        "--allow-path",
        "granted",
        "--allow-path",
        "granted.txt",
        "-e",
        code,
    ]);
    std::os::unix::fs::symlink(outside.path().join("secret"), test.path("file-link")).unwrap();
    std::os::unix::fs::symlink(outside.path(), test.path("folder-link")).unwrap();
    test.prints("false\nfalse\tfalse\n");
}

#[test]
fn what_is_granted_is_what_it_was_when_the_script_began() {
    let (granted, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(outside.path().join("secret"), "outside").unwrap();
    let (granted, outside) = (granted.path().join("folder"), outside.path());
    std::fs::create_dir(&granted).unwrap();
    let code = format!(
        "os.execute('rmdir {0} && ln -s {1} {0}') print((pcall(io.open, '{0}/secret')))",
        granted.display(),
        outside.display()
    );
    let test = Test::new().args([
        "run",
        "--allow-run",
        "--allow-path",
        &granted.display().to_string(),
        "-e",
        &code,
    ]);
    test.prints("false\n");
}

#[test]
fn a_folder_that_is_granted_stays_and_a_path_that_ends_like_one_is_no_file() {
    let code = "print(select(2, pcall(os.remove, '.')))
        print(pcall(os.remove, (io.popen 'pwd':read())))
        for _, path in ipairs { 'file/', 'new/' } do
            print((io.open(path, 'w')))
        end
        print((os.remove 'file/'))
        print(io.open('file'):read 'a')";
    let printed = Test::new()
        .file("file", "kept")
        .args(["run", "--allow-run", "-e", code])
        .run_well();
    let lines: Vec<&str> = printed.lines().collect();
    assert!(
        lines[0].contains("granted itself") && lines[1].contains("granted itself"),
        "{printed}"
    );
    assert_eq!(lines[2..], ["nil", "nil", "nil", "kept"], "{printed}");
}
