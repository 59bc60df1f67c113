"""``allegiance restore``: make a plain store from a backup."""

from pathlib import Path

import click


@click.command("restore", short_help="Make a plain store from a backup.")
@click.argument("backup", type=click.Path(path_type=Path, file_okay=False))
@click.argument("store", type=click.Path(path_type=Path))
def command(backup: Path, store: Path) -> None:
    """Make a plain store in a new folder from a backup; print the number of its snapshot last.

    Each byte of the backup is checked first. The store is another one from then on: what clients
    know of versions of its graphs (ETag) does not hold for it.
    """
    from allegiance.release import snapshots

    click.echo(snapshots.copy(backup, store).number)
