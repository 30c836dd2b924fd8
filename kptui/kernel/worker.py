"""The process in the throwaway namespace: `python -m kptui.kernel.worker NAMESPACE`, one JSON line a request.

NAMESPACE is the number of the namespace that must never be touched, the asking process's own. Nothing is loaded and no
packet is sent before this process has left it.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from typing import Any

from kptui.kernel.legacy_events import LegacyTrace
from kptui.kernel.messages import Event, KernelError, Pass, Place, Probe, Seen, as_json, place_of
from kptui.kernel.namespace import Namespace, namespace_id, setting
from kptui.kernel.netlink import ACK, NETFILTER, Netlink
from kptui.kernel.nft_events import NftTrace
from kptui.kernel.packets import build, header, tag_of
from kptui.kernel.sentinels import sentinels
from kptui.records import replace

_CT_DELETE = 1 << 8 | 2
_PATIENCE = 0.2
"""Seconds that a packet may take over the loopback device or a veth pair; it is there at once as a rule."""
_IP_HDRINCL = 3
_AF = {4: socket.AF_INET, 6: socket.AF_INET6}
_libc = ctypes.CDLL(None, use_errno=True)


class Stage:
    """A namespace with a dump loaded, ready for packets."""

    def __init__(self, request: dict[str, Any], parent: int) -> None:
        """Build the place and load the dump; raises KernelError."""
        self.place: Place = place_of(request["place"])
        self.namespace = Namespace(self.place, parent)
        if namespace_id() == parent:
            raise KernelError("still in the host's own network namespace; nothing was done")
        self.netlink = Netlink(NETFILTER)
        self.sent = 0
        six = "6" if self.place.family == 6 else ""
        if self.place.setup:
            run(["ip", *(["-6"] if six else []), "-batch", "-"], "\n".join([*self.place.setup, ""]))
            self.namespace.settled(
                line.split()[2].split("/")[0] for line in self.place.setup if line.startswith("addr")
            )
        if self.place.ipsets:
            run(["ipset", "restore"], self.place.ipsets)
        backend = request["backend"]
        run([f"ip{six}tables-{backend}-restore"], request["dump"])
        run(["nft", "-f", "-"], sentinels(backend, self.place.mark, self.place.untracked))
        index = self.namespace.index
        self.trace: NftTrace | LegacyTrace
        if backend == "nft":
            self.trace = NftTrace(self.place.family, index)
        else:
            setting(f"net/netfilter/nf_log/{10 if six else 2}", "nfnetlink_log")
            # Table by table: the list of all tables in /proc is for the host's own root only.
            tables = dict.fromkeys(line[1:] for line in request["dump"].split("\n") if line.startswith("*"))
            counts = saved_counts("".join(run([f"ip{six}tables-legacy-save", "-t", name], "") for name in tables))
            policies = {(table, chain): policy for table, chain, policy in request["policies"]}
            self.trace = LegacyTrace(self.place.family, index, counts, policies)
        self.counts = self.trace.prepare()

    def close(self) -> None:
        """Let go of the namespace."""
        self.trace.socket.close()
        self.netlink.close()
        self.namespace.close()

    def send(self, probe: Probe, keep: bool) -> Seen:
        """Send one packet and see what becomes of it; all connections are forgotten before, unless `keep`."""
        if not keep:
            self.netlink.ask(_CT_DELETE, struct.pack("!BBH", 0, 0, 0), ACK)
        self.sent = self.sent % 0x7000 + 1
        tag = 0x8000 + self.sent
        self._wire(tag)
        self.trace.begin(tag)
        refused = None
        try:
            probe = probe if probe.src else replace(probe, src=self._picked(probe))
            packet = build(probe, self.place.family, tag)
            if probe.leg is not None:
                self.namespace.legs[probe.leg].put(packet, probe.mac)
            else:
                self._local(probe, packet)
        except OSError as error:
            refused = error.strerror or str(error)
        found = self.trace.read()
        wire, left = self._wire(tag)
        until = time.monotonic() + _PATIENCE
        while wire is None and self._under_way(found) and time.monotonic() < until:
            found += self.trace.read(_PATIENCE / 4)
            wire, left = self._wire(tag)
        found += self.trace.read()
        events = tuple(each for each in found if isinstance(each, Event))
        passes = tuple(each for each in found if isinstance(each, Pass))
        return Seen(events, passes, wire, header(left) if left else None, refused)

    def _picked(self, probe: Probe) -> str:
        """The source that the kernel picks for a packet of this host; asked by connecting, which sends nothing."""
        with socket.socket(_AF[self.place.family], socket.SOCK_DGRAM) as datagram:
            datagram.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, probe.mark)
            datagram.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            datagram.connect((probe.dst, probe.dport or 9))
            return str(datagram.getsockname()[0]).partition("%")[0]

    def _local(self, probe: Probe, packet: bytes) -> None:
        """Send as a process of the host would, by a raw socket of the probe's user and group."""
        family = _AF[self.place.family]
        _libc.setfsgid(probe.gid)
        _libc.setfsuid(probe.uid)
        try:
            with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
                if self.place.family == 4:
                    raw.setsockopt(socket.IPPROTO_IP, _IP_HDRINCL, 1)
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, probe.mark)
                raw.sendto(packet, (probe.dst, 0))
        finally:
            _libc.setfsuid(0)
            _libc.setfsgid(0)

    def _under_way(self, found: list[Event | Pass]) -> bool:
        """Whether the packet may not have come to its end yet."""
        ended = found and isinstance(found[-1], Event) and found[-1].verdict == "DROP"
        last = next((each for each in reversed(found) if isinstance(each, Pass)), None)
        if ended or (last is not None and (last.passed, last.hook) == ("leave", "INPUT")):
            return False
        return not self.namespace.prompt or (last is not None and "lo" in (last.in_, last.out) and last.hook != "INPUT")

    def _wire(self, tag: int) -> tuple[str | None, bytes | None]:
        """(The leg a packet left by, the packet); everything else that came out is thrown away."""
        found: tuple[str | None, bytes | None] = (None, None)
        for name, leg in self.namespace.legs.items():
            while (packet := leg.take()) is not None:
                if tag_of(packet) == tag:
                    found = (name, packet)
        return found


