#!/usr/bin/env python3
"""Measures cumulua beside what people would use instead, and writes docs/performance.md.

    benches/compare/measure.py [--rounds 5] [--binary PATH] [--only start,calls,changes,pages,answer,tasks,waits,benches]

Builds a release, or takes one that is built: the command at PATH, with the bare program in `examples` beside it. Copies it, installs what it compares
with (Debian: lua5.4, luajit, hyperfine, strace, time; PyPI, in an environment of its own: cds-python-sdk, aliyun-python-sdk-core), starts one
`cumulua sim` with 100,000 servers, and lets all sides do the same work in turn, round by round. What the page says beside the figures stands
in benches/compare/performance.md. With --only, some of the parts go to standard output and the page stays as it is. Linux only.
"""

import argparse
import datetime
import json
import os
import platform
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from process import memory

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "target/compare"
SIDES = ROOT / "benches/compare/sides"
PAGE, TEMPLATE = ROOT / "docs/performance.md", ROOT / "benches/compare/performance.md"
PYTHON = WORK / "venv/bin/python"
# The first does not say that it needs the last.
PACKAGES = ["cds-python-sdk", "aliyun-python-sdk-core", "requests"]
SERVERS = 100_000
HOME = WORK / "home"
ENVIRONMENT = {"HOME": str(HOME), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


# Seconds that one side may take once: what hangs is named, and does not hang the whole.
LIMIT = 180
# A side that is this command is started by its path.
CUMULUA, BARE = "cumulua", "bare"
PROGRAMS = {CUMULUA: ROOT / "target/release/cumulua", BARE: ROOT / "target/release/examples/bare"}
# What the bars are held against, by what the parts name it.
FIGURES = {}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often every side works; 5 unless given")
    parser.add_argument("--binary", type=Path, help="a command that is built already, with examples/bare beside it")
    parser.add_argument("--only", help=f"some of the parts, by name: {','.join(PARTS)}")
    options = parser.parse_args()
    parts = options.only.split(",") if options.only else list(PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    WORK.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir()
    if options.binary:
        PROGRAMS[CUMULUA] = options.binary.resolve()
        PROGRAMS[BARE] = PROGRAMS[CUMULUA].with_name("examples") / "bare"
    else:
        build()
    for name, program in PROGRAMS.items():
        # As `cargo install` and a package leave it, and as lua5.4's came: the kernel maps a file that was copied in larger pieces than
        # one that a linker wrote here and there.
        PROGRAMS[name] = Path(shutil.copy(program, WORK / name))
    install()
    found = {"machine": machine()}
    with Simulator() as url:
        for name in parts:
            say(name)
            found[name] = PARTS[name](url, options.rounds)
    found["bars"] = bars()
    if options.only:
        print("\n\n".join(found.values()))
    else:
        PAGE.write_text(page(found))
        say(f"written: {PAGE.relative_to(ROOT)}")


def page(found):
    """The template with what was found in its places."""
    return re.sub(r"\{\{(\w+)\}\}", lambda place: found[place[1]], TEMPLATE.read_text())


def bars():
    """What was found beside its bar; of what was not measured there is no row."""
    rows = ["| | bar | found | |", "|---|---|---|---|"]
    for name, least, most, unit in BARS:
        if (figure := FIGURES.get(name)) is None:
            continue
        keeps = figure >= least if most is None else figure <= most
        bar = f"at least {least:g}{unit}" if most is None else f"at most {most:g}{unit}"
        rows.append(f"| {name} | {bar} | {figure:.2f}{unit} | {'kept' if keeps else '**missed**'} |")
    return "\n".join(rows)


def say(text):
    print(text, file=sys.stderr, flush=True)


def build():
    say("building")
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--bin", "cumulua", "--example", "bare"]
    subprocess.run(command, cwd=ROOT, check=True)


def install():
    programs = {"lua5.4": "lua5.4", "luajit": "luajit", "hyperfine": "hyperfine", "strace": "strace", "time": "/usr/bin/time"}
    missing = [package for package, program in programs.items() if not shutil.which(program)]
    if missing:
        say(f"installing {', '.join(missing)}")
        subprocess.run(["apt-get", "install", "--quiet", "--yes", *missing], check=True, stdout=subprocess.DEVNULL)
    if not PYTHON.exists():
        say("installing the vendors' Python clients")
        subprocess.run([sys.executable, "-m", "venv", WORK / "venv"], check=True)
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True)


def output(*command):
    return subprocess.run(words(command), capture_output=True, text=True, check=True).stdout.strip()


def words(command):
    return [str(PROGRAMS.get(word, word)) for word in command]


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
        subprocess.run([PROGRAMS[BARE], "account", seed], check=True)
        say(f"starting a simulator with {SERVERS:,} servers")
        command = [CUMULUA, "sim", "--listen", "127.0.0.1:0", "--seed-file", seed]
        self.process = subprocess.Popen(words(command), env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
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
    """What a side printed, and the processor time that it took. Its log goes to a file: a pipe that is not read would hold it up."""
    with open(WORK / "problems", "w+") as problems:
        process = subprocess.Popen(words(command), env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=problems, text=True)
        alarm = threading.Timer(LIMIT, process.kill)
        alarm.start()
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            problems.seek(0)
            said = problems.read()[-2_000:]
            sys.exit(f"{' '.join(words(command))} ended with {process.returncode}, or was ended after {LIMIT} s: {said}")
    return Outcome(float(printed), usage)


def peak(command):
    """The most memory that a side had, in MB."""
    return timed(command, "%M") / 1024


def timed(command, form):
    """One figure of GNU time's."""
    command = words(["/usr/bin/time", "-f", form, "-o", WORK / "timed", *command])
    subprocess.run(command, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LIMIT)
    return int((WORK / "timed").read_text())


def syscalls(command):
    """How often a side asks the kernel for something."""
    command = words(["strace", "-f", "-c", "-o", WORK / "syscalls", *command])
    subprocess.run(command, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LIMIT)
    rows = [line.split() for line in (WORK / "syscalls").read_text().splitlines()]
    # Share, seconds, microseconds a call, calls, perhaps errors, name.
    return sum(int(row[3]) for row in rows if len(row) in (5, 6) and row[0][0].isdigit() and row[-1] != "total")


def in_turn(sides, rounds):
    """Every side once a round, so that what disturbs the machine disturbs all of them, and there and back, so that what a side leaves
    behind and a machine that gets slower favor none."""
    found = {name: [] for name in sides}
    for number in range(rounds):
        for name, command in list(sides.items())[:: -1 if number % 2 else 1]:
            say(f"  {number + 1}/{rounds} {name}")
            found[name].append(run(command))
    return found


def spread(values, form):
    values = sorted(values)
    return f"{form(values[0])} | {form(statistics.median(values))} | {form(values[-1])}"


def beside(found, name, base, better):
    """How many times as fast as the base a side is: the median over the rounds, since a machine's speed changes from one to the next; of
    sides that worked in other rounds, the ratio of the medians."""
    values, others = ([outcome.value for outcome in found[side]] for side in (name, base))
    if len(values) != len(others):
        values, others = [statistics.median(values)], [statistics.median(others)]
    return statistics.median(value / other if better == "more" else other / value for value, other in zip(values, others))


def table(title, found, form, base, better, note=""):
    """One row a side: minimum, median, maximum, and how many times as fast as the base it is."""
    rows = [f"### {title}", "", *([note, ""] if note else []), f"| | minimum | median | maximum | times as fast as {base} | CPU, user + system |", "|---|---|---|---|---|---|"]
    for name, outcomes in found.items():
        ratio = beside(found, name, base, better)
        cpu = " + ".join(f"{statistics.median(getattr(outcome, kind) for outcome in outcomes):.2f} s" for kind in ("user", "system"))
        rows.append(f"| {name} | {spread([outcome.value for outcome in outcomes], form)} | {ratio:.2f} | {cpu} |")
    return "\n".join(rows)


def start(_, rounds):
    sides = {"cumulua run -e ''": [CUMULUA, "run", "-e", ""], "lua5.4 -e ''": ["lua5.4", "-e", ""], "luajit -e ''": ["luajit", "-e", ""],
             "python -c ''": [sys.executable, "-c", ""], "the SDKs imported": [PYTHON, "-c", "import capitalonline, aliyunsdkcore.client"]}  # fmt: skip
    times, cpu = {name: [] for name in sides}, {name: [] for name in sides}
    for number in range(rounds):
        for name, command in sides.items():
            say(f"  {number + 1}/{rounds} {name}")
            runs = 200 if name in list(sides)[:3] else 10
            hyperfine = ["hyperfine", "-N", "--warmup", "5", "--runs", str(runs), "--export-json", WORK / "start.json", shlex.join(words(command))]
            subprocess.run(words(hyperfine), env=ENVIRONMENT, check=True, capture_output=True, timeout=LIMIT)
            result = json.loads((WORK / "start.json").read_text())["results"][0]
            times[name] += result["times"]
            cpu[name].append(result["user"] + result["system"])
    base = statistics.median(times["lua5.4 -e ''"])
    rows = ["| | minimum | median | maximum | of lua5.4's median | CPU | memory | page faults | system calls |", "|---|---|---|---|---|---|---|---|---|"]
    for name, command in sides.items():
        row = spread(times[name], lambda seconds: f"{seconds * 1000:.2f} ms")
        resident = statistics.median(peak(command) for _ in range(5))
        ratio = statistics.median(times[name]) / base
        if name.startswith(CUMULUA):
            FIGURES["start-up beside lua5.4's"], FIGURES["start-up"] = ratio, statistics.median(times[name]) * 1000
            FIGURES["private memory of a script that does nothing"] = private() / 1024
        faults = statistics.median(timed(command, "%R") for _ in range(5))
        rows.append(f"| `{name}` | {row} | {ratio:.2f} | {statistics.median(cpu[name]) * 1000:.2f} ms | {resident:.1f} MB | {faults:.0f} | {syscalls(command):,} |")
    return "\n".join(rows)


def private():
    """The kilobytes of its own (RssAnon) that a script that does nothing has, in the middle of five."""
    return statistics.median(idle(lambda process: memory(process, "RssAnon")) for _ in range(5))


def idle(look):
    """What `look` finds of a script that has begun and waits."""
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        mark = Path(folder) / "begun"
        code = f'io.open({json.dumps(str(mark))}, "w"):close() time.sleep "60s"'
        command = [CUMULUA, "run", "--allow-path", folder, "-e", code]
        process = subprocess.Popen(words(command), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + LIMIT
            while not mark.exists():
                if time.monotonic() > until or process.poll() is not None:
                    sys.exit("a script that only waits did not begin")
                time.sleep(0.01)
            return look(process.pid)
        finally:
            process.kill()
            process.wait()


def calls(url, rounds):
    parts = []
    for concurrency, title in [(1, "5,000 signed calls, one after the other"), (64, "5,000 signed calls, 64 at a time")]:
        sides = {
            "reqwest alone": lambda count: [BARE, "calls", url, count, concurrency],
            "cumulua": lambda count: script("calls", url, count, concurrency),
            "cumulua, nothing recorded": lambda count: script("calls", url, count, concurrency, recorded=False),
            "cds-python-sdk": lambda count: sdk("calls", "cds", url, count, concurrency),
            "aliyun-python-sdk-core": lambda count: sdk("calls", "aliyun", url, count, concurrency),
        }
        say(title)
        # Python's sides take a hundred times as long, and what is beside them is far away.
        quick = {name: side(5_000) for name, side in sides.items() if "sdk" not in name}
        slow = {name: side(5_000) for name, side in sides.items() if "sdk" in name}
        # And the ratio of two that are close to each other takes many rounds on a machine that is not always as fast.
        found = in_turn(quick, rounds * 15) | in_turn(slow, rounds)
        # 500 calls more, so that a start is not counted.
        asked = {name: (syscalls(side(1_000)) - syscalls(side(500))) / 500 for name, side in sides.items() if name in quick}
        note = "System calls for each call: " + ", ".join(f"{name} {count:.1f}" for name, count in asked.items()) + "."
        parts.append(table(title, found, lambda rate: f"{rate:,.0f}/s", "reqwest alone", "more") + f"\n\n{note}")
        at_once = "64 at a time" if concurrency > 1 else "one after the other"
        for base in ("reqwest alone", *slow):
            FIGURES[f"calls {at_once}, beside {base}"] = beside(found, "cumulua", base, "more")
    return "\n\n".join(parts)


def changes(url, rounds):
    """What committing an intent before each change costs."""
    sides = {
        "recorded": script("changes", url, 1_500, 64),
        "nothing recorded": script("changes", url, 1_500, 64, recorded=False),
    }
    # What was made stays in the simulator, which is slower with each; both sides meet it alike.
    found = in_turn(sides, rounds * 3)
    FIGURES["1,500 changes 64 at a time, recorded beside unrecorded"] = beside(found, "nothing recorded", "recorded", "less")
    return table("1,500 changes, 64 at a time", found, seconds, "nothing recorded", "less")


def pages(url, rounds):
    sides = {
        "reqwest alone": [BARE, "pages", url, "1000"],
        "cumulua": script("pages", url, 1000),
        "cds-python-sdk": sdk("pages", url, 1000),
    }
    note = "`items` holds the ids against each other and the count against the service's; the other sides only collect."
    return table(f"{SERVERS:,} servers, in pages of 1,000", in_turn(sides, rounds), seconds, "reqwest alone", "less", note)


def answer(url, rounds):
    size = 14_000
    file = WORK / "answer.json"
    saved = 'local a = cds.ccs.DescribeInstances { PageSize = tonumber(args[2]) }; assert(io.open(args[1], "w")):write(json.encode(a)):close()'
    writer = [CUMULUA, "run", "--no-record", "--allow-path", WORK, "--endpoint", f"cds={url}", "-e", saved, file, str(size)]
    subprocess.run(words(writer), env=ENVIRONMENT, check=True, timeout=LIMIT)
    whole = {"reqwest alone": [BARE, "answer", url, str(size)], "cumulua": script("answer", url, size), "cds-python-sdk": sdk("answer", url, size)}
    parsed = {"serde_json::Value": [BARE, "json", file], "cumulua": script("json", url, file), "Python's json": sdk("json", file)}
    megabytes = file.stat().st_size / 1e6
    answers, texts = in_turn(whole, rounds), in_turn(parsed, rounds * 2)
    FIGURES["10 MB of JSON to tables, beside serde_json into Value"] = beside(texts, "serde_json::Value", "cumulua", "less")
    return "\n\n".join([
        table(f"An answer of {megabytes:.1f} MB, from the call to its tables", answers, seconds, "reqwest alone", "less", "What reqwest alone takes is mostly the simulator, which writes the answer."),
        table(f"{megabytes:.1f} MB of JSON to tables (`json.decode`)", texts, seconds, "serde_json::Value", "less"),
    ])  # fmt: skip


def tasks(url, rounds):
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
    text = table("1,000 tasks waited for at once", found, seconds, "cds-python-sdk, a thread a task", "less", "Both sides ask equally often.")
    return text + "\n\nMemory at most: " + ", ".join(f"{name} {most:.0f} MB" for name, most in memory.items()) + "."


def waits(url, rounds):
    """The task ends after some seconds, and by then all of them have asked for it."""
    rows = ["| | minimum | median | maximum |", "|---|---|---|---|"]
    middle = {}
    for count in (1, 10_000):
        found = []
        for number in range(rounds):
            say(f"  {number + 1}/{rounds} {count:,} waiting")
            found.append(peak(script("waits", url, count)))
        middle[count] = statistics.median(found)
        rows.append(f"| {count:,} waiting | {spread(found, lambda megabytes: f'{megabytes:.1f} MB')} |")
    FIGURES["memory at 10,000 waits"] = middle[10_000]
    each = (middle[10_000] - middle[1]) * 1024 / 10_000
    return "\n".join(rows) + f"\n\nFor each wait: {each:.1f} KB."


def seconds(value):
    return f"{value:.3f} s"


def benches(_, rounds):
    """The criterion benches' figures: the time of one iteration in each sample."""
    # Criterion measures a signature and what it is held against seconds apart, in which a machine may get slower: so several times.
    signing = [criterion(["signing"], 1) for _ in range(rounds)]
    found = criterion(["catalog", "calls", "decode", "cron"], 3)
    for name in signing[0]:
        found[name] = [time for times in signing for time in times[name]]
    rows = ["| | minimum | median | maximum |", "|---|---|---|---|", *(f"| {name} | {spread(times, duration)} |" for name, times in sorted(found.items()))]
    middle = {name: statistics.median(times) for name, times in found.items()}

    def speed(scheme):
        return statistics.median(statistics.median(times[f"bare {scheme}"]) / statistics.median(times[f"sign {scheme}"]) for times in signing)

    ratios = {scheme: speed(scheme) for scheme in ("Cds", "Pop", "Sigv2")}
    FIGURES["signing beside the bare encoding and HMAC, the slowest scheme"] = min(ratios.values())
    notes = [f"- signing, {scheme}: {ratio:.2f} of the speed of the bare encoding and HMAC" for scheme, ratio in ratios.items()]
    for size in ("1 MB", "10 MB"):
        ratio = middle[f"decode/JSON to Lua/{size}"] / middle[f"decode/JSON to serde_json::Value/{size}"]
        FIGURES[f"an answer of {size} to tables, beside serde_json into Value"] = ratio
        notes.append(f"- an answer of {size} to Lua: {ratio:.2f} times the time of serde_json into `Value`")
    return "\n".join([*rows, "", *notes])


def criterion(names, seconds):
    shutil.rmtree(ROOT / "target/criterion", ignore_errors=True)
    selected = [part for name in names for part in ("--bench", name)]
    subprocess.run(["cargo", "bench", "--quiet", "--locked", *selected, "--", "--noplot", "--warm-up-time", "1", "--measurement-time", str(seconds)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    found = {}
    for sample in sorted((ROOT / "target/criterion").rglob("new/sample.json")):
        name = json.loads(sample.with_name("benchmark.json").read_text())["full_id"]
        data = json.loads(sample.read_text())
        found[name] = [taken / count for taken, count in zip(data["times"], data["iters"])]
    return found


def duration(nanoseconds):
    for unit, size in (("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.2f} {unit}"
    return f"{nanoseconds:.0f} ns"


PARTS = {"start": start, "calls": calls, "changes": changes, "pages": pages, "answer": answer, "tasks": tasks, "waits": waits, "benches": benches}

# Of each figure: at least, at most, its unit.
BARS = [
    ("start-up beside lua5.4's", None, 3, " times"),
    ("start-up", None, 4, " ms"),
    ("private memory of a script that does nothing", None, 2, " MB"),
    ("calls one after the other, beside reqwest alone", 0.7, None, " of its speed"),
    ("calls 64 at a time, beside reqwest alone", 0.7, None, " of its speed"),
    ("calls 64 at a time, beside cds-python-sdk", 10, None, " times its speed"),
    ("calls 64 at a time, beside aliyun-python-sdk-core", 10, None, " times its speed"),
    ("1,500 changes 64 at a time, recorded beside unrecorded", None, 1.5, " times the time"),
    ("signing beside the bare encoding and HMAC, the slowest scheme", 0.7, None, " of its speed"),
    ("10 MB of JSON to tables, beside serde_json into Value", None, 3, " times"),
    ("an answer of 10 MB to tables, beside serde_json into Value", None, 3, " times"),
    ("memory at 10,000 waits", None, 64, " MB"),
]

if __name__ == "__main__":
    main()
