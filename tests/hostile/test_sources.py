"""Nothing that comes with a dump acts on the terminal: a bundle's facts, names of files, members and hosts, remotes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile.dump import ACTS, KUBE, hidden, hostile_dump
from tests.sources.test_bundle import archive
from tests.support import NODE, Done, sample

Run = Callable[..., Done]
ALL = "".join(ACTS.values())
BYTES = ALL.encode("utf-8", "surrogateescape")
TEXT = ALL.encode("utf-8", "replace").decode()
NAME = TEXT.replace("/", "")
"""What a file's name may hold."""
DUMP = hostile_dump(ALL).encode("utf-8", "surrogateescape")
PACKET = ("203.0.113.9 -> 10.96.0.9:80", "--in", "eth0", "--local", NODE)

ROUTE = {"dst": "10.42.0.0/16", "dev": f"cni{TEXT}", "gateway": TEXT, "flags": [TEXT], "protocol": TEXT}
ADDRESS = {"family": "inet", "local": NODE, "prefixlen": 24, "label": TEXT}
FACTS: dict[str, str] = {
    "ip-addr.json": json.dumps([{"ifname": f"eth{TEXT}", "addr_info": [ADDRESS]}]),
    "ip-route.json": json.dumps([{"dst": "10.42.0.0/16", "dev": f"cni{TEXT}", "flags": [], "table": TEXT}]),
    "ip6-route.json": json.dumps([ROUTE]),
    "ip-rule.json": json.dumps([{"priority": 0, "src": "all", "table": TEXT, "iif": TEXT}]),
    "ipset-save": f"create set{ALL[:9]} hash:net family inet\nadd set{ALL[:9]} 203.0.113.0/24 comment {ALL}\n{ALL}\n",
    "sysctl": f"net.ipv4.conf.eth{ALL[:6]}.rp_filter = 1\nnet.ipv4.ip_forward = {ALL}\n",
    "conntrack": f"tcp 6 9 ESTABLISHED src=203.0.113.9 dst=10.96.0.9 sport={ALL} dport=80 {ALL}\n{ALL}\n",
    "xt_recent": f"/proc/net/xt_recent/rec{ALL[:9]}\nsrc=203.0.113.9 ttl: {ALL} last_seen: 1 {ALL}\n",
    "uname": ALL,
    "iptables-version": ALL,
    "ip-version": ALL,
    "manifest.json": json.dumps({"schema": TEXT, "source": TEXT, "commands": [{"member": TEXT}]}),
}
COMMANDS = {
    "trace": ("trace", "BUNDLE", *PACKET, "--all", "--reply"),
    "known": ("trace", "BUNDLE", *PACKET, "--ctstate", "ESTABLISHED"),
    "json": ("trace", "BUNDLE", *PACKET, "--all", "--json"),
    "mermaid": ("trace", "BUNDLE", *PACKET, "--format", "mermaid"),
    "services": ("services", "BUNDLE", "--long"),
    "check": ("check", "BUNDLE", "--all"),
    "explain": ("explain", "BUNDLE", f"KUBE-SVC-{KUBE}"),
    "diff": ("diff", "BUNDLE", sample("nginx-nodeport")),
}


def harmless(done: Done) -> None:
    """It said something, and nothing of that acts."""
    assert hidden(done.out + done.err) == set()
    assert done.code != 70, done.err
    assert "Traceback" not in done.err
    assert done.out or done.err


@pytest.mark.parametrize("fact", FACTS)
@pytest.mark.parametrize("name", COMMANDS)
def test_facts_of_a_bundle(name: str, fact: str, run: Run, tmp_path: Path) -> None:
    members = {"iptables-save": DUMP, fact: FACTS[fact].encode("utf-8", "surrogateescape")}
    bundle = archive(tmp_path / "b.tar.gz", members)
    harmless(run(*(bundle if word == "BUNDLE" else word for word in COMMANDS[name])))


