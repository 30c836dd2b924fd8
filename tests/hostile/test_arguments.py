"""No name of a source becomes an option, a path out of its folder, or a word of a shell."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from kptui import sources
from kptui.sources import running
from kptui.sources.process import Ran
from tests.support import Done

NAMES = ("-oProxyCommand=id", "--help", "../../etc", "a b", "$(id)", "`id`", "a;id", "a|id", "a\nid", "a\0b", "'", "")
SCHEMES = sorted(set(sources._PLACES) - {"live"})


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_source_s_name_is_refused_or_one_word(
    scheme: str, name: str, run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, ...]] = []

    def execute(argv: Sequence[str], *_: Any) -> Ran:
        ran.append(tuple(argv))
        return Ran(error="refused by the test", code=1)

    monkeypatch.setattr(running, "execute", execute)
    monkeypatch.setattr(subprocess, "Popen", None)
    done = run("capture", f"{scheme}:{name}", "-o", "/nonexistent/x.tar.gz")
    assert done.code in (2, 3)
    assert len(done.err.splitlines()) == 1
    for argv in ran:
        assert argv[0] not in ("sh", "bash")
        assert not any(word.startswith("-") and word.startswith(name) for word in argv if name.startswith("-"))


def test_every_scheme_is_asked_about() -> None:
    assert {"kubectl", "netns"} <= set(SCHEMES)
