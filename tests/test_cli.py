"""The command line: what the issue says it must show, exit codes, and what becomes of bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kptui import __version__
from tests.support import NODE, ROOT, SAMPLE_NAMES, Done, kptui, sample

Run = Callable[..., Done]
NGINX = sample("nginx-nodeport")
SERVICE = ["--dst", "10.110.199.45", "--dport", "80", "--local", NODE]
TO_NODE = [f"{NODE}:80", "--local", NODE]
PODS = ["10.42.0.199:80", "10.42.0.200:80"]
UNKNOWN = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 10.0.0.0/8 -j DROP\n-A INPUT -p udp -j DROP\nCOMMIT\n"


@pytest.fixture
def dump(tmp_path: Path) -> Callable[[str], str]:
    """Write a dump and give its path."""

    def write(text: str) -> str:
        path = tmp_path / "rules.txt"
        path.write_text(text)
        return str(path)

    return write


def outcomes(done: Done) -> list[tuple[float | None, str | None, str | None]]:
    """(probability, dnat, snat) of each outcome of a JSON trace."""
    return sorted((o["probability"], o["dnat"], o["snat"]) for o in json.loads(done.out)["outcomes"])


class TestMustShow:
    def test_from_outside_half_to_each_pod_masqueraded(self) -> None:
        done = kptui("trace", NGINX, "--src", "192.168.50.2", *SERVICE, "--json")
        assert (done.code, done.err) == (0, "")
        assert outcomes(done) == [(0.5, pod, "MASQUERADE") for pod in PODS]
        assert json.loads(done.out)["answer"] == "yes"

    def test_from_a_pod_not_masqueraded(self, run: Run) -> None:
        done = run("trace", NGINX, "--src", "10.42.0.7", *SERVICE, "--json")
        assert done.code == 0
        assert outcomes(done) == [(0.5, pod, None) for pod in PODS]

    def test_from_an_endpoint_masqueraded_on_the_hairpin_only(self, run: Run) -> None:
        done = run("trace", NGINX, "--src", "10.42.0.199", *SERVICE, "--json")
        assert outcomes(done) == [(0.5, PODS[0], "MASQUERADE"), (0.5, PODS[1], None)]

    def test_the_node_port_goes_through_its_chains_in_order(self, run: Run) -> None:
        packet = ["--src", "192.168.50.2", "--dst", NODE, "--dport", "32754", "--local", NODE]
        done = run("trace", NGINX, *packet, "--json")
        assert outcomes(done) == [(0.5, pod, "MASQUERADE") for pod in PODS]
        for outcome in json.loads(done.out)["outcomes"]:
            chains = list(
                dict.fromkeys(step["chain"] for step in outcome["path"] if step["rule"] and step["table"] == "nat")
            )
            assert chains[:6] == [
                "PREROUTING", "KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-EXT-OVTWZ4GROBJZO4C5", "KUBE-MARK-MASQ",
                "KUBE-SVC-OVTWZ4GROBJZO4C5",
            ]  # fmt: skip
            assert chains[6].startswith("KUBE-SEP-")
            assert chains[7:] == ["POSTROUTING", "KUBE-POSTROUTING"]

    def test_an_expression_does_what_the_options_do(self, run: Run) -> None:
        by_options = run("trace", NGINX, "--src", "10.42.0.7", *SERVICE, "--proto", "tcp", "--json")
        by_name = run("trace", NGINX, "10.42.0.7 -> default/nginx", "--local", NODE, "--json")
        assert by_name.out == by_options.out

    def test_an_expression_may_begin_with_its_arrow(self, run: Run) -> None:
        done = run("trace", NGINX, "-> nodeport 32754", "--local", NODE, "--json")
        assert done.code == 0
        assert json.loads(done.out)["packet"]["dst"] == NODE

    def test_the_text_names_targets_share_and_answer(self, run: Run) -> None:
        done = run("trace", NGINX, "--src", "192.168.50.2", *SERVICE)
        assert done.code == 0
        for words in (*PODS, "1/2", "MASQUERADE", "answer: yes", "KUBE-SVC-OVTWZ4GROBJZO4C5", "default/nginx:80-80"):
            assert words in done.out
        assert "\x1b" not in done.out

    def test_demo_without_a_terminal_prints_the_trace_of_the_sample(self) -> None:
        done = kptui("demo")
        assert done.code == 0
        assert "KUBE-EXT-OVTWZ4GROBJZO4C5" in done.out
        assert all(pod in done.out for pod in PODS)


class TestExitCodes:
    def test_0_it_gets_through(self) -> None:
        assert kptui("trace", NGINX, "10.0.0.1", "--src", "1.1.1.1", "--local", NODE).code == 0

    def test_1_it_does_not(self) -> None:
        done = kptui("trace", sample("no-endpoints"), "10.42.0.7 -> 10.96.31.5:80", "--local", NODE)
        assert (done.code, done.err) == (1, "")

    @pytest.mark.parametrize(
        "args",
        [
            ["trace", NGINX, "--colour"],
            ["trace"],
            ["trace", NGINX, "300.0.0.1"],
            ["trace", NGINX, "--dport", "65536"],
            ["trace", NGINX, "--backend", "bpf"],
            ["trace", NGINX, "--set", "novalue"],
            ["trace", NGINX, "10.0.0.1", "--expect", "perhaps"],
            ["parse", NGINX, "--format", "yaml"],
        ],
    )
    def test_2_wrong_usage(self, run: Run, args: list[str]) -> None:
        done = run(*args)
        assert done.code == 2
        assert done.out == ""
        assert done.err
        assert "Traceback" not in done.err

    def test_2_as_a_process(self) -> None:
        assert kptui("trace", NGINX, "--dst", "10.0.0.256").code == 2

    def test_3_the_source_cannot_be_read(self) -> None:
        done = kptui("trace", "/no/such/file", "10.0.0.1")
        assert (done.code, done.out) == (3, "")
        assert done.err == "kptui: There is no file /no/such/file.\n"

    def test_3_the_source_holds_no_rules(self) -> None:
        done = kptui("trace", "-", "10.0.0.1", text="Hello\n")
        assert done.code == 3
        assert "holds no iptables rules" in done.err

    def test_4_it_depends(self) -> None:
        done = kptui("trace", "-", *TO_NODE, text=UNKNOWN)
        assert done.code == 4
        assert "answer: depends" in done.out
        assert "-s 10.0.0.0/8" in done.out


class TestBadInput:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "is empty"),
            (b"\n\n", "is empty"),
            (b"\x7fELF\0\0", "is a binary file"),
            (b"hello\n", "holds no iptables rules"),
        ],
    )
    @pytest.mark.parametrize("command", [["trace"], ["parse"], []])
    def test_what_is_no_dump_is_one_sentence_and_exit_3(
        self, run: Run, tmp_path: Path, content: bytes, said: str, command: list[str]
    ) -> None:
        path = tmp_path / "x"
        path.write_bytes(content)
        done = run(*command, str(path))
        assert done.code == 3
        assert said in done.err
        assert done.err.count("\n") == 1
        assert done.out == ""

    def test_a_directory(self, run: Run, tmp_path: Path) -> None:
        assert "is a directory" in run("trace", str(tmp_path)).err

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (["10.0.0.256"], "“10.0.0.256” is no IPv4 address"),
            (["--src", "1.2.3"], "--src: “1.2.3” is no IPv4 address"),
            (["--dport", "70000"], "--dport: 70000 is above 65535, the highest port"),
            (["--dst", "fd00::1"], "--dst fd00::1 is an IPv6 address, the rules are IPv4"),
            (["-> default/ngin"], "Like it: default/nginx"),
            (["-> kube-system/kube-dns"], "several ports"),
            (["--in", "a/b"], "--in: “a/b” is no interface name"),
            (["--route", "10.0.0.0/8"], "is no route"),
            (["--local", "nowhere"], "--local: “nowhere” is no"),
            (["--assume", "x"], "--assume"),
        ],
    )
    def test_a_packet_that_makes_no_sense_is_one_sentence_and_exit_2(
        self, run: Run, args: list[str], said: str
    ) -> None:
        done = run("trace", NGINX, *args)
        assert done.code == 2
        assert said in done.err
        assert (done.err.count("\n"), done.out) == (1, "")

    def test_a_line_that_is_refused_does_not_hide_the_rest(self, run: Run, dump: Callable[[str], str]) -> None:
        path = dump("*filter\n:INPUT DROP [0:0]\nwhat is this\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n")
        done = run("trace", path, *TO_NODE, "--json")
        assert done.code == 4
        assert f"{path}:3:1: error:" in done.err
        assert "what is this" in done.err
        first, _ = json.loads(done.out)["outcomes"]
        assert (first["end"], first["assumptions"][0]["match"]) == ("delivered", "table filter is whole in the dump")
        assert run("trace", path, *TO_NODE, "--assume", "is whole=yes").code == 0

    def test_a_rule_that_is_refused_is_never_certain(self, run: Run, dump: Callable[[str], str]) -> None:
        done = run("trace", dump('*filter\n:INPUT ACCEPT [0:0]\n-A INPUT "open -j DROP\nCOMMIT\n'), *TO_NODE, "--json")
        assert done.code == 4
        assert all("line 3" in o["assumptions"][0]["why"] for o in json.loads(done.out)["outcomes"])

    def test_escape_sequences_of_a_dump_do_not_reach_the_terminal(self, run: Run) -> None:
        for args in (["8081"], ["8089", "--all"]):
            done = run(
                "trace", sample("hostile-comment"), f"192.168.50.2 -> {NODE}:{args[0]}", *args[1:], "--local", NODE
            )
            assert "\x1b" not in done.out + done.err
            assert "\u202e" not in done.out
            assert "hostile" not in done.err
        assert "[bold]not-bold[/bold]" in done.out

    def test_escape_sequences_of_the_arguments_neither(self, run: Run) -> None:
        for args in (["\x1b[31m"], [NGINX, "\x1b[31m"], [NGINX, "--src", "\x1b[31m"], [NGINX, "--assume", "\x1b[31m"]):
            assert "\x1b" not in run("trace", *args).err


class TestBatch:
    def test_answers_are_one_object_a_line_in_order(self, run: Run, tmp_path: Path) -> None:
        lines = [
            '{"id": "a", "src": "10.42.0.7", "dst": "10.110.199.45", "dport": 80}',
            "no json",
            '{"id": "c", "dst": "10.0.0.256"}',
            '{"id": "d", "src": "1.1.1.1", "dst": "10.0.0.1"}',
        ]
        (tmp_path / "packets").write_text("\n".join(lines) + "\n")
        done = run("trace", NGINX, "--local", NODE, "--batch", str(tmp_path / "packets"))
        assert (done.code, done.err) == (0, "")
        found = [json.loads(line) for line in done.out.splitlines()]
        assert [each.get("id") for each in found] == ["a", None, "c", "d"]
        assert ["error" in each for each in found] == [False, True, True, False]
        assert found[0]["schema"] == "kptui.trace/1"
        assert len(found[0]["outcomes"]) == 2

    def test_a_dash_is_standard_input(self) -> None:
        done = kptui("trace", NGINX, "--local", NODE, "--batch", "-", text='{"dst": "10.0.0.1"}\n')
        assert json.loads(done.out)["answer"] == "yes"

    def test_a_file_that_is_not_there(self, run: Run) -> None:
        done = run("trace", NGINX, "--batch", "/no/such/file")
        assert done.code == 3
        assert done.err == "kptui: There is no file /no/such/file.\n"

    def test_bytes_that_are_no_utf_8_spoil_their_own_line_only(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "packets").write_bytes(b'{"dst": "10.0.0.1"}\n{"dst": "\xff"}\n{"dst": "10.0.0.1"}\n')
        done = run("trace", NGINX, "--batch", str(tmp_path / "packets"))
        assert done.code == 0
        assert ["error" in json.loads(line) for line in done.out.splitlines()] == [False, True, False]

    def test_rules_and_packets_cannot_both_come_from_standard_input(self) -> None:
        done = kptui("trace", "-", "--batch", "-", text=UNKNOWN)
        assert done.code == 2
        assert "standard input" in done.err


class TestExpect:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("yes dnat=10.42.0.199:80,10.42.0.200:80 snat=none", 0),
            ("yes", 0),
            ("no", 1),
            ("yes dnat=10.42.0.199:80", 1),
        ],
    )
    def test_the_exit_code_says_whether_it_is_so(self, run: Run, text: str, code: int) -> None:
        done = run("trace", NGINX, "--src", "10.42.0.7", *SERVICE, "--expect", text)
        assert done.code == code
        assert ("not as expected" in done.err) is (code == 1)

    def test_an_expected_no_is_a_success(self, run: Run) -> None:
        packet = "10.42.0.7 -> 10.96.31.5:80"
        assert run("trace", sample("no-endpoints"), packet, "--local", NODE, "--expect", "no end=rejected").code == 0


class TestOptions:
    def test_assume_settles_what_the_dump_does_not_say(self, run: Run, dump: Callable[[str], str]) -> None:
        path = dump(UNKNOWN)
        packet = TO_NODE
        assert run("trace", path, *packet, "--assume", "-s 10.0.0.0/8=no").code == 0
        assert run("trace", path, *packet, "--assume", "-s 10.0.0.0/8=yes").code == 1

    def test_set_answers_a_match(self, run: Run, dump: Callable[[str], str]) -> None:
        path = dump("*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -m owner --uid-owner 1337 -j DROP\nCOMMIT\n")
        packet = ["127.0.0.1 -> 127.0.0.1:80"]
        assert run("trace", path, *packet).code == 4
        assert run("trace", path, *packet, "--set", "uid-owner=1337").code == 1
        assert run("trace", path, *packet, "--set", "uid-owner=0").code == 0

    def test_ipset_decides_a_set(self, run: Run, dump: Callable[[str], str], tmp_path: Path) -> None:
        path = dump("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m set --match-set bad src -j DROP\nCOMMIT\n")
        (tmp_path / "sets").write_text("create bad hash:net family inet\nadd bad 10.0.0.0/8\n")
        sets = ["--ipset", str(tmp_path / "sets")]
        assert run("trace", path, *TO_NODE, "--src", "10.1.1.1").code == 4
        assert run("trace", path, *TO_NODE, "--src", "10.1.1.1", *sets).code == 1
        assert run("trace", path, *TO_NODE, "--src", "192.0.2.1", *sets).code == 0

    @pytest.mark.parametrize(("content", "code"), [(None, 3), ("add nowhere 10.0.0.1\n", 2), ("what?\n", 2)])
    def test_a_bad_ipset_file_is_one_sentence(self, run: Run, tmp_path: Path, content: str | None, code: int) -> None:
        if content is not None:
            (tmp_path / "sets").write_text(content)
        done = run("trace", NGINX, "10.0.0.1", "--ipset", str(tmp_path / "sets"))
        assert (done.code, done.err.count("\n"), done.out) == (code, 1, "")

    def test_route_tells_the_device(self, run: Run, dump: Callable[[str], str]) -> None:
        path = dump("*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -o cni0 -j DROP\nCOMMIT\n")
        packet = ["192.0.2.1 -> 10.1.1.1", "--local", NODE]
        assert run("trace", path, *packet).code == 4
        assert run("trace", path, *packet, "--route", "10.0.0.0/8 dev cni0").code == 1
        assert run("trace", path, *packet, "--route", "default dev eth0 via 192.0.2.254").code == 0

    def test_backend_orders_nat_and_security(self, run: Run, dump: Callable[[str], str]) -> None:
        path = dump("*nat\n:INPUT ACCEPT [0:0]\n-A INPUT -j RETURN\nCOMMIT\n*security\n:INPUT DROP [0:0]\nCOMMIT\n")
        found = {}
        for backend in ("nft", "legacy"):
            done = run("trace", path, *TO_NODE, "--backend", backend, "--json")
            found[backend] = [step["table"] for step in json.loads(done.out)["outcomes"][0]["path"]]
        assert found == {"nft": ["nat", "nat", "security"], "legacy": ["security"]}

    def test_all_lists_the_rules_that_did_not_match_and_why(self, run: Run, dump: Callable[[str], str]) -> None:
        path = dump(UNKNOWN)
        packet = [*TO_NODE, "--src", "192.0.2.1"]
        done = run("trace", path, *packet, "--all", "--json")
        steps = json.loads(done.out)["outcomes"][0]["path"]
        assert [(step["rule"], step.get("matched"), step.get("why")) for step in steps] == [
            (1, False, "-s 10.0.0.0/8"),
            (2, False, "-p udp"),
            (None, None, None),
        ]
        assert "no match: -s 10.0.0.0/8" in run("trace", path, *packet, "--all").out
        assert "no match" not in run("trace", path, *packet).out

    def test_an_unknown_source_is_unknown_and_not_0_0_0_0(self, run: Run, dump: Callable[[str], str]) -> None:
        done = run("trace", dump(UNKNOWN), *TO_NODE, "--json")
        assert json.loads(done.out)["packet"]["src"] is None
        assert done.code == 4


class TestTheRest:
    def test_version(self, run: Run) -> None:
        assert run("--version") == Done(0, f"kptui {__version__}\n", "")

    @pytest.mark.parametrize("args", [["--help"], ["-h"], ["trace", "--help"], ["parse", "-h"], ["demo", "-h"]])
    def test_help_is_on_everything(self, run: Run, args: list[str]) -> None:
        done = run(*args)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("Usage: ")

    def test_without_a_terminal_the_explorer_says_that_it_needs_one(self) -> None:
        done = kptui(NGINX)
        assert done.code == 2
        assert "needs a terminal" in done.err

    @pytest.mark.parametrize("name", SAMPLE_NAMES)
    def test_parse_save_gives_every_sample_back(self, name: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "kptui", "parse", "--format", "save", sample(name)],
            capture_output=True,
            check=True,
            cwd=ROOT,
            timeout=60,
        )
        assert done.stdout == Path(sample(name)).read_bytes()
        assert done.stderr == b""

    @pytest.mark.parametrize("name", SAMPLE_NAMES)
    def test_parse_json_is_the_contract_s(self, run: Run, name: str) -> None:
        found: dict[str, Any] = json.loads(run("parse", sample(name)).out)
        assert (found["schema"], found["diagnostics"]) == ("kptui.ast/1", [])
        lines = Path(sample(name)).read_bytes().decode().split("\n")
        rules = [rule for table in found["tables"] for chain in table["chains"] for rule in chain["rules"]]
        assert len(rules) == sum("-A " in line[:40] for line in lines if not line.startswith("#"))
        assert all(lines[rule["line"] - 1] == rule["text"] for rule in rules)

    def test_parse_names_what_it_cannot_read_with_its_place(self, run: Run, dump: Callable[[str], str]) -> None:
        path = dump("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -j\n-A INPUT -j DROP\nCOMMIT\n")
        done = run("parse", path)
        assert done.code == 0
        (found,) = json.loads(done.out)["diagnostics"]
        assert (found["line"], found["severity"]) == (3, "error")
        assert f"{path}:3:{found['column']}: error:" in done.err
        assert done.err.split("\n")[2].rstrip().endswith("^")
        assert run("parse", path, "--strict").code == 3

    def test_a_reader_that_stops_early_is_no_error(self) -> None:
        command = f"{sys.executable} -m kptui parse {sample('calico-policy')} | head -c 10"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
        assert (len(done.stdout), done.stderr) == (10, "")

    def test_a_full_disk_is_an_error_without_a_traceback(self) -> None:
        command = f"{sys.executable} -m kptui trace {NGINX} 10.0.0.1 > /dev/full"
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, check=False, cwd=ROOT, timeout=60
        )
        assert done.returncode != 0
        assert "Traceback" not in done.stderr


class TestReply:
    ROUTES = (
        "--route", "192.168.50.0/24 dev eth0 src 192.168.50.10", "--route", "10.42.0.0/24 dev cni0 src 10.42.0.1",
        "--route", "default dev eth0 via 192.168.50.1",
    )  # fmt: skip

    def test_there_and_back(self) -> None:
        done = kptui("trace", NGINX, f"192.168.50.2:40000 -> {NODE}:32754", "--local", NODE, *self.ROUTES, "--reply")
        assert done.code == 0
        assert "un-DNAT by conntrack" in done.out
        assert done.out.rstrip().endswith("there and back: yes · it gets through, and the reply comes back; certain")

    def test_a_reply_that_is_dropped_makes_it_a_no(self, dump: Callable[[str], str]) -> None:
        rules = dump("*filter\n:FORWARD DROP [0:0]\n-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT\nCOMMIT\n")
        packet = ["192.0.2.1:4000 -> 198.51.100.1:80", "--local", NODE, "--assume", "by way of this host=yes"]
        assert kptui("trace", rules, *packet[:3]).code == 0
        done = kptui("trace", rules, *packet, "--reply")
        assert done.code == 1
        assert done.out.rstrip().endswith("there and back: no · the reply does not come back: policy of filter FORWARD")

    def test_whether_it_comes_by_this_host_may_not_be_known(self) -> None:
        done = kptui("trace", NGINX, "10.42.0.7:4000 -> default/nginx", "--local", NODE, "--reply")
        assert done.code == 4
        assert "answers 10.42.0.7 by way of this host" in done.out

    def test_as_json_and_in_batches(self) -> None:
        done = kptui("trace", NGINX, "--local", NODE, "--reply", "--batch", "-", text='{"dst": "192.168.50.10"}\n')
        answer = json.loads(done.out)
        assert answer["answer_forward"] == "yes"
        assert answer["outcomes"][0]["reply"]["packet"]["ctstate"] == "ESTABLISHED"

    def test_without_the_option_nothing_of_it_is_told(self) -> None:
        answer = json.loads(kptui("trace", NGINX, *SERVICE, "--json").out)
        assert "answer_forward" not in answer
        assert all("reply" not in outcome for outcome in answer["outcomes"])


class TestKnownConnections:
    LINE = (
        "tcp      6 431999 ESTABLISHED src=192.168.50.2 dst=192.168.50.10 sport=40000 dport=32754 "
        "src=10.42.0.200 dst=192.168.50.10 sport=80 dport=40000 [ASSURED] mark=0 use=1\n"
    )
    PACKET = (f"192.168.50.2:40000 -> {NODE}:32754", "--local", NODE, "--ctstate", "ESTABLISHED")

    def test_a_table_settles_it(self, tmp_path: Path) -> None:
        table = tmp_path / "conntrack.txt"
        table.write_text(self.LINE)
        done = kptui("trace", NGINX, *self.PACKET, "--conntrack", str(table), "--expect", "yes dnat=10.42.0.200:80")
        assert done.code == 0, done.err

    def test_a_damaged_one_is_named_with_its_line(self, tmp_path: Path) -> None:
        table = tmp_path / "conntrack.txt"
        table.write_text("\n" + self.LINE.replace("dport=32754", "dport=x"))
        done = kptui("trace", NGINX, *self.PACKET, "--conntrack", str(table))
        assert (done.code, done.err) == (2, "kptui: connections, line 2: “x” is no port.\n")

    def test_without_one_it_depends(self) -> None:
        done = kptui("trace", NGINX, *self.PACKET)
        assert done.code == 4
        assert "opened by a packet like it" in done.out


class TestAnswersThatSettleNothing:
    PACKET = ("10.42.0.7 -> 10.96.12.34:80", "--local", NODE)

    def test_an_assumption(self) -> None:
        done = kptui("trace", sample("session-affinity"), *self.PACKET, "--assume", "rchek=no")
        assert (
            "--assume rchek: it settles nothing, no open question has that text; open are: -m recent --rcheck"
            in done.err
        )

    def test_one_that_settles_something_is_not_told(self) -> None:
        done = kptui("trace", sample("session-affinity"), *self.PACKET, "--assume", "rcheck=no")
        assert (done.code, done.err) == (0, "")

    def test_a_setting(self) -> None:
        done = kptui("trace", sample("session-affinity"), *self.PACKET, "--set", "recnt=no")
        assert "--set recnt: it settles nothing, no rule that was met asks for it; did you mean recent?" in done.err

    def test_over_a_batch_one_use_is_enough(self) -> None:
        lines = '{"src": "10.42.0.7", "dst": "10.96.12.34", "dport": 80}\n{"dst": "10.0.0.1"}\n'
        done = kptui(
            "trace", sample("session-affinity"), "--local", NODE, "--assume", "rcheck=no", "--set", "x=1",
            "--batch", "-", text=lines,
        )  # fmt: skip
        assert done.err == "kptui: --set x: it settles nothing, no rule that was met asks for it.\n"
