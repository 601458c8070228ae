"""The command line ``govdata``. Thin: every command calls one function of a room below; heavy imports happen inside the
commands.

Exit codes: 0 everything was published; 3 a dataset was blocked; 1 an error, or `verify` found a lost night;
2 the command was called wrongly; 130 ended by Ctrl-C, 143 by SIGTERM.
"""

from __future__ import annotations

import gc
import os
import sys

import typer

from govdata.cli import (
    catalogue,
    check,
    dictionary,
    dossier,
    explain,
    files,
    masters,
    operations,
    orders,
    query,
    rejudge,
    report,
    run,
    screen,
    standards,
    ui,
    usage,
)
from govdata.cli.app import app
from govdata.errors import GovdataError
from govdata.escaping import visible
from govdata.storage import permissions

__all__ = [
    "app",
    "catalogue",
    "check",
    "dictionary",
    "dossier",
    "explain",
    "files",
    "main",
    "masters",
    "operations",
    "orders",
    "query",
    "rejudge",
    "report",
    "run",
    "screen",
    "standards",
    "ui",
]

DEBUG = "GOVDATA_DEBUG"
"""Environment variable: set, an unexpected error is shown in full. It may quote a record's values, so never set it on a
server."""


def main() -> None:
    """Run the command line and end the process."""
    permissions.restrict()
    # Trees of SQL are hundreds of thousands of small objects that live on: looking for cycles among them at Python's
    # usual pace takes a tenth of a night's CPU and frees next to nothing.
    gc.set_threshold(50_000, 20, 20)
    sys.exit(_run())


def _run() -> int:
    """The exit code. An error of the user's is one Chinese text; of an unexpected one the type and the places, never
    its message."""
    try:
        return int(app(prog_name="govdata", standalone_mode=False) or 0)
    except typer.TyperException as error:
        print(visible(usage.told(error), keep="\n"), file=sys.stderr)
        return error.exit_code
    except SystemExit as finished:
        return finished.code if isinstance(finished.code, int) else 0 if finished.code is None else 1
    except GovdataError as error:
        print(visible(str(error), keep="\n"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("已中断", file=sys.stderr)
        return 130
    except BaseException as error:
        # a panic of a library written in Rust is no Exception, and quotes what it stumbled over
        if os.environ.get(DEBUG):
            raise
        import traceback

        places = "".join(traceback.format_tb(error.__traceback__, limit=-6))
        hint = f"消息可能含数据，未显示；设 {DEBUG}=1 可看全文"
        print(f"程序错误 {type(error).__name__}（{hint}）\n{places}", file=sys.stderr)
        return 1
