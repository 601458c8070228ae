"""A value kept as a small JSON file beside the files it describes, replaced in one step; what it names stays inside the
deployment."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path, PurePosixPath
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict

from govdata.storage import permissions


def fingerprint(*parts: object) -> str:
    """12 hex digits that stand for ``parts`` (anything JSON can write); equal parts give equal digits on any
    machine."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]  # a file's name may be in no encoding


def is_inside(name: str) -> bool:
    """Whether a path relative to the deployment stays in it."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in name


def _inside(name: str) -> str:
    if not is_inside(name):
        raise ValueError("outside the deployment")
    return name


Inside = Annotated[str, AfterValidator(_inside)]
"""A file a manifest names. A manifest that leads out of its deployment counts as damaged: nothing it names is read or
linked."""


class Manifest(BaseModel):
    """A value that can be written beside its files and read again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def write(self, path: Path) -> None:
        """Replace the manifest at ``path`` in one step."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(self.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        permissions.freeze(temporary)
        os.replace(temporary, path)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The manifest at ``path``, or None where there is none. Raises ``pydantic.ValidationError`` on a damaged
        one."""
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
