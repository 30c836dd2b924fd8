"""What is read of a Service, rule shape by rule shape, as the versions of kube-proxy write them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from kptui.kubernetes.balancing import exact_shares, split_address
from kptui.kubernetes.known_names import KnownName, KnownNames
from kptui.kubernetes.service import ServicePort
from kptui.kubernetes.services import Services
from tests.support import ruleset_of

WEB = "67NZLRHBNDSAWJRO"
"""What shop/web:http over tcp hashes to; test_the_hash holds it to that."""


def dump(nat: str, filtering: str = "", family: str = "") -> str:
    """A dump with the Service's chains declared."""
    chains = "".join(
        f":{name} - [0:0]\n"
        for name in ["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-MARK-MASQ", "KUBE-MARK-DROP"]
        + [f"KUBE-{part}-{WEB}" for part in ("SVC", "SVL", "EXT", "XLB", "FW") if f"KUBE-{part}-{WEB}" in nat]
        + [f"KUBE-SEP-{each}" for each in ("AAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBB", "CCCCCCCCCCCCCCCC") if each in nat]
    )
    first = ":KUBE-SERVICES - [0:0]\n:KUBE-EXTERNAL-SERVICES - [0:0]\n:KUBE-NODEPORTS - [0:0]\n"
    text = (
        f"*nat\n:PREROUTING ACCEPT [0:0]\n{chains}{nat}COMMIT\n*filter\n:INPUT ACCEPT [0:0]\n{first}{filtering}COMMIT\n"
    )
    return text.replace("WEB", WEB)


def only(nat: str, filtering: str = "", names: KnownNames | None = None) -> ServicePort:
    """The one Service port of a dump."""
    found = list(Services(ruleset_of(dump(nat, filtering)), names))
    assert len(found) == 1
    return found[0]


CLUSTER = (
    '-A KUBE-SERVICES -d 10.96.0.9/32 -p tcp -m comment --comment "shop/web:http cluster IP"'
    " -m tcp --dport 80 -j KUBE-SVC-WEB\n"
)
PODS = """\
-A KUBE-SVC-WEB -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-AAAAAAAAAAAAAAAA
-A KUBE-SVC-WEB -j KUBE-SEP-BBBBBBBBBBBBBBBB
-A KUBE-SEP-AAAAAAAAAAAAAAAA -p tcp -m tcp -j DNAT --to-destination 10.1.0.1:8080
-A KUBE-SEP-BBBBBBBBBBBBBBBB -p tcp -m tcp -j DNAT --to-destination 10.1.0.2:8080
"""


def test_the_hash() -> None:
    from kptui.kubernetes.names import service_hash

    assert service_hash("shop/web:http", "tcp") == WEB


