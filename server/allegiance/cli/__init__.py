"""The command line: one module a command, heavy imports inside the commands.

In: arguments. Out: text on stdout, messages on stderr, an exit code (0 good, 1 findings or a
failure, 2 wrong use). May import: everything.
"""

import os
import sys
from importlib import import_module

import click

from allegiance.errors import AllegianceError

COMMANDS = (
    "backup",
    "build",
    "check",
    "new",
    "prune",
    "query",
    "restore",
    "serve",
    "torture",
    "why",
)


class _Commands(click.Group):
    """Commands whose modules are imported only when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"allegiance.cli.{cmd_name}").command
        return command


@click.group(cls=_Commands)
@click.version_option(package_name="allegiance")
def cli() -> None:
    """Who backs, arms and guards whom, and on whose word.

    A graph folder holds an ontology, facts drawn from texts, shapes and questions. Without
    FOLDER a command takes the current folder if it is one, else the packaged graph.
    """


def main() -> None:
    """Run the command line; every expected error is one message without a traceback."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except AllegianceError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output left, as `| head` does: no message, and none at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
