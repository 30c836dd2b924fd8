"""The image and the Krew manifest: as far as they can be looked at without Docker and without a release."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kptui import __version__
from tests.support import ROOT


def stages() -> dict[str, list[tuple[str, str]]]:
    """The instructions of each stage of the Dockerfile."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    found: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            if word == "FROM":
                found[rest.split(" AS ")[1]] = []
            found[list(found)[-1]].append((word, rest))
    return found


class TestImage:
    def test_the_one_that_is_built_without_a_target_is_not_root(self) -> None:
        last = dict(list(stages().values())[-1])
        assert last["USER"] == "65532:65532"
        assert last["ENTRYPOINT"] == '["kptui"]'

    def test_both_have_what_a_host_is_read_by(self) -> None:
        run = " ".join(rest for word, rest in stages()["node"] if word == "RUN")
        assert {"conntrack", "iproute2", "ipset", "iptables"} <= set(run.split())
        assert stages()["kptui"][0] == ("FROM", "node AS kptui")

    def test_what_is_copied_is_there_and_not_ignored(self) -> None:
        ignored = (ROOT / ".dockerignore").read_text().split()
        for word, rest in stages()["wheel"]:
            for name in rest.split()[:-1] if word == "COPY" else ():
                assert (ROOT / name).exists(), name
                assert f"!{name}" in ignored

    def test_the_base_is_slim_of_one_version_and_new_enough(self) -> None:
        bases = {
            rest.split()[0]
            for stage in stages().values()
            for word, rest in stage[:1]
            if "/" not in rest and ":" in rest
        }
        (base,) = bases
        version = re.fullmatch(r"python:3\.(\d+)-slim-\w+", base)
        assert version is not None
        assert int(version[1]) >= 11

    @pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
    def test_hadolint_has_nothing_to_complain_of(self) -> None:
        # Versions of Debian's packages are the distribution's to choose.
        subprocess.run(["hadolint", "--ignore", "DL3008", "Dockerfile"], cwd=ROOT, check=True)


class TestKrew:
    RELEASES = "https://example.org/someone/kptui/releases/download"

    def filled(self, archive: Path, releases: str) -> subprocess.CompletedProcess[str]:
        script = [sys.executable, "packaging/krew/fill.py", str(archive), releases]
        return subprocess.run(
            script, cwd=ROOT, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)}
        )

    def test_the_manifest_has_the_archive_s_own_hash(self, tmp_path: Path) -> None:
        archive = tmp_path / "kubectl-kptui.tar.gz"
        archive.write_bytes(b"an archive")
        done = self.filled(archive, self.RELEASES)
        told = yaml.safe_load(done.stdout)
        assert (told["kind"], told["metadata"]["name"]) == ("Plugin", "kptui")
        assert told["spec"]["version"] == f"v{__version__}"
        assert len(told["spec"]["shortDescription"]) <= 50
        (platform,) = told["spec"]["platforms"]
        assert platform["sha256"] == hashlib.sha256(b"an archive").hexdigest()
        assert platform["uri"] == f"{self.RELEASES}/v{__version__}/kubectl-kptui.tar.gz"
        assert platform["bin"] == "kubectl-kptui"

    @pytest.mark.parametrize("releases", ["", "http://example.org/x", "https://example.org", "https://x/y z"])
    def test_no_address_is_made_up(self, tmp_path: Path, releases: str) -> None:
        archive = tmp_path / "a"
        archive.write_bytes(b"")
        done = self.filled(archive, releases)
        assert (done.returncode, done.stdout) == (1, "")
        assert "expected https://" in done.stderr


def test_the_version_stands_in_one_place() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    if not any(listed):
        pytest.skip("no checkout")
    said = re.compile(rf"(?<![\d.]){re.escape(__version__)}(?![\d.])")
    # Tests name versions of other programs.
    kinds = (".py", ".toml", ".sh", ".yaml", "Makefile", "Dockerfile")
    code = [name for name in listed if name.endswith(kinds) and not name.startswith("tests/")]
    assert [name for name in code if said.search((ROOT / name).read_text(errors="replace"))] == ["kptui/__init__.py"]
