#!/usr/bin/env python3
"""Ends runs in every way while everything that can block does, and times how long that takes.

    cargo build && tests/ends.py [--binary target/debug/cumulua] [--only WORD] [--tries 3]

Ctrl-C and SIGTERM must end a run within 0.2 s and --timeout within 1 s of its time, whatever blocks it and however it was started; what
reacts runs what it deferred first. A cell counts as its best try, because machines are busy. To be run alone.
"""

import argparse
import contextlib
import os
import pty
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import termios
import threading
import time
from functools import partial
from pathlib import Path

TIMEOUT = 0.5
# A run is cancelled by a command that has to begin first.
LIMITS = {"int": 0.2, "term": 0.2, "timeout": 1.0, "cancel": 0.4}

PATTERN = "; (('a'):rep(40000)):find(('a*'):rep(30) .. 'b')"

# What blocks: Lua that marks that it is ready and then does; what it needs around it; and whether what it deferred can run.
BLOCKS = {
    "a loop": ("while true do end", {}, True),
    "a loop of pcall": ("while true do pcall(function() while true do end end) end", {}, True),
    "a pattern match": (PATTERN, {}, False),
    "a finalizer": ("setmetatable({}, { __gc = function() while true do end end }) collectgarbage()", {}, False),
    "a sleep": ("time.sleep('1h')", {}, True),
    "a parallel of loops": ("parallel { function() while true do end end, function() time.sleep('1h') end }", {}, True),
    "lines that nobody reads": ("while true do print(('x'):rep(100)) end", {"stdout": "pipe"}, True),
    "a text that nobody reads": ("io.write(('x'):rep(10 << 20))", {"stdout": "pipe"}, True),
    "errors that nobody reads": ("while true do io.stderr:write(('x'):rep(100)) end", {"stderr": "pipe"}, True),
    "a log that nobody reads": ("while true do log.warn(('x'):rep(100)) end", {"stderr": "pipe"}, False),
    "a FIFO to be opened for reading": ("io.open('fifo'):read(1)", {"fifo": "none"}, True),
    "a FIFO to be opened for writing": ("io.open('fifo', 'w'):write('x')", {"fifo": "none"}, True),
    "a FIFO to be read": ("io.open('fifo'):read('a')", {"fifo": "open"}, True),
    "a FIFO that is full": ("local f = io.open('fifo', 'w') while true do f:write(('x'):rep(1000)) f:flush() end", {"fifo": "open"}, True),
    "standard input": ("io.read()", {"stdin": "pipe"}, True),
    "a process": ("os.execute('sleep 1000')", {"options": ["--allow-run"]}, True),
    "a process that wants to stay": (
        "os.execute(\"trap '' INT TERM HUP; while true; do sleep 1000; done\")",
        {"options": ["--allow-run"]},
        True,
    ),
    "what a process prints": ("io.popen('sleep 1000'):read('a')", {"options": ["--allow-run"]}, True),
    "a process inside a coroutine": (
        "for _ in function() os.execute('sleep 1000') end do end",
        {"options": ["--allow-run"]},
        True,
    ),
    "an answer that does not come": ("cds.ccs.DescribeTags {}", {"server": True}, True),
    "a change whose answer does not come": ("cds.ccs.CreateTag { TagName = 'x' }", {"server": True}, True),
    "an audit to a FIFO": ("cds.ccs.CreateTag { TagName = 'x' }", {"server": True, "fifo": "none", "options": ["--audit", "fifo"]}, True),
    "an audit to a FIFO that is full": (
        "for i = 1, 3000 do pcall(cds.ccs.CreateTag, { TagName = ('x'):rep(60), ['T' .. i] = 'x' }) end time.sleep('1h')",
        {"server": True, "fifo": "open", "options": ["--audit", "fifo"]},
        False,
    ),
    "a store that another has": ("cds.ccs.CreateTag { TagName = 'x' }", {"server": True, "store": True}, True),
}

# The same for `cumulua call`, whose arguments these are.
CALLS = {
    "a state to a FIFO": (["cds.ccs.DescribeTags"], {"sim": True, "fifo": "full", "options": ["--dump", "fifo"]}),
    "an answer that does not come": (["cds.ccs.DescribeTags"], {"server": True}),
    "a parameter from a FIFO": (["cds.ccs.CreateTag", "TagName=@fifo"], {"server": True, "fifo": "none"}),
    "an audit to a FIFO that is full": (["cds.ccs.CreateTag", "TagName=x"], {"server": True, "fifo": "full", "options": ["--audit", "fifo"]}),
    "a store that another has": (["cds.ccs.CreateTag", "TagName=x"], {"server": True, "store": True}),
    "an answer that nobody reads": (["cds.ccs.DescribeInstances"], {"sim": True, "stdout": "full"}),
}

