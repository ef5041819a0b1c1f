#!/usr/bin/env python3
"""Kills, ends and stops `cumulua schedule serve` at random moments, takes its store, its disk and its clock away, and holds the history to
account.

    cargo build && tests/kill_schedules.py [--rounds 100] [--seed 1] [--binary target/debug/cumulua]

Each round sends SIGKILL or SIGTERM to the server, sometimes with SIGSTOP and SIGCONT before. Beside that, at random moments and across rounds,
another process holds the store's lock for up to 8 s, the disk of the store is full for up to 8 s (a small tmpfs, which only root can mount), and
the clock of the server and its runs jumps by up to a minute (Debian's libfaketime; the machine's clock stays). What cannot be had here is named
and left out.

Fourteen schedules fire every second, some for each way to treat overlap, and their runs take up to a second and a half. At the end:

- Every second of every schedule has exactly one firing, those that the clock has passed over too: they are caught up, or their row says why not.
- Every firing that ran has exactly one run, which has ended. Where the clock was set back, a time comes twice. An interval follows the clock
  and fires at it again, with a row that says so; a cron expression of fixed hours and minutes does not: it has run once.
- Scripts have begun and ended exactly as often as their runs say: nothing that succeeded is carried out twice, nothing that went on is lost or
  started again, nothing that was recorded is forgotten. What still waits is left to the next server.

Takes about three seconds for each round. What is wrong leaves the log and the store in `kill_schedules.log` and `kill_schedules.db`.
"""

import argparse
import heapq
import itertools
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

SCRIPT = """
local file <close> = io.open(args[1] .. ".begun", "a")
file:write("begun\\n")
file:flush()
print("begun")
time.sleep(tonumber(args[2]))
print("ended")
file:write("ended\\n")
file:flush()
"""

OVERLAPS = ["skip", "queue", "cancel", "allow"]
FAKETIME = [Path("/usr/lib") / triple / "faketime/libfaketime.so.1" for triple in ("x86_64-linux-gnu", "aarch64-linux-gnu")]
DISK = 96 * 1024 * 1024
# A server that ends by itself says one of these: it cannot begin without its store, and systemd would start it again.
STORE_FAULTS = ("database is locked", "disk is full", "No space left", "disk I/O error")


def schedules():
    for overlap in OVERLAPS:
        for seconds in ("0", "0.4", "1.4"):
            yield f"{overlap}-{seconds.replace('.', '')}", overlap, seconds, 'every = "1s"'
    # No field is a star, so that these do not follow a clock that is set back.
    for overlap in ("skip", "allow"):
        yield f"fixed-{overlap}", overlap, "0.4", 'cron = "0-59 0-59 0-23 * * *"'


