"""The line at the top: what it has no room for is marked, and a file's name is seen before its folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.driving import SAMPLES, explorer, press, screen_lines, settle, trace_nginx


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_a_long_path_is_cut_at_its_beginning_and_facts_with_a_mark(tmp_path: Path, width: int) -> None:
    dump = tmp_path / ("deep" * 20) / "node-17.txt"
    dump.parent.mkdir()
    dump.write_text((SAMPLES / "nginx-nodeport.txt").read_text())
    async with explorer(dump).run_test(size=(width, 24)) as pilot:
        await settle(pilot)
        line = screen_lines(pilot)[0].rstrip()
        assert "/node-17.txt · mangle 0 · nat 48" in line
        assert line.startswith(" kptui  …")
        assert line.endswith(("…", "iptables-nft v1.8.9"))


async def test_how_a_journey_ends_is_seen_at_80_columns() -> None:
    async with explorer().run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await trace_nginx(pilot)
        await press(pilot, "i")
        assert any(line.startswith("╰") and "✓ forwarded" in line for line in screen_lines(pilot))
