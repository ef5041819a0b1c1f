#!/usr/bin/env python3
"""Measures cumulua beside what people would use instead, and prints the figures as Markdown.

    benches/compare/measure.py [--rounds 7] [--only start,calls,pages,answer,tasks,waits,benches]

Builds a release, installs what it compares with (Debian: lua5.4, luajit, hyperfine, time; PyPI, in an environment of its own:
cds-python-sdk, aliyun-python-sdk-core), starts one `cumulua sim` with 100,000 servers, and lets all sides do the same work in turn, round by
round. Linux only.
"""

import argparse
import datetime
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "target/compare"
SIDES = ROOT / "benches/compare/sides"
CUMULUA = ROOT / "target/release/cumulua"
BARE = ROOT / "target/release/examples/bare"
PYTHON = WORK / "venv/bin/python"
# The first does not say that it needs the last.
PACKAGES = ["cds-python-sdk", "aliyun-python-sdk-core", "requests"]
SERVERS = 100_000
HOME = WORK / "home"
ENVIRONMENT = {"HOME": str(HOME), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="how often every side works; 7 unless given")
    parser.add_argument("--only", default="start,calls,pages,answer,tasks,waits,benches", help="some of the parts, by name")
    options = parser.parse_args()
    parts = options.only.split(",")
    WORK.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir()
    build()
    install()
    text = [machine()]
    if "start" in parts:
        text.append(start(options.rounds))
    if {"calls", "pages", "answer", "tasks", "waits"} & set(parts):
        with Simulator() as url:
            for name, part in [("calls", calls), ("pages", pages), ("answer", answer), ("tasks", tasks), ("waits", waits)]:
                if name in parts:
                    text.append(part(url, options.rounds))
    if "benches" in parts:
        text.append(benches())
    print("\n\n".join(text))


def say(text):
    print(text, file=sys.stderr, flush=True)


def build():
    say("building")
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--bin", "cumulua", "--example", "bare"]
    subprocess.run(command, cwd=ROOT, check=True)


def install():
    programs = {"lua5.4": "lua5.4", "luajit": "luajit", "hyperfine": "hyperfine", "time": "/usr/bin/time"}
    missing = [package for package, program in programs.items() if not shutil.which(program)]
    if missing:
        say(f"installing {', '.join(missing)}")
        subprocess.run(["apt-get", "install", "--quiet", "--yes", *missing], check=True, stdout=subprocess.DEVNULL)
    if not PYTHON.exists():
        say("installing the vendors' Python clients")
        subprocess.run([sys.executable, "-m", "venv", WORK / "venv"], check=True)
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True)


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def machine():
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / 1024 / 1024
    script = "import importlib.metadata as m; print(*(f'{n} {m.version(n)}' for n in %r), sep=', ')" % PACKAGES
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    commit = output("git", "-C", ROOT, "describe", "--always", "--dirty")
    rows = [
        f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB; {platform.system()} {platform.release()}",
        f"{output(CUMULUA, '--version')} ({commit}), {output('rustc', '--version')}",
        f"{output('lua5.4', '-v').split('  ')[0]}, {output('luajit', '-v').split(' -- ')[0]}, Python {platform.python_version()}, {output(PYTHON, '-c', script)}",
        f"{now}; load when it began: {os.getloadavg()[0]:.2f}",
    ]
    return "\n".join(f"- {row}" for row in rows)


class Simulator:
    """`cumulua sim` with 100,000 servers, as a process of its own."""

    def __enter__(self):
        seed = WORK / "servers.json"
        subprocess.run([BARE, "account", seed], check=True)
        say(f"starting a simulator with {SERVERS:,} servers")
        command = [CUMULUA, "sim", "--listen", "127.0.0.1:0", "--seed-file", seed]
        self.process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith("listening on "):
                return line.split()[-1]
        sys.exit("the simulator did not start")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def script(name, url, *args, recorded=True):
    """cumulua at one of the scripts; recorded as every run of a user's is, unless told otherwise."""
    bare = [] if recorded else ["--no-record", "--audit", "/dev/null"]
    return [CUMULUA, "run", *bare, "--allow-path", WORK, "--endpoint", f"cds={url}", SIDES / f"{name}.lua", *map(str, args)]


def sdk(mode, *args):
    return [PYTHON, SIDES / "sdk.py", mode, *map(str, args)]


class Outcome:
    def __init__(self, value, usage):
        self.value, self.user, self.system = value, usage.ru_utime, usage.ru_stime


def run(command):
    """What a side printed, and the processor time that it took."""
    process = subprocess.Popen([str(part) for part in command], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    printed, problems = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}: {problems}")
    return Outcome(float(printed), usage)