# What a run reads before it begins; then a signal ends the process as it does any other.
BEGINNINGS = {
    "a script from a FIFO": (["fifo"], {"fifo": "open"}),
    "a script from a FIFO that nobody opens": (["fifo"], {"fifo": "none"}),
    "a script from standard input": (["-"], {"stdin": "pipe"}),
    "a seed from a FIFO": (["-e", "print(1)"], {"sim": True, "fifo": "none", "options": ["--seed-file", "fifo"]}),
}


@contextlib.contextmanager
def silent_server():
    """A server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held = []

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    held.append(listener.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        for connection in held:
            connection.close()


@contextlib.contextmanager
def world(needs, options):
    """A folder with what a cell needs; gives the command's options and streams."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": (folder / "stderr").open("wb")}
        arguments = list(needs.get("options", []))
        for name in ("stdin", "stdout", "stderr"):
            if name in needs:
                read, write = os.pipe()
                if needs[name] == "full":
                    fill(write)
                streams[name] = read if name == "stdin" else write
                stack.callback(os.close, read)
                stack.callback(os.close, write)
        if "fifo" in needs:
            os.mkfifo(folder / "fifo")
            if needs["fifo"] != "none":
                descriptor = os.open(folder / "fifo", os.O_RDWR)
                if needs["fifo"] == "full":
                    fill(descriptor)
                stack.callback(os.close, descriptor)
        if needs.get("server"):
            arguments += ["--endpoint", f"cds={stack.enter_context(silent_server())}"]
        if needs.get("sim"):
            arguments.append("--sim")
        store = folder / "runs.db"
        if needs.get("store"):
            # It has its tables, as any store that was used before.
            subprocess.run([options.binary, "runs", "list", "--store", store], check=True, capture_output=True, env=environment(folder))
            connection = sqlite3.connect(store, isolation_level=None)
            connection.execute("BEGIN EXCLUSIVE")
            stack.callback(connection.close)
        arguments += ["--store", store]
        yield folder, arguments, streams


