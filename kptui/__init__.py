"""kptui: the terminal explorer for the iptables rules that kube-proxy writes.

>>> import kptui
>>> rules = kptui.load("samples/nginx-nodeport.txt", local="192.168.50.10")
>>> traced = rules.trace("10.42.0.7 -> default/nginx")
>>> traced.answer, traced.certain
('yes', True)
>>> [(str(outcome.probability), outcome.packet.dnat) for outcome in traced.outcomes]
[('1/2', '10.42.0.199:80'), ('1/2', '10.42.0.200:80')]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kptui.api import Rules, Traced, load
    from kptui.errors import KptuiError, SourceError, UsageError

__version__ = "1.0.0"
__all__ = ["KptuiError", "Rules", "SourceError", "Traced", "UsageError", "__version__", "load"]

_HOMES = {
    "load": "kptui.api",
    "Rules": "kptui.api",
    "Traced": "kptui.api",
    "KptuiError": "kptui.errors",
    "SourceError": "kptui.errors",
    "UsageError": "kptui.errors",
}


def __getattr__(name: str) -> Any:
    """The names of the API, imported when one of them is asked for."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """What the API consists of."""
    return __all__
