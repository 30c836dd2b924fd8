"""The command line: finds the command, imports nothing of the others, and lets no traceback reach a user."""

from __future__ import annotations

import gc
import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from kptui import __version__
from kptui.commands import COMMANDS
from kptui.commands.shared import EXIT_BUG, EXIT_USAGE
from kptui.text import visible

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Commands(click.Group):
    """The commands of the table; a first argument that is none of them is a source: `kptui rules.txt` opens it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command in front of anything that is no command or option of the group."""
        own = {"-h", "--help", "--version", "--no-color"}
        first = next((arg for arg in args if arg not in ("--no-color",)), None)
        # A shell that completes the first word wants to know the commands.
        nothing = first is None and not ctx.resilient_parsing
        if nothing or (first is not None and first not in COMMANDS and first not in own):
            at = args.index(first) if first is not None else len(args)
            args = [*args[:at], "open", *args[at:]]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        found = import_module(f"kptui.commands.{cmd_name}").command
        assert isinstance(found, click.Command)
        if ctx.resilient_parsing:
            from kptui.commands.completing import completed

            return completed(found)
        return found

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands and options, else sources, since `kptui SOURCE` opens one."""
        from kptui.commands.completing import Source

        return super().shell_complete(ctx, incomplete) or Source().shell_complete(ctx, self.params[0], incomplete)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="kptui %(version)s")
@click.option("--no-color", is_flag=True, help="No colours (as does the variable NO_COLOR).")
def cli(no_color: bool) -> None:
    """The terminal explorer for the iptables rules that kube-proxy writes.

    `kptui SOURCE` opens the explorer. SOURCE is a file with the output of iptables-save, - for standard input, a
    bundle, or a running host: live: (this one, the default), netns:NAME, ssh:HOST, kubectl:NODE, docker:NAME.
    """
    if no_color:
        os.environ["NO_COLOR"] = "1"


def _end(number: int, frame: object) -> None:
    """End as after Ctrl-C: what runs is ended, and the ways to remote hosts are closed."""
    sys.exit(128 + number)


def main() -> None:
    """The console script."""
    # Hardly any of what a command makes is garbage in cycles: looking for it as often as Python does by itself takes
    # a tenth of a large dump's time.
    gc.set_threshold(50_000, 20, 50)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except click.Abort:
        sys.exit(130)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("KPTUI_DEBUG"):
            raise
        click.echo(f"kptui: an error of its own: {type(error).__name__}: {visible(str(error))}", err=True)
        click.echo("Please report it, with the output of the same command after KPTUI_DEBUG=1.", err=True)
        sys.exit(EXIT_BUG)
