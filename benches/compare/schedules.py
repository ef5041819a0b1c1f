#!/usr/bin/env python3
"""What `cumulua schedule serve` needs for 10,000 schedules, how late it decides and starts 200 runs spread over one second while another
run prints 100 MB, and how 1,000 runs of one second share a pool of 16.

    benches/compare/schedules.py [--binary target/release/cumulua] [--schedules 10000] [--idle 60] [--seconds 60] [--burst 200] [--hold]

Builds a release where no binary is given. Linux only (/proc). Prints memory and processor time of the idle server, then lateness: from
when a firing is due until its process was started, as the server's own histogram has it, and until the process had begun to carry the run
out, as the history has it. The second includes the child's own start and its first write into the history. Before both: until the row of
the firing was written. With --hold it fails where the idle server takes more than 45 MB or 0.5 % of a core, where not 99 % of the rows are
written within 25 ms and all within 100 ms, where a firing is dropped, where the output that is kept is over its limit, or where more than
16 of the pool run, or fewer than 1,000 in all.
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

MOST_MEMORY, MOST_CORE, MOST_LATE, MOST_OUTPUT, POOL = 45, 0.5, (0.025, 0.1), 1 << 20, 16


def file(schedules, burst):
    """A schedule file with so many schedules, of which some fire every ten seconds, spread over one second."""
    text = []
    if burst:
        text.append('[[schedule]]\nname = "printer"\nscript = "printer.lua"\ncron = "0 0 1 1 *"\ntimezone = "UTC"\n')
    for number in range(schedules - bool(burst)):
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
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    trigger = [binary, "schedule", "trigger", "printer", "--store", "runs.db"]
    subprocess.run(trigger, cwd=folder, env=environment, check=True, capture_output=True)
    text = server.metrics()
    (before, total_before), began = lateness(text, "start"), int(time.time() * 1000)
    decided_before, _ = lateness(text, "decision")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.5)
        server.drain()
    text = server.metrics()
    server.end()
    (after, total), (decided, _) = lateness(text, "start"), lateness(text, "decision")
    total -= total_before
    share = {bound: (count - decided_before[bound]) / total for bound, count in decided.items()}
    for bound, count in after.items():
        if bound <= 0.5:
            started = (count - before[bound]) / total * 100
            print(f"  within {bound * 1000:g} ms: {share[bound] * 100:.2f} % decided, {started:.2f} % started, of {total}")
    store = sqlite3.connect(folder / "runs.db")
    query = "SELECT claimed_at - due_at FROM runs WHERE claimed_at IS NOT NULL AND attempt = 1 AND due_at >= ?"
    late = sorted(row[0] for row in store.execute(query, [began]))
    if late:
        print(f"  carried out by its process after: {late[len(late) // 2]} ms median, {late[len(late) * 99 // 100]} ms 99th percentile, {late[-1]} ms at most")
    outcomes = dict(store.execute("SELECT outcome, count(*) FROM firings GROUP BY outcome").fetchall())
    (kept,) = store.execute("SELECT coalesce(sum(length(line)), 0) FROM output JOIN runs ON id = run_id WHERE name = 'printer'").fetchone()
    print(f"  outcomes: {outcomes}; of the 100 MB that another run printed {kept / 1024:.0f} KiB are kept")
    prompt, all_within = MOST_LATE
    if share[prompt] < 0.99 or share[all_within] < 1:
        yield f"99 % of the decisions within {prompt * 1000:g} ms and all within {all_within * 1000:g} ms are wanted"
    if set(outcomes) - {"ran"}:
        yield f"firings were dropped: {outcomes}"
    if not 0 < kept <= MOST_OUTPUT:
        yield f"{kept} bytes of output are kept, and {MOST_OUTPUT} may be"


def pooled(binary, folder, runs):
    """So many runs of one second that are due at once, in a pool."""
    due = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4 + runs / 500))
    text = [f"[pool.few]\nsize = {POOL}\n"]
    for number in range(runs):
        text.append(f'[[schedule]]\nname = "job-{number:04}"\nscript = "second.lua"\nevery = "365d"\nstart = {due}\npool = "few"\n')
    (folder / "schedules.toml").write_text("\n".join(text))
    server, most, began = Server(binary, folder), 0, time.monotonic()
    store, ended = None, 0
    while ended < runs and time.monotonic() - began < 60 + 4 * runs / POOL:
        time.sleep(0.2)
        server.drain()
        most = max(most, int(re.search(r"^cumulua_schedule_runs_running (\d+)$", server.metrics(), re.MULTILINE)[1]))
        store = store or sqlite3.connect(folder / "runs.db", timeout=10)
        (ended,) = store.execute("SELECT count(*) FROM runs WHERE ended_at IS NOT NULL").fetchone()
    server.end()
    states = dict(store.execute("SELECT state, count(*) FROM runs GROUP BY state").fetchall())
    print(f"{runs} runs of one second in a pool of {POOL}: {states} after {time.monotonic() - began:.0f} s, {most} at once at most")
    if states != {"done": runs}:
        yield f"of {runs} runs in a pool: {states}"
    if not 0 < most <= POOL:
        yield f"{most} runs of a pool of {POOL} went on at once"


def lateness(text, of):
    """A histogram's buckets by their bounds in seconds, and its count."""
    pattern = rf'cumulua_schedule_{of}_lateness_seconds_bucket\{{le="([\d.]+)"\}} (\d+)'
    buckets = {float(bound): int(count) for bound, count in re.findall(pattern, text)}
    return buckets, int(re.search(rf"cumulua_schedule_{of}_lateness_seconds_count (\d+)", text)[1])


def forget(folder):
    for leftover in folder.glob("runs.db*"):
        if leftover.is_file():
            leftover.unlink()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=Path)
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--idle", type=int, default=60, help="seconds without a firing; 60 by default")
    parser.add_argument("--seconds", type=int, default=60, help="seconds with firings, 10 at least; 60 by default")
    parser.add_argument("--burst", type=int, default=200, help="firings in the second")
    parser.add_argument("--pooled", type=int, default=1000, help="runs that share a pool; 1000 by default")
    parser.add_argument("--hold", action="store_true", help="fail where a bar is missed")
    options = parser.parse_args()
    if not options.binary:
        subprocess.run(["cargo", "build", "--release", "--quiet"], check=True, cwd=Path(__file__).parents[2])
        options.binary = Path(__file__).parents[2] / "target/release/cumulua"
    binary = options.binary.resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "job.lua").write_text("")
        # A run without an effect leaves no trace; that of a server has its row.
        (folder / "second.lua").write_text("time.sleep(1)")
        (folder / "printer.lua").write_text("for _ = 1, 1000000 do print(('x'):rep(99)) end")
        missed = list(idle(binary, folder, options.schedules, options.idle))
        forget(folder)
        print(f"{options.burst} firings spread over one second, every ten seconds for {options.seconds} s:")
        missed += firing(binary, folder, options.schedules, options.seconds, options.burst)
        forget(folder)
        missed += pooled(binary, folder, options.pooled)
    sys.exit("\n".join(missed) or 0 if options.hold else 0)


if __name__ == "__main__":
    main()
