"""``allegiance backup``: copy a plain store, which may be served and written to meanwhile."""

from pathlib import Path

import click


@click.command("backup", short_help="Copy a plain store, served or not.")
@click.argument("store", type=click.Path(path_type=Path, file_okay=False))
@click.argument("backup", type=click.Path(path_type=Path))
def command(store: Path, backup: Path) -> None:
    """Copy the current snapshot of a plain store into a new folder; print its number last.

    The server may go on and take changes: the copy is of one moment. Each byte is checked
    against what was written, and is on disk when this ends.
    """
    from allegiance.release import snapshots

    click.echo(snapshots.copy(store, backup).number)
