"""Containers of docker and podman: the exact arguments, both ways in, and what is said where there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kptui.errors import SourceError
from kptui.sources import container, read_source
from kptui.sources.access import Access, choose
from tests.sources.conftest import Program
from tests.sources.standin import HOST, RULES, Answer

ID = "0123456789ab" * 5 + "0123"
INSPECT = ("inspect", "--type", "container", "--format", "{{.Id}} {{.State.Pid}}", "kind-worker")
EXEC = ("exec", "--user", "0", "--privileged", "kind-worker")
PROBE = (*EXEC, "iptables-save", "--version")
INSIDE: dict[tuple[str, ...], Answer | str] = {(*EXEC, *argv): said for argv, said in HOST.items()}
NOT_THERE = Answer(
    error='OCI runtime exec failed: exec failed: exec: "iptables-save": executable file not found in $PATH: unknown',
    code=126,
)
ENGINES = pytest.mark.parametrize("engine", ["docker", "podman"])


def refused(name: str) -> str:
    with pytest.raises(SourceError) as caught:
        read_source(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@ENGINES
class TestWaysIn:
    def test_its_own_iptables(self, program: Program, engine: str) -> None:
        asked = program(engine, {INSPECT: f"{ID} 4242\n", PROBE: "iptables-save v1.8.9", **INSIDE})
        found = read_source(f"{engine}:kind-worker")
        assert (found.text, set(found.facts)) == (RULES, {"ip-addr.json", "uname"})
        assert asked.asked[:3] == [INSPECT, PROBE, (*EXEC, "iptables-save", "-c")]
        assert all(words[: len(EXEC)] == EXEC for words in asked.asked[1:])

    def test_from_outside_where_it_has_none(
        self, program: Program, engine: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(container, "_runs_here", lambda identity, pid: (identity, pid) == (ID, "4242"))
        program(engine, {INSPECT: f"{ID} 4242\n", PROBE: NOT_THERE})
        net = ("--net=/proc/4242/ns/net", "--")
        nsenter = program("nsenter", {(*net, *argv): said for argv, said in HOST.items()})
        assert read_source(f"{engine}:kind-worker").text == RULES
        assert all(words[:2] == net for words in nsenter.asked)

    def test_with_sudo(self, program: Program, engine: str) -> None:
        choose(Access(sudo=True))
        answers = {INSPECT: f"{ID} 4242\n", PROBE: "", **INSIDE}
        sudo = program("sudo", {("-n", engine, *words): said for words, said in answers.items()})
        assert read_source(f"{engine}:kind-worker").text == RULES
        assert all(words[:2] == ("-n", engine) for words in sudo.asked)


@ENGINES
class TestRefused:
    @pytest.mark.parametrize("name", ["", "-x", "--privileged", "a b", "a;b", "a/b", "x\x1b"])
    def test_names_that_are_none(self, program: Program, engine: str, name: str) -> None:
        asked = program(engine, {})
        assert "can't be the name of a container" in refused(f"{engine}:{name}")
        assert asked.asked == []

    def test_without_the_engine(self, program: Program, engine: str) -> None:
        assert refused(f"{engine}:kind-worker") == f"{engine} is not installed, or not on PATH."

    @pytest.mark.parametrize(
        ("inspected", "said"),
        [
            (
                Answer(error="Error response from daemon: No such container: kind-worker", code=1),
                "There is no container",
            ),
            (Answer(error='Error: no such container "kind-worker"', code=125), "There is no container kind-worker"),
            (Answer(error="permission denied while trying to connect to the docker API", code=1), "permission denied"),
            (Answer(f"{ID} 0\n"), "The container kind-worker does not run."),
            (Answer("<no value> -1\n"), "something else than a container's ID and PID"),
        ],
    )
    def test_containers_that_are_not_there(self, program: Program, engine: str, inspected: Answer, said: str) -> None:
        program(engine, {INSPECT: inspected})
        assert said in refused(f"{engine}:kind-worker")

    def test_neither_iptables_nor_root(self, program: Program, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        program(engine, {INSPECT: f"{ID} 4242\n", PROBE: NOT_THERE})
        assert "run kptui as root or with --sudo" in refused(f"{engine}:kind-worker")

    def test_a_pid_of_another_host_is_not_entered(
        self, program: Program, engine: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        program(engine, {INSPECT: f"{ID} {os.getpid()}\n", PROBE: NOT_THERE})
        nsenter = program("nsenter", {})
        assert "runs on another host" in refused(f"{engine}:kind-worker")
        assert nsenter.asked == []


def test_a_process_is_known_by_the_id_in_its_control_group() -> None:
    def words() -> Iterator[str]:
        for name in ("cgroup", "mountinfo"):
            yield from Path("/proc/self", name).read_text().split()

    known = next(words())
    assert container._runs_here(known, str(os.getpid()))
    assert not container._runs_here(ID, str(os.getpid()))