@pytest.mark.parametrize("command", ["services", "check"])
@pytest.mark.parametrize("more", [(), ("--json",)], ids=["text", "json"])
def test_names_of_several_sources_and_what_differs_between_them(
    command: str, more: tuple[str, ...], run: Run, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{NAME}-{number}.txt" for number in (1, 2, 3)]
    paths[0].write_bytes(DUMP)
    paths[1].write_bytes(DUMP.replace(b"30080", b"30081").replace(b"10.42.0.9:80", b"10.42.0.8:80"))
    done = run(command, *map(str, paths), *more)
    harmless(done)
    assert done.code == 3
    assert "\\x1b[2J" in done.err
    shown = done.out if not more else json.loads(done.out)["sources"][0]["source"]
    assert "\\x1b[2J" in shown


def test_names_of_members_and_of_the_hosts_in_an_archive(run: Run, tmp_path: Path) -> None:
    members = {f"{NAME}-{host}/{NAME}.txt": DUMP for host in ("a", "b")}
    path = archive(tmp_path / "b.tar.gz", members)
    for command in (("services", path), ("check", path), ("trace", path, "10.96.0.9:80"), ("parse", path)):
        done = run(*command)
        harmless(done)
        assert "\\x1b[2J" in done.out + done.err
    harmless(run("services", f"{tmp_path / 'b.tar.gz'}//{NAME}-nowhere"))
    harmless(run("services", archive(tmp_path / "out.tar.gz", {f"../{NAME}": DUMP})))


SCHEMES = ("docker:web", "podman:web", "kubectl:node1", "kubectl:", "ssh:node1", "netns:blue", "live:")
SAYS = {
    "complains": '"$CAT" "$ACT" >&2; exit 1',
    "answers": 'exec "$CAT" "$ACT"',
    "pods": 'exec "$CAT" "$PODS"',
    "rules": 'case "$*" in *inspect*) echo 0123456789abcdef 1;; *iptables-save*) exec "$CAT" "$DUMP";; '
    '*get*pods*) exec "$CAT" "$GOOD";; *get*) exec "$CAT" "$ACT";; *) "$CAT" "$ACT" >&2; exit 1;; esac',
}
"""What a program on the way, or the host at its end, says."""


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put programs on PATH that all say the same; PATH holds nothing else."""
    cat = shutil.which("cat")
    assert cat is not None
    pod = {"metadata": {"name": TEXT, "namespace": TEXT}, "spec": {"hostNetwork": True, "containers": [{"name": TEXT}]}}
    good = {"metadata": {"name": "p", "namespace": "n"}, "spec": {"hostNetwork": True, "containers": [{"name": "c"}]}}
    status = {"phase": "Running"}
    (tmp_path / "act").write_bytes(BYTES)
    (tmp_path / "dump").write_bytes(DUMP)
    (tmp_path / "pods").write_text(json.dumps({"items": [{**pod, "status": status}]}))
    (tmp_path / "good").write_text(json.dumps({"items": [{**good, "status": status}]}))
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name, value in {"CAT": cat, "ACT": "act", "DUMP": "dump", "PODS": "pods", "GOOD": "good"}.items():
        monkeypatch.setenv(name, value if name == "CAT" else str(tmp_path / value))

    def say(what: str) -> None:
        for name in ("docker", "podman", "kubectl", "ssh", "nsenter", "ip", "iptables-save", "sudo"):
            (folder / name).write_text(f"#!/bin/sh\n{SAYS[what]}\n")
            (folder / name).chmod(0o755)

    return say


@pytest.mark.parametrize("what", SAYS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_a_remote_says(scheme: str, what: str, remote: Callable[[str], None], run: Run, tmp_path: Path) -> None:
    remote(what)
    log = tmp_path / "log"
    harmless(run("services", scheme, "--log", str(log)))
    harmless(run("capture", scheme, "-o", str(tmp_path / "b.tar.gz"), "--log", str(log)))
    if log.exists():
        assert hidden(log.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize("what", ["complains", "rules"])
def test_what_a_remote_says_while_somebody_watches(what: str, remote: Callable[[str], None], tmp_path: Path) -> None:
    """On a terminal it is narrated what runs; only the line itself is cleared."""
    remote(what)
    reading, writing = os.openpty()
    subprocess.run(
        [sys.executable, "-m", "kptui", "capture", "docker:web", "-o", str(tmp_path / "b.tar.gz")],
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
        check=False,
        cwd=Path(__file__).parents[2],
        timeout=60,
    )
    os.close(writing)
    os.set_blocking(reading, False)
    seen = os.read(reading, 1 << 16).decode("utf-8", "surrogateescape")
    os.close(reading)
    assert hidden(seen.replace("\r\n", "\n").replace("\r\x1b[K", "")) == set()
    assert ("\\x1b[2J" in seen) is (what == "complains")
