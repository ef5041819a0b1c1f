#!/usr/bin/env python3
"""Holds the firings around every change of clocks of ten years, in all zones, to an independent reckoning.

    python3 -m venv venv && venv/bin/pip install cronsim==2.8 tzdata && venv/bin/python tests/clock_changes.py

For each zone of the IANA database (links once) and each change of its offset from 2026 to 2035 the firings of 50 expressions from a day
before the change to a day after it are compared: `cumulua schedule next` on one side, cronsim on the other. cronsim walks whole hours,
so it leaves firings out where an offset changes by less (Lord Howe's half hours) and where the change is not on the hour: there an
expression that follows the clock is looked for at every minute of the window with the fields that cronsim has read, and one of fixed
times is held to Debian cron's rule by itself: each time that it names fires once, one that the clocks skip at the end of the gap.
"""

import argparse
import hashlib
import importlib.resources
import json
import os
import subprocess
import sys
import tempfile
import time
import zoneinfo
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from cronsim import CronSim

FIXED = [
    "30 2 * * *", "0 2 * * *", "0 3 * * *", "15,45 2 * * *", "15,45 1 * * *", "30 1 * * *", "45 1 * * *", "0 0 * * *", "30 0 * * *",
    "15,45 0 * * *", "30 23 * * *", "15,45 23 * * *", "10 1-3 * * *", "0,30 0-4/2 * * *", "59 1 * * *", "30 2 * * SUN", "0 0 * * FRI",
    "30 23 * * SAT", "1 0 1 * *", "0 4 L * *", "59 23 * * *", "0 12 * * *", "30 4 1-7 * SUN", "5 3 * 3,4,10,11 *", "0 0 31 * *",
]
FOLLOWING = [
    "0 * * * *", "*/15 * * * *", "30 * * * *", "*/10 2 * * *", "*/20 1 * * *", "*/30 0 * * *", "*/30 23 * * *", "5 */2 * * *", "* 2 * * *",
    "0 */3 * * *", "45 */1 * * *", "*/15 4 * * *", "0 */6 * * *", "*/5 3 * * *", "*/30 1-3 * * *", "17 * * * *", "59 * * * *",
    "*/15 0 * * SUN", "0 */2 1-7 * *", "*/20 2-3 * * SAT,SUN", "7 */4 * * *", "*/45 * * * *", "1 * * 3,10 *", "*/12 23 * * *", "*/30 12 * * *",
]

DAY = timedelta(days=1)


def zones(folder):
    """The names, of links to one content the first."""
    seen = {}
    for name in sorted(zoneinfo.available_timezones()):
        path = folder / name
        if path.is_file() and not name.startswith(("posix", "right", "localtime", "Factory")):
            seen.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), name)
    return sorted(seen.values())


