"""What Linux tells of a process, below /proc."""

import re
from pathlib import Path


def memory(process, key):
    """Kilobytes: VmRSS is what is in memory, VmHWM the most that was, RssAnon what no file holds."""
    return int(re.search(rf"{key}:\s+(\d+)", Path(f"/proc/{process}/status").read_text())[1])


def ticks(process):
    """Processor time so far, in the system's ticks."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])
