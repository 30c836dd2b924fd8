"""The man page: made of the commands, with every option of each, in a language that groff reads without complaint."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from kptui import __version__
from kptui.cli import cli
from kptui.commands import COMMANDS
from tests.support import ROOT


@pytest.fixture(scope="module")
def page() -> str:
    done = subprocess.run(
        [sys.executable, "packaging/man.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"SOURCE_DATE_EPOCH": "1700000000", "PYTHONPATH": str(ROOT)},
    )
    return done.stdout


def options() -> Iterator[tuple[str, str]]:
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        for param in command.params:
            if isinstance(param, click.Option) and not param.hidden:
                yield from ((name, option) for option in param.opts)


def test_every_option_of_every_command_is_in_it(page: str) -> None:
    parts = re.split(r"^\.SS kptui ", page, flags=re.MULTILINE)
    by_name = {("open" if part.startswith("[") else part.split(" ", 1)[0]): part for part in parts[1:]}
    assert list(by_name) == list(COMMANDS)
    for name, option in options():
        assert re.search(rf"^\\fB.*{re.escape(option.replace('-', chr(92) + '-'))}\b", by_name[name], re.MULTILINE), (
            name,
            option,
        )


def test_it_is_dated_and_has_the_version(page: str) -> None:
    assert page.startswith(f'.TH KPTUI 1 "2023-11-14" "kptui {__version__}"')


def test_no_line_of_text_is_taken_for_a_request(page: str) -> None:
    known = {"TH", "SH", "SS", "PP", "TP", "B", "BR", "br", "nf", "fi"}
    assert {line[1:].split(" ")[0] for line in page.splitlines() if line[:1] in (".", "'")} <= known


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_has_nothing_to_complain_of(page: str) -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-Kutf8", "-wall", "-z"], input=page.encode(), capture_output=True, check=True
    )
    assert done.stderr == b""
