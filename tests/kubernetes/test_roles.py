"""The table of roles: every chain of kube-proxy, kubelet and their neighbours is known, by the row that fits best."""

from __future__ import annotations

import pytest

from kptui.kubernetes.roles import about, role, roles
from kptui.loading import load
from tests.support import SAMPLE_NAMES, sample, shared

OWNERS = {
    "KUBE-SEP-ZGUCVTBPJNCW75NN": "kube-proxy",
    "KUBE-XLB-OVTWZ4GROBJZO4C5": "kube-proxy",
    "KUBE-MARK-DROP": "kubelet",
    "KUBE-IPTABLES-HINT": "kubelet",
    "KUBE-IPVS-FILTER": "kube-proxy (IPVS)",
    "KUBE-PORTALS-HOST": "kube-proxy (userspace)",
    "KUBE-ROUTER-FORWARD": "kube-router",
    "KUBE-NWPLCY-7QAEJXV3BMXEXRNT": "kube-router",
    "KUBE-POD-FW-7QAEJXV3BMXEXRNT": "kube-router",
    "cali-fw-cali1b2c3d": "Calico",
    "CILIUM_POST_nat": "Cilium",
    "FLANNEL-FWD": "Flannel",
    "WEAVE-NPC-EGRESS-ACCEPT": "Weave Net",
    "ANTREA-POL-INGRESS-RULES": "Antrea",
    "AZURE-NPM-INGRESS-3618314628": "Azure NPM",
    "AWS-SNAT-CHAIN-0": "AWS VPC CNI",
    "CNI-HOSTPORT-DNAT": "CNI portmap",
    "CNI-DN-425f3cbe0772959cdab00": "CNI portmap",
    "CNI-425f3cbe0772959cdab00abc": "CNI bridge",
    "DOCKER-USER": "Docker",
    "ISTIO_IN_REDIRECT": "Istio",
    "PROXY_INIT_REDIRECT": "Linkerd",
    "OPENSHIFT-MASQUERADE-2": "OpenShift SDN",
    "OVN-KUBE-ETP": "OVN-Kubernetes",
    "IP-MASQ-AGENT": "ip-masq-agent",
    "SUBMARINER-POSTROUTING": "Submariner",
    "ufw-before-input": "ufw",
    "IN_public_allow": "firewalld",
    "f2b-sshd": "fail2ban",
}


@pytest.mark.parametrize("chain", OWNERS)
def test_whose_a_chain_is(chain: str) -> None:
    found = about(chain)
    assert found is not None
    assert found.owner == OWNERS[chain]


def test_a_name_of_its_own_wins_over_a_prefix_and_a_longer_prefix_over_a_shorter_one() -> None:
    assert role("cali-failsafe-in") == "never shut out (Calico)"
    assert role("cali-from-wl-dispatch-b") == "finds the sending pod (Calico)"
    assert role("cali-something-new") == "Calico"
    assert role("KUBE-SOMETHING-NEW") == "Kubernetes"


def test_one_name_may_have_two_roles_in_two_tables() -> None:
    assert role("KUBE-NODEPORTS", "nat") == "Services by node port"
    assert role("KUBE-NODEPORTS", "filter") == "health check node ports"
    assert role("KUBE-NODEPORTS") == "node ports"
    assert role("KUBE-SERVICES", "filter") == "cluster IPs without endpoints"


def test_a_chain_nobody_knows_has_none() -> None:
    assert role("ADMIN") is None
    assert about("ADMIN") is None


def test_every_row_is_complete_and_there_once() -> None:
    rows = roles()
    assert len({(row.chain, row.table) for row in rows}) == len(rows)
    for row in rows:
        assert row.chain
        assert row.owner
        assert 0 < len(row.words) <= 36, row
        assert row.sentence.endswith("."), row
        assert row.sentence[0].isupper() or row.sentence.startswith("kube"), row
        assert row.table in ("", "nat", "filter")


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_every_chain_of_kubernetes_and_calico_in_the_samples_has_a_role_of_its_own(name: str) -> None:
    for table in load(sample(name)).tables:
        for chain in table.chains:
            if chain.startswith(("KUBE-", "cali-")):
                found = about(chain, table.name)
                assert found is not None
                assert found.chain not in ("KUBE-*", "cali-*"), chain


def test_the_chains_of_real_kubernetes_nodes_have_roles() -> None:
    unknown = set()
    for path in sorted((shared("corpus") / "dumps").glob("k8s*.txt")):
        for table in load(str(path)).tables:
            unknown |= {
                chain.name
                for chain in table.chains.values()
                if not chain.builtin
                and chain.name.startswith(("KUBE", "cali", "CNI", "DOCKER", "FLANNEL", "WEAVE", "ISTIO"))
                and about(chain.name, table.name) in (None, about("KUBE-ANYTHING"))
            }
    assert unknown == set()
