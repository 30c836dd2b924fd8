"""What kptui writes for input that iptables-save did not write, loaded by the real iptables-restore."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from kptui.syntax.writer import save
from tests.syntax.support import corpus_files, read_text, text_of

_SET = re.compile(r"--(?:match|add|del)-set (\S+) (\S+)")
_KINDS = {1: "hash:ip", 2: "hash:ip,port", 3: "hash:ip,port,ip"}
# A target that is in no iptables; an IPv6 reason in a dump of both families' rules.
UNLOADABLE = {"fwbuilder-ipt"}


def loaded(text: str, six: bool) -> list[str] | None:
    """What the real tool prints after loading a text into a network namespace of its own, None if it refuses."""
    sets = {(found[0].strip('"'), _KINDS[found[1].count(",") + 1]) for found in _SET.findall(text)}
    family = " family inet6" if six else ""
    made = "".join(f'ipset create "{name}" {kind}{family} 2>/dev/null; ' for name, kind in sets)
    program = "ip6tables" if six else "iptables"
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", f"{made}{program}-restore && {program}-save"],
        input=text.encode("utf-8", "surrogateescape"),
        capture_output=True,
        check=False,
        timeout=60,
    )
    if done.returncode:
        return None
    lines = done.stdout.decode("utf-8", "surrogateescape").split("\n")
    return [line for line in lines if not line.startswith(("#", ":"))]


@pytest.fixture(scope="module")
def _real() -> None:
    if os.geteuid() or not shutil.which("unshare"):
        pytest.skip("a network namespace of one's own needs root and unshare")
    if not shutil.which("iptables-restore") or not shutil.which("ipset"):
        pytest.skip("iptables and ipset are not installed")
    if loaded("*filter\nCOMMIT\n", False) is None:
        pytest.skip("this kernel does not let iptables-restore load anything")


@pytest.mark.usefixtures("_real")
def test_means_the_same() -> None:
    for path in corpus_files("dumps", "wrapped", "fixed"):
        text = text_of(path)
        ruleset = read_text(text)
        ours = save(ruleset)
        if ours == text or path.stem in UNLOADABLE or len({table.family for table in ruleset.tables}) > 1:
            continue
        before, after = loaded(text, ruleset.family == 6), loaded(ours, ruleset.family == 6)
        if before is not None:
            assert after is not None, path.name
            assert sorted(before) == sorted(after), path.name
        elif path.stem != "insights-006":
            assert after is not None, path.name


@pytest.mark.usefixtures("_real")
@pytest.mark.parametrize(
    ("rule", "same"),
    [
        ("-A INPUT -s ! 10.0.0.0/8 -j DROP", "-A INPUT ! -s 10.0.0.0/8 -j DROP"),
        ("-A INPUT -p tcp --dport ! 22 -j DROP", "-A INPUT -p tcp ! --dport 22 -j DROP"),
        ("iptables -A INPUT -s 10.0.0.1 -j DROP", "-A INPUT -s 10.0.0.1 -j DROP"),
        ("> -A INPUT -s 10.0.0.1 -j DROP", "-A INPUT -s 10.0.0.1 -j DROP"),
        ('-A INPUT -m comment --comment="a b" -j DROP', '-A INPUT -m comment --comment "a b" -j DROP'),
    ],
)
def test_what_the_real_tool_refuses_is_written_anew(rule: str, same: str) -> None:
    def dump(line: str) -> str:
        return f"*filter\n:INPUT ACCEPT [0:0]\n{line}\nCOMMIT\n"

    assert loaded(save(read_text(dump(rule))), False) == loaded(dump(same), False) is not None
