#!/usr/bin/env python3
"""Counts the instructions of a signature and of a call, and holds them against benches/instructions.json.

    benches/compare/instructions.py [--update]
    benches/compare/instructions.py --calls [--binary PATH]
    benches/compare/instructions.py --smoke

More than 10 % above the stored figure fails; --update stores what was counted. Unlike time, the count is the same on a busy machine. It
differs between compilers, so the file names the one that made it. Installs valgrind (Debian) where it is missing.

--calls counts what a call takes in all, HTTP and the record included, one after the other and 64 at a time, against one simulator: `cumulua run` beside reqwest alone
(examples/bare.rs). More than 1.5 times as many instructions fail. It builds a release, or takes the command at PATH, with the bare program
in `examples` beside it.

--smoke counts a few rounds of all of them in a build without optimization and holds them against nothing: it shows that counting works.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STORED = ROOT / "benches/instructions.json"
ROUNDS = 500
TOLERANCE = 0.10
# The difference of two runs is counted, so that a start is not.
FEW, MANY = 200, 700
# A call's instructions, beside those of reqwest alone.
MOST = 1.5


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--update", action="store_true", help="store what is counted")
    parser.add_argument("--calls", action="store_true", help="count whole calls beside reqwest alone's")
    parser.add_argument("--binary", type=Path, help="with --calls: a command that is built already, with examples/bare beside it")
    parser.add_argument("--smoke", action="store_true", help="show in a few seconds that counting works")
    options = parser.parse_args()
    update = options.update
    if not shutil.which("valgrind"):
        install_valgrind()
    if options.smoke:
        return smoke()
    if options.calls:
        sys.exit(calls(options.binary or build_release()))
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
    sys.exit("\n".join(worse) or 0)


def install_valgrind():
    for command in (["apt-get", "update", "--quiet"], ["apt-get", "install", "--quiet", "--yes", "valgrind"]):
        try:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"valgrind counts the instructions; it is not here and could not be installed: {error}")


def smoke():
    program = build(["cargo", "build"])
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--bin", "cumulua", "--example", "bare"], cwd=ROOT, check=True)
    for work in ("sign", "call"):
        print(f"10 times {work}: {count(program, work, 10):,} instructions without optimization")
    with commands(Path(program).parent.parent / "cumulua") as (each, environment):
        for side, command in each.items():
            print(f"{side}, 10 calls: {collected([*command, '10', '1'], environment):,} instructions without optimization")


def build(cargo=("cargo", "bench", "--no-run")):
    command = [*cargo, "--quiet", "--locked", "--bench", "instructions", "--message-format", "json"]
    messages = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    built = [json.loads(line) for line in messages]
    return next(message["executable"] for message in built if message.get("executable") and message["target"]["name"] == "instructions")


def build_release():
    subprocess.run(["cargo", "build", "--quiet", "--release", "--locked", "--bin", "cumulua", "--example", "bare"], cwd=ROOT, check=True)
    return ROOT / "target/release/cumulua"


def calls(cumulua):
    """Prints both sides and their ratio; gives what is wrong with it."""
    counted = {}
    with commands(cumulua.resolve()) as (each, environment):
        for at_once in (1, 64):
            for side, command in each.items():
                few, many = (collected([*command, str(number), str(at_once)], environment) for number in (FEW, MANY))
                counted[side, at_once] = (many - few) // (MANY - FEW)
    wrong = []
    # One at a time, the count is the same in every run, up to a few in a thousand; 64 at a time, up to a few in a hundred.
    for at_once, how in ((1, "one after the other"), (64, "64 at a time")):
        own, bare = counted["cumulua", at_once], counted["reqwest alone", at_once]
        print(f"{how}: {own:,} instructions a call, reqwest alone {bare:,}; {own / bare:.2f} times, at most {MOST:g}")
        if own / bare > MOST:
            wrong.append(f"a call takes {own / bare:.2f} times the instructions of reqwest alone, and {MOST:g} are allowed")
    return "; ".join(wrong) or None


@contextmanager
def commands(cumulua):
    """The commands that make calls, each side against one simulator, and their environment."""
    script = ROOT / "benches/compare/sides/calls.lua"
    with tempfile.TemporaryDirectory() as home:
        environment = {"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        simulator = subprocess.Popen([cumulua, "sim", "--listen", "127.0.0.1:0"], env=environment, stdout=subprocess.PIPE, text=True)
        try:
            url = next(line.split()[-1] for line in simulator.stdout if line.startswith("listening on "))
            own = [cumulua, "run", "--endpoint", f"cds={url}", script]
            yield {"cumulua": own, "reqwest alone": [cumulua.with_name("examples") / "bare", "calls", url]}, environment
        finally:
            simulator.kill()
            simulator.wait()


def count(program, work, rounds):
    return collected([program, work, str(rounds)])


def collected(command, environment=None):
    """The instructions of all threads."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
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
