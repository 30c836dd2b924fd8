"""`kptui trace --confirm`: the kernel's path beside the trace's, as root and without, and the host stays as it is."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from kptui.ask.request import Request
from kptui.confirm.confirm import Confirmation, Confirmer
from kptui.kernel.judge import Judge
from kptui.tracing import Session
from tests.kernel.unprivileged import unprivileged
from tests.support import NODE, Done, ruleset_of, sample, session_of
from tests.test_samples import CLAIMS, DEPENDS

Run = Callable[..., Done]
LINES = [*CLAIMS, *sorted(DEPENDS)]
# What a process without rights does with many command lines, so that it starts once only.
MANY = """
import json, shlex, sys
from kptui import cli
for line in json.loads(sys.argv[1]):
    sys.argv = ["kptui", "trace", *shlex.split(line), "--confirm", "--json"]
    try:
        cli.main()
    except SystemExit as ended:
        print("\\0", ended.code, "\\0", sep="")
"""


@pytest.fixture(autouse=True)
def _kernel(judge: Judge) -> None:
    """Everything here needs one that can be asked."""


@pytest.fixture
def host() -> Iterator[None]:
    """Whatever is done: the host's own rules, devices and namespace are the same afterwards."""

    def look() -> list[object]:
        seen: list[object] = [os.stat("/proc/self/ns/net").st_ino, Path("/proc/net/dev").read_text().count("\n")]
        for name in ("iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save", "ip6tables-legacy-save"):
            if shutil.which(name):
                done = subprocess.run([name], capture_output=True, check=False)
                seen.append([line for line in done.stdout.splitlines() if not line.startswith(b"#")])
        return seen

    before = look()
    yield
    assert look() == before


def confirmed(session: Session, **request: Any) -> Confirmation:
    """A trace's confirmation, packet and host told as on the command line."""
    asked = Request(**request)
    with session.confirmer() as confirmer:
        return confirmer.confirm(session.trace(asked), session.asked(asked).host)


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize("line", LINES)
def test_the_kernel_agrees_with_every_packet_of_the_samples(line: str, run: Run, monkeypatch: Any) -> None:
    monkeypatch.chdir(Path(sample("three-pods")).parents[1])
    plainly = run("trace", *shlex.split(line), "--json")
    done = run("trace", *shlex.split(line), "--confirm", "--json")
    kernel = json.loads(done.out)["kernel"]
    assert (done.code, done.err) == (plainly.code, "")
    assert (kernel["agrees"], kernel["refused"], kernel["rootless"], kernel["untried"]) == (True, None, False, [])
    (packet,) = kernel["packets"]
    outcomes = json.loads(done.out)["outcomes"]
    paths = [[_place(step) for step in outcome["path"] if not step.get("maybe")] for outcome in outcomes]
    assert [_place(step) for step in kernel["path"] if not _maybe(step, outcomes)] in paths
    if "assume" not in line:
        assert {found["outcome"] for found in packet["outcomes"]} == set(range(1, len(outcomes) + 1))
    assert len(outcomes) == 1 or packet["runs"] >= 50


