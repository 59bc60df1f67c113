"""Disks that a test can fill, forbid to be written to, or lose power to. Root only."""

import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest


def _run(*command):
    return subprocess.run(command, capture_output=True, text=True)


@contextmanager
def mounted(path, *options):
    """Mount a file system at a new folder for as long as the block lasts; skip where it may not."""
    path.mkdir()
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a file system")
    done = _run("mount", *options, str(path))
    if done.returncode:
        pytest.skip(f"needs to mount a file system: {done.stderr.strip()}")
    try:
        yield path
    finally:
        # A process that was just ended may hold it for a moment.
        _run("umount", "--lazy", str(path))


def small(path, size="24m"):
    """Return a disk in memory of that size, as ``mounted``."""
    return mounted(path, "-t", "tmpfs", "-o", f"size={size}", "tmpfs")


def fill(disk, left=0):
    """Take all room of a disk but so many bytes; return the file that takes it."""
    path = disk / "filler"
    with path.open("wb", buffering=0) as file:
        room = shutil.disk_usage(disk).free - left
        for size in (1 << 16, 1 << 12):
            try:
                while room >= size:
                    room -= file.write(b"\0" * size)
            except OSError:
                room = 0
    return path


def image(path, size="64M"):
    """Make an empty file system in a file; skip where there is no ext4."""
    with path.open("wb") as file:
        file.truncate(int(size.removesuffix("M")) << 20)
    if shutil.which("mkfs.ext4") is None or _run("mkfs.ext4", "-q", str(path)).returncode:
        pytest.skip("needs mkfs.ext4")
    return path
