"""The parts of docs/ that are made of the code, between `<!-- made: NAME -->` and `<!-- end -->`, by `make docs`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from kptui.kubernetes.checks import CHECKS
from kptui.report.check_text import checks_markdown
from kptui.tui.keys import markdown
from kptui.tui.settings.fields import markdown as settings_table
from kptui.tui.settings.keymap import markdown as ids_table
from tests.docs import json_examples
from tests.docs.json_fields import page
from tests.docs.schemas import NAMES
from tests.docs.semantics import hooks_table, matches_table, targets_table
from tests.support import ROOT

PARTS: Mapping[str, Callable[[], str]] = {
    "keys": markdown,
    "settings": settings_table,
    "ids": ids_table,
    "hooks": hooks_table,
    "matches": matches_table,
    "targets": targets_table,
    "bundle_example": json_examples.bundle,
    **{f"{name}_example": partial(json_examples.example, name) for name in json_examples.LINES},
}
PAGES = ("docs/json.md", "docs/keys.md", "docs/semantics.md", "docs/settings.md")
_PART = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def made(page: Path) -> str:
    """A page with its parts made anew."""
    return _PART.sub(lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n\n{found[3]}", page.read_text(encoding="utf-8"))


def whole() -> dict[Path, str]:
    """The pages that are made as a whole."""
    fields = {ROOT / f"docs/schemas/{name}.md": page(name) for name in NAMES}
    return {ROOT / "docs/checks.md": checks_markdown(CHECKS), **fields}


def pages() -> dict[Path, str]:
    """Every page that has something made in it, as it should be."""
    return {**whole(), **{ROOT / name: made(ROOT / name) for name in PAGES}}