class TestOldLoadBalancers:
    """Up to 1.23: KUBE-FW- for every load balancer, KUBE-XLB- for externalTrafficPolicy: Local."""

    FW = (
        '-A KUBE-SERVICES -d 198.51.100.7/32 -p tcp -m comment --comment "shop/web:http loadbalancer IP"'
        " -m tcp --dport 80 -j KUBE-FW-WEB\n"
    )
    DROP = '-A KUBE-FW-WEB -m comment --comment "shop/web:http loadbalancer IP" -j KUBE-MARK-DROP\n'

    def test_without_source_ranges_the_firewall_chain_lets_everyone_pass(self) -> None:
        web = only(CLUSTER + PODS + self.FW + "-A KUBE-FW-WEB -j KUBE-SVC-WEB\n" + self.DROP)
        assert web.ips("load balancer IP") == ("198.51.100.7",)
        assert web.source_ranges == ()
        assert web.external_policy == "Cluster"
        assert web.refused == []

    def test_source_ranges_without_the_load_balancer_s_own_address(self) -> None:
        rules = "".join(
            f"-A KUBE-FW-WEB -s {source} -j KUBE-SVC-WEB\n" for source in ("203.0.113.0/24", "198.51.100.7/32")
        )
        assert only(CLUSTER + PODS + self.FW + rules + self.DROP).source_ranges == ("203.0.113.0/24",)

    def test_local_policy_balances_in_its_own_chain(self) -> None:
        xlb = """\
-A KUBE-FW-WEB -m comment --comment "shop/web:http loadbalancer IP" -j KUBE-XLB-WEB
-A KUBE-XLB-WEB -s 10.1.0.0/16 -m comment --comment "Redirect pods trying to reach external loadbalancer VIP to clusterIP" -j KUBE-SVC-WEB
-A KUBE-XLB-WEB -m comment --comment "route LOCAL traffic for shop/web:http LB IP to service chain" -m addrtype --src-type LOCAL -j KUBE-SVC-WEB
-A KUBE-XLB-WEB -m comment --comment "Balancing rule 0 for shop/web:http" -j KUBE-SEP-BBBBBBBBBBBBBBBB
"""  # noqa: E501 - one rule a line
        web = only(CLUSTER + PODS + self.FW + xlb + self.DROP)
        assert web.external_policy == "Local"
        assert web.internal_policy == "Cluster"
        assert [(pod.address, pod.local, pod.cluster_share, pod.local_share) for pod in web.endpoints] == [
            ("10.1.0.1:8080", False, Fraction(1, 2), Fraction(0)),
            ("10.1.0.2:8080", True, Fraction(1, 2), Fraction(1)),
        ]
        assert web.refused == []

    def test_local_policy_without_local_endpoints_marks_for_dropping(self) -> None:
        xlb = """\
-A KUBE-FW-WEB -m comment --comment "shop/web:http loadbalancer IP" -j KUBE-XLB-WEB
-A KUBE-XLB-WEB -s 10.1.0.0/16 -j KUBE-SVC-WEB
-A KUBE-XLB-WEB -m comment --comment "shop/web:http has no local endpoints" -j KUBE-MARK-DROP
"""
        web = only(CLUSTER + PODS + self.FW + xlb + self.DROP)
        [refused] = web.refused
        assert (refused.address, refused.refusal) == ("198.51.100.7:80", "dropped")
        assert refused.refused_by is not None
        assert (refused.refused_by.chain, refused.refused_by.number) == (f"KUBE-XLB-{WEB}", 2)
        assert [pod.local for pod in web.endpoints] == [False, False]


class TestNewLoadBalancers:
    """From 1.24: KUBE-EXT-, and KUBE-FW- only for source ranges."""

    FW = TestOldLoadBalancers.FW
    EXT = "-A KUBE-EXT-WEB -j KUBE-MARK-MASQ\n-A KUBE-EXT-WEB -j KUBE-SVC-WEB\n"

    def test_a_firewall_chain_without_a_source_is_the_range_of_everyone(self) -> None:
        web = only(CLUSTER + PODS + self.FW + self.EXT + "-A KUBE-FW-WEB -j KUBE-EXT-WEB\n")
        assert web.source_ranges == ("0.0.0.0/0",)
        assert web.external_policy == "Cluster"

    def test_1_24_drops_at_the_end_of_the_local_chain(self) -> None:
        rules = """\
-A KUBE-FW-WEB -s 203.0.113.0/24 -j KUBE-EXT-WEB
-A KUBE-EXT-WEB -s 10.1.0.0/16 -j KUBE-SVC-WEB
-A KUBE-EXT-WEB -j KUBE-SVL-WEB
-A KUBE-SVL-WEB -m comment --comment "shop/web:http has no local endpoints" -j KUBE-MARK-DROP
-A KUBE-NODEPORTS -p tcp -m comment --comment "shop/web:http" -m tcp --dport 30080 -j KUBE-EXT-WEB
"""
        web = only(CLUSTER + PODS + self.FW + rules)
        assert {(each.address, each.refusal) for each in web.refused} == {
            ("198.51.100.7:80", "dropped"),
            ("*:30080", "dropped"),
        }
        assert web.internal_policy == "Cluster"

    def test_an_external_chain_that_is_declared_only_tells_no_policy(self) -> None:
        web = only(CLUSTER + PODS + "-A KUBE-NODEPORTS -p tcp -m tcp --dport 30080 -j KUBE-EXT-WEB\n")
        assert web.external_policy is None

    def test_internal_policy_local(self) -> None:
        nat = (CLUSTER + PODS).replace("KUBE-SVC", "KUBE-SVL")
        web = only(nat)
        assert web.internal_policy == "Local"
        assert [(pod.local, pod.share, pod.cluster_share) for pod in web.endpoints] == [
            (True, Fraction(1, 2), None)
        ] * 2


