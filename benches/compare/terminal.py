"""A command on a terminal of its own, until it prompts."""

import fcntl
import os
import pty
import select
import struct
import sys
import termios


def at_prompt(command, environment, seconds):
    """The process and its terminal of 24 lines with 80 columns; one that has no prompt after so many seconds is not waited for."""
    process, terminal = pty.fork()
    if process == 0:
        os.execvpe(command[0], command, environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    shown = b""
    while b"> " not in shown:
        if not select.select([terminal], [], [], seconds)[0]:
            sys.exit(f"no prompt in {seconds} seconds: {shown!r}")
        shown += os.read(terminal, 65536)
    return process, terminal
