#!/usr/bin/env python3
"""Writes packaging/order.txt: the functions that run from a start to the first prompt and in a run of one line, then those of a call.

    packaging/order.py BINARY…

A release for x86-64 Linux is linked with these functions side by side (build.rs), those of both in the middle. The file is worth writing
anew when the prompt's memory (benches/compare/prompt.py) has grown or calls have become slow (benches/compare/measure.py --only calls); a
stale one costs memory and time and nothing else. Needs valgrind, and releases with their symbols: one of each profile that is in use,
because what is inlined is in no list.
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
    matched, of_start, of_call = Counter(), Counter(), Counter()
    for binary in map(Path, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as home:
            start = in_session(binary.resolve(), Path(home)) | in_run(binary.resolve(), Path(home))
            call = in_call(binary.resolve(), Path(home))
        for name, size in sizes(binary):
            matched[pattern(name)] += size
            of_start[pattern(name)] += size if name in start else 0
            of_call[pattern(name)] += size if name in call else 0

    def place(name):
        """Behind one another: what only a start needs, what a call needs too, what only a call needs. A pattern may match functions that
        nothing needs: those stand away from the middle."""
        start, call = of_start[name] / matched[name], of_call[name] / matched[name]
        return (0, start, name) if not call else (1, 0, name) if start else (2, -call, name)

    names = sorted((name for name in matched if of_start[name] or of_call[name]), key=place)
    FILE.write_text("\n".join(names) + "\n")
    print(f"{len(names)} names in {FILE}")


def sizes(binary):
    listed = subprocess.run(["nm", "--print-size", binary], check=True, capture_output=True, text=True).stdout
    lines = (line.split() for line in listed.splitlines())
    return [(line[3], int(line[1], 16)) for line in lines if len(line) == 4 and line[2] in "tTwW"]


def pattern(name):
    """A name without what another compiler or another version of a crate changes in it."""
    name = re.sub(r"(_ZN.*17h)[0-9a-f]{16}E.*", r"\1*", name)
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