class TestNodePorts:
    def test_what_counts_visits_to_localhost_is_no_node_port_of_its_own(self) -> None:
        rules = """\
-A KUBE-NODEPORTS -d 127.0.0.0/8 -p tcp -m comment --comment "shop/web:http" -m tcp --dport 30080 -m nfacct --nfacct-name  localhost_nps_accepted_pkts -j KUBE-SVC-WEB
-A KUBE-NODEPORTS -p tcp -m comment --comment "shop/web:http" -m tcp --dport 30080 -j KUBE-SVC-WEB
"""  # noqa: E501
        web = only(CLUSTER + PODS + rules)
        assert [(each.address, len(each.rules)) for each in web.frontends] == [("10.96.0.9:80", 1), ("*:30080", 1)]

    def test_the_addresses_they_are_restricted_to(self) -> None:
        rules = "-A KUBE-SERVICES -d 192.0.2.10/32 -j KUBE-NODEPORTS\n"
        assert Services(ruleset_of(dump(CLUSTER + PODS + rules))).node_port_addresses == ["192.0.2.10"]

    def test_a_health_check_node_port_is_that_of_all_ports_of_the_service(self) -> None:
        rule = (
            '-A KUBE-NODEPORTS -p tcp -m comment --comment "shop/web:https health check node port"'
            " -m tcp --dport 32000 -j ACCEPT\n"
        )
        assert only(CLUSTER + PODS, rule).health_check_node_port == 32000


class TestExternalAddresses:
    def test_1_20_asks_thrice_for_one_address(self) -> None:
        comment = '-m comment --comment "shop/web:http external IP"'
        start = f"-A KUBE-SERVICES -d 198.18.0.1/32 -p tcp {comment} -m tcp --dport 80"
        rules = f"""\
{start} -j KUBE-MARK-MASQ
{start} -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j KUBE-SVC-WEB
{start} -m addrtype --dst-type LOCAL -j KUBE-SVC-WEB
"""
        web = only(CLUSTER + PODS + rules)
        assert web.ips("external IP") == ("198.18.0.1",)
        assert [rule.number for rule in web.frontends[1].rules] == [3, 4]
        assert web.external_policy == "Cluster"

    @pytest.mark.parametrize(("node_port", "kind"), [("", "external IP"), ("30080", "load balancer IP")])
    def test_what_a_refused_address_is_can_only_be_guessed(self, node_port: str, kind: str) -> None:
        rules = '-A KUBE-EXTERNAL-SERVICES -d 198.18.0.1/32 -p tcp -m comment --comment "shop/web:http has no endpoints" -m tcp --dport 80 -j REJECT\n'  # noqa: E501
        if node_port:
            rules += rules.replace("-d 198.18.0.1/32 ", "").replace("80 -j", f"{node_port} -j")
        web = only("", rules)
        assert [(each.kind, each.certain) for each in web.refused if each.ip] == [(kind, False)]
        assert web.hash == WEB
        assert web.endpoints == []
        assert (web.internal_policy, web.external_policy) == (None, None)


class TestWithoutComments:
    RULES = """\
-A KUBE-SERVICES -d 10.96.0.9/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-WEB
-A KUBE-SERVICES -d 198.51.100.7/32 -p tcp -m tcp --dport 80 -j KUBE-EXT-WEB
-A KUBE-EXT-WEB -j KUBE-SVC-WEB
"""

    def test_a_service_is_called_by_its_address(self) -> None:
        web = only(self.RULES + PODS)
        assert (web.name, web.title) == ("", "10.96.0.9:80")
        assert [(each.kind, each.certain) for each in web.frontends] == [("cluster IP", True), ("external IP", False)]
        assert [pod.address for pod in web.endpoints] == ["10.1.0.1:8080", "10.1.0.2:8080"]

    def test_a_list_of_names_brings_its_own_back(self) -> None:
        names = KnownNames([KnownName("shop/other", "tcp"), KnownName("shop/web:http", "tcp")])
        web = only(self.RULES + PODS, names=names)
        assert (web.namespace, web.service_name, web.port_name) == ("shop", "web", "http")

    def test_one_that_is_rejected_is_found_in_the_list_by_its_address(self) -> None:
        rule = "-A KUBE-SERVICES -d 10.96.0.9/32 -p tcp -m tcp --dport 80 -j REJECT\n"
        assert only("", rule).title == "10.96.0.9:80"
        assert (
            only("", rule, KnownNames([KnownName("shop/web:http", "tcp", ("10.96.0.9",), 80)])).name == "shop/web:http"
        )


