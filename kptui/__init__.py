"""kptui: the terminal explorer for the iptables rules that kube-proxy writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kptui.syntax.ast import Ruleset

__version__ = "0.1.0"
__all__ = ["__version__", "load"]


def load(source: str) -> Ruleset:
    """Read a dump file, `-` (standard input) or `live:` (this host) into a ruleset; raises kptui.errors.SourceError."""
    from kptui.loading import load as load_source

    return load_source(source)