def changes(zone, first, last):
    """The first instants of the offsets, to the minute."""
    found, instant, step = [], datetime(first, 1, 1, tzinfo=timezone.utc), timedelta(days=1)
    end = datetime(last + 1, 1, 1, tzinfo=timezone.utc)

    def offset(at):
        return at.astimezone(zone).utcoffset()

    while instant < end:
        after = instant + step
        if offset(instant) != offset(after):
            # Two changes within a day would hide each other; there are none.
            low, high = instant, after
            while high - low > timedelta(minutes=1):
                middle = low + timedelta(minutes=(high - low).total_seconds() // 120)
                low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
            found.append(high)
        instant = after
    return found


def by_cronsim(expression, zone, start, end):
    result = []
    for firing in CronSim(expression, start.astimezone(zone)):
        at = firing.astimezone(timezone.utc)
        if at > end:
            return result
        # cronsim steps over days to a midnight that the clocks skip; what follows the clock does not fire then.
        if expression in FIXED or at.astimezone(zone).replace(tzinfo=None) == firing.replace(tzinfo=None):
            result.append(at)


def is_named(fields, local):
    return local.minute in fields.minutes and local.hour in fields.hours and local.month in fields.months and fields.match_day(local.date())


def by_the_minute(expression, zone, start, end):
    """The firings of one that follows the clock: every minute whose local time it names."""
    fields = CronSim(expression, start.astimezone(zone))
    minutes = int((end - start).total_seconds() // 60)
    instants = (start + timedelta(minutes=number) for number in range(1, minutes + 1))
    return [at for at in instants if is_named(fields, at.astimezone(zone))]


def by_the_rule(expression, zone, start, end):
    """The firings of one of fixed times: each local time that it names once, at its first pass, or at the end of the gap."""
    fields = CronSim(expression, start.astimezone(zone))
    found, local = set(), (start - DAY).astimezone(zone).replace(tzinfo=None, second=0)
    last = (end + DAY).astimezone(zone).replace(tzinfo=None)
    while local <= last:
        if is_named(fields, local):
            at = local.replace(tzinfo=zone, fold=0).astimezone(timezone.utc)
            if at.astimezone(zone).replace(tzinfo=None) != local:
                at = end_of_gap(zone, at - DAY, at + DAY)
            if start < at <= end:
                found.add(at)
        local += timedelta(minutes=1)
    return sorted(found)


def end_of_gap(zone, low, high):
    """The change between these two."""
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=(high - low).total_seconds() // 120)
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
    return high


def is_whole(zone, change):
    """Whether the change is on the hour, by whole hours, between offsets of whole hours: what cronsim walks."""
    before, after = ((change - timedelta(minutes=1)).astimezone(zone), change.astimezone(zone))
    offsets = (before.utcoffset(), after.utcoffset())
    return all(offset.total_seconds() % 3600 == 0 for offset in offsets) and change.minute == 0


def reckoned(expression, zone, start, end, change):
    if is_whole(zone, change):
        return by_cronsim(expression, zone, start, end)
    if expression in FIXED:
        return by_the_rule(expression, zone, start, end)
    return by_the_minute(expression, zone, start, end)


def check(binary, name, spans, environment):
    zone, wrong, count = ZoneInfo(name), [], 0
    with tempfile.TemporaryDirectory() as folder:
        text = "".join(
            f'[[schedule]]\nname = "s{number}"\nscript = "a.lua"\ncron = "{expression}"\ntimezone = "{name}"\n'
            for number, expression in enumerate(FIXED + FOLLOWING)
        )
        (Path(folder) / "schedules.toml").write_text(text)
        for change in changes(zone, *spans):
            start, end = change - DAY, change + DAY
            arguments = ["schedule", "next", "--json", "--from", start.isoformat(), "--until", end.isoformat()]
            shown = subprocess.run([binary, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
            found = {}
            for firing in json.loads(shown.stdout):
                found.setdefault(firing["name"], []).append(datetime.fromisoformat(firing["at"]).astimezone(timezone.utc))
            for number, expression in enumerate(FIXED + FOLLOWING):
                expected, got = reckoned(expression, zone, start, end, change), found.get(f"s{number}", [])
                count += len(expected)
                if got != expected:
                    differs = sorted(set(got) ^ set(expected))
                    wrong.append(f"{name}, {change.isoformat()}, {expression}: {[at.astimezone(zone).isoformat() for at in differs[:4]]}")
    return wrong, count, len(changes(zone, *spans))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default="target/debug/cumulua")
    parser.add_argument("--years", default="2026-2035")
    parser.add_argument("--only", default="", help="zones whose names have this")
    options = parser.parse_args()
    folder = Path(str(importlib.resources.files("tzdata"))) / "zoneinfo"
    zoneinfo.reset_tzpath([str(folder)])
    # Both sides from one database.
    environment = {**os.environ, "TZDIR": str(folder)}
    spans = tuple(int(year) for year in options.years.split("-"))
    names = [name for name in zones(folder) if options.only in name]
    began, binary = time.monotonic(), str(Path(options.binary).resolve())
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda name: check(binary, name, spans, environment), names))
    wrong = [line for lines, _, _ in results for line in lines]
    firings, changed = (sum(result[index] for result in results) for index in (1, 2))
    for line in wrong[:40]:
        print(line)
    print(f"{len(names)} zones, {changed} changes, {firings} firings, {len(wrong)} lists differ, {time.monotonic() - began:.0f} s")
    sys.exit(bool(wrong) or not firings)


if __name__ == "__main__":
    main()
