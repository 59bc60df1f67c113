"""Doing heavy work in a child process, so that what it took is given back with it."""

import os
import pickle
import signal
import sys
import tempfile
from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar

from allegiance.errors import AllegianceError
from allegiance.sparql.confine import die_with_parent

_Result = TypeVar("_Result")


def apart(work: Callable[[], _Result]) -> _Result:
    """Return what the work returns, or raise the AllegianceError that it raises.

    work: is done in a fork of this process, which has one thread.
    """
    result = Apart(work).result(wait=True)
    assert result is not None
    return result[0]


class Apart(Generic[_Result]):
    """Work that is done meanwhile. It ends with this process."""

    def __init__(self, work: Callable[[], _Result]) -> None:
        # In a file, since a pipe would hold the child up until somebody reads.
        self._told = tempfile.TemporaryFile()  # noqa: SIM115 (closed when it was read)
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            self._become_child(work, parent)

    def result(self, *, wait: bool = False) -> tuple[_Result] | None:
        """Return what the work returned, as the only item, or None as long as it goes on.

        Raises AllegianceError when the work raised one, or ended in any other way.
        """
        pid, status = os.waitpid(self._pid, 0 if wait else os.WNOHANG)
        if pid == 0:
            return None
        with self._told as file:
            file.seek(0)
            told = file.read()
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
        return (result,)

    def _become_child(self, work: Callable[[], _Result], parent: int) -> NoReturn:
        told = b""
        try:
            die_with_parent(parent)
            # The handlers here are those of a supervisor, if it was one.
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                told = pickle.dumps((True, work()))
            except AllegianceError as error:
                told = pickle.dumps((False, error))
            self._told.write(told)
            self._told.flush()
        except BaseException as error:
            if not isinstance(error, KeyboardInterrupt):
                sys.excepthook(type(error), error, error.__traceback__)
        finally:
            sys.stderr.flush()
            os._exit(0 if told else 1)
