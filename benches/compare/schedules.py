#!/usr/bin/env python3
"""What `cumulua schedule serve` needs for 10,000 schedules, and how late it starts 200 runs spread over one second.

    benches/compare/schedules.py [--binary target/release/cumulua] [--schedules 10000] [--idle 60] [--seconds 60] [--burst 200] [--hold]

Builds a release where no binary is given. Linux only (/proc). Prints memory and processor time of the idle server, then lateness: from
when a firing is due until its process was started, as the server's own histogram has it, and until the process had begun to carry the run
out, as the history has it. The second includes the child's own start and its first write into the history.
With --hold it fails where the idle server takes more than 40 MB or 1 % of a core, or where the 99th percentile of lateness is over 50 ms.
"""

import argparse
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from process import memory, ticks

MOST_MEMORY, MOST_CORE, MOST_LATE = 40, 1, 0.05


def file(schedules, burst):
    """A schedule file with so many schedules, of which some fire every ten seconds, spread over one second."""
    text = []
    for number in range(schedules):
        text.append(f'[[schedule]]\nname = "job-{number:05}"\nscript = "job.lua"\n')
        if number < burst:
            text.append(f'every = "10s"\nstart = 2026-01-01T00:00:00.{number * 1000 // burst:03}Z\n')
        else:
            # Half a year away on average, and every one at a time of its own.
            text.append(f'cron = "{number % 60} {number // 60 % 24} {number // 1440 + 1} {(time.gmtime().tm_mon + 5) % 12 + 1} *"\n')
            text.append('timezone = "Europe/Berlin"\n')
    return "\n".join(text)


class Server:
    def __init__(self, binary, folder):
        environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
        command = [binary, "schedule", "serve", "--store", "runs.db", "--http", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
        self.address = None
        for line in self.process.stderr:
            if found := re.search(r"http://(\S+)", line):
                self.address = found[1]
            if "serving" in line:
                break
        os.set_blocking(self.process.stderr.fileno(), False)

    def memory(self, key):
        return memory(self.process.pid, key) / 1024

    def cpu(self):
        return ticks(self.process.pid) / os.sysconf("SC_CLK_TCK")

    def drain(self):
        while self.process.stderr.read(1 << 16):
            pass

    def metrics(self):
        return urllib.request.urlopen(f"http://{self.address}/metrics").read().decode()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        os.set_blocking(self.process.stderr.fileno(), True)
        self.process.stderr.read()
        self.process.wait()


def idle(binary, folder, schedules, seconds):
    (folder / "schedules.toml").write_text(file(schedules, 0))
    began = time.monotonic()
    server = Server(binary, folder)
    print(f"start with {schedules} schedules: {time.monotonic() - began:.2f} s")
    time.sleep(3)
    before = server.cpu()
    time.sleep(seconds)
    used = server.cpu() - before
    memory, core = server.memory("VmRSS"), used / seconds * 100
    print(f"idle: {memory:.1f} MB of memory ({server.memory('VmHWM'):.1f} MB at most), "
          f"{core:.2f} % of a core over {seconds} s")
    server.end()
    if memory > MOST_MEMORY:
        yield f"the idle server takes {memory:.1f} MB, and {MOST_MEMORY} are allowed"
    if core > MOST_CORE:
        yield f"the idle server takes {core:.2f} % of a core, and {MOST_CORE} is allowed"


def firing(binary, folder, schedules, seconds, burst):
    (folder / "schedules.toml").write_text(file(schedules, burst))
    server = Server(binary, folder)
    # What falls due while the server is still reading its file is late for another reason.
    while not re.search(rf"^cumulua_schedules {schedules}$", server.metrics(), re.MULTILINE):
        time.sleep(0.1)
    time.sleep(2)
    server.drain()
    (before, total_before), began = lateness(server.metrics()), int(time.time() * 1000)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.5)
        server.drain()
    text = server.metrics()
    server.end()
    after, total = lateness(text)
    total -= total_before
    for bound, count in after.items():
        if bound <= 0.5:
            print(f"  started within {bound * 1000:g} ms: {(count - before[bound]) / total * 100:.2f} % of {total}")
    bounds = [bound for bound, count in sorted(after.items()) if (count - before[bound]) >= 0.99 * total]
    print(f"  99th percentile: within {bounds[0] * 1000:g} ms" if bounds else "  99th percentile: beyond a minute")
    store = sqlite3.connect(folder / "runs.db")
    query = "SELECT claimed_at - due_at FROM runs WHERE claimed_at IS NOT NULL AND attempt = 1 AND due_at >= ?"
    late = sorted(row[0] for row in store.execute(query, [began]))
    if late:
        print(f"  carried out by its process after: {late[len(late) // 2]} ms median, {late[len(late) * 99 // 100]} ms 99th percentile, {late[-1]} ms at most")
    if not bounds or bounds[0] > MOST_LATE:
        yield f"the 99th percentile of lateness is over {MOST_LATE * 1000:g} ms"
    print("  outcomes:", dict(store.execute("SELECT outcome, count(*) FROM firings GROUP BY outcome").fetchall()))


def lateness(text):
    """The histogram's buckets by their bounds in seconds, and its count."""
    buckets = {float(bound): int(count) for bound, count in re.findall(r'lateness_seconds_bucket\{le="([\d.]+)"\} (\d+)', text)}
    return buckets, int(re.search(r"lateness_seconds_count (\d+)", text)[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=Path)
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--idle", type=int, default=60, help="seconds without a firing; 60 by default")
    parser.add_argument("--seconds", type=int, default=60, help="seconds with firings, 10 at least; 60 by default")
    parser.add_argument("--burst", type=int, default=200, help="firings in the second")
    parser.add_argument("--hold", action="store_true", help="fail where a bar is missed")
    options = parser.parse_args()
    if not options.binary:
        subprocess.run(["cargo", "build", "--release", "--quiet"], check=True, cwd=Path(__file__).parents[2])
        options.binary = Path(__file__).parents[2] / "target/release/cumulua"
    binary = options.binary.resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "job.lua").write_text("")
        missed = list(idle(binary, folder, options.schedules, options.idle))
        for leftover in folder.glob("runs.db*"):
            if leftover.is_file():
                leftover.unlink()
        print(f"{options.burst} firings spread over one second, every ten seconds for {options.seconds} s:")
        missed += firing(binary, folder, options.schedules, options.seconds, options.burst)
    sys.exit("\n".join(missed) or 0 if options.hold else 0)


if __name__ == "__main__":
    main()
