"""Run the command and read its scorecard."""

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from running import command


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def card(self) -> dict[str, Any]:
        """The scorecard that it printed as JSON."""
        return json.loads(self.out)

    @property
    def cases(self) -> dict[str, dict[str, Any]]:
        """Each case by its name."""
        return {case["name"]: case for case in self.card["cases"]}


def torture(*arguments: str, seconds: float = 60) -> Ran:
    done = subprocess.run(
        [command(), "torture", *arguments], capture_output=True, text=True, timeout=seconds
    )
    return Ran(done.returncode, done.stdout, done.stderr)
