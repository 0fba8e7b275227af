"""Runs a program that ends with its parent: `leash.py PARENT SIGNAL UID GID PROGRAM [ARGUMENT ...]`.

Run as a script with no site packages, so that starting it costs little. On Linux the kernel sends SIGNAL to the
program when PARENT ends, however it ends. The order matters: changing the account clears that order to the kernel
(prctl(2), PR_SET_PDEATHSIG), so a server that drops root by itself would slip the leash. UID -1 keeps the account.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Becomes the program. Never returns."""
    parent, death_signal, uid, gid = (int(word) for word in arguments[:4])
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(f"process {parent} ended before {arguments[4]} began")
    # Python ignores SIGPIPE, and an ignored signal stays ignored in the program.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execvp(arguments[4], arguments[4:])  # noqa: S606 - becoming another program is what this is for


if __name__ == "__main__":
    main(sys.argv[1:])
