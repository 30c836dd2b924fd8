"""What the commands print as JSON, over the samples and the inputs beside them."""

from __future__ import annotations

import contextlib
import json
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from kptui.cli import cli
from tests.docs.inputs import write
from tests.support import SAMPLE_NAMES

_LINES = Path(__file__).with_name("commands.txt")
_SAMPLES = [f"{name}.txt" for name in SAMPLE_NAMES]


class Output(NamedTuple):
    """One JSON value, and the command line that printed it."""

    line: str
    told: Any


def lines() -> Mapping[str, list[str]]:
    """The command lines of commands.txt, by schema."""
    found: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, _LINES.read_text(encoding="utf-8").splitlines())):
        if line.startswith("["):
            into = found.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            into += _written_out(line.replace("SAMPLES", " ".join(_SAMPLES)))
    return found


def _written_out(line: str) -> list[str]:
    return [line.replace("SAMPLE", sample) for sample in _SAMPLES] if "SAMPLE" in line else [line]


def printed(line: str) -> str:
    """What a command line prints, run in the folder where we are."""
    done = CliRunner().invoke(cli, shlex.split(line))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.stdout, f"{line}: {done.stderr}"
    return done.stdout


@cache
def outputs(name: str) -> tuple[Output, ...]:
    """Every JSON value that is printed under a schema."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        write(Path(folder))
        return tuple(each for line in lines()[name] for each in _told(line))


def _told(line: str) -> Iterator[Output]:
    text = printed(line)
    yield from (Output(line, json.loads(each)) for each in (text.splitlines() if "--batch" in line else [text]))
