#!/usr/bin/env python3
"""How long the first build takes, and the next one after an edit: the README's two commands from a clean clone, one after the other,
then `cargo build` after edits of a text of the Lua half and of one in src/lua.

    benches/compare/build.py [--edits 5] [--only-edits]

Clones what is committed into a temporary folder; crates are downloaded before the clock starts. With --only-edits, a `cargo build` comes
first in place of the two commands, and is not counted. The bars: 180 s for the first command, 180 s more for the second, 6 s for the
build after an edit (median).
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COMMANDS = [("cargo run", ["cargo", "run", "--locked", "--", "run", "--sim", "scripts/quickstart.lua"], 180), ("cargo test", ["cargo", "test", "--locked"], 180)]
EDITED = {"stdlib/core/help.lua": "-- edit", "src/lua/vm.rs": "// edit"}
AFTER_EDIT = 6


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--edits", type=int, default=5, help="how many edits; 5 unless given")
    parser.add_argument("--only-edits", action="store_true", help="leave out the two commands")
    options = parser.parse_args()
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        subprocess.run(["cargo", "fetch", "--locked", "--quiet"], cwd=clone, check=True)
        for name, command, bar in [] if options.only_edits else COMMANDS:
            judge(name, taken(command, clone), bar, missed)
        taken(["cargo", "build", "--locked"], clone)
        for name, line in EDITED.items():
            edited = clone / name
            times = []
            for number in range(options.edits):
                edited.write_text(edited.read_text() + f"{line} {number}\n")
                times.append(taken(["cargo", "build", "--locked"], clone))
            print(f"after an edit of {name}: " + ", ".join(f"{seconds:.1f} s" for seconds in times))
            judge(f"cargo build after an edit of {name}, median", statistics.median(times), AFTER_EDIT, missed)
    sys.exit(f"missed: {', '.join(missed)}" if missed else 0)


def taken(command, folder):
    started = time.monotonic()
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if ended.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}")
    return time.monotonic() - started


def judge(name, seconds, bar, missed):
    kept = seconds <= bar
    print(f"{name}: {seconds:.1f} s, at most {bar} s: {'kept' if kept else 'MISSED'}", flush=True)
    if not kept:
        missed.append(name)


if __name__ == "__main__":
    main()
