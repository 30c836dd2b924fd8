"""What of docs/ is made of the code is as the code is now; `make docs` makes it again."""

from __future__ import annotations

from pathlib import Path

import pytest

from kptui.netfilter.extensions import match_names, target_names
from tests.docs.generated import PAGES, made
from tests.support import ROOT


@pytest.mark.parametrize("page", PAGES)
def test_it_is_up_to_date(page: str) -> None:
    assert made(ROOT / page) == (ROOT / page).read_text(encoding="utf-8"), "run make docs"


def test_every_extension_is_in_the_semantics() -> None:
    text = Path(ROOT / "docs/semantics.md").read_text(encoding="utf-8")
    assert [name for name in (*match_names(), *target_names()) if f"\n| `{name}` |" not in text] == []
