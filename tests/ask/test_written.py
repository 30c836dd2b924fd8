"""Requests written back: the expression that is read as the same packet, the command that asks the same."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace

import pytest

from kptui.ask.expression import expression
from kptui.ask.request import Request
from kptui.ask.written import command_line, packet_expression
from kptui.tracing import Session
from tests.support import sample

REQUESTS = [
    Request(dst="10.110.199.45"),
    Request(dst="10.110.199.45", dport="80", proto="tcp"),
    Request(src="192.168.50.2", sport="40000", dst="10.110.199.45", dport="80"),
    Request(src="fd00::2", sport="1", dst="fd00::1", dport="80", proto="udp"),
    Request(src="10.0.0.1", dst="10.0.0.2", proto="icmp", icmp_type="echo-reply"),
    Request(dst="10.0.0.2", proto="icmp", icmp_type="8/0"),
    Request(to_node=True, dport="32754", proto="tcp"),
    Request(src="192.168.50.2", to_node=True, dport="32754", proto="tcp"),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=packet_expression)
def test_the_expression_is_read_as_the_same_packet(request_: Request) -> None:
    assert expression(packet_expression(request_), Session.open(sample("nginx-nodeport")).services) == request_


def test_without_a_destination_there_is_no_expression() -> None:
    assert packet_expression(Request(src="10.0.0.1", dport="80")) == ""
    assert packet_expression(Request(to_node=True)) == ""


def test_the_command_says_everything_and_is_safe_in_a_shell() -> None:
    asked = replace(
        REQUESTS[2], local=("192.168.50.10",), in_="eth0", assume=("-s $(reboot)=no",), settings={"nth": "no"}
    )
    words = shlex.split(command_line("my rules; x.txt", asked, reply=True))
    assert words[:3] == ["kptui", "trace", "my rules; x.txt"]
    pairs = set(zip(words[3:-1:2], words[4::2], strict=True))
    assert {("--src", "192.168.50.2"), ("--dport", "80"), ("--in", "eth0"), ("--local", "192.168.50.10")} <= pairs
    assert {("--assume", "-s $(reboot)=no"), ("--set", "nth=no")} <= pairs
    assert words[-1] == "--reply"


def test_what_could_act_on_a_terminal_is_written_out_and_read_the_same_by_a_shell() -> None:
    name = "a'b\x1b[201~\n\\$(id) \u202e\udc9b.txt"
    command = command_line(name, Request(dst="10.0.0.1"))
    assert command.isascii()
    assert command.isprintable()
    read = subprocess.run(
        ["bash", "-c", f"kptui() {{ printf '%s\\0' \"$@\"; }}; {command}"], capture_output=True, check=True
    ).stdout
    assert read.split(b"\0")[1] == name.encode("utf-8", "surrogateescape")


def test_a_node_port_is_told_by_an_expression() -> None:
    assert command_line("r.txt", REQUESTS[7]) == "kptui trace r.txt 'tcp 192.168.50.2 -> nodeport 32754'"
