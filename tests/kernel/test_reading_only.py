"""Nothing is ever written to a firewall: what a reading runs, and what that asks the kernel for, seen from outside."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.namespaces import namespace
from tests.support import ROOT

NAME = f"kptui-only-{os.getpid()}"
ALLOWED = re.compile(
    r"true|uname -r|iptables --version|ip -V|ipset save|ip6?tables(?:-legacy|-nft)?-save -c"
    r"|ip -j addr show|ip -[46] -j (?:route show table all|rule show)|sysctl -e [a-z0-9_. ]+"
    r"|conntrack -L(?: -f ipv6)? -o extended|find /proc/net/xt_recent -type f -print -exec cat \{\} ;"
    r"|cat /proc/net/xt_recent/\w+"
)
"""Written by hand, so that a change to the table of commands has to be thought over here."""
WAYS = re.compile(rf"(?:sudo -n )?nsenter --net=/run/netns/{NAME} -- ")
READS = {
    *range(0x12, 0x100, 4),  # RTM_GET…
    *(0xA00 + kind for kind in (1, 4, 7, 10, 13, 16, 19)),  # NFT_MSG_GET…
    0xB00,  # NFNL_MSG_COMPAT_GET
    *(0x600 + kind for kind in (1, 7, 8, 11, 12, 13, 14, 15)),  # IPSET_CMD_PROTOCOL, _LIST, _SAVE, _TEST, _HEADER, …
    *(0x100 + kind for kind in (1, 4, 5, 6, 7)),  # IPCTNL_MSG_CT_GET, _GET_STATS, …
}
"""The kinds of netlink messages that ask and change nothing (linux/rtnetlink.h, nf_tables.h, ip_set.h, …)."""
_KIND = re.compile(r"nlmsg_len=[1-9]\d*, nlmsg_type=(0x[0-9a-f]+|\d+)")
_REPLACES = re.compile(r"setsockopt\(\d+, (?:0|0x29|41), (?:0x4[01]|6[45]),")
"""IPT_SO_SET_REPLACE and IPT_SO_SET_ADD_COUNTERS, of both families."""


def changes(call: str) -> bool:
    """Whether a system call asks the kernel to change anything."""
    if _REPLACES.search(call):
        return True
    return "setsockopt" not in call and any(int(kind, 0) not in READS for kind in _KIND.findall(call))


SETUP = (
    "ip link set lo up",
    "ip addr add 10.9.0.1/24 dev lo",
    "iptables-nft -A INPUT -p tcp -j ACCEPT",
    "iptables-legacy -A FORWARD -p udp -j DROP",
    "ip6tables-nft -A INPUT -m recent --name seen --set",
    "ipset create addresses hash:ip",
    "ip rule add fwmark 0x1 lookup 100",
)


@pytest.fixture(scope="module", autouse=True)
def _namespace() -> Iterator[None]:
    with namespace("only"):
        for line in SETUP:
            subprocess.run(["ip", "netns", "exec", NAME, *line.split()], check=True)
        yield


def rules() -> bytes:
    """All the rules of the namespace."""
    names = ("iptables-nft-save", "iptables-legacy-save", "ip6tables-nft-save", "ip6tables-legacy-save")
    inside = ("ip", "netns", "exec", NAME)
    saved = [subprocess.run([*inside, name], capture_output=True, check=True).stdout for name in names]
    return re.sub(rb"(?m)^#.*\n", b"", b"".join(saved))


@pytest.mark.parametrize("source", ["live:", f"netns:{NAME}"], ids=["live", "netns"])
@pytest.mark.parametrize("sudo", [[], ["--sudo"]])
def test_every_command_that_is_run_only_reads(
    source: str, sudo: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrappers on PATH write down every command with all its arguments, and run the real one."""
    programs = tmp_path / "programs"
    programs.mkdir()
    real = {name for folder in os.environ["PATH"].split(":") if os.path.isdir(folder) for name in os.listdir(folder)}
    for name in (*real, "sudo"):
        path = shutil.which(name)
        runs = f'exec {path} "$@"' if name != "sudo" else 'shift; exec "$@"'
        if path or name == "sudo":
            (programs / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/log\n{runs}\n')
            (programs / name).chmod(0o755)
    command = [sys.executable, "-m", "kptui", "capture", source, "-o", str(tmp_path / "x.tgz"), *sudo]
    done = subprocess.run(
        command, env={**os.environ, "PATH": str(programs)}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 or "no table is loaded" in done.stderr, done.stderr
    run = (tmp_path / "log").read_text().splitlines()
    assert any("iptables-save -c" in line for line in run)
    assert any(line.startswith("sudo -n ") for line in run) == bool(sudo)
    for line in run:
        assert ALLOWED.fullmatch(WAYS.sub("", line).removeprefix("sudo -n ")), line


class TestSystemCalls:
    """What the kernel is asked for, as strace sees it, whatever the programs are called."""

    def sent(self, to: Path, command: list[str]) -> list[str]:
        """The calls that send messages or set options; programs that are run."""
        strace = shutil.which("strace")
        if strace is None:
            pytest.skip("strace is not installed")
        trace = [
            strace,
            "-f",
            "-qq",
            "-X",
            "raw",
            "-s",
            "4096",
            "-e",
            "trace=execve,sendto,sendmsg,setsockopt",
            "-o",
            str(to),
        ]
        done = subprocess.run([*trace, *command], cwd=ROOT, capture_output=True, text=True, check=False)
        if "ptrace" in done.stderr and not to.exists():
            pytest.skip(f"strace may not trace here: {done.stderr}")
        assert done.returncode == 0, done.stderr
        return to.read_text(errors="replace").splitlines()

    def test_a_reading_of_everything_sends_nothing_that_changes_anything(self, tmp_path: Path) -> None:
        before = rules()
        command = [sys.executable, "-m", "kptui", "capture", f"netns:{NAME}", "-o", str(tmp_path / "x.tgz")]
        calls = self.sent(tmp_path / "calls", command)
        assert [line for line in calls if changes(line)] == []
        assert any("nlmsg_type=0xa07" in line for line in calls), "no NFT_MSG_GETRULE was seen"
        run = {match[1] for line in calls if (match := re.search(r'execve\("[^"]*?([^/"]+)", .* = 0$', line))}
        assert run - {Path(sys.executable).name} <= {
            "nsenter", "true", "uname", "iptables", "ip", "ipset", "sysctl", "conntrack", "find", "cat",
            *(f"{ip}tables{kind}-save" for ip in ("ip", "ip6") for kind in ("", "-legacy", "-nft")),
        }  # fmt: skip
        assert rules() == before

    @pytest.mark.parametrize(
        "change",
        [
            "iptables-nft -A INPUT -j ACCEPT",
            "iptables-legacy -A INPUT -j ACCEPT",
            "ip6tables-legacy -A INPUT -j ACCEPT",
            "ipset add addresses 10.0.0.1",
            "ip route add blackhole 10.66.0.0/16",
            "ip rule add prio 7 from all lookup 7",
        ],
    )
    def test_a_change_would_have_been_seen(self, tmp_path: Path, change: str) -> None:
        calls = self.sent(tmp_path / "calls", ["nsenter", f"--net=/run/netns/{NAME}", "--", *change.split()])
        assert any(changes(line) for line in calls)
