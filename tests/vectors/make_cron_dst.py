#!/usr/bin/env python3
"""Writes cron_dst.json: the firings of cron expressions around every change of clocks of 2026 in five zones.

The firings are those of cronsim, which follows Debian cron. cronsim walks whole hours, and so loses half an hour where the clocks
change by half an hour: expressions that follow the clock are therefore also compared with every second of the window, and
what cronsim leaves out stands in `left_out_by_cronsim`. Needs cronsim and tzdata from PyPI:

    python3 -m venv venv && venv/bin/pip install cronsim==2.8 tzdata && venv/bin/python tests/vectors/make_cron_dst.py
"""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from cronsim import CronSim

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo"]

# Fixed minutes and hours inside and at the edges of every zone's change, and ones that follow the clock.
EXPRESSIONS = [
    "30 2 * * *", "0 2 * * *", "0 3 * * *", "15,45 2 * * *", "15,45 1 * * *", "30 1 * * *", "45 1 * * *", "0 0 * * *",
    "30 0 * * *", "15,45 0 * * *", "30 23 * * *", "15,45 23 * * *", "10 1-3 * * *", "0,30 0-4/2 * * *", "59 1 * * *",
    "30 2 * * SUN", "0 0 * * FRI", "30 23 * * SAT",
    "0 * * * *", "*/15 * * * *", "30 * * * *", "*/10 2 * * *", "*/20 1 * * *", "*/30 0 * * *", "*/30 23 * * *", "5 */2 * * *",
    "* 2 * * *", "0 */3 * * *", "45 */1 * * *", "*/15 4 * * *",
]

# Six fields only where the clock is followed: cronsim leaves Debian's rule out for a sixth field.
SECONDS = ["*/30 */20 * * * *", "15 * 2 * * *"]


def changes(zone):
    """The first instants of 2026's offsets, to the minute."""
    instant = datetime(2026, 1, 1, tzinfo=timezone.utc)
    step = timedelta(minutes=1)
    hour = timedelta(hours=1)
    found = []
    while instant.year == 2026:
        after = instant + hour
        if instant.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            while instant.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
                instant += step
            found.append(instant)
        instant = max(after, instant)
    return found


def firings(expression, zone, start, end):
    """The firings after `start` and up to `end`, with their local offsets."""
    result = []
    for firing in CronSim(expression, start.astimezone(zone)):
        if firing.astimezone(timezone.utc) > end:
            return result
        result.append(firing.isoformat())


def by_the_second(expression, zone, start, end):
    """The firings of an expression that follows the clock, by looking at every second with the fields that cronsim has read."""
    fields = CronSim(expression, start.astimezone(zone))
    result = []
    instant = start + timedelta(seconds=1)
    while instant <= end:
        local = instant.astimezone(zone)
        if (local.second in fields.seconds and local.minute in fields.minutes and local.hour in fields.hours
                and local.month in fields.months and fields.match_day(local.date())):
            result.append(local.isoformat())
        instant += timedelta(seconds=1)
    return result


def follows_clock(expression):
    minute, hour = expression.split()[-5:-3]
    return minute.startswith("*") or hour.startswith("*")


def main():
    tables = []
    for name in ZONES:
        zone = ZoneInfo(name)
        for change in changes(zone):
            start, end = change - timedelta(hours=5), change + timedelta(hours=5)
            rows = {expression: firings(expression, zone, start, end) for expression in EXPRESSIONS + SECONDS}
            left_out = {}
            for expression in filter(follows_clock, rows):
                every = by_the_second(expression, zone, start, end)
                assert set(rows[expression]) <= set(every), (name, expression)
                if missing := [firing for firing in every if firing not in rows[expression]]:
                    left_out[expression] = missing
                    print(f"{name}, {expression}: cronsim leaves out {len(missing)}, the first at {missing[0]}")
            tables.append({
                "zone": name, "change": change.isoformat(), "after": start.isoformat(), "until": end.isoformat(), "firings": rows,
                "left_out_by_cronsim": left_out,
            })
    path = Path(__file__).with_name("cron_dst.json")
    lines = ",\n".join(json.dumps(table) for table in tables)
    path.write_text(f"[\n{lines}\n]\n")
    print(f"{path.name}: {len(tables)} changes, {sum(len(row) for table in tables for row in table['firings'].values())} firings")


if __name__ == "__main__":
    main()
