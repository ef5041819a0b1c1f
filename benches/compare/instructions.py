#!/usr/bin/env python3
"""Counts the instructions of a signature and of a call, and holds them against benches/instructions.json.

    benches/compare/instructions.py [--update]

More than 10 % above the stored figure fails; --update stores what was counted. Unlike time, the count is the same on a busy machine. It
differs between compilers, so the file names the one that made it. Installs valgrind (Debian) where it is missing.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STORED = ROOT / "benches/instructions.json"
ROUNDS = 500
TOLERANCE = 0.10


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--update", action="store_true", help="store what is counted")
    update = parser.parse_args().update
    if not shutil.which("valgrind"):
        subprocess.run(["apt-get", "install", "--quiet", "--yes", "valgrind"], check=True, stdout=subprocess.DEVNULL)
    program = build()
    counted = {work: (count(program, work, ROUNDS) - count(program, work, 0)) // ROUNDS for work in ("sign", "call")}
    compiler = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if update:
        STORED.write_text(json.dumps({"compiler": compiler, "instructions": counted}, indent=2) + "\n")
    if not STORED.exists():
        sys.exit(f"{counted}; there is no stored figure to hold them against: --update stores these")
    stored = json.loads(STORED.read_text())
    if stored["compiler"] != compiler:
        print(f"the stored figures were made by {stored['compiler']}, this is {compiler}")
    worse = [line for line in (compared(work, counted[work], stored["instructions"][work]) for work in counted) if line]
    sys.exit("\n".join(worse))


def build():
    command = ["cargo", "bench", "--quiet", "--locked", "--bench", "instructions", "--no-run", "--message-format", "json"]
    messages = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    built = [json.loads(line) for line in messages]
    return next(message["executable"] for message in built if message.get("executable") and message["target"]["name"] == "instructions")


def count(program, work, rounds):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, work, str(rounds)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", ended.stderr)[1])


def compared(work, counted, stored):
    change = counted / stored - 1
    print(f"{work}: {counted:,} instructions, {stored:,} stored, {change:+.1%}")
    if change > TOLERANCE:
        return f"{work} takes {change:.1%} more instructions than stored; mend it, or store the new figure with --update and say why"
    if change < -TOLERANCE:
        print(f"{work} has become cheaper: --update keeps it so")
    return None


if __name__ == "__main__":
    main()
