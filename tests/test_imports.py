"""What a command imports: `kptui trace` pays for no screen library, `--version` for no parser."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support import ROOT, sample

LOOK = """
import sys
from kptui.cli import main
sys.argv = ["kptui", *{args!r}]
try:
    main()
except SystemExit:
    pass
print("MODULES", *sorted({{name.partition(".")[0] for name in sys.modules}}), *sorted(sys.modules))
"""
NGINX = sample("nginx-nodeport")
TRACE = ["--src", "192.168.50.2", "--dst", "10.110.199.45", "--dport", "80", "--local", "192.168.50.10"]


def imported(*args: str) -> set[str]:
    """The modules that a fresh interpreter holds after a command."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(args=list(args))],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    return set(done.stdout.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize(
    "args",
    [
        ["trace", NGINX, *TRACE],
        ["trace", NGINX, *TRACE, "--json"],
        ["trace", NGINX, "-> default/nginx", "--all"],
        ["parse", NGINX],
        ["demo"],
        ["trace", "/nonexistent"],
    ],
    ids=["trace", "trace --json", "trace service", "parse", "demo", "error"],
)
def test_without_the_explorer_neither_textual_nor_rich_is_imported(args: list[str]) -> None:
    found = imported(*args)
    assert "kptui.loading" in found
    assert not found & {"textual", "rich", "yaml"}


@pytest.mark.parametrize("args", [["--version"], ["--help"], ["trace", "--help"]])
def test_version_and_help_read_no_grammar(args: list[str]) -> None:
    found = imported(*args)
    assert "click" in found
    assert not found & {"lark", "textual", "rich", "kptui.syntax.reader", "kptui.netfilter.trace"}


def test_importing_kptui_imports_next_to_nothing() -> None:
    code = "import sys, kptui; print(*[name for name in sys.modules if name.startswith('kptui')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["kptui"]


def test_extensions_are_imported_as_rules_ask_for_them() -> None:
    found = imported("trace", sample("plain-firewall"), *TRACE)
    assert "kptui.netfilter.extensions.conntrack" in found
    assert "kptui.netfilter.extensions.physdev" not in found
