"""The judge: a worker process in a throwaway network namespace, asked what the kernel does with a packet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from kptui.kernel.dump import Dump, Key, dump_of
from kptui.kernel.messages import Event, KernelError, Place, Probe, RefusedError, Seen, as_json, seen_of
from kptui.kernel.namespace import namespace_id
from kptui.records import replace
from kptui.syntax.ast import Backend, Family, Ruleset

_PASS_ON = frozenset({"DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP"})
_FINAL = {"ACCEPT": "ACCEPT", "DROP": "DROP", "REJECT": "DROP", "RETURN": "RETURN", "QUEUE": "QUEUE"}
_AT_ONCE = 50
"""How many requests may wait for their answers: they have to fit in a pipe."""
_ENDED = "the process in the network namespace ended unexpectedly"
_ROOT = Path(__file__).parents[2]


class Judge:
    """Asks the kernel. Each `load` begins a new, empty namespace; this process never leaves its own."""

    def __init__(self) -> None:
        """Start the worker process; raises KernelError."""
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        try:
            self._worker = subprocess.Popen(
                # -P: what lies in the current folder is never a module.
                [sys.executable, "-P", "-m", "kptui.kernel.worker", str(namespace_id())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": path},
            )
        except OSError as error:
            raise KernelError(f"no process can be started: {error.strerror}") from None
        self.rootless = False
        """Whether the last namespace needed a user namespace, this process being no root."""
        self.prompt = True
        """Whether the last namespace has TUN devices, not veth pairs."""
        self._kept: tuple[Ruleset, tuple[Family, frozenset[Key]], Ruleset, Dump] | None = None
        self._ruleset: Ruleset | None = None
        self._family: Family = 4
        self._backend: Backend = "nft"

    def __enter__(self) -> Judge:
        """The judge itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the worker; its namespace goes with it."""
        self.close()

    def close(self) -> None:
        """End the worker; its namespace goes with it."""
        for pipe in (self._worker.stdin, self._worker.stdout):
            if pipe is not None:
                pipe.close()
        self._worker.wait(10)

    @property
    def pid(self) -> int:
        """The worker's process."""
        return self._worker.pid

    def load(self, place: Place, ruleset: Ruleset, backend: Backend, without: Collection[Key] = ()) -> None:
        """A new namespace with these host facts and the rules of its address family; those `without` never match.

        Raises RefusedError if iptables-restore minds single rules, KernelError if the place can't be built or the rules
        are not what was read of them.
        """
        ruleset, dump = self._written(ruleset, place.family, frozenset(without))
        chains = [(table.name, chain) for table in ruleset.tables for chain in table.chains.values()]
        asked = {
            "do": "load",
            "place": as_json(place),
            "dump": dump.text,
            "backend": backend,
            "policies": [[table, chain.name, chain.policy] for table, chain in chains if chain.policy],
        }
        try:
            answer = self._ask(asked)
        except KernelError as error:
            refused = dump.refused(str(error))
            if not refused:
                raise
            raise RefusedError(str(error), refused) from None
        self._ruleset, self._family, self._backend = ruleset, place.family, backend
        counts = {(table, chain): count for table, chain, count in answer["counts"]}
        for table, chain in chains:
            if counts.get((table, chain.name), 0) != len(chain.rules):
                raise KernelError(f"the kernel has more or fewer rules in {table} {chain.name} than the dump has lines")
        self.rootless, self.prompt = answer["rootless"], answer["prompt"]

    def _written(self, ruleset: Ruleset, family: Family, without: frozenset[Key]) -> tuple[Ruleset, Dump]:
        """The rules of a family and their text; kept, since one dump is often loaded into many places."""
        if self._kept is None or self._kept[0] is not ruleset or self._kept[1] != (family, without):
            own = replace(ruleset, tables=tuple(table for table in ruleset.tables if table.family == family))
            self._kept = (ruleset, (family, without), own, dump_of(own, without))
        return self._kept[2:]

    def send(self, probe: Probe, keep: bool = False) -> Seen:
        """What the kernel does with a packet; connections of earlier ones are forgotten, unless `keep`.

        Raises KernelError.
        """
        return self._told(self._ask({"do": "send", "probe": as_json(probe), "keep": keep}))

    def send_all(self, probes: Sequence[Probe]) -> Iterator[Seen]:
        """The same for many packets, one after the other, without waiting for an answer before the next is asked for.

        Raises KernelError.
        """
        for start in range(0, len(probes), _AT_ONCE):
            some = probes[start : start + _AT_ONCE]
            self._write(*({"do": "send", "probe": as_json(probe), "keep": False} for probe in some))
            yield from [self._told(self._read()) for _ in some]

    def _told(self, answer: Mapping[str, Any]) -> Seen:
        seen = seen_of(answer["seen"])
        if self._backend == "nft":
            return seen
        return replace(seen, events=tuple(map(self._verdict, seen.events)))

    def _verdict(self, event: Event) -> Event:
        """The verdict that ip_tables does not tell, from the rule's target."""
        chain = self._ruleset.chain(event.table, event.chain, self._family) if self._ruleset else None
        target = chain.rules[event.rule - 1].target if chain and event.rule else None
        if target is None or self._ruleset is None:
            return event
        if self._ruleset.chain(event.table, target.name, self._family) is not None:
            return replace(event, verdict=f"{'goto' if target.goto else 'jump'} {target.name}")
        return replace(event, verdict="ACCEPT" if target.name in _PASS_ON else _FINAL.get(target.name))

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self._write(request)
        return self._read()

    def _write(self, *requests: Mapping[str, Any]) -> None:
        assert self._worker.stdin is not None
        try:
            self._worker.stdin.write("".join(json.dumps(request) + "\n" for request in requests))
            self._worker.stdin.flush()
        except BrokenPipeError:
            raise KernelError(_ENDED) from None

    def _read(self) -> dict[str, Any]:
        assert self._worker.stdout is not None
        line = self._worker.stdout.readline()
        if not line:
            raise KernelError(_ENDED)
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise KernelError(answer["error"])
        return answer
