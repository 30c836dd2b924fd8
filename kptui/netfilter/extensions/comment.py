"""comment: matches everything."""

from __future__ import annotations

from kptui.netfilter.extensions.base import MatchExtension
from kptui.netfilter.extensions.declare import declare

MATCHES = {
    "comment": MatchExtension(
        declare("comment: text", needed="comment"),
        lambda options, scope: [],
        lambda options: " ".join(f"“{option.value}”" for option in options),
    )
}
