"""A host captured into a bundle: with nothing given by hand, the trace is what the kernel does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kptui.kernel.judge import Judge
from kptui.kernel.messages import Leg, Place, Probe
from kptui.syntax.ast import Backend
from tests.kernel.captured import Captured, capture, named
from tests.kernel.finds import dump
from tests.support import Done, only, sample

PLACE = Place(4, (Leg("eth0", ()), Leg("cni0", ()), Leg("wan1", ())))
ADDRESSES = (
    "ip addr add 192.168.50.10/24 brd + dev eth0",
    "ip addr add 192.168.50.11/24 dev eth0",
    "ip addr add 192.168.51.10/24 dev eth0",
    "ip addr add 10.42.0.1/24 brd + dev cni0",
    "ip addr add 203.0.113.10/24 dev wan1",
    "ip route add default via 192.168.51.1",
)
OUT, POD, ME, FAR = "192.168.50.2", "10.42.0.7", "192.168.50.10", "198.51.100.7"
BACKENDS = pytest.mark.parametrize("backend", ["nft", "legacy"])
Take = Callable[..., Captured]


@pytest.fixture
def take(judge: Judge, tmp_path: Path) -> Take:
    """Capture a host with these commands and rules."""

    def call(*setup: str, backend: Backend = "nft", place: Place = PLACE, text: str = "", **tables: str) -> Captured:
        rules = text or dump(place.family, **(tables or {"filter": "FORWARD -p tcp -j ACCEPT"}))
        addresses = ADDRESSES if place.family == 4 else ()
        return capture(judge, place, rules, backend, (*addresses, *setup), tmp_path / "host.tar.gz")

    return call


def tcp(src: str, dst: str, leg: str | None = "eth0", dport: int = 80) -> Probe:
    return Probe(6, src, dst, leg, 40000, dport)


class TestWholeWay:
    @BACKENDS
    def test_a_node_of_kube_proxy(self, take: Take, backend: Backend) -> None:
        text = Path(sample("nginx-nodeport")).read_text()
        host = take(backend=backend, text=text)
        for probe in (
            tcp(OUT, "10.110.199.45"),
            tcp(OUT, ME, dport=32754),
            tcp(FAR, ME, dport=32754),
            tcp(POD, "10.110.199.45", "cni0"),
            tcp(ME, "10.110.199.45", None),
            tcp("10.42.0.1", "10.110.199.45", None),
            Probe(17, POD, "10.96.0.10", "cni0", 5353, 53),
            tcp(OUT, "192.168.51.10", dport=22),
        ):
            host.compare(probe)

    def test_the_command_line_alone_says_what_the_kernel_does(
        self, take: Take, judge: Judge, run: Callable[..., Done], tmp_path: Path
    ) -> None:
        take(
            nat="PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.42.0.7:8080\nPOSTROUTING -j MASQUERADE"
        )
        with named(judge, "kptui-test-cli") as source:
            bundle = str(tmp_path / "x.tar.gz")
            done = run("capture", source, "-o", bundle)
        assert done.code == 0, done.err
        asked = ["--src", OUT, "--sport", "40000", "--dst", ME, "--dport", "80", "--in", "eth0", "--json"]
        done = run("trace", bundle, *asked)
        assert done.code == 0, done.err
        seen = judge.send(tcp(OUT, ME))
        [outcome] = json.loads(done.out)["outcomes"]
        assert seen.header is not None
        assert outcome["assumptions"] == []
        assert outcome["packet"] == {
            "src": seen.header.src, "sport": seen.header.sport, "dst": seen.header.dst, "dport": seen.header.dport,
            "mark": hex(seen.mark), "out": seen.wire,
        }  # fmt: skip
        kernel = [(each.table, each.chain, each.rule) for each in seen.events if each.kind == "rule"]
        assert [(s["table"], s["chain"], s["rule"]) for s in outcome["path"] if s["rule"]] == kernel


@BACKENDS
class TestRoutes:
    @pytest.mark.parametrize(
        ("route", "end"),
        [
            ("blackhole 10.66.0.0/16", "a black hole"),
            ("unreachable 10.66.0.0/16", "says unreachable"),
            ("prohibit 10.66.0.0/16", "says prohibited"),
        ],
    )
    def test_that_lead_nowhere(self, take: Take, backend: Backend, route: str, end: str) -> None:
        host = take(f"ip route add {route}", backend=backend)
        for probe in (tcp(OUT, "10.66.1.1"), tcp(ME, "10.66.1.1", None)):
            outcome = only(host.compare(probe))
            assert outcome.end == "lost"
            assert end in str(outcome.reason)

    def test_none_at_all(self, take: Take, backend: Backend) -> None:
        host = take("ip route del default", backend=backend)
        assert only(host.compare(tcp(OUT, FAR))).reason == f"no route to {FAR}"

    def test_the_least_metric_and_the_longest_prefix(self, take: Take, backend: Backend) -> None:
        host = take(
            "ip route add 10.7.0.0/16 dev cni0 metric 20",
            "ip route add 10.7.0.0/16 dev wan1 metric 10",
            "ip route add 10.7.7.0/24 dev cni0 metric 500",
            backend=backend,
        )
        assert only(host.compare(tcp(OUT, "10.7.1.1"))).packet.out == "wan1"
        assert only(host.compare(tcp(OUT, "10.7.7.1"))).packet.out == "cni0"

    def test_a_prefix_that_is_local_as_a_whole(self, take: Take, backend: Backend) -> None:
        host = take("ip route add local 172.20.0.0/16 dev lo", backend=backend)
        assert only(host.compare(tcp(OUT, "172.20.3.4"))).end == "delivered"

    def test_broadcast_addresses(self, take: Take, backend: Backend) -> None:
        host = take(backend=backend, filter="INPUT -m addrtype --dst-type BROADCAST -j ACCEPT\nINPUT -j DROP")
        assert only(host.compare(Probe(17, OUT, "192.168.50.255", "eth0", 68, 67))).end == "delivered"
        # Added without one, a network has one all the same: the kernel's routes know it.
        assert only(host.compare(Probe(17, OUT, "192.168.51.255", "eth0", 68, 67))).end == "delivered"
        assert only(host.compare(Probe(17, OUT, "192.168.52.255", "eth0", 68, 67))).end == "forwarded"

    def test_several_next_hops_are_as_many_ways(self, take: Take, backend: Backend) -> None:
        host = take(
            "ip route add 10.9.0.0/16 nexthop via 192.168.50.1 dev eth0 nexthop via 203.0.113.1 dev wan1",
            backend=backend,
            filter="FORWARD -o wan1 -j DROP",
        )
        ends = set()
        for last in range(1, 40):
            trace = host.compare(tcp(OUT, f"10.9.0.{last}"))
            assert {outcome.end for outcome in trace.outcomes} == {"forwarded", "dropped"}
            ends.add(host.judge.send(tcp(OUT, f"10.9.0.{last}")).end)
        assert ends == {"out", "dropped"}


@BACKENDS
class TestPolicyRules:
    BY_MARK = ("ip rule add fwmark 0x1/0xff lookup 100", "ip route add default via 203.0.113.1 dev wan1 table 100")

    def test_a_mark_set_in_prerouting_picks_the_table(self, take: Take, backend: Backend) -> None:
        rules = "PREROUTING -p tcp -m tcp --dport 443 -j MARK --set-mark 0xf01"
        host = take(*self.BY_MARK, backend=backend, mangle=rules)
        assert only(host.compare(tcp(OUT, FAR))).packet.out == "eth0"
        assert only(host.compare(tcp(OUT, FAR, dport=443))).packet.out == "wan1"

    @pytest.mark.parametrize(
        ("table", "out"), [("raw", "eth0"), ("mangle", "wan1"), ("nat", "eth0"), ("filter", "eth0")]
    )
    def test_of_output_only_mangle_routes_again_for_a_mark(
        self, take: Take, backend: Backend, table: str, out: str
    ) -> None:
        rules = {table: "OUTPUT -p tcp -j MARK --set-mark 0x1"}
        host = take(*self.BY_MARK, backend=backend, **rules)
        assert only(host.compare(tcp(ME, FAR, None))).packet.out == out

    def test_nat_in_output_routes_again_with_the_mark_of_before(self, take: Take, backend: Backend) -> None:
        host = take(
            *self.BY_MARK,
            backend=backend,
            raw="OUTPUT -p tcp -j MARK --set-mark 0x1",
            nat=f"OUTPUT -p tcp -j DNAT --to-destination {FAR}\nPOSTROUTING -j MASQUERADE",
            filter="OUTPUT -o eth0 -j ACCEPT\nOUTPUT -j DROP",
        )
        outcome = only(host.compare(tcp(ME, "198.51.100.99", None)))
        assert (outcome.packet.out, outcome.end) == ("wan1", "sent")

    def test_from_to_iif_not_and_refusals(self, take: Take, backend: Backend) -> None:
        host = take(
            "ip rule add prio 50 from 10.42.0.0/24 to 198.51.100.0/24 iif cni0 prohibit",
            "ip rule add prio 60 not from 192.168.50.0/24 lookup 200",
            "ip rule add prio 70 to 10.8.0.0/16 blackhole",
            "ip rule add prio 80 from all lookup main suppress_prefixlength 0",
            "ip rule add prio 90 ipproto udp dport 53 lookup 100",
            "ip route add default via 203.0.113.1 dev wan1 table 100",
            "ip route add throw 198.51.100.0/24 table 200",
            "ip route add default via 203.0.113.1 dev wan1 table 200",
            backend=backend,
        )
        for probe in (
            tcp(POD, FAR, "cni0"),
            tcp(POD, "9.9.9.9", "cni0"),
            tcp(FAR, "9.9.9.9", "wan1"),
            tcp(OUT, "9.9.9.9"),
            tcp(OUT, "10.8.1.1"),
            tcp(OUT, "10.42.0.9"),
            Probe(17, OUT, "9.9.9.9", "eth0", 5353, 53),
            Probe(17, ME, "9.9.9.9", None, 5353, 53),
            tcp(ME, FAR, None),
            tcp("203.0.113.10", "9.9.9.9", None),
        ):
            only(host.compare(probe))

    def test_a_rule_that_goes_on_elsewhere(self, take: Take, backend: Backend) -> None:
        host = take(
            "ip rule add prio 200 from all nop",
            "ip rule add prio 90 from 192.168.50.2 goto 200",
            "ip rule add prio 100 from all unreachable",
            backend=backend,
        )
        assert only(host.compare(tcp(OUT, FAR))).end == "forwarded"
        assert only(host.compare(tcp("192.168.50.3", FAR))).end == "lost"


@BACKENDS
class TestSysctls:
    def test_forwarding_is_off(self, take: Take, backend: Backend) -> None:
        host = take("sysctl -q net.ipv4.ip_forward=0", backend=backend)
        outcome = only(host.compare(tcp(OUT, POD)))
        assert outcome.reason == "this host does not forward (net.ipv4.conf.eth0.forwarding = 0)"

    def test_forwarding_is_off_on_one_device(self, take: Take, backend: Backend) -> None:
        host = take("sysctl -q net.ipv4.conf.eth0.forwarding=0", backend=backend)
        assert only(host.compare(tcp(OUT, POD))).end == "lost"
        assert only(host.compare(tcp(POD, OUT, "cni0"))).end == "forwarded"

    @pytest.mark.parametrize(("mode", "end"), [(0, "forwarded"), (1, "lost"), (2, "forwarded")])
    def test_the_reverse_path_filter(self, take: Take, backend: Backend, mode: int, end: str) -> None:
        host = take(f"sysctl -q net.ipv4.conf.eth0.rp_filter={mode}", backend=backend)
        assert only(host.compare(tcp(OUT, POD))).end == "forwarded"
        assert only(host.compare(tcp("10.42.0.9", POD))).end == end
        assert only(host.compare(tcp("10.42.0.9", ME))).end == end.replace("forwarded", "delivered")

    def test_the_reverse_path_filter_without_a_way_back(self, take: Take, backend: Backend) -> None:
        host = take("sysctl -q net.ipv4.conf.all.rp_filter=2", "ip route del default", backend=backend)
        assert "no route back" in str(only(host.compare(tcp(FAR, POD))).reason)

    @pytest.mark.parametrize(("valid", "end"), [(0, "lost"), (1, "forwarded")])
    def test_the_reverse_path_filter_asks_the_mark_if_told(
        self, take: Take, backend: Backend, valid: int, end: str
    ) -> None:
        host = take(
            "sysctl -q net.ipv4.conf.wan1.rp_filter=1",
            f"sysctl -q net.ipv4.conf.wan1.src_valid_mark={valid}",
            *TestPolicyRules.BY_MARK,
            backend=backend,
            mangle="PREROUTING -p tcp -j MARK --set-mark 0x1",
        )
        assert only(host.compare(tcp(FAR, "192.168.50.5", "wan1"))).end == end
        assert only(host.compare(tcp(FAR, ME, "wan1"))).end == end.replace("forwarded", "delivered")

    def test_own_addresses_come_in_with_accept_local_only(self, take: Take, backend: Backend) -> None:
        host = take("sysctl -q net.ipv4.conf.wan1.accept_local=1", backend=backend)
        assert only(host.compare(tcp(ME, POD, "wan1"))).end == "forwarded"
        assert only(host.compare(tcp("10.42.0.1", POD, "eth0"))).end == "lost"

    @pytest.mark.parametrize(("set_to", "end"), [(0, "lost"), (1, "delivered")])
    def test_route_localnet(self, take: Take, backend: Backend, set_to: int, end: str) -> None:
        rules = "PREROUTING -p tcp -j DNAT --to-destination 127.0.0.1"
        host = take(f"sysctl -q net.ipv4.conf.eth0.route_localnet={set_to}", backend=backend, nat=rules)
        assert only(host.compare(tcp(OUT, ME))).end == end
        assert only(host.compare(tcp(POD, ME, "cni0"))).end == "lost"


@BACKENDS
class TestOwnAddresses:
    def test_masquerade_takes_the_address_beside_the_next_hop(self, take: Take, backend: Backend) -> None:
        host = take("ip route add 10.5.0.0/16 via 192.168.50.77", backend=backend, nat="POSTROUTING -j MASQUERADE")
        assert only(host.compare(tcp(POD, FAR, "cni0"))).packet.src == 0xC0A8330A
        assert only(host.compare(tcp(POD, "10.5.1.1", "cni0"))).packet.src == 0xC0A8320A
        assert only(host.compare(tcp(POD, OUT, "cni0"))).packet.src == 0xC0A8320A

    def test_masquerade_by_a_device_without_an_address(self, take: Take, backend: Backend) -> None:
        host = take(
            "ip addr flush dev wan1",
            "ip route add 10.5.0.0/16 dev wan1",
            backend=backend,
            nat="POSTROUTING -j MASQUERADE",
        )
        host.compare(tcp(POD, "10.5.1.1", "cni0"))

    def test_redirect_takes_the_first_address_of_the_device(self, take: Take, backend: Backend) -> None:
        host = take("ip addr flush dev wan1", backend=backend, nat="PREROUTING -p tcp -j REDIRECT --to-ports 8080")
        assert only(host.compare(tcp(OUT, FAR))).packet.dst == 0xC0A8320A
        assert only(host.compare(tcp(OUT, FAR, "wan1"))).end == "dropped"


class TestSix:
    PLACE6 = Place(6, (Leg("eth0"), Leg("cni0")))
    SETUP = (
        "ip -6 addr add 2001:db8:50::10/64 dev eth0 nodad",
        "ip -6 addr add fd00:50::10/64 dev eth0 nodad",
        "ip -6 addr add fd00:42::1/64 dev cni0 nodad",
        "ip -6 route add default via 2001:db8:50::1",
        "ip -6 route add blackhole fd00:66::/64",
        "ip -6 rule add fwmark 0x1 lookup 100",
        "ip -6 route add default dev cni0 table 100",
    )

    @BACKENDS
    def test_routes_rules_and_masquerade(self, take: Take, backend: Backend) -> None:
        host = take(
            *self.SETUP,
            backend=backend,
            place=self.PLACE6,
            mangle="PREROUTING -p udp -j MARK --set-mark 0x1\nOUTPUT -p udp -j MARK --set-mark 0x1",
            nat="POSTROUTING -j MASQUERADE",
        )
        far, near, pod = "2001:db8:9::9", "2001:db8:50::2", "fd00:42::7"
        for probe in (
            tcp(pod, far, "cni0"),
            tcp(pod, near, "cni0"),
            tcp(pod, "fd00:50::2", "cni0"),
            tcp(near, "fd00:66::1"),
            tcp(near, "fd00:42::1"),
            Probe(17, near, far, "eth0", 1000, 53),
            Probe(17, "2001:db8:50::10", far, None, 1000, 53),
            tcp("2001:db8:50::10", "fd00:42::7", None),
        ):
            only(host.compare(probe))

    def test_forwarding_is_off(self, take: Take) -> None:
        host = take(*self.SETUP, "sysctl -q net.ipv6.conf.all.forwarding=0", place=self.PLACE6, filter="")
        assert only(host.compare(tcp("2001:db8:50::2", "fd00:42::7"))).end == "lost"
