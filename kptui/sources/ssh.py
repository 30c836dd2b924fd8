"""A host through the user's own ssh: its configuration, its agent, its known hosts; nothing is asked on the terminal.

All commands share one connection: the one that the user's ssh_config shares already, or else one of our own, whose
socket lies in a private folder and which is closed at the end.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from typing import ClassVar

from kptui.errors import SourceError
from kptui.sources.access import Access
from kptui.sources.place import Place, Plan, ended, refused
from kptui.sources.process import Ran
from kptui.sources.running import Runner
from kptui.text import visible

_USER = r"(?:[A-Za-z0-9_][A-Za-z0-9_.+\\@-]*@)?"
_HOST = r"(?:[A-Za-z0-9_][A-Za-z0-9_.:%-]*|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?\])"
_NAME = re.compile(rf"{_USER}{_HOST}|//{_USER}{_HOST}(?::\d+)?/?")
"""What ssh is given to connect to: nothing that it or a ProxyCommand's shell could take for anything but a name."""
_OPTIONS = {
    "BatchMode": "yes",  # asks for no password, passphrase or host key: there may be no one to answer
    "ConnectTimeout": "10",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "3",
    "LogLevel": "ERROR",  # no banner among the complaints
    "RequestTTY": "no",
    "RemoteCommand": "none",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "ClearAllForwardings": "yes",
    "PermitLocalCommand": "no",
}
"""What a reading needs, whatever ssh_config says of the host."""
_HINTS = (
    ("Permission denied", "load a key into your agent that it accepts, or share a connection (ControlMaster)"),
    ("Host key verification failed", "log in by hand once, and look at its host key"),
    ("Could not resolve hostname", "neither DNS nor ssh_config knows it"),
)


class Host(Place):
    """A host as ssh names it: `ssh:[USER@]HOST`, or `ssh://[USER@]HOST[:PORT]`."""

    # The sbin folders are on the PATH of root and of sudo only.
    path: ClassVar[str] = (
        " on the PATH of this user: install iptables there, log in as root (ssh:root@HOST), add --sudo, or name a dump "
        "file."
    )
    # sshd lets ten share a connection (MaxSessions), and a user may have some already.
    at_once: ClassVar[int] = 6
    kept: ClassVar[bool] = True

    def __init__(self, rest: str, access: Access) -> None:
        if not _NAME.fullmatch(rest):
            raise refused("host", rest, "ssh:[USER@]HOST or ssh://[USER@]HOST:PORT")
        rights = "log in as root (ssh:root@HOST), or add --sudo"
        super().__init__(f"host {rest.strip('/')}", f"The host {visible(rest.strip('/'))}", rights, access)
        self._target = f"ssh:{rest}" if rest.startswith("//") else rest
        self._folder = ""
        self._shared = _sharing("FOLDER")

    def words(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command there.

        ssh hands its words to the login shell of the remote host, joined by blanks (ssh(1)), so they are quoted for
        that shell. They come from the table of commands alone; nothing a user or a remote host says is among them.
        """
        return self._there((*self.sudo, *argv))

    def _there(self, argv: Sequence[str]) -> tuple[str, ...]:
        return (*self._ssh(), "--", self._target, shlex.join(argv))

    def planned(self) -> Plan:
        """Whether ssh_config shares connections, whether the host answers; the end of the connection."""
        note = "FOLDER is a private one; where ssh_config has a ControlPath for this host, that connection is used."
        return Plan((self._settings(), self._there(("true",))), (self._exit(),), note)

    def enter(self, run: Runner) -> None:
        """Connect, and look whether the login shell keeps quiet."""
        settings = run(self._settings())
        if settings.missing:
            raise SourceError("ssh is not installed, or not on PATH (openssh-client).")
        if re.search(rb"^controlpath (?!none$)", settings.out, re.MULTILINE):
            self._shared = {}
        else:
            # The name of a socket may have 107 bytes, of which ssh takes 17 for itself.
            short = len(os.fsencode(tempfile.gettempdir())) < 70
            self._folder = tempfile.mkdtemp(prefix="kptui-", dir=None if short else "/tmp")  # noqa: S108
            self._shared = _sharing(self._folder)
        ran = run(self._there(("true",)))
        broken = self.broken(ran)
        if broken is None and ran.code != 0:
            broken = f"{self.where} can't be asked: {ended(ran.error or f'its shell ended with exit code {ran.code}')}"
        if broken is None and ran.out.strip():
            first = visible(ran.out.strip().split(b"\n")[0][:60].decode("utf-8", "replace"))
            broken = (
                f"{self.where} prints “{first}” whenever its shell starts, which can't be told from what its commands "
                "say: let ~/.bashrc or such be silent where no terminal is."
            )
        if broken is not None:
            raise SourceError(broken)

    def leave(self, run: Runner) -> None:
        """Close the connection, if it was ours."""
        if self._folder:
            run(self._exit())
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""

    def broken(self, ran: Ran) -> str | None:
        """What ssh itself says: it ends with 255 then."""
        if ran.code == 255:
            hint = next((f": {hint}" for words, hint in _HINTS if words in ran.error + ran.last), "")
            return f"{self.where} can't be reached: {ran.last.rstrip('.') or 'ssh failed without a word'}{hint}."
        if ran.code is None and not ran.missing:
            return f"{self.where} can't be asked: {ended(ran.error)}"
        return None

    def _ssh(self) -> tuple[str, ...]:
        options = {**_OPTIONS, **self._shared}
        return ("ssh", *(word for name, value in options.items() for word in ("-o", f"{name}={value}")))

    def _settings(self) -> tuple[str, ...]:
        return ("ssh", "-G", "--", self._target)

    def _exit(self) -> tuple[str, ...]:
        return (*self._ssh(), "-O", "exit", "--", self._target)


def _sharing(folder: str) -> dict[str, str]:
    """The options of a connection of our own; left alone it ends by itself."""
    return {"ControlMaster": "auto", "ControlPath": f"{folder}/ssh", "ControlPersist": "60"}
