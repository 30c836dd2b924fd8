"""The live screen on a real network namespace: a Service appears within the interval, rates move under real traffic."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from kptui.live.opening import Opening, unread
from kptui.tui.app import Kptui
from kptui.tui.screens.main import MainScreen
from kptui.tui.tree_model import Place as Where
from kptui.tui.widgets.chain_tree import ChainTree
from tests.namespaces import namespace as made
from tests.support import sample

SVC = "KUBE-SVC-AAAAAAAAAAAAAAAA"
TRAFFIC = """
import socket, time
while True:
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(("10.96.7.7", 80))
    one.close()
    time.sleep(0.02)
"""
ADDED = """\
*nat
:KUBE-SVC-AAAAAAAAAAAAAAAA - [0:0]
-A KUBE-SERVICES -d 10.96.7.7/32 -p tcp -m comment --comment "shop/cart:http cluster IP" -m tcp --dport 80 \
-j KUBE-SVC-AAAAAAAAAAAAAAAA
-A KUBE-SVC-AAAAAAAAAAAAAAAA -m comment --comment "shop/cart:http" -j KUBE-SEP-ZGUCVTBPJNCW75NN
COMMIT
"""


async def until(pilot: Pilot[None], true: Callable[[], bool], seconds: float) -> float:
    """Wait until something is true; how long that took. It is the kernel and a process that are waited for."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it has not come about"
        await pilot.pause(0.05)
    return time.monotonic() - began


@pytest.fixture
def namespace() -> Iterator[str]:
    """A network namespace with the sample's rules and a way out of it; skips where none can be made."""
    with made("live") as name:
        for line in ("lo up", "add br0 type bridge", "br0 up"):
            words = line.split()
            run("ip", "-n", name, "link", *(words if words[0] == "add" else ("set", *words)))
        run("ip", "-n", name, "addr", "add", "192.168.50.10/24", "dev", "br0")
        run("ip", "-n", name, "route", "add", "default", "dev", "br0")
        restore(name, Path(sample("nginx-nodeport")).read_text())
        yield name


def run(*argv: str, check: bool = True, text: str | None = None) -> int:
    done = subprocess.run(argv, input=text, text=True, capture_output=True, check=False)
    if check and done.returncode:
        pytest.fail(f"{' '.join(argv)}: {done.stderr}")
    return done.returncode


def restore(name: str, rules: str) -> None:
    run("ip", "netns", "exec", name, "iptables-nft-restore", "--noflush", text=rules)


async def test_a_service_appears_and_rates_move_under_traffic(namespace: str) -> None:
    opening = Opening(unread(f"netns:{namespace}"), interval=0.5)
    app = Kptui(opening.session, opening=opening)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = next(each for each in app.screen_stack if isinstance(each, MainScreen))
        await until(pilot, lambda: screen.snapshot.number > 0, 60)
        screen.go(Where("nat", "PREROUTING", 1))
        restore(namespace, ADDED)
        await until(pilot, lambda: bool(screen.snapshot.changes), 60)
        assert [port.title for port in screen.session.services if port.cluster_ip == "10.96.7.7"] == ["shop/cart:http"]
        listed = screen.query_one(ChainTree)
        assert "+" in [listed.row_text(row, 80).plain[0] for row in range(listed.row_count())]
        assert screen.navigation.place == Where("nat", "PREROUTING", 1)

        def busy() -> bool:
            chain = screen.ruleset.chain("nat", SVC)
            rate = screen.snapshot.meter.rate(chain.rules[0].line) if chain else None
            return rate is not None and rate.packets > 0

        argv = ["ip", "netns", "exec", namespace, sys.executable, "-c", TRAFFIC]
        with subprocess.Popen(argv) as traffic:
            try:
                await until(pilot, busy, 60)
            finally:
                traffic.kill()
