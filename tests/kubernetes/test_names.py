"""kube-proxy's names: the hash in a chain's name, and the Service in a comment."""

from __future__ import annotations

import pytest

from kptui.kubernetes.names import service_hash, service_in, suffix


@pytest.mark.parametrize(
    ("name", "protocol", "hashed"),
    [
        ("default/nginx:80-80", "tcp", "OVTWZ4GROBJZO4C5"),
        ("default/nginx:80-80", "TCP", "OVTWZ4GROBJZO4C5"),
        ("default/kubernetes:https", "tcp", "NPX46M4PTMTKRN6Y"),
        ("kube-system/kube-dns:dns", "udp", "TCOU7JCQXEZGVUNU"),
        ("kube-system/kube-dns:dns-tcp", "tcp", "ERIFXISQEP7F7OF4"),
        ("kube-system/kube-dns:metrics", "tcp", "JD5MR3NA4I4DYORP"),
    ],
)
def test_well_known_service_ports_have_their_well_known_hashes(name: str, protocol: str, hashed: str) -> None:
    assert service_hash(name, protocol) == hashed


@pytest.mark.parametrize("prefix", ["SVC", "SVL", "EXT", "FW", "XLB"])
def test_a_service_s_chains_share_their_suffix(prefix: str) -> None:
    assert suffix(f"KUBE-{prefix}-OVTWZ4GROBJZO4C5") == "OVTWZ4GROBJZO4C5"


@pytest.mark.parametrize("chain", ["KUBE-SERVICES", "KUBE-SEP-ZGUCVTBPJNCW75NN", "KUBE-FIREWALL", "PREROUTING"])
def test_other_chains_have_none(chain: str) -> None:
    assert suffix(chain) is None


@pytest.mark.parametrize(
    ("comment", "name"),
    [
        ("default/nginx:80-80 cluster IP", "default/nginx:80-80"),
        ("default/nginx:80-80 -> 10.42.0.199:80", "default/nginx:80-80"),
        ("default/nginx", "default/nginx"),
        ("shop/web loadbalancer IP", "shop/web"),
        ("masquerade traffic for default/nginx:80-80 external destinations", "default/nginx:80-80"),
        ("shop/checkout:http has no endpoints", "shop/checkout:http"),
        ("Redirect pods trying to reach external loadbalancer VIP to clusterIP", None),
        ("kubernetes service portals", None),
        ("", None),
    ],
)
def test_the_service_in_a_comment(comment: str, name: str | None) -> None:
    assert service_in(comment) == name
