"""The installed command, and a server process for as long as a test needs one."""

import re
import subprocess
import sys
from pathlib import Path


def command() -> str:
    """Return the installed command that belongs to this interpreter."""
    return str(Path(sys.executable).with_name("allegiance"))


class serving:  # noqa: N801 (reads as a verb: with serving(...) as address)
    """A server process for as long as the block lasts; fails when it does not start."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = (command(), "serve", *arguments, "--port", "0")

    def __enter__(self) -> str:
        self.process = subprocess.Popen(self._arguments, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            if match := re.search(r"http://[^/\s]+", line):
                return match[0]
        raise AssertionError(f"the server ended with {self.process.wait()}: {said}")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        assert self.process.wait(30) in (0, -15, 130, 143)
        assert self.process.stdout is not None
        self.process.stdout.close()
