#!/usr/bin/env python3
"""Holds the memory of a run that sends and receives a large object over a simulator that keeps it in a folder.

    cargo build && tests/objects.py [--binary target/debug/cumulua] [--megabytes 200] [--limit 64]

Prints the largest memory of the run and of the simulator in MiB, for that object and for one of 1 MB, and ends with
1 where the run had the limit or more, or clearly more for the large one, or an object did not come back as it was.
"""

import argparse
import filecmp
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# How much more memory a large object may take than a small one, in MiB.
GROWTH = 6

SCRIPT = """local oss, at = cds.oss_v11, { Host = "test001.oss-cnbj01.cdsgss.com", key = "large" }
oss.PutBucket { Host = at.Host, bucket_type = "private" }
oss.UploadObject(at, { file = "large" })
oss.GetObject(at, { file = "back" })
"""


def peak(process):
    """Waits for the end of a process; its largest memory in MiB, and its status."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss / 1024, process.returncode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default="target/debug/cumulua")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--limit", type=int, default=64)
    options = parser.parse_args()
    binary = Path(options.binary).resolve()
    whole = measure(binary, options.megabytes)
    small = measure(binary, 1)
    if whole is None or small is None:
        print("the object did not come back as it was")
        return 1
    # What is in memory must not follow from what is sent.
    return 0 if whole < options.limit and whole - small < GROWTH else 1


def measure(binary, megabytes):
    """The largest memory of a run that moves so much; none where it did not come back as it was."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        with open(folder / "large", "wb") as large:
            for _ in range(megabytes):
                large.write(os.urandom(1_000_000))
        environment = {"HOME": str(folder), "CDS_SECRET_ID": "sim", "CDS_SECRET_KEY": "sim-secret"}
        simulator = subprocess.Popen([binary, "sim", "--objects", folder / "objects"], cwd=folder, env=environment,
                                     stdout=subprocess.PIPE, text=True)
        try:
            url = simulator.stdout.readline().split()[-1]
            run = subprocess.Popen([binary, "run", "--endpoint", f"cds={url}", "-e", SCRIPT], cwd=folder, env=environment)
            memory, status = peak(run)
        finally:
            simulator.terminate()
        held, _ = peak(simulator)
        print(f"{megabytes} MB: the run had {memory:.1f} MiB at most, the simulator {held:.1f}")
        is_same = status == 0 and filecmp.cmp(folder / "large", folder / "back", shallow=False)
        return memory if is_same else None


if __name__ == "__main__":
    sys.exit(main())
