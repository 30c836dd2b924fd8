"""kube-proxy's chain names: a prefix for the role, a hash of the Service port (proxier.go, servicePortChainName)."""

from __future__ import annotations

import base64
import hashlib
import re

SERVICE_PREFIXES = ("KUBE-SVC-", "KUBE-SVL-", "KUBE-EXT-", "KUBE-FW-", "KUBE-XLB-")
ENDPOINT_PREFIX = "KUBE-SEP-"
_LABEL = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_NAME = re.compile(rf"(?<![\w.-])({_LABEL}/{_LABEL}(?::{_LABEL})?)")


def service_hash(name: str, protocol: str) -> str:
    """The suffix of a Service port's chains; `name` is namespace/name, with :port-name if the port has one."""
    digest = hashlib.sha256(f"{name}{protocol.lower()}".encode()).digest()
    return base64.b32encode(digest)[:16].decode()


def suffix(chain: str) -> str | None:
    """The hash in the name of a Service's chain, None for any other chain."""
    for prefix in SERVICE_PREFIXES:
        if chain.startswith(prefix):
            return chain[len(prefix) :]
    return None


def service_in(comment: str) -> str | None:
    """The Service port that a comment of kube-proxy's speaks of, None if it names none."""
    found = _NAME.search(comment)
    return found[1] if found else None
