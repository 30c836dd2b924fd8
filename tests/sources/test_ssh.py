"""A host through ssh, against a real sshd: one connection, exact commands, and one sentence for whatever goes wrong."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kptui.errors import CancelledError, SourceError
from kptui.loading import load
from kptui.sources import commands, gather_source, read_source, running, ways
from kptui.sources.access import Access, choose
from kptui.sources.commands import COMMANDS, MEMBERS
from kptui.sources.steps import Step
from tests.sources.sshd import Sshd, serving
from tests.sources.standin import HOST, RULES, Answer, StandIn


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sshd, Path]]:
    folder, programs = tmp_path_factory.mktemp("sshd"), tmp_path_factory.mktemp("programs")
    with serving(folder, programs) as running_one:
        yield running_one, programs


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where our temporary files go; a socket's name has to be short."""
    with tempfile.TemporaryDirectory(prefix="k-", dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)
        ways.close_all()


@pytest.fixture
def node(daemon: tuple[Sshd, Path], temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Sshd:
    """The daemon."""
    monkeypatch.setenv("PATH", str(daemon[1]))
    return daemon[0]


def programs_of(node: Sshd) -> dict[str, StandIn]:
    """Programs on the remote host, that note what they are asked."""
    answers: dict[str, dict[tuple[str, ...], Answer | str]] = {command.argv[0]: {} for command in COMMANDS}
    for argv, said in HOST.items():
        answers[argv[0]][argv[1:]] = said
    for name in answers:
        (node.programs / f"{name}.asked").unlink(missing_ok=True)
    return {name: StandIn(node.programs, name, recorded) for name, recorded in answers.items()}


def refused(name: str) -> str:
    with pytest.raises(SourceError) as caught:
        load(name)
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def _few_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for the rules, the addresses and a version only."""
    monkeypatch.setattr(
        "kptui.sources.gather.FACTS", [MEMBERS[name] for name in ("ip-addr.json", "uname", "ip-version")]
    )
    monkeypatch.setattr("kptui.sources.gather.RULES", commands.RULES[:2])


class TestReading:
    def test_the_table_is_run_word_for_word_and_nothing_else(self, node: Sshd) -> None:
        programs = programs_of(node)
        found = read_source("ssh:node1")
        assert found.text == RULES
        assert set(found.facts) == {"ip-addr.json", "uname"}
        asked = [(name, *words) for name, program in programs.items() for words in program.asked]
        assert sorted(asked) == sorted(each.argv for each in COMMANDS if each.member != "iptables-nft-save")

    @pytest.mark.usefixtures("_few_commands")
    def test_one_connection_for_all_commands_and_readings_and_nothing_left(self, node: Sshd, temporary: Path) -> None:
        programs_of(node)
        before = node.logins
        for _ in range(2):
            gather_source("ssh:node1")
        assert node.logins == before + 1
        [folder] = temporary.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        ways.close_all()
        assert list(temporary.iterdir()) == []
        gather_source("ssh:node1")
        assert node.logins == before + 2

    @pytest.mark.usefixtures("_few_commands")
    def test_a_connection_that_the_user_shares_is_used_and_left_open(
        self, node: Sshd, tmp_path: Path, temporary: Path
    ) -> None:
        programs_of(node)
        log = tmp_path / "log"
        choose(Access(log=str(log)))
        before = node.logins
        gather_source("ssh:shared")
        ways.close_all()
        gather_source("ssh:shared")
        ways.close_all()
        try:
            assert node.logins == before + 1
            assert "ControlPath" not in log.read_text()
            assert list(temporary.iterdir()) == []
        finally:
            subprocess.run(["ssh", "-O", "exit", "shared"], capture_output=True, check=True)

    @pytest.mark.usefixtures("_few_commands")
    def test_users_and_ports(self, node: Sshd) -> None:
        programs_of(node)
        assert read_source(f"ssh://node1:{node.port}").text == RULES

    @pytest.mark.usefixtures("_few_commands")
    def test_sudo_only_if_asked_for(self, node: Sshd) -> None:
        programs_of(node)
        behind = {("-n", *argv): said for argv, said in HOST.items()}
        sudo = StandIn(node.programs, "sudo", behind)
        gather_source("ssh:node1")
        assert sudo.asked == []
        choose(Access(sudo=True))
        assert read_source("ssh:node1").text == RULES
        assert sudo.asked[0] == ("-n", "iptables-save", "-c")

    @pytest.mark.usefixtures("_few_commands")
    def test_each_command_is_logged(self, node: Sshd, tmp_path: Path) -> None:
        programs_of(node)
        choose(Access(log=str(tmp_path / "log")))
        gather_source("ssh:node1")
        lines = (tmp_path / "log").read_text().splitlines()
        assert lines[0].endswith("exit 0: ssh -G -- node1")
        assert lines[1].endswith("-- node1 true")
        assert lines[2].endswith("-- node1 'iptables-save -c'")
        [missing] = [line for line in lines if line.endswith("-- node1 'ip -V'")]
        assert " exit 127: ssh " in missing


@pytest.mark.usefixtures("_few_commands")
class TestRefused:
    @pytest.mark.parametrize(
        "name",
        [
            "",
            "-oProxyCommand=x",
            "-x@node1",
            "a@-node1",
            "node1;id",
            "a b",
            "$(id)",
            "a`id`",
            "a\n",
            "a'b@c",
            "//-x",
            "x\x1b",
        ],
    )
    def test_names_that_are_none_reach_no_ssh(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        ssh = StandIn(tmp_path, "ssh", {})
        assert "can't be the name of a host" in refused(f"ssh:{name}")
        assert ssh.asked == []

    def test_without_ssh(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert "ssh is not installed" in refused("ssh:node1")

    @pytest.mark.parametrize(
        ("host", "said"),
        [
            ("stranger", "Permission denied (publickey"),
            ("unknown-key", "log in by hand once, and look at its host key."),
            (
                "//node1:1",
                "The host node1:1 can't be reached: ssh: connect to host 127.0.0.1 port 1: Connection refused.",
            ),
            ("noisy", "The host noisy prints “Welcome to node1” whenever its shell starts"),
            ("garbage", "The host garbage: iptables-save printed no rules: a table such as *filter was expected"),
            ("binary", "The host binary: iptables-save printed something binary"),
            ("truncated", "iptables-save printed a table without its COMMIT: what it says was cut off."),
        ],
    )
    def test_hosts_that_give_no_rules(self, node: Sshd, temporary: Path, host: str, said: str) -> None:
        assert said in refused(f"ssh:{host}")
        assert list(temporary.iterdir()) == []

    def test_without_iptables_and_without_the_right(self, node: Sshd) -> None:
        programs_of(node)
        (node.programs / "iptables-save").unlink()
        assert refused("ssh:node1") == (
            "The host node1 has no iptables-save on the PATH of this user: install iptables there, log in as root "
            "(ssh:root@HOST), add --sudo, or name a dump file."
        )
        denied = Answer(error="iptables-save v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission "
                        "denied (you must be root)", code=4)  # fmt: skip
        StandIn(node.programs, "iptables-save", {("-c",): denied})
        assert refused("ssh:node1").startswith("Reading its rules needs root (CAP_NET_ADMIN): log in as root")

    def test_sudo_that_asks_for_a_password(self, node: Sshd) -> None:
        asks = Answer(error="sudo: a password is required", code=1)
        StandIn(node.programs, "sudo", {("-n", "iptables-save", "-c"): asks})
        choose(Access(sudo=True))
        assert refused("ssh:node1") == "The host node1: sudo -n does not run iptables-save: a password is required."

    @pytest.mark.parametrize("host", ["deaf", "hanging"])
    def test_one_that_hangs_is_given_up(self, node: Sshd, host: str) -> None:
        choose(Access(timeout=2))
        assert refused(f"ssh:{host}") == f"The host {host} can't be asked: no answer within 2 seconds."

    def test_one_that_floods_is_stopped(self, node: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(running, "MAX_BYTES", 4 << 20)
        assert "can't be asked: it says more than a bundle may hold." in refused("ssh:flooding")

    def test_a_cancelled_reading_ends_at_once_and_the_connection_serves_the_next(self, node: Sshd) -> None:
        programs_of(node)
        before = node.logins
        told: list[Step] = []
        began = time.monotonic()
        with pytest.raises(CancelledError):
            gather_source("ssh:node1", cancelled=lambda: len(told) > 2, progress=told.append)
        assert time.monotonic() - began < 20
        assert str(told[0]) == "ssh:node1: finding the way there"
        assert str(told[1]) == "host node1: iptables-save -c (1 of 19)"
        assert told[1].limit == 60
        assert read_source("ssh:node1").text == RULES
        assert node.logins == before + 1
