"""What the kernel's own tools say of a dump in which every text acts does not act on the terminal either."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kptui.kernel.judge import Judge
from tests.hostile.dump import ACTS, hidden, hostile_dump
from tests.support import NODE, Done


@pytest.fixture(autouse=True)
def _kernel(judge: Judge) -> None:
    """Everything here needs one that can be asked."""


BIDI = ACTS["bidi"]
"""iptables takes it in a chain's name."""


def loadable(act: str) -> str:
    """A dump with texts that act where iptables-restore takes them."""
    return f"""*filter
:FORWARD ACCEPT [0:0]
:user{BIDI} - [0:0]
-A FORWARD -m comment --comment "{act}" -j user{BIDI}
-A user{BIDI} -m comment --comment "{act}" -m nonsense{BIDI} -j DROP
-A user{BIDI} -m set --match-set "no{BIDI}" src -j DROP
-A user{BIDI} -p tcp -m comment --comment "{act}" -j ACCEPT
COMMIT
"""


@pytest.mark.parametrize("more", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("kind", sorted(ACTS.keys() - {"lines"}))
def test_rules_that_are_loaded_are_told_harmlessly(
    kind: str, more: tuple[str, ...], run: Callable[..., Done], tmp_path: Path
) -> None:
    (tmp_path / "dump").write_bytes(loadable(ACTS[kind]).encode("utf-8", "surrogateescape"))
    done = run("trace", str(tmp_path / "dump"), "192.0.2.1:1 -> 198.51.100.1:80", "--local", NODE, "--confirm", *more)
    assert hidden(done.out + done.err) == set()
    assert done.code != 70, done.err
    assert "could not be asked" not in done.err
    assert "user\\u202egnp" in done.out


@pytest.mark.parametrize("more", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("kind", ["csi", "lines", "byte", "all of them"])
def test_rules_that_iptables_refuses_are_told_harmlessly(
    kind: str, more: tuple[str, ...], run: Callable[..., Done], tmp_path: Path
) -> None:
    acts = ACTS.get(kind, "".join(ACTS.values()))
    (tmp_path / "dump").write_bytes(hostile_dump(acts).encode("utf-8", "surrogateescape"))
    (tmp_path / "sets").write_bytes(f"create set{acts[:9]} hash:net\n".encode("utf-8", "surrogateescape"))
    packet = ("192.168.50.2:40000 -> 10.96.0.9:80", "--local", NODE, "--confirm")
    for ipset in ((), ("--ipset", str(tmp_path / "sets"))):
        done = run("trace", str(tmp_path / "dump"), *packet, *ipset, *more)
        assert hidden(done.out + done.err) == set()
        assert done.code != 70, done.err
        assert "kernel" in done.out or "ipset file" in done.err
