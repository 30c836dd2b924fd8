"""What of docs/ is made of the code is as the code is now; `make docs` makes it again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kptui.netfilter.extensions import match_names, target_names
from tests.docs.generated import PAGES, made, whole
from tests.support import ROOT


@pytest.mark.parametrize("page", PAGES)
def test_it_is_up_to_date(page: str) -> None:
    assert made(ROOT / page) == (ROOT / page).read_text(encoding="utf-8"), "run make docs"


def test_pages_that_are_made_as_a_whole_are_up_to_date() -> None:
    assert [path.name for path, text in whole().items() if path.read_text(encoding="utf-8") != text] == []


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs/schemas").glob("*.md")))
def test_links_between_the_fields_lead_somewhere(page: str) -> None:
    folder = ROOT / "docs/schemas"
    text = (folder / page).read_text(encoding="utf-8")
    links = [(file or page, title) for file, title in re.findall(r"\]\(([a-z]*(?:\.md)?)#([a-z-]+)\)", text)]
    heads = {file: _anchors(folder / file) for file, _ in links}
    assert [link for link in links if link[1] not in heads[link[0]]] == []


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {title.replace(" ", "-") for title in titles}


def test_every_extension_is_in_the_semantics() -> None:
    text = Path(ROOT / "docs/semantics.md").read_text(encoding="utf-8")
    assert [name for name in (*match_names(), *target_names()) if f"\n| `{name}` |" not in text] == []
