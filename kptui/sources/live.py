"""This host's own rules, by iptables-save -c; reading is all that is done."""

from __future__ import annotations

import subprocess

from kptui.errors import SourceError
from kptui.sources.text import SourceText, decode
from kptui.text import visible

LIVE = "live:"
COMMAND = ("iptables-save", "-c")
TIMEOUT = 60
"""Seconds; a dump of 160,000 rules takes two or three."""


def read_live() -> SourceText:
    """The rules of this host with their counters; raises SourceError with one sentence on what is missing."""
    try:
        done = subprocess.run(COMMAND, capture_output=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        raise SourceError("This host has no iptables-save: install iptables, or name a dump file.") from None
    except PermissionError:
        raise SourceError(
            "iptables-save may not be run by this user: run kptui as root, or name a dump file."
        ) from None
    except OSError as error:
        raise SourceError(f"iptables-save could not be run: {error.strerror or error}.") from None
    except subprocess.TimeoutExpired:
        raise SourceError(f"iptables-save did not answer within {TIMEOUT} seconds.") from None
    said = visible(done.stderr.decode("utf-8", "replace").strip().split("\n")[0])
    if done.returncode != 0:
        if "ermission denied" in said or "must be root" in said or "ermitted" in said:
            raise SourceError(
                "Reading this host's rules needs root (CAP_NET_ADMIN): run kptui as root, or name a dump file."
            )
        raise SourceError(f"iptables-save failed: {said or f'exit code {done.returncode}'}")
    if not done.stdout.strip():
        raise SourceError("This host has no iptables rules: no table is loaded.")
    return SourceText("this host", decode(done.stdout, "the output of iptables-save"))
