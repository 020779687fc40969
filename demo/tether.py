"""A command becomes a process that dies with the one that asked for it, even when that one is killed without a word.

Run by its path, not imported: `python -I -S tether.py PARENT_PID PROGRAM ARGS...` asks the kernel for the death signal
and then becomes the program. Doing this between fork and exec in the parent (`preexec_fn`) is unsafe once it has
threads. Linux only (prctl(2), PR_SET_PDEATHSIG); elsewhere the program simply runs. The signal is SIGKILL: whoever was
tethered to a process that vanished must not be able to decline.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Tie this process to its parent and become the program named by the arguments."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            sys.exit(1)
    os.execvp(program[0], program)  # noqa: S606  a shell would be one process too many


if __name__ == "__main__":
    main()
