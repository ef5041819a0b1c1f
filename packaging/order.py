#!/usr/bin/env python3
"""Writes packaging/order.txt: the functions that run up to the first prompt, those of a run of one line, then those of a call.

    packaging/order.py BINARY…

A release for x86-64 Linux is linked with these functions side by side (build.rs), those of both in the middle. Symbols name the types of a
generic function (.cargo/config.toml), so a name is that of one function. The file is worth writing anew when the prompt's memory
(benches/compare/prompt.py) has grown or calls have become slow (benches/compare/measure.py --only calls); a stale one costs memory and time
and nothing else. Needs valgrind, and releases with their symbols: one of each profile that is in use, because what is inlined is in no list.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

COMPARE = Path(__file__).resolve().parent.parent / "benches/compare"
sys.path.append(str(COMPARE))
from terminal import at_prompt  # noqa: E402

CALLGRIND = ["valgrind", "--tool=callgrind", "--demangle=no"]
FILE = Path(__file__).with_name("order.txt")
# Enough for a pool of connections, and for what is written now and then.
CALLS_FEW, CALLS_MANY = 100, 500
CALLS = COMPARE / "sides/calls.lua"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    places = {}
    for binary in map(Path, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as home:
            prompt, run, call = (measured(binary.resolve(), Path(home)) for measured in (in_session, in_run, in_call))
        for name in prompt | run | call:
            # Behind one another: what only the prompt needs, a run, a run and a call, and what only a call needs.
            place = 3 if name in call and name not in run else 2 if name in call else 1 if name in run else 0
            places.setdefault(pattern(name), place)
    known = defined(sys.argv[1:])
    places = {name: place for name, place in places.items() if name in known}
    FILE.write_text("\n".join(sorted(places, key=lambda name: (places[name], name))) + "\n")
    print(f"{len(places)} names in {FILE}")


def defined(binaries):
    """The patterns of what the binaries themselves have, not their libraries."""
    listed = (subprocess.run(["nm", binary], check=True, capture_output=True, text=True).stdout for binary in binaries)
    lines = (line.split() for text in listed for line in text.splitlines())
    return {pattern(line[2]) for line in lines if len(line) == 3 and line[1] in "tTwW"}


def pattern(name):
    """A name without what another compiler or another version of a crate changes in it."""
    name = re.sub(r"\.(constprop|part|isra|cold|llvm)\..*", "*", name)
    return re.sub(r"Cs[0-9A-Za-z]+_", "Cs*_", name) if name.startswith("_R") else name


def environment(home):
    return {"HOME": str(home), "TERM": "xterm-256color", "PATH": "/usr/local/bin:/usr/bin:/bin"}


def in_run(binary, home):
    script = home / "hello.lua"
    script.write_text('print("hello")\n')
    output = home / "run"
    command = [*CALLGRIND, f"--callgrind-out-file={output}", binary, "run", script]
    subprocess.run(command, env=environment(home), check=True, capture_output=True)
    return functions(output)


def in_call(binary, home):
    """The functions of most calls: those that run so much oftener where there are more calls."""
    command = [binary, "sim", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, env=environment(home), stdout=subprocess.PIPE, text=True) as simulator:
        url = next(line.split()[-1] for line in simulator.stdout if line.startswith("listening on "))
        few, many = (times(called(binary, home, url, count)) for count in (CALLS_FEW, CALLS_MANY))
        simulator.kill()
    return {name for name in many if many[name] - few[name] >= (CALLS_MANY - CALLS_FEW) / 4}


def called(binary, home, url, count):
    output = home / "calls"
    command = [*CALLGRIND, f"--callgrind-out-file={output}", binary, "run", "--endpoint", f"cds={url}", CALLS, str(count), "8"]
    subprocess.run(command, env=environment(home), check=True, capture_output=True)
    return output


def in_session(binary, home):
    output = home / "prompt"
    command = [*CALLGRIND, f"--callgrind-out-file={output}", str(binary), "--sim"]
    process, terminal = at_prompt(command, environment(home), 60)
    os.write(terminal, b"\x04")
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:  # The terminal is gone with its last process.
        pass
    os.waitpid(process, 0)
    return functions(output)


def functions(output):
    found = re.findall(r"^c?fn=\(\d+\) (.+)$", output.read_text(errors="replace"), re.MULTILINE)
    # A function that calls itself has its depth behind its name.
    return {name.split("'")[0] for name in found}


def times(output):
    """How often each function was called."""
    names, found, callee = {}, Counter(), None
    for line in output.read_text(errors="replace").splitlines():
        if match := re.match(r"(c?)fn=\((\d+)\)(?: (.+))?$", line):
            if match[3]:
                names[match[2]] = match[3].split("'")[0]
            if match[1]:
                callee = names[match[2]]
        elif line.startswith("calls="):
            found[callee] += int(line[6:].split()[0])
    return found


if __name__ == "__main__":
    main()