def peak(command):
    """The most memory that a side had, in MB."""
    timed = ["/usr/bin/time", "-f", "%M", "-o", WORK / "peak", *command]
    subprocess.run([str(part) for part in timed], env=ENVIRONMENT, check=True, capture_output=True)
    return int((WORK / "peak").read_text()) / 1024


def in_turn(sides, rounds):
    """Every side once a round, so that what disturbs the machine disturbs all of them."""
    found = {name: [] for name in sides}
    for number in range(rounds):
        for name, command in sides.items():
            say(f"  {number + 1}/{rounds} {name}")
            found[name].append(run(command))
    return found


def spread(values, form):
    values = sorted(values)
    return f"{form(values[0])} | {form(statistics.median(values))} | {form(values[-1])}"


def table(title, found, form, base, better, note=""):
    """One row a side: minimum, median, maximum, and the ratio of the medians to the base's, so that more than 1 is better."""
    rows = [f"### {title}", "", *([note, ""] if note else []), f"| | minimum | median | maximum | times as fast as {base} | CPU, user + system |", "|---|---|---|---|---|---|"]
    middle = {name: statistics.median(outcome.value for outcome in outcomes) for name, outcomes in found.items()}
    for name, outcomes in found.items():
        ratio = middle[name] / middle[base] if better == "more" else middle[base] / middle[name]
        cpu = " + ".join(f"{statistics.median(getattr(outcome, kind) for outcome in outcomes):.2f} s" for kind in ("user", "system"))
        rows.append(f"| {name} | {spread([outcome.value for outcome in outcomes], form)} | {ratio:.2f} | {cpu} |")
    return "\n".join(rows)


def start(rounds):
    sides = {"cumulua run -e ''": [CUMULUA, "run", "-e", ""], "lua5.4 -e ''": ["lua5.4", "-e", ""], "luajit -e ''": ["luajit", "-e", ""],
             "python -c ''": [sys.executable, "-c", ""], "the SDKs imported": [PYTHON, "-c", "import capitalonline, aliyunsdkcore.client"]}  # fmt: skip
    times, cpu = {name: [] for name in sides}, {name: [] for name in sides}
    for number in range(rounds):
        for name, command in sides.items():
            say(f"  {number + 1}/{rounds} {name}")
            runs = 100 if name in list(sides)[:3] else 10
            quoted = " ".join("''" if part == "" else f"'{part}'" for part in command)
            hyperfine = ["hyperfine", "-N", "--warmup", "5", "--runs", str(runs), "--export-json", str(WORK / "start.json"), quoted]
            subprocess.run(hyperfine, env=ENVIRONMENT, check=True, capture_output=True)
            result = json.loads((WORK / "start.json").read_text())["results"][0]
            times[name] += result["times"]
            cpu[name].append(result["user"] + result["system"])
    base = statistics.median(times["lua5.4 -e ''"])
    rows = ["### Start-up", "", "| | minimum | median | maximum | of lua5.4's median | CPU | memory |", "|---|---|---|---|---|---|---|"]
    for name, command in sides.items():
        row = spread(times[name], lambda seconds: f"{seconds * 1000:.2f} ms")
        memory = statistics.median(peak(command) for _ in range(5))
        ratio = statistics.median(times[name]) / base
        rows.append(f"| `{name}` | {row} | {ratio:.2f} | {statistics.median(cpu[name]) * 1000:.2f} ms | {memory:.1f} MB |")
    return "\n".join(rows)


def calls(url, rounds):
    parts = []
    for concurrency, title in [(1, "5,000 signed calls, one after the other"), (64, "5,000 signed calls, 64 at a time")]:
        sides = {
            "reqwest alone": [BARE, "calls", url, "5000", str(concurrency)],
            "cumulua": script("calls", url, 5000, concurrency),
            "cumulua, nothing recorded": script("calls", url, 5000, concurrency, recorded=False),
            "cds-python-sdk": sdk("calls", "cds", url, 5000, concurrency),
            "aliyun-python-sdk-core": sdk("calls", "aliyun", url, 5000, concurrency),
        }
        say(title)
        parts.append(table(title, in_turn(sides, rounds), lambda rate: f"{rate:,.0f}/s", "reqwest alone", "more"))
    return "\n\n".join(parts)


def pages(url, rounds):
    say("pages")
    sides = {
        "reqwest alone": [BARE, "pages", url, "1000"],
        "cumulua": script("pages", url, 1000),
        "cds-python-sdk": sdk("pages", url, 1000),
    }
    note = "`items` holds the ids against each other and the count against the service's; the other sides only collect."
    return table(f"{SERVERS:,} servers, in pages of 1,000", in_turn(sides, rounds), seconds, "reqwest alone", "less", note)


