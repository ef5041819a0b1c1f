#!/usr/bin/env python3
"""Writes packaging/start.txt: the functions that run from a start to the first prompt, and in a run of one line.

    packaging/start.py BINARY…

A release for x86-64 Linux is linked with these functions side by side (build.rs). The file is worth writing anew when the prompt's memory
(benches/compare/prompt.py) has grown; a stale one costs memory and nothing else. Needs valgrind, and releases with their symbols: one of
each profile that is in use, because what is inlined is in no list.
"""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
from collections import Counter
from pathlib import Path

CALLGRIND = ["valgrind", "--tool=callgrind", "--demangle=no"]
FILE = Path(__file__).with_name("start.txt")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    needed, matched = Counter(), Counter()
    for binary in map(Path, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as home:
            called = at_prompt(binary.resolve(), Path(home)) | in_run(binary.resolve(), Path(home))
        for name, size in sizes(binary):
            matched[pattern(name)] += size
            needed[pattern(name)] += size if name in called else 0
    # A pattern may match functions that no start needs: those stand at the end.
    names = sorted((name for name in needed if needed[name]), key=lambda name: (-needed[name] / matched[name], name))
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


def at_prompt(binary, home):
    output = home / "prompt"
    process, terminal = pty.fork()
    if process == 0:
        os.execvpe("valgrind", [*CALLGRIND, f"--callgrind-out-file={output}", str(binary), "--sim"], environment(home))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    shown = b""
    while b"> " not in shown:
        if not select.select([terminal], [], [], 60)[0]:
            sys.exit(f"no prompt in a minute: {shown!r}")
        shown += os.read(terminal, 65536)
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


if __name__ == "__main__":
    main()
