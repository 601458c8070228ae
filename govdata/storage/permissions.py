"""Who may read what is written: nobody but the owner and the group, and a word of warning where that is not so.

Files are made with the process's mask, so one call at the start of a process is enough for DuckDB, Arrow, SQLite and
Dagster alike. Folders that are there already keep the modes they have: they are the deployment's own, and a delivered
file is never changed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from govdata.deployment import Deployment

MASK = 0o027
"""New folders 0750, new files 0640, and 0440 once they are finished."""


def restrict() -> None:
    """From now on this process and its children make nothing that others can read, and leave no image of their memory,
    records and all, when they crash. A stricter mask stays as it is."""
    os.umask(os.umask(MASK) | MASK)
    try:
        import resource
    except ImportError:  # Windows
        return
    # The hard limit too: no library loaded later can raise it again. One byte and not none: no file is written for
    # either, and of a process
    # with one byte Linux gives nothing to a collector of core dumps (``core_pattern`` with a pipe), which it calls at a
    # limit of none.
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    limit = 0 if hard == 0 else 1
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))


def freeze(path: Path) -> None:
    """Take everybody's right to write the finished file, the writer's own too (0640 becomes 0440): it is replaced by
    another or removed, which is a matter of its folder, and never changed. Nothing where the file system has no such
    modes."""
    with suppress(PermissionError, NotImplementedError):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)


def exposed(deployment: Deployment) -> list[Path]:
    """The outermost data folders (and the catalogue) that users outside owner and group can reach and read or enter, in
    order.

    A folder below one that others cannot enter is safe, so a deployment under a closed folder has none. Looks at some
    dozens of folders whatever the deployment's size: modes of single files are the mask's concern.
    """
    if os.name != "posix" or not _reachable(deployment.home):
        return []
    return list(_exposed(deployment))


def warning(deployment: Deployment) -> str | None:
    """One Chinese line for the person at the terminal, or None."""
    found = exposed(deployment)
    if not found:
        return None
    names = [deployment.relative(path) for path in found]
    return f"警告：本机其他用户可以读取{'、'.join(names)}。请在部署目录下收紧权限：chmod -R o-rwx {' '.join(names)}"


def _exposed(deployment: Deployment) -> Iterator[Path]:
    for root in (deployment.data, deployment.dagster_home):
        mode = _mode(root)
        if mode & stat.S_IROTH:
            yield root
        elif mode & stat.S_IXOTH:  # its folders cannot be listed, but their names are known
            yield from (path for path in _below(deployment, root) if _mode(path) & (stat.S_IROTH | stat.S_IXOTH))


def _below(deployment: Deployment, root: Path) -> list[Path]:
    if root == deployment.data:
        parts = [
            deployment.landing,
            deployment.data / "lake",
            deployment.published,
            deployment.reports,
            deployment.workorders,
        ]
        return [path for path in parts if path.is_dir()]
    return sorted(path for path in root.iterdir() if path.is_dir()) if os.access(root, os.R_OK) else []


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _reachable(folder: Path) -> bool:
    """Whether others may pass through every folder down to ``folder``."""
    return all(_mode(parent) & stat.S_IXOTH for parent in (folder, *folder.parents))
