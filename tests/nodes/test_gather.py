"""Reading many sources at once: bounded, in order or as they come, failures told, cancelled."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from kptui.errors import SeveralHostsError, SourceError
from kptui.nodes.fleet import Fleet, labelled
from kptui.nodes.frozen import Frozen
from kptui.nodes.gather import Cancelled, Gathering
from kptui.sources import SourceText
from kptui.sources.steps import Progress
from tests.nodes.variants import text_of, without

NGINX = text_of("nginx-nodeport")


def test_no_more_than_the_limit_are_read_or_waiting() -> None:
    lock = threading.Lock()
    inside = 0
    most = 0
    both = threading.Barrier(2, timeout=20)

    def read(name: str, cancelled: Cancelled) -> str:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        both.wait()
        with lock:
            inside -= 1
        return name.upper()

    names = [f"n{number}" for number in range(6)]
    found = [each.found for each in Gathering(names, read, limit=2).in_order()]
    assert found == [name.upper() for name in names]
    assert most == 2


def test_results_come_in_order_though_the_first_is_the_last_to_be_read() -> None:
    others = threading.Semaphore(0)

    def read(name: str, cancelled: Cancelled) -> str:
        if name == "a":
            assert others.acquire(timeout=20)
            assert others.acquire(timeout=20)
        else:
            others.release()
        return name

    assert [each.name for each in Gathering(["a", "b", "c"], read).in_order()] == ["a", "b", "c"]
    ready = [each.name for each in Gathering(["a", "b", "c"], read).as_ready()]
    assert ready[-1] == "a"
    assert sorted(ready) == ["a", "b", "c"]


def test_one_that_fails_keeps_no_other_from_being_read() -> None:
    def read(name: str, cancelled: Cancelled) -> str:
        if name == "b":
            raise SourceError("There is no b.")
        return name

    found = list(Gathering(["a", "b", "c"], read).in_order())
    assert [(each.found, each.error) for each in found] == [("a", ""), (None, "There is no b."), ("c", "")]


def test_a_fault_is_not_hidden() -> None:
    def read(name: str, cancelled: Cancelled) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(Gathering(["a"], read).in_order())


def test_cancelling_ends_at_once_and_is_told_to_who_reads() -> None:
    told = threading.Event()
    running = threading.Event()

    def read(name: str, cancelled: Cancelled) -> str:
        if name == "slow":
            running.set()
            while not cancelled():
                pass
            told.set()
        return name

    gathering = Gathering(["quick", "slow"], read)
    results = gathering.as_ready()
    assert next(results).name == "quick"
    assert running.wait(20)
    gathering.cancel()
    assert list(results) == []
    assert told.wait(20)


def fleet(**texts: str) -> Fleet:
    def read(name: str, cancelled: Cancelled, progress: Progress) -> SourceText:
        if name not in texts:
            raise SourceError(f"There is no file {name}.")
        return SourceText(name, texts[name], {"ip-addr.json": "[]"})

    return Fleet([*texts, "gone"], read)


def test_a_fleet_reads_compares_and_keeps_what_was_read() -> None:
    found = fleet(a=NGINX, b=NGINX, c=without("OVTWZ4GROBJZO4C5")(NGINX), d="nothing of interest\n")
    told: list[str] = []
    found.gather(lambda: told.append(""))
    assert [(node.source, node.progress) for node in found.nodes] == [
        ("a", "read"), ("b", "read"), ("c", "read"), ("d", "failed"), ("gone", "failed"),
    ]  # fmt: skip
    assert "no iptables rules" in found.node("d").why
    assert found.node("gone").why == "There is no file gone."
    assert found.comparison.furthest == (("c",), 1)
    assert found.snapshot("a").text == NGINX
    assert found.snapshot("a").facts == {"ip-addr.json": "[]"}
    assert found.node("a").findings == {}
    assert len(told) > len(found.nodes)
    with pytest.raises(SourceError, match="There is no file gone"):
        found.snapshot("gone")


def test_what_is_not_read_when_a_fleet_is_cancelled_says_so() -> None:
    found = fleet(a=NGINX)
    found.gather(found.cancel)
    assert {node.progress for node in found.nodes} <= {"cancelled", "read", "failed"}
    assert "cancelled" in {node.progress for node in found.nodes}
    found.gather(lambda: None)
    assert [node.progress for node in found.nodes] == ["read", "failed"]


def test_a_bundle_that_holds_other_hosts_when_it_is_read_again() -> None:
    held = {"bundle": ["a", "b"], "other": ["c"]}

    def read(name: str, cancelled: Cancelled, progress: Progress) -> SourceText:
        hosts = {f"{name}//{host}": partial(SourceText, f"{name}//{host}", NGINX) for host in held[name]}
        raise SeveralHostsError("It holds several.", hosts)

    found = Fleet(["bundle", "other"], read)
    found.gather(lambda: None)
    assert [node.source for node in found.nodes] == ["bundle//a", "bundle//b", "other//c"]
    held["bundle"] = ["b", "d"]
    found.gather(lambda: None)
    assert [(node.source, node.progress) for node in found.nodes] == [
        ("bundle//b", "read"), ("bundle//d", "read"), ("other//c", "read"),
    ]  # fmt: skip


def test_a_bundle_that_can_t_be_read_again_fails_with_all_its_hosts() -> None:
    gone: list[bool] = []

    def read(name: str, cancelled: Cancelled, progress: Progress) -> SourceText:
        if gone:
            raise SourceError("It is gone.")
        raise SeveralHostsError("It holds two.", {host: partial(SourceText, host, NGINX) for host in ("a", "b")})

    found = Fleet(["bundle"], read)
    found.gather(lambda: None)
    gone.append(True)
    found.gather(lambda: None)
    assert [(node.source, node.progress, node.why) for node in found.nodes] == [
        ("a", "failed", "It is gone."), ("b", "failed", "It is gone."),
    ]  # fmt: skip


def test_a_packed_source_comes_back_as_it_was() -> None:
    source = SourceText("n", NGINX + "# \udce9\n", {"sysctl": "x = 1\n"})
    packed = Frozen.of(source)
    assert packed.source() == source
    assert packed.size < len(NGINX) / 2


@pytest.mark.parametrize(
    ("sources", "labels"),
    [
        (["kubectl:prod/n1", "kubectl:prod/n2"], ["n1", "n2"]),
        (["dumps/a.txt", "dumps/b.txt"], ["a.txt", "b.txt"]),
        (["a.txt", "other/b.txt"], ["a.txt", "other/b.txt"]),
        (["live:", "live:x"], ["live:", "x"]),
        (["only/a.txt"], ["only/a.txt"]),
    ],
)
def test_labels_leave_out_what_all_sources_begin_with(sources: list[str], labels: list[str]) -> None:
    assert labelled(sources) == labels
