"""Every match and target of iptables' own tests: what the real tool takes is read, what it refuses is flagged."""

from __future__ import annotations

from kptui.syntax.writer import save
from tests.syntax.support import around, corpus_rows, read_text

# Refused for what the host holds, which no text tells: label names, accounting objects, ipsets.
OF_THE_HOST = {
    "-m connlabel --label \"foobar_not_there\"", "-m nfacct --nfacct-name wrong", "-m set --match-set foo src,dst",
}  # fmt: skip


def test_what_the_real_tool_takes_is_read_without_a_word() -> None:
    for row in corpus_rows():
        if row["here_ok"] or row["here_legacy_ok"]:
            for form in {row["rule"], row["here_save"], row["here_legacy_save"]} - {None}:
                six = row["family"] == "ip6tables"
                ruleset = read_text(around(form, row["table"], row["chains"][0], six))
                assert ruleset.diagnostics == (), form


def test_what_it_takes_as_ip6tables_too() -> None:
    for row in corpus_rows():
        if row.get("here_ip6_ok"):
            assert read_text(around(row["rule"], row["table"], row["chains"][0], True)).diagnostics == (), row["rule"]


def test_the_saved_form_comes_back_byte_for_byte() -> None:
    for row in corpus_rows():
        for form in {row["here_save"], row["here_legacy_save"]} - {None}:
            text = around(form, row["table"], row["chains"][0], row["family"] == "ip6tables")
            assert save(read_text(text)) == text


def test_what_upstream_and_the_real_tool_refuse_is_flagged() -> None:
    missed = [
        row["rule"]
        for row in corpus_rows()
        if not row["ok"] and not row["here_ok"] and not row["here_legacy_ok"]
        if all(
            found.severity != "error"
            for found in read_text(
                around(row["rule"], row["table"], row["chains"][0], row["family"] == "ip6tables")
            ).diagnostics
        )
    ]
    assert set(missed) == OF_THE_HOST
