"""What commands say on stderr while they work."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress(doing: str) -> Iterator[None]:
    """Say on a terminal what is being done, and how long it took; silent elsewhere."""
    shown = sys.stderr.isatty()
    if shown:
        click.echo(f"{doing} … ", nl=False, err=True)
    began = time.monotonic()
    done = False
    try:
        yield
        done = True
    finally:
        if shown:
            click.echo(f"{time.monotonic() - began:.1f} s" if done else "", err=True)
