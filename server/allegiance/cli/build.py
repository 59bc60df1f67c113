"""``allegiance build``: derive, check, release."""

from pathlib import Path

import click

from allegiance.cli.arguments import FOLDER, STATE, TEXTS


@click.command("build", short_help="Derive, check and release a graph folder.")
@FOLDER
@TEXTS
@STATE
def command(folder: Path | None, texts: Path | None, state: Path | None) -> None:
    """Derive, check and release a graph folder; print the id of the release last.

    The same files give the same id on any machine. With an error in the folder nothing is
    released, and the release that was current stays so.
    """
    from allegiance import folder as folders
    from allegiance.cli.messages import progress
    from allegiance.release import build

    found = folders.find(folder)
    with progress(f"building {found.title}"):
        release = build(found, found.state(state), found.texts_at(texts))
    warnings = len(release.made["findings"])
    if warnings:
        click.echo(f"{warnings} warnings; see them with: allegiance check", err=True)
    click.echo(release.id)
