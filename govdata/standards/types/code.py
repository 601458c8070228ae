from __future__ import annotations

from govdata.standards.types.base import Textual


class CodeType(Textual):
    """A text that is mapped through its code set's synonyms; what is unknown stays as it is, for the rule ``code_set``
    to find."""

    name = "code"
    title = "代码"
    ledger = "code_set"
    keys = ("code_set",)
    required_keys = ("code_set",)
    examples = (("1", "1"),)
