#!/usr/bin/env python3
"""From start to prompt, the memory that a waiting prompt takes, and the processor time that it uses in ten seconds.

    benches/compare/prompt.py [--binary target/release/cumulua] [--runs 60] [--seconds 10] [--hold]

Builds a release where no binary is given. With --hold it fails where the median is over 15 ms, or the waiting prompt uses processor time.
Linux only.
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
MOST_MS = 15


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", type=Path, help="the command to measure")
    parser.add_argument("--runs", type=int, default=60, help="how many starts; 60 by default")
    parser.add_argument("--seconds", type=int, default=10, help="how long a prompt waits; 10 by default")
    parser.add_argument("--hold", action="store_true", help="fail where a bar is missed")
    options = parser.parse_args()
    binary = options.binary
    if binary is None:
        subprocess.run(["cargo", "build", "--release", "--quiet", "--locked"], cwd=ROOT, check=True)
        binary = ROOT / "target/release/cumulua"
    with tempfile.TemporaryDirectory() as home:
        times = sorted(timed(binary.resolve(), home) for _ in range(options.runs))
        print(f"to the prompt: {times[0]:.1f} ms at least, {statistics.median(times):.1f} ms median, {times[-1]:.1f} ms at most")
        process, terminal, _ = opened(binary.resolve(), home)
        time.sleep(1)
        before = ticks(process)
        time.sleep(options.seconds)
        used = ticks(process) - before
        print(f"processor time in {options.seconds} s: {used} ticks")
        whole, own = memory(process, "VmRSS"), memory(process, "RssAnon")
        print(f"memory: {whole / 1024:.1f} MB, {own / 1024:.1f} of it the process's own")
        closed(process, terminal)
    # One tick may be another's: the system counts by samples.
    if options.hold and (statistics.median(times) > MOST_MS or used > 1):
        sys.exit(f"at most {MOST_MS} ms to the prompt and no processor time are allowed")


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
