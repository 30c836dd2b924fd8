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


TRACE_MAY_IMPORT = """
ask: expectation expression fields idle request
commands: options shared trace
kubernetes: balancing dispatch frontend inside known_names names roles service services
netfilter: address candidates connection cubes deciding ended extensions facts fib hooks host icmp_types intervals
netfilter: iproute journey martians missing nat_choice openings own_address packet path protocols recent_lists
netfilter: routing rules ties told trace walk worlds
report: branches changes misses outcome_text paint trace_text words
sources: file text
syntax: ast bulk check diagnostics explain fragments grammar hints lalr lines making plainly quoting reader shapes
syntax: tables templates text tree vocabulary
"""


def test_a_trace_imports_what_it_needs_and_nothing_else() -> None:
    """Whoever adds to the list pays for it at every start; most modules can be imported where they are used."""
    rooms = [line.partition(": ") for line in TRACE_MAY_IMPORT.strip().split("\n")]
    may = {f"kptui.{room}.{name}" for room, _, names in rooms for name in names.split()}
    may |= {f"kptui.{room}" for room, _, _ in rooms} | {"kptui", *(f"kptui.{n}" for n in ("cli", "errors", "loading"))}
    found = imported("trace", NGINX, *TRACE)
    own = {name for name in found if name.partition(".")[0] == "kptui" and ".extensions." not in name}
    assert own - may - {f"kptui.{name}" for name in ("patterns", "records", "slices", "text", "tracing")} == set()
    assert not found & {"subprocess", "tarfile", "asyncio", "ssl", "email", "xml", "multiprocessing", "unittest"}
    assert not found & {"socket", "pathlib", "urllib", "ipaddress", "zipfile", "importlib.resources"}


def test_an_index_imports_neither_the_grammar_nor_what_rules_mean() -> None:
    code = (
        "import sys\n"
        "from kptui.loading import load\n"
        f"assert load({NGINX!r}).chain('nat', 'KUBE-SERVICES') is not None\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    found = set(done.stdout.split())
    assert "kptui.syntax.reader" in found
    assert not found & {"lark", "click", "dataclasses", "fractions", "kptui.netfilter.extensions.base"}