def test_a_few_grepped_lines_without_dispatch_chains() -> None:
    lines = """\
-A KUBE-SVC-WEB ! -s 10.1.0.0/16 -d 10.96.0.9/32 -p tcp -m comment --comment "shop/web:http cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-WEB -m comment --comment "shop/web:http -> 10.1.0.1:8080" -j KUBE-SEP-AAAAAAAAAAAAAAAA
"""  # noqa: E501
    [web] = Services(ruleset_of(lines.replace("WEB", WEB)))
    assert (web.name, web.cluster_ip, web.port, web.protocol) == ("shop/web:http", "10.96.0.9", 80, "tcp")
    [pod] = web.endpoints
    assert (pod.ip, pod.share, pod.address) == (None, Fraction(1), "KUBE-SEP-AAAAAAAAAAAAAAAA")


def test_chains_that_nothing_leads_to_are_stale() -> None:
    services = Services(ruleset_of(dump(CLUSTER.replace("KUBE-SVC-WEB", "KUBE-SVC-CCCCCCCCCCCCCCCC") + PODS)))
    [stale] = services.stale()
    assert stale.hash == WEB
    assert [pod.address for pod in stale.endpoints] == ["10.1.0.1:8080", "10.1.0.2:8080"]
    assert [port.hash for port in services] == ["CCCCCCCCCCCCCCCC"]


def test_ipvs_mode_is_noticed() -> None:
    rule = "-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT\n"
    assert Services(ruleset_of(dump(rule))).ipvs
    assert not Services(ruleset_of(dump(CLUSTER + PODS))).ipvs


def test_both_families_in_one_dump() -> None:
    six = (
        dump(CLUSTER + PODS)
        .replace("10.96.0.9/32", "fd00::9/128")
        .replace("10.1.0.1:8080", "[fd01::1]:8080")
        .replace("10.1.0.2:8080", "[fd01::2]:8080")
    )
    services = Services(ruleset_of(dump(CLUSTER + PODS) + "# Generated by ip6tables-save v1.8.9\n" + six))
    assert [(port.family, port.cluster_ip) for port in services] == [(4, "10.96.0.9"), (6, "fd00::9")]
    assert [port.family for port in services.named("shop/web")] == [4]
    found = services.by_chain(f"KUBE-SVC-{WEB}", 6)
    assert found is not None
    assert [pod.address for pod in found.endpoints] == ["[fd01::1]:8080", "[fd01::2]:8080"]


@pytest.mark.parametrize(
    ("written", "shares"),
    [
        ((None,), ["1"]),
        (("0.33333333349", "0.50000000000", None), ["1/3", "1/3", "1/3"]),
        (("0.25000000000", None), ["1/4", "3/4"]),
        (("0.50000000000", "0.50000000000"), ["1/2", "1/4"]),
        ((None, None), ["1", "0"]),
        (("0.50000000000", "?", None), ["1/2", "None", "None"]),
        (("nonsense", None), ["None", "None"]),
    ],
)
def test_each_takes_its_part_of_what_is_left(written: tuple[str | None, ...], shares: list[str]) -> None:
    assert [str(share) for share in exact_shares(written)] == shares


def test_a_way_with_a_condition_of_its_own_leaves_the_shares_open() -> None:
    web = only(CLUSTER + PODS.replace("-A KUBE-SVC-WEB -m statistic", "-A KUBE-SVC-WEB -s 10.9.0.0/16 -m statistic"))
    assert [pod.share for pod in web.endpoints] == [None, None]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("10.0.0.1:80", ("10.0.0.1", 80)),
        ("10.0.0.1", ("10.0.0.1", None)),
        ("[fd00::1]:80", ("fd00::1", 80)),
        ("fd00::1", ("fd00::1", None)),
        ("10.0.0.1:80-90", ("10.0.0.1", 80)),
        (":80", ("", 80)),
    ],
)
def test_addresses_of_dnat(text: str, parts: tuple[str, int | None]) -> None:
    assert split_address(text) == parts
