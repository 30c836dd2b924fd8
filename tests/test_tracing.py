"""One session for many questions: tracers are kept, batches keep their order, expectations are checked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kptui.ask.request import Request
from kptui.errors import SourceError, UsageError
from kptui.loading import load
from kptui.tracing import Session, batch_answers, expected, requested
from tests.support import NODE, sample, session_of, trace_of

BASE = Request(local=(NODE,))
OWNER = "*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -m owner --uid-owner 1000-1999 -j DROP\nCOMMIT\n"


@pytest.fixture(scope="module")
def nginx() -> Session:
    return Session.open(sample("nginx-nodeport"))


def answers(session: Session, *lines: object, base: Request = BASE) -> list[dict[str, Any]]:
    """The answers to a batch; a line that is no text is written as JSON."""
    return list(batch_answers(session, base, [line if isinstance(line, str) else json.dumps(line) for line in lines]))


class TestBatch:
    def test_ids_pass_through_and_the_order_is_kept(self, nginx: Session) -> None:
        packets = [{"id": n, "src": "10.42.0.7", "dst": "10.110.199.45", "dport": 80 + n} for n in (2, 0, 1)]
        found = answers(nginx, *packets)
        assert [each["id"] for each in found] == [2, 0, 1]
        assert [len(each["outcomes"]) for each in found] == [1, 2, 1]

    @pytest.mark.parametrize("id_", ["a", 0, None, [1], {"x": 1}, 1.5])
    def test_an_id_may_be_any_value(self, nginx: Session, id_: object) -> None:
        (found,) = answers(nginx, {"id": id_, "dst": "10.0.0.1"})
        assert found["id"] == id_

    def test_without_an_id_the_answer_has_none(self, nginx: Session) -> None:
        (found,) = answers(nginx, {"dst": "10.0.0.1"})
        assert "id" not in found

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("{", "line 2"),
            ("[1]", "expected a JSON object"),
            ('"x"', "expected a JSON object"),
            ({"dst": "10.0.0.256"}, "no IPv4 address"),
            ({"dst": ["10.0.0.1"]}, "no IPv4 address"),
            ({"dport": 65536}, "above 65535"),
            ({"dport": 80.5}, "no port number"),
            ({"colour": "red"}, "no field “colour”"),
            ({"ctstate": "OLD"}, "none of NEW"),
            ({"ttl": 999}, "ttl"),
            ({"mac_source": "\x1b[0m"}, "mac_source"),
            pytest.param("[" * 100_000, "line 2", id="too deep"),
            pytest.param("{\udcff}", "line 2", id="no UTF-8"),
        ],
    )
    def test_a_line_that_makes_no_sense_says_so_and_the_rest_is_answered(
        self, nginx: Session, line: object, said: str
    ) -> None:
        good = {"dst": "10.0.0.1"}
        first, bad, last = answers(nginx, good, line, good)
        assert first["answer"] == last["answer"] == "yes"
        assert said in bad["error"]
        assert bad["error"].startswith("line 2: ")
        assert "outcomes" not in bad
        assert "\x1b" not in bad["error"]

    def test_a_bad_line_keeps_its_id(self, nginx: Session) -> None:
        assert answers(nginx, {"id": 7, "dport": -1})[0]["id"] == 7

    def test_empty_lines_are_passed_over(self, nginx: Session) -> None:
        assert len(answers(nginx, "", {"dst": "10.0.0.1"}, "  \n")) == 1

    def test_null_is_unknown_and_the_rest_has_its_default(self, nginx: Session) -> None:
        (found,) = answers(nginx, {"src": None, "dst": "10.0.0.1", "proto": None})
        assert found["packet"]["src"] is None
        assert (found["packet"]["proto"], found["packet"]["ctstate"], found["packet"]["mark"]) == ("tcp", "NEW", "0x0")

    def test_what_is_said_beside_the_batch_holds_for_each_line_that_does_not_say_otherwise(
        self, nginx: Session
    ) -> None:
        base = Request(local=(NODE,), src="10.42.0.199", dst="10.110.199.45", dport="80")
        whole, other = answers(nginx, {}, {"src": "10.42.0.7"}, base=base)
        assert {o["snat"] for o in whole["outcomes"]} == {"MASQUERADE", None}
        assert {o["snat"] for o in other["outcomes"]} == {None}

    def test_a_destination_in_the_line_wins_over_a_node_port_beside_it(self, nginx: Session) -> None:
        base = Request(local=(NODE,), to_node=True, dport="32754")
        node, elsewhere = answers(nginx, {}, {"dst": "10.9.9.9"}, base=base)
        assert node["packet"]["dst"] == NODE
        assert elsewhere["packet"]["dst"] == "10.9.9.9"

    def test_the_packet_s_own_fields_can_be_sent_back(self, nginx: Session) -> None:
        packet = {
            "family": 4, "proto": "tcp", "src": "10.42.0.7", "sport": 40000, "dst": "10.0.0.1", "dport": 80,
            "in": "cni0", "out": None, "mark": "0x1", "ctmark": "0x2", "ctstate": "NEW", "origin": "external",
            "tcp_flags": "SYN", "icmp_type": None, "icmp_code": None, "length": 60, "ttl": 64, "tos": 16, "mss": 1460,
            "uid": None, "gid": None, "mac_source": "00:11:22:33:44:55", "payload": "00ff",
        }  # fmt: skip
        (found,) = answers(nginx, packet)
        assert found["packet"] == packet

    @pytest.mark.parametrize(
        ("packet", "fields"),
        [
            ({"proto": "icmp", "icmp_type": 3, "icmp_code": 1}, {"icmp_type": 3, "icmp_code": 1, "dport": None}),
            ({"proto": 17, "dport": 53}, {"proto": "udp", "dport": 53, "tcp_flags": None}),
            ({"mark": 16384}, {"mark": "0x4000"}),
        ],
    )
    def test_numbers_and_names_will_do(self, nginx: Session, packet: dict[str, Any], fields: dict[str, Any]) -> None:
        (found,) = answers(nginx, packet)
        assert {name: found["packet"][name] for name in fields} == fields

    def test_uid_and_gid_answer_the_owner_match_and_are_shown(self) -> None:
        base = Request(src="10.0.0.1", dst="192.0.2.1", local=("10.0.0.1",))
        inside, outside, unknown = answers(session_of(OWNER), {"uid": 1337}, {"uid": 0}, {}, base=base)
        assert [each["answer"] for each in (inside, outside, unknown)] == ["no", "yes", "depends"]
        assert [each["packet"]["uid"] for each in (inside, outside, unknown)] == [1337, 0, None]


class TestExpected:
    @pytest.mark.parametrize(
        "text",
        [
            "yes", "yes dnat=10.42.0.199:80,10.42.0.200:80", "yes dnat=10.42.0.200:80,10.42.0.199:80 snat=MASQUERADE",
            "yes end=forwarded",
        ],
    )  # fmt: skip
    def test_nothing_is_wrong_where_it_is_as_said(self, nginx: Session, text: str) -> None:
        assert (
            expected(nginx.trace(Request(dst="10.110.199.45", dport="80", src="1.1.1.1", local=(NODE,))), text) is None
        )

    @pytest.mark.parametrize(
        ("text", "wrong"),
        [
            ("no", "the answer is yes, not no"),
            ("yes dnat=10.42.0.199:80", "dnat is 10.42.0.199:80, 10.42.0.200:80, not 10.42.0.199:80"),
            ("yes snat=none", "snat is MASQUERADE, not none"),
            ("yes end=delivered", "end is forwarded, not delivered"),
        ],
    )
    def test_the_difference_is_told(self, nginx: Session, text: str, wrong: str) -> None:
        trace = nginx.trace(Request(dst="10.110.199.45", dport="80", src="1.1.1.1", local=(NODE,)))
        assert expected(trace, text) == wrong

    def test_no_translation_is_none(self) -> None:
        trace = trace_of("*filter\n:INPUT DROP [0:0]\nCOMMIT\n", dst=NODE, local=(NODE,))
        assert expected(trace, "no dnat=none snat=none end=dropped") is None

    @pytest.mark.parametrize("text", ["", "maybe", "yes colour=red", "yes dnat"])
    def test_an_expectation_that_makes_no_sense(self, nginx: Session, text: str) -> None:
        trace = nginx.trace(Request(dst="10.110.199.45", dport="80", src="1.1.1.1", local=(NODE,)))
        with pytest.raises(UsageError, match="--expect"):
            expected(trace, text)


class TestRequested:
    def test_options_win_over_the_expression(self, nginx: Session) -> None:
        found = requested("10.42.0.7 -> default/nginx", nginx, {}, {"dport": "81", "src": "", "local": ()})
        assert (found.src, found.dst, found.dport) == ("10.42.0.7", "10.110.199.45", "81")

    def test_a_destination_wins_over_a_node_port(self, nginx: Session) -> None:
        found = requested("-> nodeport 32754", nginx, {}, {"dst": "10.0.0.1"})
        assert (found.dst, found.to_node, found.dport) == ("10.0.0.1", False, "32754")


class TestSession:
    def test_questions_about_different_hosts_do_not_mix(self) -> None:
        session = session_of("*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n")
        ends = [
            {o.end for o in session.trace(Request(dst="192.0.2.1", local=local)).outcomes}
            for local in (("192.0.2.1",), ("192.0.2.2",), (), ("192.0.2.1",))
        ]
        assert ends == [{"delivered"}, {"forwarded"}, {"delivered", "forwarded"}, {"delivered"}]

    def test_what_was_assumed_for_one_packet_is_forgotten_for_the_next(self) -> None:
        session = session_of("*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -s 10.0.0.0/8 -j DROP\nCOMMIT\n")
        request = Request(dst="192.0.2.1", local=(NODE,))
        first, second = session.trace(request), session.trace(request)
        assert len(first.outcomes) == len(second.outcomes) == 2
        assert [o.assumptions for o in first.outcomes] == [o.assumptions for o in second.outcomes]

    def test_a_back_end_that_was_asked_for_wins_over_the_dump_s(self) -> None:
        assert Session.open(sample("kube-dns")).trace(BASE).backend == "legacy"
        assert Session.open(sample("kube-dns"), backend="nft").trace(BASE).backend == "nft"

    def test_a_source_without_rules_is_refused_with_the_first_thing_noticed(self, tmp_path: Any) -> None:
        path = tmp_path / "letter.txt"
        path.write_text("Dear sir,\n\nno rules here\n")
        with pytest.raises(SourceError, match=r"holds no iptables rules. Line 1:"):
            load(str(path))
