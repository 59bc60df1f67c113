"""Arguments and options that several commands share, each with its help in one place."""

from pathlib import Path

import click

FOLDER = click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
ON = click.option(
    "--on",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="The graph folder; without it the current folder if it is one, else the packaged graph.",
)
TEXTS = click.option(
    "--texts",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the source texts are; without it the first folder of the setting “texts” that "
    "exists.",
)
STATE = click.option(
    "--state",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where releases are kept; without it .allegiance/ in the folder, or the user's state "
    "folder for the packaged graph.",
)
