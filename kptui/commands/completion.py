"""`kptui completion`: what makes a shell complete the command line."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    r"""Print the code that completes commands, options and files in a shell.

    \b
    bash   kptui completion bash > ~/.local/share/bash-completion/completions/kptui
    zsh    kptui completion zsh > "${fpath[1]}/_kptui"
    fish   kptui completion fish > ~/.config/fish/completions/kptui.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(ctx.find_root().command, {}, "kptui", "_KPTUI_COMPLETE").source())