def saved_counts(text: str) -> Counter[tuple[str, str]]:
    """How many rules each chain of a saved ruleset has."""
    counts: Counter[tuple[str, str]] = Counter()
    table = ""
    for line in text.split("\n"):
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A "):
            counts[table, line.split(" ", 2)[1]] += 1
    return counts


def run(command: list[str], text: str) -> str:
    """Run a command of the host's inside the namespace; its output. Raises KernelError with what it complains of."""
    with tempfile.TemporaryDirectory(prefix="kptui-") as folder:
        # A lock of one's own: that of the host's iptables is none of our business.
        environment = {**os.environ, "XTABLES_LOCKFILE": f"{folder}/lock", "LC_ALL": "C.UTF-8"}
        try:
            done = subprocess.run(
                command,
                input=text.encode("utf-8", "surrogateescape"),
                capture_output=True,
                check=False,
                env=environment,
                timeout=120,
            )
        except FileNotFoundError:
            raise KernelError(f"{command[0]} is not installed") from None
        except subprocess.TimeoutExpired:
            raise KernelError(f"{command[0]} did not end within two minutes") from None
    if done.returncode:
        complaint = done.stderr.decode("utf-8", "replace").strip() or f"exit code {done.returncode}"
        raise KernelError(f"{command[0]} refuses the rules: {complaint}")
    return done.stdout.decode("utf-8", "surrogateescape")


def main() -> None:
    """Answer requests until standard input ends."""
    parent = int(sys.argv[1])
    stage: Stage | None = None
    rootless = False  # once there is a user namespace, further network namespaces need no other
    for line in sys.stdin:
        request = json.loads(line)
        answer: dict[str, Any]
        try:
            if request["do"] == "load":
                if stage is not None:
                    stage.close()
                    stage = None
                stage = Stage(request, parent)
                rootless = rootless or stage.namespace.rootless
                answer = {
                    "counts": [[*chain, count] for chain, count in stage.counts.items()],
                    "rootless": rootless,
                    "prompt": stage.namespace.prompt,
                }
            elif stage is None:
                raise KernelError("nothing is loaded")
            else:
                answer = {"seen": as_json(stage.send(Probe(**request["probe"]), request["keep"]))}
        except KernelError as error:
            answer = {"error": str(error)}
        except OSError as error:
            answer = {"error": f"the kernel refuses: {error}"}
        try:
            print(json.dumps(answer), flush=True)  # noqa: T201
        except BrokenPipeError:
            os._exit(0)  # nobody asks any more


if __name__ == "__main__":
    main()
