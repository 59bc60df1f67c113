"""``allegiance prune``: remove old releases of a graph folder, which may be served meanwhile."""

from pathlib import Path

import click

from allegiance.cli.arguments import FOLDER, STATE


@click.command("prune", short_help="Remove old releases that nobody has open.")
@FOLDER
@STATE
@click.option(
    "--keep",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="How many of the releases built last to keep beside the current one.",
)
def command(folder: Path | None, state: Path | None, keep: int) -> None:
    """Remove the releases of a graph folder that are neither current nor open in a server or a
    query; print what became of each.

    It may run while a server serves. It waits for a build that runs, and removes what crashed
    builds left. Without a good current release nothing is removed.
    """
    from allegiance import folder as folders
    from allegiance.release import prune

    done, rubbish = prune(folders.find(folder).state(state), keep)
    for one in done:
        click.echo(f"kept    {one.id}  {one.kept}" if one.kept else f"removed {one.id}")
    if rubbish:
        were = "1 folder" if rubbish == 1 else f"{rubbish} folders"
        click.echo(f"removed {were} of builds that did not end")
