"""kube-proxy's chain names: a prefix for the role, a hash of the Service port (proxier.go, servicePortChainName)."""

from __future__ import annotations

from kptui.patterns import pattern

SERVICE_PREFIXES = {
    "KUBE-SVC-": "svc",
    "KUBE-SVL-": "svl",
    "KUBE-EXT-": "ext",
    "KUBE-XLB-": "xlb",
    "KUBE-FW-": "fw",
}
"""What begins the names of a Service's chains, and how the interface calls these chains."""
ENDPOINT_PREFIX = "KUBE-SEP-"
_LABEL = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_NAME = pattern(rf"(?<![\w.-])({_LABEL}/{_LABEL}(?::{_LABEL})?)")


def service_hash(name: str, protocol: str) -> str:
    """The suffix of a Service port's chains; `name` is namespace/name, with :port-name if the port has one."""
    return _hash(f"{name}{protocol.lower()}")


def endpoint_hash(name: str, protocol: str, endpoint: str) -> str:
    """The suffix of an endpoint's chain; `endpoint` is 10.42.0.199:80 or [fd00::1]:80."""
    return _hash(f"{name}{protocol.lower()}{endpoint}")


def _hash(text: str) -> str:
    import base64
    import hashlib  # which loads OpenSSL

    # The first 16 letters are those of the first 10 bytes.
    return base64.b32encode(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:10]).decode()


def parted(chain: str) -> tuple[str, str] | None:
    """The part that a chain plays for its Service (svc, svl, ext, xlb, fw) and the hash; None for other chains."""
    prefix, dash, hashed = chain.rpartition("-")
    part = SERVICE_PREFIXES.get(prefix + dash)
    return (part, hashed) if part and hashed else None


def suffix(chain: str) -> str | None:
    """The hash in the name of a Service's chain, None for any other chain."""
    found = parted(chain)
    return found[1] if found else None


def service_in(comment: str) -> str | None:
    """The Service port that a comment of kube-proxy's speaks of, None if it names none."""
    found = _NAME.search(comment)
    return found[1] if found else None
