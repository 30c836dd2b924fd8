"""What to start to see a line of a dump in an editor: words, never a shell; the file itself, or a private copy."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from types import FrameType

from kptui.errors import KptuiError
from kptui.syntax.ast import Ruleset
from kptui.text import visible

PLUS = frozenset({
    "vi", "vim", "nvim", "view", "vimx", "gvim", "vim.basic", "vim.tiny", "ex", "nano", "rnano", "pico", "emacs",
    "emacsclient", "mg", "zile", "jed", "joe", "jmacs", "ne", "kak", "micro", "mcedit", "less", "gedit",
})  # fmt: skip
"""Editors that take `+LINE FILE`."""
COLON = frozenset(["hx", "helix", "subl", "sublime_text", "zed", "zeditor", "lapce"])
"""Editors that take `FILE:LINE`."""
GOTO = frozenset(["code", "code-insiders", "codium", "vscodium", "code-oss", "cursor", "windsurf"])
"""Editors that take `--goto FILE:LINE`."""


class EditorError(KptuiError):
    """There is no editor, or it could not be started."""


def editor(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The words of the editor that the user has chosen, else vi; raises EditorError."""
    for name in ("VISUAL", "EDITOR"):
        chosen = environment.get(name, "").strip()
        if chosen:
            try:
                return shlex.split(chosen)
            except ValueError as error:
                raise EditorError(f"${name} makes no sense ({error}): {visible(chosen)}") from None
    if shutil.which("vi"):
        return ["vi"]
    raise EditorError("Neither $VISUAL nor $EDITOR is set, and there is no vi: e opens what they name.")


def command(words: list[str], file: Path, line: int) -> list[str]:
    """The words to run; of an editor whose way to open a line is not known, without one."""
    name = Path(words[0]).name
    # A whole path never looks like an option.
    path = str(file.absolute())
    if name in GOTO:
        return [*words, "--goto", f"{path}:{line}"]
    if name in COLON:
        return [*words, f"{path}:{line}"]
    return [*words, f"+{line}", path] if name in PLUS else [*words, path]


def knows_lines(words: list[str]) -> bool:
    """Whether the editor is told the line."""
    return Path(words[0]).name in PLUS | COLON | GOTO


def is_file_of(source: str, ruleset: Ruleset, line: int) -> bool:
    """Whether a source is a plain file that still has that line: no bundle, nothing packed, no host, not changed."""
    path = Path(source)
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            found = next(islice(file, line - 1, line), None)
    except (OSError, ValueError):
        return False
    wanted = ruleset.lines[line - 1] if 0 < line <= len(ruleset.lines) else None
    return found is not None and found.decode("utf-8", "surrogateescape").rstrip("\r\n") == wanted


def copy_of(ruleset: Ruleset, folder: Path) -> Path:
    """The rules as they are shown, in a file that only its owner reads and nobody writes; raises EditorError."""
    path = folder / "rules.txt"
    try:
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with open(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.writelines(f"{line}\n" for line in ruleset.lines)
    except OSError as error:
        raise EditorError(f"A copy for the editor can't be written to {path}: {error.strerror}.") from None
    return path


def run(words: list[str]) -> None:
    """Run an editor and wait for it; raises EditorError.

    Its ctrl+c is not ours: every program of a terminal gets it, and an editor that uses it must not be ended by it.
    """

    def ignored(_number: int, _frame: FrameType | None) -> None:
        pass

    before = signal.signal(signal.SIGINT, ignored)
    try:
        status = subprocess.run(words, check=False).returncode
    except (OSError, ValueError) as error:
        raise EditorError(f"{visible(words[0])} can't be started: {getattr(error, 'strerror', error)}.") from None
    finally:
        signal.signal(signal.SIGINT, before)
    if status:
        raise EditorError(f"{visible(words[0])} ended with status {status}.")
