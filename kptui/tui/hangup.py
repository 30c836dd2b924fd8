"""A terminal that is gone without a word: a window closed, a connection lost, with nobody to send SIGHUP."""

from __future__ import annotations

import os
import select
import signal
import threading
import time

PATIENCE = 5.0
"""Seconds in which the explorer may end by itself."""


def end_with_the_terminal(file: int = 0) -> None:
    """Once the terminal of a descriptor is gone, end as SIGHUP does.

    What is painted then goes nowhere, and waiting for it to be taken would last for ever; so at last the process ends
    in any case, and what it has started ends with its pipes.
    """
    if hasattr(select, "poll"):
        threading.Thread(target=_wait, args=(file,), daemon=True).start()


def _wait(file: int) -> None:
    poll = select.poll()
    poll.register(file, 0)
    while not any(found & select.POLLHUP for _, found in poll.poll()):
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGHUP)
    time.sleep(PATIENCE)
    os._exit(128 + signal.SIGHUP)
