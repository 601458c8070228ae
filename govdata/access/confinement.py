"""Giving up the right to write, for the calling process and all it starts; there is no way back.

Linux from 5.13 on has Landlock for that: no privilege is needed, it binds root as well, and scratch space can be left
open. Older kernels (and other systems) get what they have: no regular file may grow, so that not a byte can be written
and nothing is spilled; truncating and making empty files is then left to the file modes and to ``statements``. Source:
Linux, Documentation/userspace-api/landlock.rst.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION_FLAG, _RULE_PATH_BENEATH = 1, 1
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38

_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_ACCESS_BY_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All that version knows: execute, write, read, list, remove, make; then link and rename elsewhere; truncate;
devices."""

_SPILL = 1 << 1 | 1 << 5 | 1 << 8 | 1 << 14
"""Write, remove a file, make a file, truncate."""

_NETWORK = 0b11
"""Bind and connect by TCP, from version 4 on."""


class _Ruleset(ctypes.Structure):
    _fields_ = [("handled_access_fs", ctypes.c_uint64), ("handled_access_net", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32)]


def available() -> int:
    """The kernel's version of Landlock; 0 where it has none."""
    if os.name != "posix" or not hasattr(os, "sched_getaffinity"):  # the latter: Linux
        return 0
    return max(0, _syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG))


def give_up_writing(spill: Path | None) -> bool:
    """From now on this process writes nowhere but below ``spill`` (None: nowhere), starts no program and opens no TCP
    connection; what is open already stays so. To be called before threads are started. Returns whether ``spill`` may be
    used.

    Raises ``OSError`` where the kernel has Landlock and refuses it."""
    _limit("RLIMIT_CORE")  # a core dump would hold records
    version = available()
    if not version:
        _limit("RLIMIT_FSIZE")
        return False
    _landlock(version, spill)
    return spill is not None


def die_with_parent(parent: int) -> None:
    """A process whose parent is gone has nobody to answer: the kernel ends it."""
    if available():
        _prctl(_PR_SET_PDEATHSIG, 9)
        if os.getppid() != parent:
            os._exit(1)


def _landlock(version: int, spill: Path | None) -> None:
    known = max(number for number in _ACCESS_BY_VERSION if number <= version)
    handled = _ACCESS_BY_VERSION[known] & ~(_READ_FILE | _READ_DIR)
    rules = _Ruleset(handled, _NETWORK if version >= 4 else 0)
    ruleset = _syscall(_CREATE_RULESET, ctypes.byref(rules), 16 if version >= 4 else 8, 0)
    _demand(ruleset >= 0)
    try:
        if spill is not None:
            folder = os.open(spill, os.O_PATH | os.O_DIRECTORY)
            try:
                beneath = _PathBeneath(_SPILL & handled, folder)
                _demand(_syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(beneath), 0) == 0)
            finally:
                os.close(folder)
        _demand(_prctl(_PR_SET_NO_NEW_PRIVS, 1) == 0)
        _demand(_syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _limit(name: str) -> None:
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(getattr(resource, name), (0, 0))


def _prctl(option: int, value: int) -> int:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return int(prctl(*(ctypes.c_ulong(number) for number in (option, value, 0, 0, 0))))


def _syscall(number: int, *arguments: object) -> int:
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    widened = (ctypes.c_long(value) if isinstance(value, int) else value for value in arguments)
    return int(syscall(ctypes.c_long(number), *widened))


def _demand(done: bool) -> None:
    if not done:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