def fill(descriptor):
    os.set_blocking(descriptor, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(descriptor, b"x" * 4096)
    os.set_blocking(descriptor, True)


def environment(folder):
    keys = {"CDS_ACCESS_KEY": "ak-of-a-test", "CDS_SECRET_KEY": "secret-of-a-test"}
    return {"HOME": str(folder), "PATH": "/usr/bin:/bin", **keys}


def wait_for(condition, limit=20):
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > limit:
            raise TimeoutError
        time.sleep(0.002)


def cell(command, kind, needs, end, options, ready, tidied):
    """Starts a command, ends it, and gives the seconds that took and what went wrong."""
    with world(needs, options) as (folder, arguments, streams):
        end_options = ["--timeout", f"{TIMEOUT}s"] if end == "timeout" else []
        process = subprocess.Popen(
            [options.binary, kind, *arguments, *end_options, *command],
            cwd=folder,
            env=environment(folder),
            start_new_session=True,
            **streams,
        )
        began = time.monotonic()
        try:
            if ready:
                wait_for(lambda: (folder / "ready").exists() or process.poll() is not None)
            # What blocks must have begun to; a call does not say when it is there.
            time.sleep(0.15 if ready else 0.5)
            if process.poll() is not None:
                return None, f"ended by itself with {process.returncode}: {said(folder)}"
            if end == "timeout":
                process.wait(timeout=TIMEOUT + 5)
                took = time.monotonic() - began - TIMEOUT
            else:
                sent = time.monotonic()
                process.send_signal(signal.SIGINT if end == "int" else signal.SIGTERM)
                process.wait(timeout=5)
                took = time.monotonic() - sent
        except subprocess.TimeoutExpired:
            return 5.0, f"did not end: {said(folder)}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        expected = {"timeout": [124], "int": [130, -signal.SIGINT], "term": [130, -signal.SIGTERM]}[end]
        problems = []
        if process.returncode not in expected[: None if kind == "run" and not ready else 1]:
            problems.append(f"status {process.returncode}: {said(folder)}")
        if tidied and not (folder / "tidied").exists():
            problems.append(f"what was deferred did not run: {said(folder)}")
        return took, "; ".join(problems)


# At the prompt, Ctrl-C brings the prompt back; what did not react costs the session its variables.
AT_THE_PROMPT = [
    "a loop",
    "a pattern match",
    "a finalizer",
    "a sleep",
    "a FIFO to be opened for reading",
    "a FIFO to be opened for writing",
    "a FIFO to be read",
    "a process that wants to stay",
    "an answer that does not come",
    "a store that another has",
]


def at_the_prompt(code, needs, options):
    """Ends a line at a terminal; the seconds until the prompt is back, and what went wrong."""
    with world(needs, options) as (folder, arguments, _):
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(folder)
            termios.tcsetwinsize(0, (24, 200))
            os.execve(options.binary, ["cumulua", "repl", *map(str, arguments)], {**environment(folder), "TERM": "xterm"})
        screen = b""

        def read_until(word, limit=10):
            nonlocal screen
            began = time.monotonic()
            while word not in screen:
                left = limit - (time.monotonic() - began)
                if left <= 0 or not select.select([terminal], [], [], left)[0]:
                    raise TimeoutError
                screen += os.read(terminal, 65536)

        def drain_until(condition):
            """A line is drawn anew for each key, which fills a terminal that nobody reads."""
            began = time.monotonic()
            while not condition():
                if time.monotonic() - began > 20:
                    raise TimeoutError
                if select.select([terminal], [], [], 0.002)[0]:
                    os.read(terminal, 65536)

        try:
            read_until(b"> ")
            screen = b""
            os.write(terminal, f"io.open('ready', 'w'):close() {code}\r".encode())
            drain_until((folder / "ready").exists)
            began = time.monotonic()
            drain_until(lambda: time.monotonic() - began > 0.15)
            screen = b""
            sent = time.monotonic()
            os.write(terminal, b"\x03")
            read_until(b"interrupted")
            read_until(b"> ")
            took = time.monotonic() - sent
            os.write(terminal, b"6 * 7\r")
            read_until(b"42")
            return took, ""
        except (TimeoutError, OSError) as problem:
            return 5.0, f"{problem!r}: {screen[-300:]!r}"
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(terminal)


SCHEDULED = [
    "a loop",
    "a pattern match",
    "a sleep",
    "a FIFO to be opened for reading",
    "a process that wants to stay",
    "an answer that does not come",
    "lines without end",
]


def scheduled(code, needs, end, options, tidied):
    """Ends a run under a server; the seconds until its process is gone, and what went wrong."""
    with world(needs, options) as (folder, arguments, _):
        script = f"defer(function() io.open('tidied', 'w'):close() end) io.open('ready', 'w'):close() {code}"
        (folder / "job.lua").write_text(script)
        text = '[[schedule]]\nname = "job"\nscript = "job.lua"\ncron = "0 0 1 1 *"\ntimezone = "UTC"\n'
        text += "allow_run = true\n" + (f'timeout = "{TIMEOUT}s"\n' if end == "timeout" else "")
        (folder / "schedules.toml").write_text(text)
        arguments = [argument for argument in arguments if argument != "--allow-run"]
        call = partial(subprocess.run, cwd=folder, env=environment(folder), capture_output=True, text=True, check=True)
        server = subprocess.Popen(
            [options.binary, "schedule", "serve", *arguments],
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(folder / "stderr").open("wb"),
        )
        try:
            wait_for(lambda: "serving 1 schedule" in (folder / "stderr").read_text())
            began = time.monotonic()
            call([options.binary, "schedule", "trigger", "job", "--store", folder / "runs.db"])
            wait_for((folder / "ready").exists)
            ready = time.monotonic()
            with contextlib.closing(sqlite3.connect(folder / "runs.db")) as store:
                (pid,) = store.execute("SELECT pid FROM runs").fetchone()
            if end == "timeout":
                sent = ready + TIMEOUT
            else:
                time.sleep(0.15)
                cancelling = subprocess.Popen(
                    [options.binary, "runs", "cancel", "job", "--store", folder / "runs.db"],
                    cwd=folder,
                    env=environment(folder),
                    stdout=subprocess.DEVNULL,
                )
                sent = time.monotonic()
            wait_for(lambda: not Path(f"/proc/{pid}").exists() or "State:\tZ" in Path(f"/proc/{pid}/status").read_text(), 8)
            took = time.monotonic() - sent
            if end == "cancel":
                cancelling.wait()
            word = "timed out" if end == "timeout" else "cancelled"
            wait_for(lambda: f"job: {word}" in (folder / "stderr").read_text(), 5)
            problem = "" if not tidied or (folder / "tidied").exists() else f"what was deferred did not run: {said(folder)}"
            return took, problem
        except (TimeoutError, OSError, subprocess.CalledProcessError) as problem:
            return time.monotonic() - began, f"{problem!r}: {said(folder)}"
        finally:
            server.kill()
            server.wait()


def taken_store(end, options):
    """Ends a run whose store another process has taken meanwhile: how it ended is known all the same."""
    with world({"sim": True}, options) as (folder, arguments, streams):
        end_options = ["--timeout", f"{TIMEOUT}s"] if end == "timeout" else []
        # Under a simulation nothing but computing takes real time.
        code = "cds.ccs.CreateTag { TagName = 'x' } io.open('ready', 'w'):close() while true do end"
        process = subprocess.Popen([options.binary, "run", *arguments, *end_options, "-e", code], cwd=folder, env=environment(folder), **streams)
        wait_for((folder / "ready").exists)
        began = time.monotonic()
        # What was recorded first is written by then.
        time.sleep(0.2)
        with contextlib.closing(sqlite3.connect(folder / "runs.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            sent = began + TIMEOUT if end == "timeout" else time.monotonic()
            if end != "timeout":
                process.send_signal(signal.SIGINT if end == "int" else signal.SIGTERM)
            process.wait(timeout=10)
            took = time.monotonic() - sent
        shown = subprocess.run([options.binary, "runs", "list", "--store", folder / "runs.db"], env=environment(folder), capture_output=True, text=True)
        word = "timed out" if end == "timeout" else "interrupted"
        return took, "" if word in shown.stdout else f"the history does not know it: {shown.stdout} {said(folder)}"


def said(folder):
    return " | ".join((folder / "stderr").read_text(errors="replace").split("\n"))[-300:]


def cells(options):
    for what, (code, needs, reacts) in BLOCKS.items():
        script = f"""defer(function() io.open('tidied', 'w'):close() end)
            io.open('ready', 'w'):close()
            {code}"""
        for end in ("int", "term", "timeout"):
            yield f"run -e, {what}, {end}", end, partial(cell, ["-e", script], "run", needs, end, options, True, reacts)
    for what, (arguments, needs) in CALLS.items():
        for end in ("int", "term", "timeout"):
            yield f"call, {what}, {end}", end, partial(cell, arguments, "call", needs, end, options, False, False)
    for what, (arguments, needs) in BEGINNINGS.items():
        for end in ("int", "term", "timeout"):
            yield f"run, {what}, {end}", end, partial(cell, arguments, "run", needs, end, options, False, False)
    for end in ("int", "term", "timeout"):
        yield f"run, a store that another has taken meanwhile, {end}", end, partial(taken_store, end, options)
    for what in SCHEDULED:
        code, needs, reacts = BLOCKS.get(what) or ("while true do print(('x'):rep(100)) end", {}, True)
        for end in ("cancel", "timeout"):
            yield f"a schedule, {what}, {end}", end, partial(scheduled, code, needs, end, options, reacts)
    for what in AT_THE_PROMPT:
        code, needs, _ = BLOCKS[what]
        yield f"the prompt, {what}, int", "int", partial(at_the_prompt, code, needs, options)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=Path, default=Path("target/debug/cumulua"))
    parser.add_argument("--only", default="")
    parser.add_argument("--tries", type=int, default=3)
    options = parser.parse_args()
    options.binary = options.binary.resolve()
    failed, count, slowest = [], 0, dict.fromkeys(LIMITS, 0.0)
    for name, end, attempt in cells(options):
        if options.only not in name:
            continue
        count += 1
        best = None
        for _ in range(options.tries):
            took, problem = attempt()
            found = (bool(problem), took if took is not None else 5.0, problem)
            best = min(best, found) if best else found
            if not best[0] and best[1] <= LIMITS[end]:
                break
        is_bad = best[0] or best[1] > LIMITS[end]
        slowest[end] = max(slowest[end], best[1])
        if is_bad:
            failed.append(name)
            print(f"FAILED {name}: {best[1]:.3f} s {best[2]}", flush=True)
        elif options.only:
            print(f"{name}: {best[1]:.3f} s")
    print(f"{count} cells, {len(failed)} failed; slowest: " + ", ".join(f"{end} {took:.3f} s" for end, took in slowest.items()))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
