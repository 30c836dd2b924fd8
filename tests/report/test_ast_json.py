"""The AST as JSON."""

from __future__ import annotations

import pytest

from kptui.report.ast_json import ast_json
from tests.support import ruleset_of

CHAINS = ":PREROUTING ACCEPT [0:0]\n:MINE - [0:0]"


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("-j MINE", "chain"),
        ("-g MINE", "chain"),
        ("-j ACCEPT", "extension"),
        ("-j MARK --set-mark 1", "extension"),
        ("-j KUBE-SEP-ZGUCVTBPJNCW75NN", "chain"),
        ("-g ELSEWHERE", "chain"),
        ("-j NEWER --than-this 1", "extension"),
    ],
)
def test_a_target_is_a_chain_declared_or_not_or_an_extension(target: str, kind: str) -> None:
    """Grepped lines don't declare the chains that they lead to; an option is an extension's, known or not."""
    (table,) = ast_json(ruleset_of(f"*nat\n{CHAINS}\n-A PREROUTING {target}\nCOMMIT\n"))["tables"]
    (rule,) = table["chains"][0]["rules"]
    assert rule["target"]["kind"] == kind