def answer(url, rounds):
    say("an answer of 10 MB")
    size = 14_000
    file = WORK / "answer.json"
    saved = 'local a = cds.ccs.DescribeInstances { PageSize = tonumber(args[2]) }; assert(io.open(args[1], "w")):write(json.encode(a)):close()'
    writer = [CUMULUA, "run", "--no-record", "--allow-path", WORK, "--endpoint", f"cds={url}", "-e", saved, file, str(size)]
    subprocess.run([str(part) for part in writer], env=ENVIRONMENT, check=True)
    whole = {"reqwest alone": [BARE, "answer", url, str(size)], "cumulua": script("answer", url, size), "cds-python-sdk": sdk("answer", url, size)}
    parsed = {"serde_json::Value": [BARE, "json", file], "cumulua": script("json", url, file), "Python's json": sdk("json", file)}
    megabytes = file.stat().st_size / 1e6
    return "\n\n".join([
        table(f"An answer of {megabytes:.1f} MB, from the call to its tables", in_turn(whole, rounds), seconds, "reqwest alone", "less", "Most of it is the simulator, which writes the answer."),
        table(f"{megabytes:.1f} MB of JSON to tables (`json.decode`)", in_turn(parsed, rounds), seconds, "serde_json::Value", "less"),
    ])  # fmt: skip


def tasks(url, rounds):
    say("1,000 tasks")
    found = {"cumulua": [], "cds-python-sdk, a thread a task": []}
    memory = {name: 0.0 for name in found}
    # Every round stops other servers.
    for number in range(min(rounds, 3)):
        for side, name in enumerate(found):
            say(f"  {number + 1} {name}")
            first = (number * 2 + side) * 2_000
            command = script("tasks", url, 1000, first) if side == 0 else sdk("tasks", url, 1000, first)
            found[name].append(run(command))
            command = script("tasks", url, 1000, first + 1_000) if side == 0 else sdk("tasks", url, 1000, first + 1_000)
            memory[name] = max(memory[name], peak(command))
    text = table("1,000 tasks waited for at once", found, seconds, "cds-python-sdk, a thread a task", "less", "Most of it is the tasks' own time; both sides ask as often.")
    return text + "\n\nMemory at most: " + ", ".join(f"{name} {most:.0f} MB" for name, most in memory.items()) + "."


def waits(url, rounds):
    """The task ends after some seconds, and by then all of them have asked for it."""
    say("10,000 coroutines that wait")
    rows = ["### 10,000 coroutines that wait for one task", "", "| | minimum | median | maximum |", "|---|---|---|---|"]
    for count in (1, 10_000):
        row = spread([peak(script("waits", url, count)) for _ in range(rounds)], lambda megabytes: f"{megabytes:.1f} MB")
        rows.append(f"| {count:,} waiting | {row} |")
    return "\n".join(rows)


def seconds(value):
    return f"{value:.3f} s"


def benches():
    """The criterion benches' figures: the time of one iteration in each sample."""
    say("benches")
    names = ["signing", "catalog", "calls", "decode", "cron"]
    shutil.rmtree(ROOT / "target/criterion", ignore_errors=True)
    selected = [part for name in names for part in ("--bench", name)]
    subprocess.run(["cargo", "bench", "--quiet", "--locked", *selected, "--", "--noplot"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    rows = ["### Steps alone (`cargo bench`)", "", "| | minimum | median | maximum |", "|---|---|---|---|"]
    middle = {}
    for sample in sorted((ROOT / "target/criterion").rglob("new/sample.json")):
        name = json.loads(sample.with_name("benchmark.json").read_text())["full_id"]
        data = json.loads(sample.read_text())
        times = [taken / count for taken, count in zip(data["times"], data["iters"])]
        middle[name] = statistics.median(times)
        rows.append(f"| {name} | {spread(times, duration)} |")
    ratios = [f"- signing, {scheme}: {middle[f'bare {scheme}'] / middle[f'sign {scheme}']:.2f} of the speed of the bare encoding and HMAC" for scheme in ("Cds", "Pop", "Sigv2")]
    for size in ("1 MB", "10 MB"):
        ratio = middle[f"decode/JSON to Lua/{size}"] / middle[f"decode/JSON to serde_json::Value/{size}"]
        ratios.append(f"- {size} of JSON to Lua: {ratio:.2f} times the time of serde_json into `Value`")
    return "\n".join([*rows, "", *ratios])


def duration(nanoseconds):
    for unit, size in (("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.2f} {unit}"
    return f"{nanoseconds:.0f} ns"


if __name__ == "__main__":
    main()