class Disk:
    """A disk of the store's own, which can be full."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        options = ["-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
        self.is_mounted = subprocess.run(["mount", *options], capture_output=True).returncode == 0

    def fill(self, left):
        with (self.folder / "filler").open("wb", buffering=0) as filler:
            for size in (1024 * 1024, 4096):
                try:
                    while True:
                        filler.write(bytes(size))
                except OSError:
                    pass
            filler.truncate(max(0, filler.tell() - left * 4096))

    def empty(self):
        (self.folder / "filler").unlink(missing_ok=True)

    def unmount(self):
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


class Faults:
    """What happens to a server, each at its moment, also across the ends of servers."""

    def __init__(self, folder, disk, library, chance):
        self.folder, self.disk, self.library, self.chance = folder, disk, library, chance
        self.events, self.numbers = [], itertools.count()
        self.holder, self.is_full = None, False
        self.ahead = 0.0
        self.last_fault = 0.0
        self.set_back = []
        self.counts = Counter()
        self.clock = folder / "clock"
        self.jump(0.0)

    def at(self, moment, action, *arguments):
        heapq.heappush(self.events, (moment, next(self.numbers), action, arguments))

    def plan(self, now, number):
        """Plans what happens around a round that begins now; the first have one of each."""
        chance = self.chance
        if chance.random() < 0.2 or number == 0:
            begins = now + chance.uniform(0.0, 2.0)
            self.at(begins, self.hold)
            self.at(begins + chance.choice([chance.uniform(0.05, 2.0), chance.uniform(2.0, 8.0)]), self.release)
        if self.disk.is_mounted and (chance.random() < 0.2 or number == 1):
            begins = now + chance.uniform(0.0, 2.0)
            self.at(begins, self.fill, chance.choice([0, 0, 1, chance.randrange(40)]))
            self.at(begins + chance.choice([chance.uniform(0.05, 2.0), chance.uniform(2.0, 8.0)]), self.empty)
        if self.library and (chance.random() < 0.25 or number == 2):
            by = chance.choice([chance.uniform(-1.9, 1.9), chance.uniform(2.1, 60), -chance.uniform(2.1, 60)])
            self.at(now + chance.uniform(0.0, 2.0), self.jump, by)

    def pass_time(self, until):
        """Lets time pass, with what happens meanwhile."""
        while True:
            now = time.monotonic()
            if self.events and self.events[0][0] <= max(now, 0):
                _, _, action, arguments = heapq.heappop(self.events)
                action(*arguments)
                continue
            if now >= until:
                return
            next_event = self.events[0][0] if self.events else until
            time.sleep(max(0.0, min(until, next_event) - now))

    def wait_for(self, server, limit=60):
        deadline = time.monotonic() + limit
        while server.poll() is None:
            if time.monotonic() > deadline:
                sys.exit("the server does not end")
            self.pass_time(time.monotonic() + 0.01)
        return server.returncode

    def end(self):
        """All that is still to come, at once."""
        while self.events:
            _, _, action, arguments = heapq.heappop(self.events)
            action(*arguments)
        self.release()
        self.empty()

    def is_excused(self):
        """Whether a server may have ended for want of its store."""
        return self.holder is not None or self.is_full or time.monotonic() - self.last_fault < 15

    def hold(self):
        if self.holder is None and (self.disk.folder / "runs.db").exists():
            connection = sqlite3.connect(self.disk.folder / "runs.db", isolation_level=None, timeout=0.5)
            try:
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                connection.close()
                return
            self.holder = connection
            self.counts["held"] += 1

    def release(self):
        if self.holder is not None:
            self.holder.rollback()
            self.holder.close()
            self.holder, self.last_fault = None, time.monotonic()

    def fill(self, left):
        if not self.is_full:
            self.disk.fill(left)
            self.is_full = True
            self.counts["full"] += 1

    def empty(self):
        if self.is_full:
            self.disk.empty()
            self.is_full, self.last_fault = False, time.monotonic()

    def jump(self, by):
        if by < 0:
            now = time.time() + self.ahead
            # The server may look a moment later, and what is due a moment ahead may have been decided.
            self.set_back.append(((now + by - 5) * 1000, (now + 5) * 1000))
        self.counts["jumped"] += by != 0
        self.ahead += by
        new = self.folder / "clock.new"
        new.write_text(f"{self.ahead:+.3f}\n")
        new.rename(self.clock)

    def environment(self):
        if not self.library:
            return {}
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def passes(self, due):
        """How often the clock may have come to a time."""
        return 1 + sum(begin <= due <= end for begin, end in self.set_back)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--binary", type=Path, default=Path("target/debug/cumulua"))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    library = next((path for path in FAKETIME if path.exists()), None)
    folder = Path(tempfile.mkdtemp())
    disk = Disk(folder / "store")
    servers = []
    try:
        lacking = []
        if not disk.is_mounted:
            lacking.append("no tmpfs can be mounted here (only root can): the disk is never full")
        if not library:
            lacking.append("libfaketime is not installed (apt-get install faketime): the clock never jumps")
        print("\n".join(lacking), end="\n" if lacking else "", flush=True)
        faults = Faults(folder, disk, library, chance)
        wrong = kill(folder, faults, options, chance, servers)
        print(", ".join(f"{count} times {what}" for what, count in sorted(faults.counts.items())))
        print("\n".join(wrong[:50]) or "every firing is accounted for exactly once")
        if wrong:
            shutil.copy(folder / "serve.log", "kill_schedules.log")
            Path("kill_schedules.db").unlink(missing_ok=True)
            sqlite3.connect(disk.folder / "runs.db").execute("VACUUM INTO 'kill_schedules.db'")
        sys.exit(1 if wrong else 0)
    finally:
        for server in servers:
            if server.poll() is None:
                server.kill()
            # What libfaketime leaves of a process that was killed.
            for name in ("faketime_shm_", "sem.faketime_sem_"):
                Path(f"/dev/shm/{name}{server.pid}").unlink(missing_ok=True)
        disk.unmount()
        shutil.rmtree(folder, ignore_errors=True)


def kill(folder, faults, options, chance, servers):
    """All rounds; what is wrong after them."""
    (folder / "run.lua").write_text(SCRIPT)
    text = 'grace = "3s"\n'
    for schedule, overlap, seconds, times in schedules():
        catch_up = chance.choice(['"none"', '"1h"', '{ within = "1h", runs = "all" }'])
        text += f'[[schedule]]\nname = "{schedule}"\nscript = "run.lua"\nargs = ["{schedule}", "{seconds}"]\n'
        text += f'{times}\noverlap = "{overlap}"\ncatch_up = {catch_up}\n'
    (folder / "schedules.toml").write_text(text)
    command = [options.binary.resolve(), "schedule", "serve", "--store", "store/runs.db"]
    log = (folder / "serve.log").open("a")

    def serve():
        environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", **faults.environment()}
        server = subprocess.Popen(command, cwd=folder, env=environment, stderr=log, stdout=log)
        servers.append(server)
        return server

    def last_lines():
        return (folder / "serve.log").read_text()[-3000:]

    def has_ended_for_its_store(server):
        return server.returncode != 0 and faults.is_excused() and any(words in last_lines()[-600:] for words in STORE_FAULTS)

    for number in range(options.rounds):
        begins = time.monotonic()
        faults.plan(begins, number)
        server = serve()
        faults.pass_time(begins + chance.uniform(0.02, 2.0))
        if chance.random() < 0.3:
            server.send_signal(signal.SIGSTOP)
            faults.pass_time(time.monotonic() + chance.uniform(0.02, 3.0))
            server.send_signal(signal.SIGCONT)
            faults.pass_time(time.monotonic() + chance.uniform(0.0, 0.5))
        if server.poll() is not None:
            if not has_ended_for_its_store(server):
                sys.exit(f"the server ended by itself:\n{last_lines()}")
            faults.counts["could not begin"] += 1
            continue
        how = chance.choice([signal.SIGKILL, signal.SIGTERM])
        server.send_signal(how)
        # One that comes before signals are handled ends it like a kill.
        if faults.wait_for(server) not in (0, -how) and not has_ended_for_its_store(server):
            sys.exit(f"the server ended badly:\n{last_lines()}")
        if number % 25 == 24:
            # Longer than a firing may be late and still be on time.
            faults.pass_time(time.monotonic() + 12)
    faults.end()
    server = serve()
    time.sleep(5)
    # Until what was caught up has ended, but for what waits.
    store = sqlite3.connect(folder / "store/runs.db", timeout=30)
    deadline = time.monotonic() + 120
    server.send_signal(signal.SIGTERM)
    if server.wait(timeout=60) != 0:
        sys.exit(f"the last server did not end well:\n{last_lines()}")
    while store.execute("SELECT count(*) FROM runs WHERE ended_at IS NULL").fetchone()[0] and time.monotonic() < deadline:
        time.sleep(0.2)
    return account(folder, store, faults)


def account(folder, store, faults):
    """What the history does not account for."""
    wrong = []
    outcomes = Counter()
    for schedule, _, _, times in schedules():
        rows = store.execute("SELECT due_at, outcome, run_id, detail FROM firings WHERE schedule = ? ORDER BY due_at", [schedule]).fetchall()
        seconds = [due for due, *_ in rows]
        for before, after in zip(seconds, seconds[1:]):
            if after - before != 1000:
                wrong.append(f"{schedule}: nothing between {before} and {after}")
        waits = False
        for due, outcome, run, detail in rows:
            runs = store.execute("SELECT id, state, claimed_at, ended_at FROM runs WHERE name = ? AND due_at = ? ORDER BY rowid", [schedule, due]).fetchall()
            passes = faults.passes(due) if times.startswith("every") else 1
            # Runs of a clock that was set back since.
            earlier, last = (runs[:-1], runs[-1:]) if outcome == "ran" else (runs, [])
            if len(earlier) >= passes or any(ended is None for *_, ended in earlier):
                wrong.append(f"{schedule} {due}: {outcome} ({detail}), the clock came {passes} times, and its runs are {runs}")
            if outcome == "queued":
                # It waits for the next server, and so does all that has to wait for it.
                waits = passes == 1
                outcomes[outcome] += 1
            elif outcome == "ran":
                if waits and passes == 1:
                    wrong.append(f"{schedule} {due}: ran before one that waits")
                if not last or last[0][0] != run or last[0][3] is None:
                    wrong.append(f"{schedule} {due}: ran as {run}, and its runs are {runs}")
                else:
                    outcomes[f"ran: {last[0][1]}"] += 1
                    outcomes["ran again"] += len(earlier)
                    if last[0][1] == "failed":
                        error = store.execute("SELECT error FROM runs WHERE id = ?", [run]).fetchone()[0]
                        wrong.append(f"{schedule} {due}: no script here fails, yet: {error}")
            else:
                outcomes[outcome] += 1
                if not detail:
                    wrong.append(f"{schedule} {due}: {outcome} for no reason")
        begun_file = folder / f"{schedule}.begun"
        lines = begun_file.read_text().splitlines() if begun_file.exists() else []
        begun, ended = lines.count("begun"), lines.count("ended")

        def count(condition):
            return store.execute(f"SELECT count(*) FROM runs WHERE name = ? AND {condition}", [schedule]).fetchone()[0]

        # One that was cancelled may have been before its script's first line.
        claimed, cancelled = count("claimed_at IS NOT NULL"), count("claimed_at IS NOT NULL AND state = 'cancelled'")
        if not claimed - cancelled <= begun <= claimed:
            wrong.append(f"{schedule}: begun {begun} times, claimed {claimed} times, cancelled {cancelled} times")
        done = count("state = 'done'")
        if not done <= ended <= done + cancelled:
            wrong.append(f"{schedule}: ended {ended} times, done {done} times, cancelled {cancelled} times")
        # One that had not begun begins anew, and one that had is not killed with its server.
        for run, due, error in store.execute("SELECT id, due_at, error FROM runs WHERE name = ? AND state = 'lost'", [schedule]):
            wrong.append(f"{schedule} {due}: the run {run} is lost: {error}")
    print(f"{sum(outcomes.values()) - outcomes['ran again']} firings: " + ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())))
    return wrong


if __name__ == "__main__":
    main()
