"""Read and written again: byte for byte what iptables-save wrote."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from kptui.syntax.writer import save
from tests.support import shared
from tests.syntax.support import corpus_files, corpus_index, read_text, sample_files, text_of


@pytest.mark.parametrize("path", sample_files(), ids=lambda path: path.stem)
def test_samples(path: Path) -> None:
    assert save(read_text(text_of(path))) == text_of(path)


def test_what_the_real_tool_printed() -> None:
    for path in corpus_files("canon"):
        assert save(read_text(text_of(path))) == text_of(path), path.name


def test_whole_dumps_that_the_real_tool_loads() -> None:
    index = corpus_index()
    different = []
    for path in corpus_files("dumps"):
        known = index[path.stem]
        if known["load_nft"] == "y" and known["extent"] == "whole" and save(read_text(text_of(path))) != text_of(path):
            different.append(path.stem)
    # Written by hand, not by iptables-save: -I lines, and a rule that is indented.
    assert different == [
        "dk-topoS-generated-imaginray-factory-network-iptables-save", "neutron-test-docker", "osm-docs-pod"
    ]  # fmt: skip


def test_dumps_of_real_kube_proxies() -> None:
    for path in sorted(shared("dumps").glob("kubeproxy-*0100*.txt.gz")):
        text = gzip.decompress(path.read_bytes()).decode()
        ruleset = read_text(text)
        assert save(ruleset) == text, path.name
        assert ruleset.diagnostics == ()


def test_every_real_file_opens() -> None:
    for path in corpus_files("dumps", "wrapped", "fixed"):
        ruleset = read_text(text_of(path))
        assert ruleset.tables, path.name
        ours = save(ruleset)
        assert save(read_text(ours)) == ours, path.name


def test_comments_dates_and_empty_lines_stay() -> None:
    text = "# one\n\n*filter\n# two\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP \n# three\nCOMMIT\n# four\n"
    assert save(read_text(text)) == text


def test_what_cant_be_read_becomes_a_comment() -> None:
    text = "*filter\n:INPUT ACCEPT [0:0]\nprose\n-A INPUT -m state wrong\nCOMMIT\n"
    assert save(read_text(text)) == "*filter\n:INPUT ACCEPT [0:0]\n# prose\n# -A INPUT -m state wrong\nCOMMIT\n"
