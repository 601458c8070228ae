"""Writes docs/licences.md: the licence of every locked package, from the metadata of what is installed. Needs no
network.

Run in the project's environment (`make licences`). `--check` writes nothing and exits 1 where the page is out of date.
"""

from __future__ import annotations

import re
import sys
from email.message import Message
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"
COPYLEFT = re.compile(r"\b(A?GPL|LGPL|MPL|EPL|CDDL|EUPL)", re.IGNORECASE)
LONGEST = 60
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)(?:\s*;\s*([^\\]*?))?\s*\\?$", re.MULTILINE)
_SHORT = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def pins(lock: Path) -> dict[str, tuple[str, str]]:
    """Package → (version, marker) of a lock file; of a package locked twice the version that is installed, else the
    first."""
    found: dict[str, tuple[str, str]] = {}
    for name, version, marker in _PIN.findall(lock.read_text(encoding="utf-8")):
        if name not in found or installed_version(name) == version:
            found[name] = (version, marker.strip())
    return found


def installed_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def licence(name: str) -> str:
    """The licence a package declares: the SPDX expression, else its classifiers, else the first line of its licence
    field."""
    try:
        facts: Message = metadata.metadata(name)  # type: ignore[assignment]
    except metadata.PackageNotFoundError:
        return "not installed here"
    expression = facts.get("License-Expression")
    if expression:
        return str(expression)
    classifiers = [
        entry.split(" :: ")[-1] for entry in facts.get_all("Classifier") or [] if entry.startswith("License :: ")
    ]
    named = [_SHORT.get(entry, entry) for entry in classifiers if entry != "OSI Approved"]
    if named:
        return ", ".join(dict.fromkeys(named))
    lines = str(facts.get("License") or "").strip().splitlines()
    return lines[0][:LONGEST] if lines else "not declared"


def page() -> str:
    runtime = pins(ROOT / "requirements.txt")
    development = pins(ROOT / "requirements-dev.txt") | pins(ROOT / "requirements-data.txt")
    rows = {name: (*pin, "runtime") for name, pin in runtime.items()}
    rows |= {name: (*pin, "development") for name, pin in development.items() if name not in runtime}
    licences = {name: licence(name) for name in rows}
    watched = [f"`{name}` ({licences[name]})" for name in sorted(rows) if COPYLEFT.search(licences[name])]
    lines = [
        "# Licences of the packages govdata stands on",
        "",
        "Made by `make licences` from the lock files (`requirements*.txt`) and the metadata of the installed packages,",
        "without a network. What a package declares is repeated here, not judged: read its own licence text before",
        "redistributing it.",
        "govdata itself contains none of their code, except the JSON Schema named in `govdata/standards/NOTICE.md`.",
        "",
        f"Runtime: {len(runtime)} packages. Development and tests only: {len(rows) - len(runtime)}. "
        f"With a copyleft or file-level copyleft licence: {', '.join(watched) or 'none'}.",
        "",
        "| Package | Version | Licence as declared | Used for |",
        "| --- | --- | --- | --- |",
    ]
    for name in sorted(rows):
        version, marker, use = rows[name]
        lines.append(f"| {name} | {version} | {licences[name]} | {use}{_where(marker)} |")
    return "\n".join(lines) + "\n"


def _where(marker: str) -> str:
    platform = "win32" in marker and "==" in marker
    return ", Windows only" if platform else ""


def main() -> int:
    text = page()
    if "--check" in sys.argv[1:]:
        same = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print(f"{PAGE.relative_to(ROOT)} is {'up to date' if same else 'out of date: run make licences'}")
        return 0 if same else 1
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {text.count(chr(10) + '| ') - 2} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
