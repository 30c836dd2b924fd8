"""The options of every command that has a SOURCE: how a running host is read, and what would be run."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from kptui.commands import COMMANDS as COMMAND_NAMES
from kptui.sources import access
from kptui.sources.commands import COMMANDS
from tests.sources.standin import RULES, StandIn
from tests.support import ROOT, Done

Run = Callable[..., Done]
WITH_SOURCE = [["trace"], ["services"], ["check"], ["parse"], ["capture"], []]


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> Iterator[None]:
    yield
    access.choose(access.Access())


@pytest.mark.parametrize("command", WITH_SOURCE)
def test_a_dry_run_prints_each_command_and_runs_none(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    done = run(*command, "live:", "--dry-run")
    assert done.code == 0
    assert [tuple(shlex.split(line)) for line in done.out.splitlines()] == [each.argv for each in COMMANDS]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "before", "each", "after"),
    [
        ("netns:blue", 1, "sudo -n nsenter --net=/run/netns/blue -- ", 0),
        ("docker:kind", 2, "sudo -n docker exec --user 0 --privileged kind ", 0),
        ("kubectl:ctx/node", 2, "kubectl --context=ctx exec -n NAMESPACE POD -c CONTAINER -- ", 0),
    ],
)
def test_it_says_how_the_way_there_is_found(run: Run, source: str, before: int, each: str, after: int) -> None:
    done = run("capture", source, "--dry-run", "--sudo")
    lines = done.out.splitlines()
    assert len(lines) == before + len(COMMANDS) + after
    shown = lines[before : len(lines) - after]
    assert shown == [each + shlex.join(command.argv) for command in COMMANDS]


def test_over_ssh_and_with_a_debug_pod(run: Run) -> None:
    lines = run("check", "ssh:me@node1", "--dry-run").out.splitlines()
    assert lines[0] == "ssh -G -- me@node1"
    assert lines[2].endswith("-- me@node1 'iptables-save -c'")
    assert lines[-1].endswith("-O exit -- me@node1")
    lines = run("check", "kubectl:node1", "--dry-run", "--debug-image", "tools:1").out.splitlines()
    assert lines[2].startswith("kubectl debug node/node1 --image=tools:1 ")
    assert lines[-1].startswith("kubectl delete pod POD ")


def test_both_sides_of_a_diff_and_all_nodes(run: Run, tmp_path: Path) -> None:
    done = run("diff", "live:", "netns:blue", "--dry-run")
    assert len(done.out.splitlines()) == 2 * len(COMMANDS) + 1
    assert run("check", "kubectl:", "--dry-run").out.startswith("kubectl get nodes ")
    done = run("check", "rules.txt", "--dry-run")
    assert (done.out, done.err) == ("", "kptui: rules.txt is read; no command is run.\n")


def test_a_dry_run_of_a_name_that_is_none(run: Run) -> None:
    done = run("check", "ssh:-x", "--dry-run")
    assert (done.code, done.out) == (3, "")


def test_every_command_with_a_source_has_them() -> None:
    for name in COMMAND_NAMES:
        command = import_module(f"kptui.commands.{name}").command
        options = {option for each in command.params for option in each.opts}
        if {each.name for each in command.params} & {"source", "sources", "before"}:
            assert options >= {"--sudo", "--timeout", "--log", "--debug-image", "--dry-run"}, name


def test_words_to_look_for_are_no_sources(run: Run) -> None:
    assert "nginx" not in run("services", "live:", "nginx", "--dry-run").err


class TestLive:
    @pytest.fixture
    def programs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("PATH", str(tmp_path))
        StandIn(tmp_path, "iptables-save", {("-c",): RULES})
        return tmp_path

    def test_each_command_is_logged_on_request(self, run: Run, programs: Path, tmp_path: Path) -> None:
        log = tmp_path / "log"
        assert run("check", "live:", "--log", str(log)).code == 0
        lines = log.read_text().splitlines()
        assert len(lines) == len(COMMANDS) - 1
        assert lines[0].endswith(f"s {len(RULES)}B exit 0: iptables-save -c")
        assert lines[-1].endswith("s 0B not installed: ip -V")

    def test_a_log_that_can_t_be_written(self, run: Run, programs: Path) -> None:
        done = run("check", "live:", "--log", "/no/such/folder/log")
        assert done.code == 3
        assert done.err.count("\n") == 1

    def test_sudo_only_when_asked_for(self, run: Run, programs: Path) -> None:
        sudo = StandIn(programs, "sudo", {("-n", "iptables-save", "-c"): RULES})
        assert run("check", "live:").code == 0
        assert sudo.asked == []
        assert run("check", "live:", "--sudo").code == 0
        assert sudo.asked[0] == ("-n", "iptables-save", "-c")

    @pytest.mark.parametrize(("told", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
    def test_told_to_end_it_ends_what_runs_and_leaves_nothing(
        self, programs: Path, tmp_path: Path, told: signal.Signals, code: int
    ) -> None:
        (programs / "iptables-save").write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pipe\nwhile :; do :; done\n")
        os.mkfifo(tmp_path / "pipe")
        command = [sys.executable, "-m", "kptui", "capture", "-o", str(tmp_path / "x.tgz")]

        def as_from_a_terminal() -> None:
            """What runs in the background is begun deaf to Ctrl-C, under nohup to the end of the terminal."""
            signal.signal(told, signal.SIG_DFL)

        begin = {"cwd": ROOT, "stderr": subprocess.PIPE, "preexec_fn": as_from_a_terminal}
        with subprocess.Popen(command, **begin) as process:  # type: ignore[call-overload]
            pid = int((tmp_path / "pipe").read_text())  # which waits until the program runs
            child = os.pidfd_open(pid)
            process.send_signal(told)
            assert process.wait(60) == code
            assert select.select([child], [], [], 30)[0], "iptables-save lives on"
            os.close(child)
            assert process.stderr is not None
            assert process.stderr.read().strip() == b""
        assert not list(tmp_path.glob("*x.tgz*"))

    def test_one_that_hangs(self, run: Run, programs: Path) -> None:
        (programs / "iptables-save").write_text("#!/bin/sh\nwhile :; do :; done\n")
        done = run("check", "live:", "--timeout", "0.2")
        assert done.code == 3
        assert (
            "iptables-save did not answer (this host): no answer within 0.2 seconds; --timeout SECONDS waits longer."
            in done.err
        )
