"""Doing heavy work in a child process, so that what it took is given back with it."""

import os
import pickle
import sys
from collections.abc import Callable
from typing import TypeVar

from allegiance.errors import AllegianceError

_Result = TypeVar("_Result")


def apart(work: Callable[[], _Result]) -> _Result:
    """Return what the work returns, or raise the AllegianceError that it raises.

    work: is done in a fork of this process, which has one thread.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _work(work, writing)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as file:
            told = file.read()
    finally:
        _, status = os.waitpid(pid, 0)
    if not told:
        code = os.waitstatus_to_exitcode(status)
        raise AllegianceError(
            f"the process that prepares the release ended with {code}",
            help="see what was said above; with too little memory, free some",
        )
    good, value = pickle.loads(told)
    if not good:
        raise value
    result: _Result = value
    return result


def _work(work: Callable[[], _Result], writing: int) -> None:
    """Do the work and end this process."""
    told = b""
    try:
        try:
            told = pickle.dumps((True, work()))
        except AllegianceError as error:
            told = pickle.dumps((False, error))
        with os.fdopen(writing, "wb") as file:
            file.write(told)
    except BaseException as error:
        if not isinstance(error, KeyboardInterrupt):
            sys.excepthook(type(error), error, error.__traceback__)
    finally:
        sys.stderr.flush()
        os._exit(0 if told else 1)
