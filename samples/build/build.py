#!/usr/bin/env python3
"""Write samples/NAME.txt from samples/build/NAME.rules with the real iptables-save.

    sudo samples/build/build.py [NAME...]           build all samples, or only these
    sudo samples/build/build.py --check [NAME...]   only compare with what is there

Needs root, util-linux, iptables 1.8 (both backends) and ipset. Everything happens in
throwaway network namespaces; the host's own tables are never read or changed.

The first line of each .rules file says which tool writes the sample:

    # build: iptables-nft | iptables-legacy | ip6tables-nft | ip6tables-legacy [counters] [ipset]

counters: save with -c. ipset: load NAME.sets first and write samples/NAME.ipset too.

A sample is written only when something besides the dates in its header lines changed.
Every sample must load again, save the same lines, and have chain names that follow
kube-proxy's naming.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent


class BuildError(Exception):
    pass


@dataclass(frozen=True)
class Recipe:
    """How one sample is made."""

    name: str
    tool: str  # iptables or ip6tables
    backend: str  # nft or legacy
    counters: bool
    ipset: bool

    @classmethod
    def read(cls, rules: Path) -> Recipe:
        with rules.open("rb") as lines:
            first = lines.readline().decode()
        found = re.fullmatch(r"# build: (ip6?tables)-(nft|legacy)((?: \w+)*)\n", first)
        options = set(found[3].split()) if found else set()
        if not found or options - {"counters", "ipset"}:
            raise BuildError(f"{rules.name}: the first line has to say '# build: TOOL ...'")
        return cls(rules.stem, found[1], found[2], "counters" in options, "ipset" in options)

    @property
    def multi(self) -> str:
        """One binary holds restore and save; called by this name, the header says `iptables-save`."""
        return f"xtables-{self.backend}-multi {self.tool}"


def in_namespace(script: str, stdin: bytes = b"") -> bytes:
    """Run a shell script in a network namespace of its own; its stdout."""
    done = subprocess.run(
        ["unshare", "--net", "sh", "-ec", script], input=stdin, capture_output=True, check=False, cwd=HERE
    )
    if done.returncode:
        raise BuildError(done.stderr.decode(errors="replace").strip() or f"failed: {script}")
    return done.stdout


def save(recipe: Recipe, rules: bytes) -> bytes:
    """What iptables-save says after these rules were loaded (-c: with their counters, if they have any)."""
    sets = f"ipset restore < {recipe.name}.sets; " if recipe.ipset else ""
    option = " -c" if recipe.counters else ""
    return in_namespace(f"{sets}{recipe.multi}-restore -c; {recipe.multi}-save{option}", rules)


def substance(dump: bytes) -> list[bytes]:
    """All lines but the header and footer comments, which hold dates."""
    return [line for line in dump.split(b"\n") if not line.startswith(b"#")]


def tables(dump: bytes) -> dict[bytes, bytes]:
    """Table by table: the legacy backend lists the table used last first, so the order varies."""
    parts = re.split(rb"(?m)^\*(\w+)\n", b"\n".join(substance(dump)))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def reload_check(recipe: Recipe, dump: bytes) -> None:
    sets = f"ipset restore < {recipe.name}.sets; " if recipe.ipset else ""
    in_namespace(f"{sets}{recipe.multi}-restore --test", dump)
    if tables(save(recipe, dump)) != tables(dump):
        raise BuildError(f"{recipe.name}: saved again, it reads differently")


def kube_hash(text: str) -> str:
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:16]


PATTERNS = [  # (rule, the chain whose name it explains); `at` is an endpoint, ip:port
    r'-A KUBE-SERVICES .*-p (?P<proto>\w+) .*"(?P<port>\S+) cluster IP".* -j (?P<chain>KUBE-SV[CL]-\w+)$',
    r'-A KUBE-SERVICES .*-p (?P<proto>\w+) .*"(?P<port>\S+) (?:external|loadbalancer) IP".* '
    r"-j (?P<chain>KUBE-(?:EXT|FW)-\w+)$",
    r'-A KUBE-NODEPORTS -p (?P<proto>\w+) .*"(?P<port>\S+)" .* -j (?P<chain>KUBE-EXT-\w+)$',
    r'-A (?P<chain>KUBE-SEP-\w+) -p (?P<proto>\w+) .*"(?P<port>\S+)" .*--to-destination (?P<at>\S+)$',
    r'-A KUBE-SV[CL]-\w+ .*"(?P<port>\S+) -> (?P<at>\S+)".* -j (?P<chain>KUBE-SEP-\w+)$',
]


def name_check(recipe: Recipe, dump: bytes) -> int:
    """Every KUBE-...-HASH chain must follow from the Service, protocol and endpoint its rules name."""
    text = re.sub(r"(?m)^\[\d+:\d+\] ", "", dump.decode())
    hashed = r"KUBE-(?:SVC|SVL|EXT|XLB|FW|SEP)-\w+"
    declared = set(re.findall(rf"(?m)^:({hashed}) ", text))
    explained: set[str] = set()
    for pattern in PATTERNS:
        for found in re.finditer("(?m)^" + pattern, text):
            part = found.groupdict()
            protocols = [part["proto"]] if part.get("proto") else ["tcp", "udp", "sctp"]
            wanted = {kube_hash(part["port"] + proto + (part.get("at") or "")) for proto in protocols}
            if part["chain"][-16:] not in wanted:
                raise BuildError(f"{recipe.name}: {part['chain']} should end in {' or '.join(sorted(wanted))}")
            explained.add(part["chain"])
    for chain in declared - explained:
        # Chains reached only through a chain of the same Service: EXT -> SVC/SVL, FW -> EXT.
        if "-SEP-" in chain or not any(other[-16:] == chain[-16:] for other in explained):
            raise BuildError(f"{recipe.name}: nothing explains the name {chain}")
    for start, end in re.findall(rf"(?m)^-A ({hashed}) .* -j ({hashed})$", text):
        if "-SEP-" not in end and start[-16:] != end[-16:]:
            raise BuildError(f"{recipe.name}: {start} jumps into another Service, {end}")
    return len(declared)


def put(path: Path, new: bytes, check: bool) -> str:
    old = path.read_bytes() if path.exists() else None
    if old is not None and substance(old) == substance(new):
        return "unchanged"
    if check:
        raise BuildError(f"{path.name} is not what its input gives; build it again")
    path.write_bytes(new)
    return "written"


def build(rules: Path, check: bool) -> None:
    recipe = Recipe.read(rules)
    dump = save(recipe, rules.read_bytes())
    names = name_check(recipe, dump)
    reload_check(recipe, dump)
    state = put(SAMPLES / f"{recipe.name}.txt", dump, check)
    if recipe.ipset:
        sets = in_namespace(f"ipset restore < {recipe.name}.sets; ipset save")
        put(SAMPLES / f"{recipe.name}.ipset", sets, check)
    count = len(re.findall(rb"(?m)^(?:\[\d+:\d+\] )?-A ", dump))
    print(f"{recipe.name}: {state}; {count} rules, {names} hashed chain names follow")


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the samples.")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    args = parser.parse_args()
    inputs = [HERE / f"{name}.rules" for name in args.names] or sorted(HERE.glob("*.rules"))
    failed = False
    for rules in inputs:
        try:
            build(rules, args.check)
        except (BuildError, OSError) as error:
            print(f"error: {error}", file=sys.stderr)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
