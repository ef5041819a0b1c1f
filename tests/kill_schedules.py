#!/usr/bin/env python3
"""Kills, ends and stops `cumulua schedule serve` at random moments, and holds the history to account.

    cargo build && tests/kill_schedules.py [--rounds 100] [--seed 1] [--binary target/debug/cumulua]

Each round sends SIGKILL or SIGTERM to the server, or SIGSTOP and a little later SIGCONT before one of them. Twelve schedules fire every
second, three for each way to treat overlap, and their runs take up to a second and a half. After the last restart every second of every
schedule must have exactly one firing; every firing that ran must have exactly one run that has ended; and scripts have begun exactly as
often as their runs say. No run is ended with its server: where a later firing cancels none, what has begun has come to its end and is
done, and only what never began is lost; what still waits is left to the next server. Takes about a second and a half for each round.
"""

import argparse
import random
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


def schedules():
    for overlap in OVERLAPS:
        for seconds in ("0", "0.4", "1.4"):
            yield f"{overlap}-{seconds.replace('.', '')}", overlap, seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--binary", type=Path, default=Path("target/debug/cumulua"))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "run.lua").write_text(SCRIPT)
        text = 'grace = "3s"\n'
        for schedule, overlap, seconds in schedules():
            catch_up = chance.choice(['"none"', '"1h"', '{ within = "1h", runs = "all" }'])
            text += f'[[schedule]]\nname = "{schedule}"\nscript = "run.lua"\nargs = ["{schedule}", "{seconds}"]\n'
            text += f'every = "1s"\noverlap = "{overlap}"\ncatch_up = {catch_up}\n'
        (folder / "schedules.toml").write_text(text)
        command = [options.binary.resolve(), "schedule", "serve", "--store", "runs.db"]
        log = (folder / "serve.log").open("a")

        def serve():
            environment = {"HOME": name, "PATH": "/usr/bin:/bin"}
            return subprocess.Popen(command, cwd=folder, env=environment, stderr=log, stdout=log)

        for number in range(options.rounds):
            server = serve()
            time.sleep(chance.uniform(0.02, 2.0))
            if server.poll() is not None:
                sys.exit(f"the server ended by itself:\n{(folder / 'serve.log').read_text()[-3000:]}")
            if chance.random() < 0.3:
                server.send_signal(signal.SIGSTOP)
                time.sleep(chance.uniform(0.02, 3.0))
                server.send_signal(signal.SIGCONT)
                time.sleep(chance.uniform(0.0, 0.5))
            how = chance.choice([signal.SIGKILL, signal.SIGTERM])
            server.send_signal(how)
            # One that comes before signals are handled ends it like a kill.
            if server.wait(timeout=60) not in (0, -how):
                sys.exit(f"the server ended badly:\n{(folder / 'serve.log').read_text()[-3000:]}")
            if number % 25 == 24:
                time.sleep(12)  # longer than a firing may be late and still be on time
        server = serve()
        time.sleep(5)
        server.send_signal(signal.SIGTERM)
        if server.wait(timeout=60) != 0:
            sys.exit("the last server did not end well")
        time.sleep(3)  # runs that it has left
        faults = account(folder)
        print("\n".join(faults[:50]) or "every firing is accounted for exactly once")
        if faults:
            Path("kill_schedules.log").write_text((folder / "serve.log").read_text())
        sys.exit(1 if faults else 0)


def account(folder):
    """What the history does not account for."""
    store = sqlite3.connect(folder / "runs.db")
    faults = []
    outcomes = Counter()
    for schedule, _, _ in schedules():
        rows = store.execute("SELECT due_at, outcome, run_id, detail FROM firings WHERE schedule = ? ORDER BY due_at", [schedule]).fetchall()
        seconds = [due for due, *_ in rows]
        for before, after in zip(seconds, seconds[1:]):
            if after - before != 1000:
                faults.append(f"{schedule}: nothing between {before} and {after}")
        waits = False
        for due, outcome, run, detail in rows:
            runs = store.execute("SELECT id, state, claimed_at, ended_at FROM runs WHERE name = ? AND due_at = ?", [schedule, due]).fetchall()
            if outcome == "queued":
                # It waits for the next server, and so does all that has to wait for it.
                waits = True
                outcomes[outcome] += 1
                if runs:
                    faults.append(f"{schedule} {due}: queued, and its runs are {runs}")
            elif outcome == "ran":
                if waits:
                    faults.append(f"{schedule} {due}: ran before one that waits")
                if len(runs) != 1 or runs[0][0] != run or runs[0][3] is None:
                    faults.append(f"{schedule} {due}: ran, and its runs are {runs}")
                else:
                    outcomes[f"ran: {runs[0][1]}"] += 1
                    if runs[0][1] == "failed":
                        error = store.execute("SELECT error FROM runs WHERE id = ?", [run]).fetchone()[0]
                        faults.append(f"{schedule} {due}: no script here fails, yet: {error}")
            else:
                outcomes[outcome] += 1
                if runs or not detail:
                    faults.append(f"{schedule} {due}: {outcome} ({detail}), and its runs are {runs}")
        lines = (folder / f"{schedule}.begun").read_text().splitlines()
        begun, ended = lines.count("begun"), lines.count("ended")

        def count(condition):
            return store.execute(f"SELECT count(*) FROM runs WHERE name = ? AND {condition}", [schedule]).fetchone()[0]

        # One that was cancelled may have been before its script's first line.
        claimed, cancelled = count("claimed_at IS NOT NULL"), count("claimed_at IS NOT NULL AND state = 'cancelled'")
        if not claimed - cancelled <= begun <= claimed:
            faults.append(f"{schedule}: begun {begun} times, claimed {claimed} times, cancelled {cancelled} times")
        done, lost = count("state = 'done'"), count("state = 'lost' AND claimed_at IS NOT NULL")
        if not done <= ended <= done + cancelled:
            faults.append(f"{schedule}: ended {ended} times, done {done} times, cancelled {cancelled} times")
        if lost:
            faults.append(f"{schedule}: {lost} runs are lost that had begun")
    print(f"{sum(outcomes.values())} firings: " + ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())))
    return faults


if __name__ == "__main__":
    main()
