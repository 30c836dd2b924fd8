"""Where the text comes from, and the one sentence that is said where none comes."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import sys
from pathlib import Path

import pytest

from kptui.errors import SourceError
from kptui.sources import is_live, read_source
from kptui.sources.access import Access
from kptui.sources.commands import RULES as SAVES

RULES = "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"


def refused(name: str) -> str:
    """The sentence said of a source that can't be read."""
    with pytest.raises(SourceError) as caught:
        read_source(name)
    assert caught.value.exit_code == 3
    return str(caught.value)


class TestFiles:
    def test_a_file_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "rules.txt"
        path.write_text(RULES)
        assert read_source(str(path)).text == RULES

    def test_a_gzipped_file_is_read_whatever_its_name(self, tmp_path: Path) -> None:
        path = tmp_path / "rules.txt"
        path.write_bytes(gzip.compress(RULES.encode()))
        assert read_source(str(path)).text == RULES

    def test_bytes_that_are_not_utf_8_are_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "rules.txt"
        path.write_bytes(b'*filter\n-A INPUT -m comment --comment "\xff\xe9"\n')
        assert read_source(str(path)).text.encode("utf-8", "surrogateescape") == path.read_bytes()

    def test_a_missing_file(self, tmp_path: Path) -> None:
        assert refused(str(tmp_path / "none.txt")) == f"There is no file {tmp_path}/none.txt."

    def test_a_directory_that_is_no_bundle(self, tmp_path: Path) -> None:
        assert "holds no rules" in refused(str(tmp_path))

    @pytest.mark.parametrize("content", [b"", b" \n\t\n"])
    def test_an_empty_file(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "empty").write_bytes(content)
        assert "is empty" in refused(str(tmp_path / "empty"))

    def test_a_binary_file(self) -> None:
        assert "is a binary file" in refused(sys.executable)

    def test_a_file_packed_by_xz_is_read_and_a_damaged_one_said(self, tmp_path: Path) -> None:
        path = tmp_path / "rules"
        path.write_bytes(lzma.compress(RULES.encode()))
        assert read_source(str(path)).text == RULES
        path.write_bytes(lzma.compress(RULES.encode())[:-20])
        with pytest.raises(SourceError, match="can't be read"):
            read_source(str(path))

    def test_a_damaged_gzip_file(self, tmp_path: Path) -> None:
        (tmp_path / "cut.gz").write_bytes(gzip.compress(RULES.encode() * 100)[:-20])
        assert "can't be read" in refused(str(tmp_path / "cut.gz"))
        (tmp_path / "bad.gz").write_bytes(b"\x1f\x8b" + b"x" * 40)
        assert "can't be read" in refused(str(tmp_path / "bad.gz"))

    def test_a_garbled_gzip_file(self, tmp_path: Path) -> None:
        (tmp_path / "bad.gz").write_bytes(gzip.compress(RULES.encode())[:10] + b"\xff" * 40)
        assert "can't be read" in refused(str(tmp_path / "bad.gz"))

    def test_a_name_no_file_can_have(self) -> None:
        assert "can't be read" in refused("a\0b")
        assert refused("x" * 5000)

    def test_a_name_with_escape_sequences_is_shown_visibly(self) -> None:
        assert "\x1b" not in refused("\x1b[31mred")


class TestStandardInput:
    class Piped:
        """A standard input that is no terminal."""

        def __init__(self, data: bytes) -> None:
            self.buffer = io.BytesIO(data)

        def isatty(self) -> bool:
            return False

    @pytest.fixture(autouse=True)
    def _no_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_terminal(*args: object) -> int:
            raise OSError

        monkeypatch.setattr(os, "open", no_terminal)

    def test_a_dash_reads_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", self.Piped(RULES.encode()))
        assert read_source("-").text == RULES

    def test_nothing_in_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", self.Piped(b""))
        assert "standard input is empty" in refused("-")

    def test_a_gzipped_dump_in_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", self.Piped(gzip.compress(RULES.encode())))
        assert read_source("-").text == RULES

    def test_a_terminal_is_not_waited_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        piped = self.Piped(b"")
        monkeypatch.setattr(piped, "isatty", lambda: True)
        monkeypatch.setattr(sys, "stdin", piped)
        assert "Nothing comes in" in refused("-")

    def test_none_at_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", None)
        assert "Nothing comes in" in refused("-")


class TestLive:
    """`live:` runs iptables-save; here one of our own making stands first on PATH."""

    @pytest.fixture
    def program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("PATH", str(tmp_path))
        return tmp_path / "iptables-save"

    def write(self, program: Path, script: str, mode: int = 0o755) -> None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(mode)

    def test_it_is_the_one_source_that_may_change(self) -> None:
        assert is_live("live:")
        assert not is_live("live.txt")

    def test_the_rules_come_with_their_counters(self, program: Path) -> None:
        self.write(program, """echo "$*"; echo '*filter'; echo COMMIT; echo 'a warning' >&2""")
        assert read_source("live:").text == "-c\n*filter\nCOMMIT\n"
        assert SAVES[0].argv == ("iptables-save", "-c")

    def test_without_the_program(self, program: Path) -> None:
        assert "has no iptables-save" in refused("live:")

    @pytest.mark.parametrize(
        "said",
        [
            "iptables-save v1.8.9 (nf_tables): Could not fetch rule set: Permission denied (you must be root)",
            "iptables-save: Operation not permitted",
            "Fatal: can't open lock file /run/xtables.lock: Permission denied",
        ],
    )
    def test_without_the_privilege(self, program: Path, said: str) -> None:
        self.write(program, f'echo "{said}" >&2; exit 4')
        assert refused("live:").startswith("Reading this host's rules needs root")

    def test_any_other_failure_is_quoted_visibly(self, program: Path) -> None:
        self.write(program, r"""printf 'table \033[31mbroken\nmore\n' >&2; exit 1""")
        assert refused("live:") == "iptables-save failed: table \\x1b[31mbroken"

    def test_a_failure_without_words(self, program: Path) -> None:
        self.write(program, "exit 7")
        assert refused("live:") == "iptables-save failed: exit code 7"

    def test_no_table_loaded(self, program: Path) -> None:
        self.write(program, "exit 0")
        assert "no table is loaded" in refused("live:")

    def test_a_program_that_may_not_be_run(self, program: Path) -> None:
        self.write(program, "exit 0", mode=0o644)
        assert "iptables-save" in refused("live:")

    def test_a_program_that_is_none(self, program: Path) -> None:
        program.write_bytes(b"\x7fELF no program")
        program.chmod(0o755)
        assert refused("live:").startswith("iptables-save")

    def test_a_program_that_hangs_is_given_up(self, program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.write(program, "while :; do :; done")
        monkeypatch.setattr("kptui.sources.access._Chosen.access", Access(timeout=0.05))
        assert "did not answer" in refused("live:")
