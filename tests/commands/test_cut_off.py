"""A dump that was cut off: no command takes what is there for all there is, and all of them say what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import SAMPLES, kptui

WHOLE = str(SAMPLES / "nginx-nodeport.txt")
PACKET = "10.42.0.7 -> default/nginx"


@pytest.fixture
def cut(tmp_path: Path) -> str:
    """A dump that lacks its last COMMIT and nothing else, so far as anybody knows."""
    path = tmp_path / "cut.txt"
    path.write_text((SAMPLES / "nginx-nodeport.txt").read_text().rpartition("COMMIT")[0])
    return str(path)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("trace SOURCE PACKET", 4),
        ("check SOURCE", 1),
        ("diff WHOLE SOURCE", 1),
        ("diff SOURCE WHOLE", 1),
        ("parse SOURCE", 0),
        ("parse SOURCE --strict", 3),
        ("services SOURCE", 0),
        ("explain SOURCE KUBE-SERVICES", 0),
    ],
)
def test_each_command_says_so_and_none_claims_that_all_is_well(cut: str, words: str, code: int) -> None:
    places = {"SOURCE": cut, "PACKET": PACKET, "WHOLE": WHOLE}
    ran = kptui(*(places.get(word, word) for word in words.split()))
    assert ran.code == code
    assert "no COMMIT" in ran.out + ran.err


def test_the_same_of_the_whole_dump_is_well() -> None:
    assert kptui("check", WHOLE, "--only", "cut-off").code == 0
    assert kptui("diff", WHOLE, WHOLE).code == 0
    assert kptui("parse", WHOLE, "--strict").code == 0


def test_programs_are_told_too(cut: str) -> None:
    [finding] = json.loads(kptui("check", cut, "--json", "--only", "cut-off").out)["findings"]
    assert (finding["id"], finding["severity"]) == ("cut-off", "warning")
    found = json.loads(kptui("diff", WHOLE, cut, "--json").out)
    assert (found["same"], found["services"], found["chains"]) == (False, [], [])
    [gap] = found["cut"]
    assert (gap["source"], gap["line"], gap["table"]) == ("after", finding["line"], None)
    assert gap["why"] == "it ends in the middle of table nat: there is no COMMIT"


def test_two_that_were_cut_off_alike_do_not_differ(cut: str) -> None:
    assert kptui("diff", cut, cut).code == 0


def test_what_a_collection_lacks_is_said_by_every_command(tmp_path: Path) -> None:
    folder = tmp_path / "node1" / "networking"
    folder.mkdir(parents=True)
    (folder / "node1-iptables-save.txt").write_text(Path(WHOLE).read_text())
    node = str(tmp_path / "node1")
    for words in (("check", node), ("parse", node), ("diff", node, WHOLE), ("services", node), ("trace", node, PACKET)):
        assert "Of its host it tells nothing; not addresses" in kptui(*words).err
