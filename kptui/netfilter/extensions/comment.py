"""comment: matches everything."""

from __future__ import annotations

from kptui.netfilter.extensions.base import MatchExtension

MATCHES = {
    "comment": MatchExtension(
        {"comment": 1},
        lambda options, scope: [],
        lambda options: " ".join(f"“{option.value}”" for option in options),
    )
}