def _place(step: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(step[name] for name in ("hook", "table", "chain", "rule", "line", "text"))


def _maybe(step: dict[str, Any], outcomes: list[dict[str, Any]]) -> bool:
    return any(_place(each) == _place(step) and each.get("maybe") for outcome in outcomes for each in outcome["path"])


@pytest.mark.usefixtures("host")
def test_it_needs_no_root() -> None:
    """A user namespace will do; the devices are veth pairs where /dev/net/tun may not be opened."""
    done = unprivileged("-c", MANY, json.dumps(LINES))
    answers = [json.loads(text) for text in done.out.split("\0")[::2] if text.strip()]
    if answers and "needs root" in (answers[0]["kernel"]["refused"] or ""):
        pytest.skip(answers[0]["kernel"]["refused"])
    assert done.err == ""
    found = [(each["kernel"]["agrees"], each["kernel"]["refused"], each["kernel"]["rootless"]) for each in answers]
    assert found == [(True, None, True)] * len(LINES)


@pytest.mark.usefixtures("host")
def test_without_any_right_it_says_so_and_the_trace_is_told_all_the_same() -> None:
    """In a user namespace that allows no other, and without capabilities."""
    forbid = "echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all"
    command = f"{forbid} {sample_command('three-pods', '10.42.0.7 -> 10.96.140.7:80')}"
    done = subprocess.run(["unshare", "-U", "-r", "sh", "-c", command], capture_output=True, text=True, check=False)
    if "kptui" not in done.stderr:
        pytest.skip(f"no user namespace to forbid others in: {done.stderr.strip()}")
    assert done.returncode == 6
    assert "answer: yes" in done.stdout
    for text in (done.stdout, done.stderr):
        assert "could not be asked: a network namespace needs root, or unprivileged user namespaces" in text


def sample_command(name: str, packet: str) -> str:
    """A command line that confirms a packet of a sample, for a shell."""
    import sys

    words = [sys.executable, "-m", "kptui", "trace", sample(name), packet, "--local", NODE, "--confirm"]
    return shlex.join(words)


FORWARD = "*filter\n:FORWARD {policy} [0:0]\n-A FORWARD -p tcp -j ACCEPT\nCOMMIT\n"
KNOWN: dict[str, Any] = {"src": "192.0.2.1", "dst": "198.51.100.1", "local": (NODE,), "sport": "1000", "dport": "80"}


class TestWhereTheyPart:
    """A confirmer over other rules than those that were traced: what a bug of the tracer would look like."""

    def parted(self, other: str, **request: Any) -> tuple[Session, Confirmation]:
        session = session_of(FORWARD.format(policy="ACCEPT"))
        asked = Request(**{**KNOWN, **request})
        with Confirmer(ruleset_of(other)) as confirmer:
            return session, confirmer.confirm(session.trace(asked), session.asked(asked).host)

    def test_the_first_step_that_differs_is_named_with_both_sides(self) -> None:
        session, found = self.parted(FORWARD.format(policy="ACCEPT").replace("tcp", "udp"))
        assert found.agrees is False
        (sent,) = found.sent
        assert sent.parting is not None
        assert (sent.parting.after, sent.parting.mine) == (0, "FORWARD filter FORWARD 1 ACCEPT")
        assert sent.parting.kernel == "FORWARD filter FORWARD policy ACCEPT"
        trace = session.trace(Request(**KNOWN))
        text = session.text(trace, checked=found)
        assert "kernel: DISAGREES · 1 packet" in text
        assert "kptui   FORWARD filter FORWARD 1 ACCEPT" in text
        assert "kernel  FORWARD filter FORWARD policy ACCEPT" in text
        told = session.json(trace, found)["kernel"]
        assert told["agrees"] is False
        assert told["parts"] == {"after": 0, "kptui": sent.parting.mine, "kernel": sent.parting.kernel}
        assert [step["effect"] for step in told["path"]] == ["policy ACCEPT"]

    def test_another_end_after_the_same_steps(self) -> None:
        _, found = self.parted(FORWARD.format(policy="DROP"), proto="udp")
        (sent,) = found.sent
        assert sent.parting is not None
        assert "policy ACCEPT" in sent.parting.mine
        assert "policy DROP" in sent.parting.kernel

    def test_it_is_loud_and_the_exit_code_is_its_own(self, run: Run, monkeypatch: Any, tmp_path: Path) -> None:
        other = ruleset_of(FORWARD.format(policy="DROP").replace("tcp", "udp"))
        monkeypatch.setattr(Session, "confirmer", lambda self: Confirmer(other))
        path = tmp_path / "rules.txt"
        path.write_text(FORWARD.format(policy="ACCEPT"))
        packet = [str(path), "192.0.2.1:1000 -> 198.51.100.1:80", "--local", NODE, "--confirm"]
        done = run("trace", *packet)
        assert done.code == 5
        assert "kptui: the kernel DISAGREES" in done.err
        assert run("trace", *packet, "--expect", "yes").code == 5
        batch = tmp_path / "batch"
        batch.write_text('{"src": "192.0.2.1"}\n')
        assert run("trace", *packet, "--batch", str(batch)).code == 5

    def test_shares_that_do_not_fit(self) -> None:
        session = Session.open(sample("three-pods"))
        asked = Request(src="10.42.0.7", dst="10.96.140.7", dport="80", local=(NODE,))
        trace = session.trace(asked)
        wrong = tuple(
            replace(outcome, probability=share)
            for outcome, share in zip(trace.outcomes, (Fraction(8, 10), Fraction(1, 10), Fraction(1, 10)), strict=True)
        )
        with session.confirmer() as confirmer:
            right, found = (
                confirmer.confirm(each, session.asked(asked).host) for each in (trace, replace(trace, outcomes=wrong))
            )
        assert right.agrees is True
        assert found.agrees is False
        assert "its share is 4/5" in (found.sent[0].odds or "")
        assert "the shares do not fit" in session.text(trace, checked=found)


class TestWhatIsOpen:
    def test_what_was_chosen_is_said_and_which_outcome_was_taken(self) -> None:
        session = session_of(FORWARD.format(policy="ACCEPT") + "*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n")
        found = confirmed(session, local=(NODE,))
        names = [name for name, _ in found.sent[0].choice.chosen]
        assert {"source", "destination", "source port", "destination port", "in by", "out by"} <= set(names)
        assert found.agrees is True

    def test_each_way_of_settling_an_open_field_gets_a_packet_of_its_own(self) -> None:
        rules = "-A INPUT -s 10.0.0.0/8 -j DROP\n-A INPUT -i eth+ -p tcp --dport 22 -j ACCEPT\n-A INPUT -j REJECT"
        session = session_of(f"*filter\n:INPUT ACCEPT [0:0]\n{rules}\nCOMMIT\n")
        found = confirmed(session, dst=NODE, local=(NODE,))
        assert found.agrees is True
        assert len(found.sent) == len(session.trace(Request(dst=NODE, local=(NODE,))).outcomes)
        assert all(len(sent.taken) == 1 for sent in found.sent)
        chosen = [dict(sent.choice.chosen) for sent in found.sent]
        assert any(each["in by"].startswith("eth") and each["destination port"] == "22" for each in chosen)
        assert any(each["source"].startswith("10.") for each in chosen)

    def test_nobody_told_the_host_s_addresses(self) -> None:
        session = Session.open(sample("nginx-nodeport"))
        found = confirmed(session, src="203.0.113.9", dst="192.168.50.10", dport="32754")
        assert found.agrees is True
        told = {dict(sent.choice.chosen)["addresses of the host"] for sent in found.sent}
        assert any("192.168.50.10" in each for each in told)
        assert any("192.168.50.10" not in each for each in told)

    def test_a_rate_limit_is_used_up_as_packets_are_repeated(self) -> None:
        rules = "-A FORWARD -m limit --limit 1/hour --limit-burst 3 -j ACCEPT\n-A FORWARD -j DROP"
        found = confirmed(session_of(f"*filter\n:FORWARD ACCEPT [0:0]\n{rules}\nCOMMIT\n"), **KNOWN)
        assert found.agrees is True
        assert sorted(found.taken.values()) == [3, 97]

    def test_what_was_assumed_of_the_kernel_s_own_state_is_set_aside(self) -> None:
        rules = "-A FORWARD -m limit --limit 1/hour --limit-burst 3 -j ACCEPT\n-A FORWARD -j DROP"
        session = session_of(f"*filter\n:FORWARD ACCEPT [0:0]\n{rules}\nCOMMIT\n")
        found = confirmed(session, **KNOWN, assume=("limit=yes",))
        assert found.agrees is True
        (sent,) = found.sent
        assert (sum(sent.taken.values()), sent.aside) == (3, 97)
        assert any("--assume" in note for note in found.notes)

    @pytest.mark.parametrize(
        ("rule", "packet"),
        [
            ("-m mark --mark 0x7", {"mark": "7"}),
            ("-m conntrack --ctstate UNTRACKED", {"ctstate": "UNTRACKED"}),
            ("-m conntrack --ctstate INVALID", {"ctstate": "INVALID"}),
            ("-m mac --mac-source 02:00:00:00:00:07", {"details": {"mac_source": "02:00:00:00:00:07"}}),
            ("-m ttl --ttl-eq 8", {"details": {"ttl": 9}}),
            ("-m tos --tos 0x10/0xff", {"details": {"tos": 16}}),
            ("-m length --length 300", {"details": {"length": 300}}),
            ("-p tcp -m tcpmss --mss 1200", {"details": {"mss": 1200}}),
            ("-i lan7", {"in_": "lan7"}),
            ("-o wan7", {"out": "wan7"}),
        ],
    )
    def test_every_field_of_a_packet_is_rebuilt(self, rule: str, packet: dict[str, Any]) -> None:
        session = session_of(f"*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD {rule} -j DROP\nCOMMIT\n")
        asked = {**KNOWN, **packet}
        trace = session.trace(Request(**asked))
        assert [outcome.end for outcome in trace.outcomes] == ["dropped"]
        found = confirmed(session, **asked)
        assert (found.agrees, found.runs) == (True, 1), found

    def test_the_user_who_sends(self) -> None:
        session = session_of("*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -m owner --uid-owner 1337 -j DROP\nCOMMIT\n")
        found = confirmed(session, src=NODE, dst="192.0.2.1", local=(NODE,))
        assert found.agrees is True
        assert {dict(sent.choice.chosen).get("user") for sent in found.sent} == {"1337", None}


ADDRESSES = {
    "eth0": ("192.168.50.10/24", "192.168.50.11/24"),
    "cni0": ("10.42.0.1/24",),
    "wan.1": ("203.0.113.10/24",),
}
SYSCTLS = "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 1\n"


def captured(**more: Any) -> Session:
    """A session over a bundle of a node, with more routes and policy rules."""
    links = [
        {"ifname": name, "addr_info": [{"family": "inet", "local": text[:-3], "prefixlen": 24} for text in told]}
        for name, told in ADDRESSES.items()
    ]
    routes: list[dict[str, Any]] = [{"dst": "default", "gateway": "192.168.50.1", "dev": "eth0"}]
    for name, told in ADDRESSES.items():
        for number, text in enumerate(told):
            own = text[:-3]
            net = own.rpartition(".")[0]
            routes.append({"type": "local", "dst": own, "dev": name, "table": "local", "prefsrc": own})
            if number == 0:
                routes.append({"dst": f"{net}.0/24", "dev": name, "prefsrc": own})
                routes.append({"type": "broadcast", "dst": f"{net}.255", "dev": name, "table": "local", "prefsrc": own})
    routes += more.get("routes", [])
    rules = [{"priority": 0, "src": "all", "table": "local"}, {"priority": 32766, "src": "all", "table": "main"}]
    facts = {
        "ip-addr.json": json.dumps(links),
        "ip-route.json": json.dumps(routes),
        "ip-rule.json": json.dumps([*rules, *more.get("rules", [])]),
        "sysctl": SYSCTLS,
    }
    text = more.get("text", FORWARD.format(policy="ACCEPT"))
    return Session(ruleset_of(text), "test", facts=facts)


@pytest.mark.usefixtures("host")
class TestCapturedHosts:
    """With a bundle, the namespace routes as the captured host does."""

    @pytest.mark.parametrize(
        ("more", "packet", "end"),
        [
            ({}, {"src": "192.168.50.2", "dst": "10.42.0.7", "in_": "eth0"}, "forwarded"),
            ({}, {"src": "192.168.50.2", "dst": "192.168.50.11", "in_": "eth0"}, "delivered"),
            ({}, {"src": "203.0.113.9", "dst": "10.42.0.7", "in_": "eth0"}, "lost"),
            ({}, {"src": "10.42.0.7", "dst": "8.8.8.8", "in_": "cni0"}, "forwarded"),
            ({}, {"src": "10.42.0.7", "dst": "203.0.113.77", "in_": "cni0"}, "forwarded"),
            ({}, {"dst": "203.0.113.77", "origin": "local"}, "sent"),
            ({}, {"dst": "192.168.50.11", "origin": "local"}, "delivered"),
            (
                {"routes": [{"type": "blackhole", "dst": "10.66.0.0/16"}]},
                {"src": "192.168.50.2", "dst": "10.66.1.1", "in_": "eth0"},
                "lost",
            ),
            (
                {
                    "routes": [
                        {"dst": "10.7.0.0/16", "dev": "cni0", "metric": 20},
                        {"dst": "10.7.0.0/16", "dev": "wan.1"},
                    ]
                },
                {"src": "192.168.50.2", "dst": "10.7.1.1", "in_": "eth0"},
                "forwarded",
            ),
            (
                {
                    "routes": [{"dst": "default", "dev": "wan.1", "table": "100"}],
                    "rules": [{"priority": 100, "src": "all", "fwmark": "0x7", "table": "100"}],
                },
                {"src": "10.42.0.7", "dst": "8.8.8.8", "in_": "cni0", "mark": "7"},
                "forwarded",
            ),
            (
                {"rules": [{"priority": 100, "src": "10.42.0.99", "action": "unreachable"}]},
                {"src": "10.42.0.99", "dst": "8.8.8.8", "in_": "cni0"},
                "lost",
            ),
        ],
    )
    def test_routes_as_the_host_does(self, more: dict[str, Any], packet: dict[str, str], end: str) -> None:
        session = captured(**more)
        asked: dict[str, Any] = {**packet, "dport": "80", "sport": "1000"}
        (outcome,) = session.trace(Request(**asked)).outcomes
        assert outcome.end == end
        found = confirmed(session, **asked)
        assert (found.agrees, found.notes) == (True, ()), found

    def test_the_kernel_picks_one_of_several_next_hops(self) -> None:
        hops = [{"dev": "cni0", "weight": 1}, {"gateway": "203.0.113.1", "dev": "wan.1", "weight": 1}]
        session = captured(routes=[{"dst": "10.8.0.0/16", "nexthops": hops}])
        found = confirmed(session, src="192.168.50.2", dst="10.8.1.1", in_="eth0", sport="1000", dport="80")
        assert found.agrees is True
        assert sum(found.taken.values()) == found.runs

    def test_nothing_of_a_hostile_bundle_is_a_command(self, tmp_path: Path) -> None:
        mark = tmp_path / "mark"
        evil = f"x\nnetns exec x touch {mark}"
        session = captured(
            routes=[{"dst": "10.9.0.0/16", "dev": evil}, {"dst": "default", "dev": "wan.1", "table": evil}],
            rules=[{"priority": 7, "src": "all", "iif": evil, "table": "main"}],
        )
        found = confirmed(session, src="192.168.50.2", dst="10.42.0.7", in_="eth0", sport="1000", dport="80")
        assert found.agrees is True
        assert any("not a name for a command" in note for note in found.notes)
        assert not mark.exists()


class TestWhatCanNotBeRebuilt:
    def test_rules_of_modules_that_are_missing_are_left_out_and_said(self) -> None:
        rules = "-A FORWARD -m nonsense -j DROP\n-A FORWARD --what\n-A FORWARD -j ELSEWHERE\n-A FORWARD -p tcp -j DROP"
        found = confirmed(session_of(f"*filter\n:FORWARD ACCEPT [0:0]\n{rules}\nCOMMIT\n"), **KNOWN)
        assert found.refused is None
        assert sum("left out" in note for note in found.notes) == 3
        assert any("filter FORWARD 1 left out: Couldn't load match `nonsense'" in note for note in found.notes)
        assert found.agrees is not False

    def test_a_certain_outcome_through_a_rule_that_can_t_be_loaded_is_not_confirmed(self, monkeypatch: Any) -> None:
        session = session_of(FORWARD.format(policy="DROP"))
        with session.confirmer() as confirmer:
            confirmer._stage._hopeless = lambda: iter([(("filter", "FORWARD", 1), "no such module")])  # type: ignore[method-assign]
            found = confirmer.confirm(session.trace(Request(**KNOWN)), session.asked(Request(**KNOWN)).host)
        assert found.agrees is None
        assert found.verdict == "could not tell: filter FORWARD 1 could not be loaded"

    def test_sets_nobody_told_are_made_empty(self) -> None:
        rule = "-A FORWARD -m set --match-set unheard-of src,dst -j DROP"
        found = confirmed(session_of(f"*filter\n:FORWARD ACCEPT [0:0]\n{rule}\nCOMMIT\n"), **KNOWN)
        assert found.agrees is True
        assert found.notes == ("the set unheard-of is not in --ipset; here it is empty",)

    def test_sets_are_made_before_the_rules(self) -> None:
        rule = "-A FORWARD -m set --match-set lan src -j DROP"
        session = session_of(
            f"*filter\n:FORWARD ACCEPT [0:0]\n{rule}\nCOMMIT\n", "create lan hash:net\nadd lan 192.0.2.0/24\n"
        )
        session.ipset_text = "create lan hash:net\nadd lan 192.0.2.0/24\n"
        found = confirmed(session, **KNOWN)
        assert (found.agrees, found.notes) == (True, ())
        assert found.sent[0].first is not None
        assert found.sent[0].first.end == "dropped"

    def test_a_set_of_a_type_that_is_missing_is_said(self) -> None:
        session = session_of(
            "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m set --match-set odd src -j DROP\nCOMMIT\n",
        )
        session.ipset_text = "create lan hash:net\ncreate odd hash:nothing\nadd odd 192.0.2.0/24\n"
        found = confirmed(session, **KNOWN)
        assert found.agrees is True
        assert any(note.startswith("the set odd can't be rebuilt") for note in found.notes)

    @pytest.mark.parametrize(
        ("packet", "why"),
        [
            ({"ctstate": "ESTABLISHED"}, "a connection that is ESTABLISHED already can't be rebuilt"),
            ({"ctmark": "7"}, "--ctmark can't be rebuilt"),
            ({"ctstate": "INVALID", "proto": "udp"}, "the kernel takes such a packet for NEW, not for INVALID"),
            ({"in_": "lo"}, "a packet that comes in by lo was sent by this host"),
            ({"details": {"length": 9}}, "can't have 9 bytes"),
        ],
    )
    def test_packets_that_can_t_be_sent_are_said(self, packet: dict[str, Any], why: str) -> None:
        session = session_of(FORWARD.format(policy="ACCEPT"))
        found = confirmed(session, **{**KNOWN, **packet})
        assert found.agrees is None
        assert why in (found.refused or "")

    @pytest.mark.parametrize("name", ["eth%d", "all", "default", "a:b", "."])
    def test_odd_interface_names_are_said_or_made(self, name: str) -> None:
        found = confirmed(session_of(FORWARD.format(policy="ACCEPT")), **{**KNOWN, "in_": name})
        if found.agrees is None:
            assert f"no network interface “{name}” can be made" in (found.refused or "")
        else:
            assert found.agrees is True


@pytest.mark.usefixtures("host")
def test_a_dump_s_text_is_never_a_shell_word(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    evil = f'$(touch {mark}); `touch {mark}` | touch {mark} & \\"; touch {mark}'
    session = session_of(
        f'*filter\n:FORWARD ACCEPT [0:0]\n:$(id) - [0:0]\n-A FORWARD -m comment --comment "{evil}" -j $(id)\nCOMMIT\n'
    )
    found = confirmed(session, **KNOWN)
    assert found.agrees is True
    assert not mark.exists()


def test_batch_asks_for_each_packet(run: Run, tmp_path: Path) -> None:
    batch = tmp_path / "batch"
    batch.write_text('{"src": "10.42.0.7", "sport": 1}\n{"src": "192.0.2.9", "sport": 2}\n{"src": "no"}\n')
    done = run("trace", sample("three-pods"), "-> 10.96.140.7:80", "--local", NODE, "--confirm", "--batch", str(batch))
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 0
    assert [each.get("kernel", {}).get("agrees") for each in answers] == [True, True, None]
