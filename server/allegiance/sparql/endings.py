"""What the end of a reader means to whoever asked it: its exit codes, and the problem of each."""

import signal

from allegiance.sparql import confine
from allegiance.sparql.failures import OUT_OF_TIME, Problem

NOT_TAKEN = 3
"""Exit code of a reader whose client did not take its answer in time."""
OUTDATED = 4
"""Exit code of a reader that was asked after its host had opened another store; it took nothing."""


def why(code: int) -> Problem | None:
    """Return what to tell the client of a reader that ended with that code."""
    if code == 0:
        return None
    if code in (-signal.SIGALRM, -signal.SIGPROF):
        return OUT_OF_TIME
    if code == -signal.SIGABRT:
        return out_of_memory()
    if code == -signal.SIGSEGV:
        return _out_of_stack()
    if code == NOT_TAKEN:
        return Problem("unread", "The client did not take the answer in time.", "Read it faster.")
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
    return Problem(
        "crash",
        f"The engine failed on this query (its process ended {how}).",
        "Write the query in another way, and please report it.",
    )


def out_of_memory() -> Problem:
    """Return the problem of a query that wanted more memory than it may take."""
    return Problem(
        "memory",
        "The query needed more memory than one query may take.",
        "Narrow it: fewer combinations, an earlier FILTER, no ORDER BY over everything.",
    )


def _out_of_stack() -> Problem:
    return Problem(
        "nesting",
        "The query is nested too deeply, or chains too many parts: the engine has "
        f"{confine.STACK // 1024**2} MiB of stack for it.",
        "Chain less: VALUES or IN in place of many || or UNION, or several queries.",
    )
