"""What a child process may do, held by the kernel and not by the program.

On systems other than Linux only the time limit and the memory limit hold, the latter loosely.
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
from pathlib import Path
from socket import IPPROTO_TCP

_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_SECCOMP_NEW_LISTENER = 8
_REFUSE_EACCES = 0x00050000 | 13
_DO_NOTHING = 0x00050000
_ASK_LISTENER = 0x7FC00000
_ALLOW = 0x7FFF0000
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_CALLS = {
    "x86_64": (0xC000003E, 41, 42, 54, 317),
    "aarch64": (0xC00000B7, 198, 203, 208, 277),
    "riscv64": (0xC00000F3, 198, 203, 208, 277),
}
"""Machine → its number for the kernel's audit, and the numbers of the calls ``socket``,
``connect``, ``setsockopt`` and ``seccomp``."""

_libc = ctypes.CDLL(None, use_errno=True) if _LINUX else None


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent, that process id, ends in any way."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def refuse_sockets() -> bool:
    """Let this process and its children open no socket from now on; return whether it holds.

    So a query cannot reach out, whatever it says: the engine's own client for SERVICE has no
    switch, and tokens alone cannot tell every ``<`` of an IRI from one of a comparison.
    """
    if _libc is None or platform.machine() not in _CALLS:
        return False
    machine, socket, *_ = _CALLS[platform.machine()]
    # struct seccomp_data: the number of the call at 0, the machine at 4.
    program = _program(
        (_LOAD, 0, 0, 4),
        (_JUMP_IF_EQUAL, 0, 3, machine),
        (_LOAD, 0, 0, 0),
        (_JUMP_IF_EQUAL, 0, 1, socket),
        (_RETURN, 0, 0, _REFUSE_EACCES),
        (_RETURN, 0, 0, _ALLOW),
    )
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    done = _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)
    return bool(done == 0)


def divert_sockets() -> int:
    """Have this process get each socket from whoever holds the listener (see ``diversion``), and
    return the listener, a file handle.

    Such a socket is connected already, so ``connect`` does nothing and says that all is well, and
    options of TCP are passed over.  Raises OSError where the kernel cannot do it.
    """
    if _libc is None or platform.machine() not in _CALLS:
        raise OSError(errno.ENOSYS, "only Linux can hand sockets over")
    machine, socket, connect, setsockopt, seccomp = _CALLS[platform.machine()]
    program = _program(
        (_LOAD, 0, 0, 4),
        (_JUMP_IF_EQUAL, 0, 6, machine),
        (_LOAD, 0, 0, 0),
        (_JUMP_IF_EQUAL, 5, 0, socket),
        (_JUMP_IF_EQUAL, 5, 0, connect),
        (_JUMP_IF_EQUAL, 0, 2, setsockopt),
        (_LOAD, 0, 0, 24),  # the low half of the second argument, the level
        (_JUMP_IF_EQUAL, 2, 0, IPPROTO_TCP),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ASK_LISTENER),
        (_RETURN, 0, 0, _DO_NOTHING),
    )
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses a filter of calls")
    # SECCOMP_SET_MODE_FILTER is 1.
    listener = _libc.syscall(seccomp, 1, _SECCOMP_NEW_LISTENER, ctypes.byref(program))
    if listener < 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses a filter with a listener")
    return int(listener)


def _program(*lines: tuple[int, int, int, int]) -> _Program:
    filter_ = b"".join(struct.pack("HBBI", *line) for line in lines)
    return _Program(len(lines), filter_)


def limit_memory(size: int) -> None:
    """Let this process take so many bytes more than it has now, and write no core."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    statm = Path("/proc/self/statm")
    taken = int(statm.read_text().split()[5]) * resource.getpagesize() if statm.exists() else 0
    resource.setrlimit(resource.RLIMIT_DATA, (taken + size, taken + size))


STACK = 64 * 1024 * 1024
"""Bytes of stack that a query or an update may take: memory besides ``limit_memory``."""


def limit_stack() -> None:
    """Let this process have STACK, and tell by how it ends that this was not enough: the engine
    recurses, and a stack that is used up ends its process by SIGSEGV.

    Any other such fault ends it with the exit code 11 (SIGSEGV) instead: it reaches a handler,
    for which there is no room on a stack that is used up.
    """
    most = resource.getrlimit(resource.RLIMIT_STACK)[1]
    size = STACK if most == resource.RLIM_INFINITY else min(STACK, most)
    resource.setrlimit(resource.RLIMIT_STACK, (size, most))
    libc = ctypes.CDLL(None)
    libc.signal.argtypes = (ctypes.c_int, ctypes.c_void_p)
    libc.signal.restype = ctypes.c_void_p
    libc.signal(signal.SIGSEGV, ctypes.cast(libc._exit, ctypes.c_void_p))


def limit_wall_time(seconds: float) -> None:
    """End this process by SIGALRM (left at its default) after that time; 0 lifts the limit."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def limit_cpu_time(seconds: float) -> None:
    """End this process by SIGPROF (left at its default) after so much more work of its own; 0
    lifts the limit.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)


def lower_priority(process: int) -> None:
    """Let a process, by its id (0: this one), work only where others leave a core free."""
    os.setpriority(os.PRIO_PROCESS, process, 19)
    if _LINUX:
        os.sched_setscheduler(process, os.SCHED_BATCH, os.sched_param(0))
