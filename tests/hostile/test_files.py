"""No file, whatever takes it, unpacks without bound; no place in a bundle lies outside of it; nothing is written."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from kptui.sources import file as files
from kptui.sources import members
from tests.sources.test_bundle import NFT, archive
from tests.support import Done, sample

Run = Callable[..., Done]
RULES = sample("nginx-nodeport")
PACKET = "192.168.50.2 -> 10.110.199.45:80"
TAKES = {
    "source": ("services", "FILE"),
    "one of several": ("check", RULES, "FILE"),
    "after": ("diff", RULES, "FILE"),
    "--names": ("services", RULES, "--names", "FILE"),
    "--services": ("check", RULES, "--services", "FILE"),
    "--endpoints": ("check", RULES, "--services", sample("three-pods"), "--endpoints", "FILE"),
    "--ipset": ("trace", RULES, PACKET, "--ipset", "FILE"),
    "--conntrack": ("trace", RULES, PACKET, "--conntrack", "FILE"),
    "cases": ("test", "FILE", RULES),
    "tested": ("test", sample("nginx-nodeport").replace(".txt", ".yaml"), "FILE"),
}


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
@pytest.mark.parametrize("name", TAKES)
def test_a_decompression_bomb(
    name: str, pack: Callable[[bytes], bytes], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = Path(sample("three-pods")).with_name("three-pods-services.json")
    bomb = tmp_path / "bomb"
    bomb.write_bytes(pack(b" " * (2 << 20)))
    monkeypatch.setattr(files, "MAX_BYTES", 1 << 20)
    words = {"FILE": str(bomb), sample("three-pods"): str(services)}
    done = run(*(words.get(word, word) for word in TAKES[name]))
    assert done.code == 3
    assert f"{bomb} is larger than" in done.err


@pytest.mark.parametrize("place", ["../secret", "nodes/../../secret", "/etc", "..", "./.."])
@pytest.mark.parametrize("packed", [True, False])
def test_a_place_outside_of_a_bundle(place: str, packed: bool, run: Run, tmp_path: Path) -> None:
    """The place is looked for among what the bundle holds, not on the disk."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/iptables-save").write_text(NFT)
    inside = tmp_path / "bundle"
    for host in ("a", "b"):
        (inside / "nodes" / host).mkdir(parents=True)
        (inside / "nodes" / host / "iptables-save").write_text(NFT)
    held = {f"nodes/{host}/iptables-save": NFT for host in ("a", "b")}
    source = archive(tmp_path / "bundle.tar.gz", held) if packed else str(inside)
    done = run("services", f"{source}//{place}")
    assert (done.code, done.out) == (3, "")
    assert "holds no rules at" in done.err


@pytest.mark.parametrize("inner", [False, True], ids=["bundle", "archive in an archive"])
def test_what_is_read_is_never_unpacked_to_a_disk(
    inner: bool, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is anything else written where it is read: not beside the bundle, not in the folder for temporary files."""
    held: dict[str, bytes | str] = {"iptables-save": NFT, "ip-addr.json": "[]", "etc/passwd": "root"}
    if inner:
        packed = Path(archive(tmp_path / "inner.tar.gz", held))
        held = {"x/inner.tar.gz": packed.read_bytes()}
        packed.unlink()
    (tmp_path / "here").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.chdir(tmp_path / "here")
    bundle = archive(tmp_path / "here/b.tar.gz", held)
    for command in (("services", bundle), ("check", bundle), ("trace", bundle, PACKET), ("parse", bundle)):
        assert run(*command).code in (0, 1, 4)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["b.tar.gz"]


def test_an_archive_of_archives_counts_all_it_unpacks(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "MAX_BYTES", 1 << 20)
    inner = Path(archive(tmp_path / "inner.tar.gz", {"rules.txt": b" " * (600 << 10)})).read_bytes()
    done = run("services", archive(tmp_path / "outer.tar.gz", {"a.tar.gz": inner, "b.tar.gz": inner}))
    assert done.code == 3
    assert "holds more than 1 MiB when unpacked" in done.err
