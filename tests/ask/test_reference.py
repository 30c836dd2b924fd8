"""What a REF means: chains, rules, lines, Services, addresses; and what is nearest where it means nothing."""

from __future__ import annotations

import pytest

from kptui.ask.reference import Reach, Spot, nearest, reference
from kptui.errors import UsageError
from kptui.kubernetes.service import ServicePort
from kptui.tracing import Session
from tests.support import sample


@pytest.fixture(scope="module")
def session() -> Session:
    return Session.open(sample("nginx-nodeport"))


def meant(session: Session, text: str) -> list[str]:
    found = reference(text, session.ruleset, session.services)
    return [each.title if isinstance(each, ServicePort) else each.words for each in found]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nat/KUBE-SERVICES", ["nat/KUBE-SERVICES"]),
        ("nat/KUBE-SERVICES:3", ["nat/KUBE-SERVICES:3"]),
        ("KUBE-MARK-MASQ", ["nat/KUBE-MARK-MASQ"]),
        ("KUBE-MARK-MASQ:1", ["nat/KUBE-MARK-MASQ:1"]),
        ("KUBE-SERVICES", ["filter/KUBE-SERVICES", "nat/KUBE-SERVICES"]),
        # Only the table that has such a rule can be meant.
        ("KUBE-SERVICES:3", ["nat/KUBE-SERVICES:3"]),
        ("102", ["nat/KUBE-SERVICES:5"]),
        ("line 102", ["nat/KUBE-SERVICES:5"]),
        ("#64", ["nat/KUBE-SERVICES"]),
        ("default/nginx", ["default/nginx:80-80"]),
        ("default/nginx:80-80", ["default/nginx:80-80"]),
        ("default/nginx:80", ["default/nginx:80-80"]),
        ("nginx", ["default/nginx:80-80"]),
        ("*:32754", ["default/nginx:80-80"]),
        ("kube-system/kube-dns", [f"kube-system/kube-dns:{port}" for port in ("dns", "dns-tcp", "metrics")]),
        ("10.42.0.199", ["10.42.0.199"]),
        ("10.42.0.199:80", ["10.42.0.199:80"]),
        ("[fd00::1]:80", ["[fd00::1]:80"]),
    ],
)  # fmt: skip
def test_what_is_meant(session: Session, text: str, words: list[str]) -> None:
    assert meant(session, text) == words


def test_kinds(session: Session) -> None:
    for text, kind in (("INPUT", Spot), ("default/nginx", ServicePort), ("10.96.0.1", Reach)):
        assert all(isinstance(each, kind) for each in reference(text, session.ruleset, session.services))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("KUBE-SVC-OVTW", "the nearest names: KUBE-SVC-OVTWZ4GROBJZO4C5"),
        ("nat/KUBE-SERVICE", "KUBE-SERVICES"),
        ("default/ngnix", "default/nginx"),
        ("nat/KUBE-SERVICES:7", "the chain has 6 rules"),
        ("filter/KUBE-SERVICES:1", "the chain has no rules"),
        ("9999", "there is no line 9999: the dump has 119"),
        ("1", "line 1 is neither a rule nor a chain"),
        ("nothing-like-it-at-all", "there is no chain, rule or Service nothing-like-it-at-all in these rules."),
        ("\x1b[31m", "\\x1b[31m"),
    ],
)
def test_what_means_nothing(session: Session, text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        reference(text, session.ruleset, session.services)
    assert message in str(error.value)


def test_the_nearest_hold_the_text_or_are_spelt_alike() -> None:
    names = ["KUBE-SERVICES", "KUBE-SVC-AAAA", "cali-FORWARD", "default/web"]
    assert nearest("kube-svc", names)[0] == "KUBE-SVC-AAAA"
    assert nearest("defualt/web", names) == ["default/web"]
    assert nearest("zzz", names) == []
