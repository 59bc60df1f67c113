"""System calls of a process, seen or made to fail by strace."""

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager

import pytest

from .processes import until


@contextmanager
def traced(pid, out, *options):
    """Trace a process and what it forks for as long as the block lasts; skip without strace."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace")
    command = ["strace", "-f", "-y", "-s", "200", "-o", str(out), *options, "-p", str(pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        said = strace.stderr.readline()
        if "attached" not in said:
            strace.wait()
            pytest.skip(f"needs strace to be allowed: {said.strip()}")
        try:
            yield
        finally:
            # It lets go of the process, which goes on.
            os.kill(strace.pid, signal.SIGINT)
            until(lambda: strace.poll() is not None, 30, "the end of strace")
