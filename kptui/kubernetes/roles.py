"""What well-known chains are for: data, one row a chain or prefix (kube-proxy 1.20 to 1.33, kubelet, neighbours)."""

from __future__ import annotations

_EXACT = {
    "KUBE-SERVICES": "Services by address and port",
    "KUBE-EXTERNAL-SERVICES": "external addresses without endpoints",
    "KUBE-NODEPORTS": "Services by node port",
    "KUBE-POSTROUTING": "masquerades what is marked",
    "KUBE-MARK-MASQ": "marks for masquerading",
    "KUBE-MARK-DROP": "marks for dropping (up to 1.26)",
    "KUBE-FORWARD": "lets Service traffic through",
    "KUBE-PROXY-FIREWALL": "drops what source ranges refuse",
    "KUBE-FIREWALL": "guards localhost",
    "KUBE-IPTABLES-HINT": "tells which iptables is used",
    "KUBE-KUBELET-CANARY": "notices a flush (kubelet)",
    "KUBE-PROXY-CANARY": "notices a flush (kube-proxy)",
    "KUBE-HOSTPORTS": "host ports of pods",
    "CNI-HOSTPORT-DNAT": "host ports of pods (CNI portmap)",
    "CNI-HOSTPORT-MASQ": "masquerades host ports (CNI portmap)",
    "CNI-HOSTPORT-SETMARK": "marks host ports (CNI portmap)",
    "FLANNEL-FWD": "lets pod traffic through (Flannel)",
    "FLANNEL-POSTRTG": "masquerades pods (Flannel)",
    "DOCKER": "published ports (Docker)",
    "DOCKER-USER": "the administrator's rules (Docker)",
    "DOCKER-FORWARD": "forwarding (Docker)",
}
_PREFIXES = {
    "KUBE-SVC-": "balances over all endpoints",
    "KUBE-SVL-": "balances over this node's endpoints",
    "KUBE-EXT-": "reached from outside",
    "KUBE-XLB-": "reached from outside, this node's endpoints",
    "KUBE-FW-": "checks source ranges",
    "KUBE-SEP-": "endpoint",
    "KUBE-ROUTER-": "kube-router",
    "KUBE-POD-FW-": "network policies of a pod (kube-router)",
    "KUBE-NWPLCY-": "a network policy (kube-router)",
    "cali-": "Calico",
    "CILIUM_": "Cilium",
    "ANTREA-": "Antrea",
    "AZURE-NPM": "network policies (Azure NPM)",
    "AWS-SNAT-CHAIN": "masquerades pods (AWS VPC CNI)",
    "AWS-CONNMARK-CHAIN": "marks connections (AWS VPC CNI)",
    "WEAVE": "Weave Net",
    "OVN-KUBE-": "OVN-Kubernetes",
    "OPENSHIFT-": "OpenShift SDN",
    "CNI-": "CNI plugin",
    "DOCKER-": "Docker",
    "ISTIO_": "Istio",
    "PROXY_INIT_": "Linkerd",
    "IP-MASQ": "ip-masq-agent",
    "SUBMARINER-": "Submariner",
    "ufw-": "ufw",
    "ufw6-": "ufw",
    "f2b-": "fail2ban",
}


def role(chain: str) -> str | None:
    """What a chain of that name is for, None if nobody well known uses the name."""
    if chain in _EXACT:
        return _EXACT[chain]
    return next((words for prefix, words in _PREFIXES.items() if chain.startswith(prefix)), None)
