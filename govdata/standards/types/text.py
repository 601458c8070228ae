from __future__ import annotations

from govdata.standards.types.base import Textual


class TextType(Textual):
    name = "text"
    title = "文本"
    ledger = "null_tokens"
    examples = (("花园路1号", "花园路1号"),)
