"""Completion of packet expressions: by names, addresses and node ports of the dump, the likeliest first."""

from __future__ import annotations

import pytest

from kptui.ask.completion import Completer
from kptui.ask.expression import expression
from kptui.tracing import Session
from tests.support import sample


def _completer() -> Completer:
    return Session.open(sample("nginx-nodeport")).completer


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("ngi", "default/nginx:80-80"),
        ("default/n", "default/nginx:80-80"),
        ("10.42.0.7 -> kube-d", "10.42.0.7 -> kube-system/kube-dns:dns"),
        ("10.110", "10.110.199.45:80"),
        ("10.42.0.19", "10.42.0.199:80"),
        ("nodep", "nodeport"),
        ("tcp 192.168.50.2 ->nodeport 3", "tcp 192.168.50.2 ->nodeport 32754"),
    ],
)
def test_the_likeliest_comes_first_in_the_whole_line(line: str, first: str) -> None:
    assert _completer().complete(line)[0].line == first


def test_every_completion_of_a_service_is_an_expression() -> None:
    session = Session.open(sample("nginx-nodeport"))
    found = session.completer.complete("d", limit=50)
    assert len(found) > 3
    for each in found:
        if each.text != "nodeport":
            assert expression(each.line, session.services).dst


def test_what_is_there_already_or_begins_nothing_gets_no_completion() -> None:
    completer = _completer()
    assert not completer.complete("")
    assert not completer.complete("10.42.0.7 -> ")
    assert not completer.complete("default/nginx:80-80")
    assert not completer.complete("nosuchthing")


def test_it_can_be_given_up() -> None:
    assert not _completer().complete("ngi", given_up=lambda: True)
