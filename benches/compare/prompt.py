#!/usr/bin/env python3
"""From start to prompt, the memory that a waiting prompt takes, and the processor time that it uses in ten seconds.

    benches/compare/prompt.py [--binary target/release/cumulua]

Builds a release where no binary is given. Linux only.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from process import memory, ticks
from terminal import at_prompt

ROOT = Path(__file__).resolve().parent.parent.parent
RUNS = 60


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", type=Path, help="the command to measure")
    binary = parser.parse_args().binary
    if binary is None:
        subprocess.run(["cargo", "build", "--release", "--quiet", "--locked"], cwd=ROOT, check=True)
        binary = ROOT / "target/release/cumulua"
    with tempfile.TemporaryDirectory() as home:
        times = sorted(timed(binary.resolve(), home) for _ in range(RUNS))
        print(f"to the prompt: {times[0]:.1f} ms at least, {statistics.median(times):.1f} ms median, {times[-1]:.1f} ms at most")
        process, terminal, _ = opened(binary.resolve(), home)
        time.sleep(1)
        before = ticks(process)
        time.sleep(10)
        print(f"processor time in 10 s: {ticks(process) - before} ticks")
        whole, own = memory(process, "VmRSS"), memory(process, "RssAnon")
        print(f"memory: {whole / 1024:.1f} MB, {own / 1024:.1f} of it the process's own")
        closed(process, terminal)


def timed(binary, home):
    process, terminal, taken = opened(binary, home)
    closed(process, terminal)
    return taken


def opened(binary, home):
    """A session at its first prompt, and the milliseconds until then."""
    started = time.perf_counter()
    environment = {"HOME": home, "TERM": "xterm-256color", "PATH": "/usr/bin:/bin"}
    process, terminal = at_prompt([str(binary), "--sim"], environment, 10)
    return process, terminal, (time.perf_counter() - started) * 1000


def closed(process, terminal):
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    os.close(terminal)


if __name__ == "__main__":
    main()
