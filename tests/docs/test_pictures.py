"""The pictures of docs/ show the explorer as it is now; `make screenshots` draws them again."""

from __future__ import annotations

import re

import pytest

from tests.docs.pictures import ALL, PICTURES, drawn
from tests.support import ROOT


@pytest.mark.parametrize("name", ALL)
async def test_it_is_as_the_explorer_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    kept = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    # Not the whole text: pytest would take minutes to show how 100 kB differ.
    assert (await drawn(ALL[name]) == kept) is True, "look at it, then run make screenshots"


def test_each_is_shown_and_each_that_is_shown_is_there() -> None:
    shown = set()
    for page in (ROOT / "docs/tour.md", ROOT / "README.md"):
        shown |= set(re.findall(r"!\[[^]]+\]\((?:docs/)?pictures/([a-z]+)\.svg\)", page.read_text(encoding="utf-8")))
    assert shown == set(ALL) == {path.stem for path in PICTURES.iterdir()}


def test_none_asks_another_host_for_anything() -> None:
    for path in PICTURES.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"url\((?!#)|href=|src:", text), path.name
