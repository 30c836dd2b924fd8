"""No text of a dump, or of a file beside it, acts on the terminal: every command, every kind of text that could."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kptui.text import visible
from tests.hostile.dump import ACTS, KUBE, SEP, hidden, hostile_dump
from tests.support import NODE, Done, sample

Run = Callable[..., Done]
ALL = "".join(ACTS.values())
PACKET = ("192.168.50.2 -> 10.96.0.9:80", "--local", NODE)
COMMANDS = {
    "trace": ("trace", "DUMP", *PACKET),
    "trace --all": ("trace", "DUMP", *PACKET, "--all"),
    "trace --reply": ("trace", "DUMP", *PACKET, "--reply"),
    "trace in": ("trace", "DUMP", f"192.168.50.2 -> {NODE}:8080", "--local", NODE, "--all"),
    "trace mermaid": ("trace", "DUMP", *PACKET, "--format", "mermaid"),
    "trace dot": ("trace", "DUMP", *PACKET, "--format", "dot"),
    "trace json": ("trace", "DUMP", *PACKET, "--json", "--all"),
    "trace name": ("trace", "DUMP", "-> ns/svc"),
    "services": ("services", "DUMP"),
    "services long": ("services", "DUMP", "--long"),
    "services json": ("services", "DUMP", "--json"),
    "services endpoint": ("services", "DUMP", "--endpoint", "10.42.0.9"),
    "services nothing": ("services", "DUMP", "ACT"),
    "check": ("check", "DUMP", "--all"),
    "check json": ("check", "DUMP", "--json"),
    "check api": ("check", "DUMP", "--services", "API"),
    "explain chain": ("explain", "DUMP", f"KUBE-SVC-{KUBE}"),
    "explain rule": ("explain", "DUMP", "nat/KUBE-SERVICES:1"),
    "explain filter": ("explain", "DUMP", "filter/FORWARD"),
    "explain line": ("explain", "DUMP", "33"),
    "explain address": ("explain", "DUMP", "10.42.0.9"),
    "explain nothing": ("explain", "DUMP", "ACT"),
    "diff": ("diff", "DUMP", sample("nginx-nodeport")),
    "diff back": ("diff", sample("nginx-nodeport"), "DUMP"),
    "diff json": ("diff", sample("nginx-nodeport"), "DUMP", "--json"),
    "parse": ("parse", "DUMP"),
    "test": ("test", "CASES", "DUMP"),
    "test json": ("test", "CASES", "DUMP", "--json"),
    "names": ("services", "DUMP", "--names", "API"),
    "names broken": ("services", "DUMP", "--names", "ACTFILE"),
    "ipset broken": ("trace", "DUMP", *PACKET, "--ipset", "ACTFILE"),
    "conntrack broken": ("trace", "DUMP", *PACKET, "--conntrack", "ACTFILE"),
    "no such source": ("trace", "/no/ACT"),
    "no such scheme": ("capture", "ACT:x"),
    "no such context": ("capture", "kubectl:ACT/ACT"),
    "no such namespace": ("capture", "netns:ACT"),
    "bad packet": ("trace", "DUMP", "ACT"),
    "bad option": ("trace", "DUMP", "--set", "ACT"),
    "bad expectation": ("trace", "DUMP", *PACKET, "--expect", "yes ACT"),
    "bad check": ("check", "DUMP", "--only", "ACT"),
    "bad choice": ("parse", "DUMP", "--format", "ACT"),
    "bad command line": ("services", "DUMP", "--ACT"),
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """The hostile dump and hostile files beside it, by the words that stand for them above."""
    text = ALL.encode("utf-8", "surrogateescape")
    (tmp_path / "dump").write_bytes(hostile_dump(ALL).encode("utf-8", "surrogateescape"))
    (tmp_path / "act").write_bytes(text)
    plain = ALL.encode("utf-8", "replace").decode()
    meta = {"namespace": f"ns{plain}", "name": f"svc{plain}"}
    port = {"name": f"p{plain}", "port": 80, "protocol": "TCP", "nodePort": 30080}
    spec = {"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9"], "ports": [port], "type": "NodePort"}
    api = {"kind": "List", "items": [{"kind": "Service", "metadata": meta, "spec": spec}]}
    (tmp_path / "api").write_text(json.dumps(api))
    case = {"name": f"name{plain}", "packet": PACKET[0], "expect": "no", "local": NODE}
    (tmp_path / "cases.json").write_text(json.dumps([case]))
    names = {"DUMP": "dump", "ACTFILE": "act", "API": "api", "CASES": "cases.json"}
    return {word: str(tmp_path / name) for word, name in names.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_acts_on_the_terminal(name: str, run: Run, files: dict[str, str]) -> None:
    given = ALL.replace("\udc9b", "").replace("\udcff", "")
    done = run(*(files.get(word, word.replace("ACT", given)) for word in COMMANDS[name]))
    assert hidden(done.out + done.err) == set()
    assert "Traceback" not in done.err
    assert done.code != 70, done.err
    assert done.out or done.err
    if name not in ("trace name", "ipset broken"):
        assert "\\x1b[2J" in done.out + done.err  # it came by, and was written out


@pytest.mark.parametrize("kind", ACTS)
def test_each_kind_is_written_out(kind: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(hostile_dump(ACTS[kind]).encode("utf-8", "surrogateescape"))
    done = run("explain", str(path), f"nat/{SEP}:1")
    assert (done.code, hidden(done.out + done.err)) == (0, set())
    shown = visible(ACTS[kind])
    assert f"this line is none {shown}" in done.err
    assert "".join(f'"ns{shown}/svc"'.split()) in "".join(done.out.split())


@pytest.mark.parametrize("terminal", [True, False])
def test_a_dump_is_written_as_it_is_into_files_and_visibly_to_a_terminal(terminal: bool, files: dict[str, str]) -> None:
    reading, writing = os.openpty() if terminal else os.pipe()
    os.set_blocking(reading, False)
    subprocess.run(
        [sys.executable, "-m", "kptui", "parse", files["DUMP"], "--format", "save"],
        stdout=writing,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    with os.fdopen(reading, "rb", buffering=0) as stream:
        seen = stream.read(1 << 16).decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    os.close(writing)
    assert (hidden(seen) == set()) is terminal
    assert f"ns{visible(ALL) if terminal else ALL}/svc" in seen
