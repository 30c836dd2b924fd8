"""A real sshd on the loopback, with keys, configuration and programs of its own; nothing of the user's is read."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin")
SSH = shutil.which("ssh")
ODD = {
    "noisy": 'echo "Welcome to node1"; exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"',
    "hanging": 'case "$SSH_ORIGINAL_COMMAND" in true) ;; *) exec /bin/sleep 600;; esac',
    "deaf": "exec /bin/sleep 600",
    "flooding": 'case "$SSH_ORIGINAL_COMMAND" in true) ;; *) exec /usr/bin/yes;; esac',
    "garbage": 'case "$SSH_ORIGINAL_COMMAND" in true) ;; *) echo "<html>";; esac',
    "binary": 'case "$SSH_ORIGINAL_COMMAND" in true) ;; *) printf "*nat\\\\000";; esac',
    "truncated": 'case "$SSH_ORIGINAL_COMMAND" in true) ;; *) echo "*nat"; echo ":INPUT ACCEPT";; esac',
}
"""Hosts on which something else runs than what was asked for: by a key of their own, as authorized_keys has it."""


@dataclass
class Sshd:
    """The daemon: `log` grows with what it says, `programs` is first on the PATH of what it runs."""

    port: int
    folder: Path
    programs: Path
    log: list[str]

    @property
    def logins(self) -> int:
        return sum("Accepted publickey" in line for line in self.log)


def _key(folder: Path, name: str) -> str:
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
    subprocess.run(make, check=True, capture_output=True)
    return (folder / f"{name}.pub").read_text().strip()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def serving(folder: Path, programs: Path, inside: Sequence[str] = (), path: str = "") -> Iterator[Sshd]:
    """Run an sshd, behind the words of `inside`; puts an `ssh` into `programs` that knows it as the host node1."""
    if SSHD is None or SSH is None:
        pytest.skip("there is no sshd here (Debian: openssh-server and openssh-client)")
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", 0o755, exist_ok=True)
    port = _free_port()
    keys = [_key(folder, "key"), *(f'command="{_quoted(run)}" {_key(folder, name)}' for name, run in ODD.items())]
    (folder / "authorized_keys").write_text("\n".join(keys) + "\n")
    _key(folder, "host_key")
    _key(folder, "stranger")
    remote = folder / "remote"
    remote.mkdir(exist_ok=True)
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host_key\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nPidFile none\nStrictModes no\nUsePAM no\n"
        # The login shell reads nothing of the user's own.
        f"SetEnv PATH={path or remote} HOME={folder}\n"
    )
    shared = tempfile.mkdtemp(prefix="k-", dir="/tmp")  # a socket's name has to be short
    _configure(folder, port, shared)
    program = programs / "ssh"
    program.write_text(f'#!/bin/sh\nexec {" ".join([*inside, SSH])} -F {folder}/ssh_config "$@"\n')
    program.chmod(0o755)
    command = [*inside, SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        log: list[str] = []
        for line in process.stderr:
            log.append(line)
            if "Server listening" in line:
                break
        else:
            pytest.skip(f"sshd does not start: {''.join(log)}")
        listener = Thread(target=log.extend, args=(process.stderr,), daemon=True)
        listener.start()
        try:
            yield Sshd(port, folder, remote, log)
        finally:
            process.terminate()
            process.wait()
            listener.join(5)
            shutil.rmtree(shared)


def _quoted(command: str) -> str:
    return command.replace('"', '\\"')


def _configure(folder: Path, port: int, shared: str) -> None:
    lines = [
        f"Host shared\n  ControlMaster auto\n  ControlPath {shared}/own\n  ControlPersist 30",
        f"Host unknown-key\n  StrictHostKeyChecking yes\n  UserKnownHostsFile {folder}/none",
        f"Host stranger\n  IdentityFile {folder}/stranger",
        f"Host node1 shared unknown-key\n  IdentityFile {folder}/key",
        *(f"Host {name}\n  IdentityFile {folder}/{name}" for name in ODD),
        f"Host *\n  HostName 127.0.0.1\n  Port {port}\n  User {getpass.getuser()}\n"
        f"  IdentitiesOnly yes\n  IdentityAgent none\n  StrictHostKeyChecking accept-new\n"
        f"  UserKnownHostsFile {folder}/known_hosts\n  GlobalKnownHostsFile none\n  RemoteCommand none",
    ]
    (folder / "ssh_config").write_text("\n".join(lines) + "\n")
