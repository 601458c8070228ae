"""Names of somebody else's choice, as text and as Markdown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from govdata.escaping import markdown, visible

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

HOSTILE = [
    "<img src=x onerror=alert(1)>.csv",
    "![](http://h.example/x.png)",
    "[x](javascript:alert(1))",
    "[x]: http://h.example",
    "# heading",
    "1. list",
    "12) list",
    "- list",
    "+ list",
    "> quote",
    "===",
    "---",
    "***",
    "* * *",
    "a|b",
    "`code`",
    "~~gone~~",
    "    indented",
    "**bold** __bold__ _leaning_ a__b__c _a_b_ __a",
    "&lt;b&gt; &#60;",
    "back\\slash \\<b\\>",
    "<javascript:alert(1)> <!-- x --> <![CDATA[x]]> <?x?>",
    "a\n\n# b",
    "a  \nb",
]


def is_plain(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def text_of(page: str) -> str | None:
    """The text of a page that is one list item of plain text alone, as ``alerts`` writes it; None where it is more."""
    blocks = RENDERER.parse(f"- 原因：{page}\n")
    kinds = [
        "bullet_list_open",
        "list_item_open",
        "paragraph_open",
        "inline",
        "paragraph_close",
        "list_item_close",
        "bullet_list_close",
    ]
    if [token.type for token in blocks] != kinds:
        return None
    inline = blocks[3].children or []
    if any(token.type not in ("text", "text_special") for token in inline):
        return None
    return "".join(token.content for token in inline).removeprefix("原因：")


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_renders_as_the_text_itself(text: str) -> None:
    assert text_of(markdown(text)) == visible(text).rstrip()
    for start in ("", "- "):  # at the beginning of a line, too, no block is opened
        kinds = {token.type for token in RENDERER.parse(start + markdown(text).strip() + "\n")}
        assert not kinds & {
            "heading_open",
            "ordered_list_open",
            "hr",
            "fence",
            "html_block",
            "blockquote_open",
            "table_open",
        }, kinds


@given(st.text(st.sampled_from("ab _*`[]()<>!#|~\\&;=-+.1:/\n\"'中$")))
def test_markdown_of_anything(text: str) -> None:
    text = f"x{text}x"
    assert text_of(markdown(text)) == visible(text)


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_that_moves_hides_or_is_no_text_is_left(text: str) -> None:
    shown = visible(text)
    assert all(is_plain(char) for char in shown)
    shown.encode("utf-8")
    assert all(is_plain(char) or char == "\n" for char in visible(text, keep="\n"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("人口　表（1）.xlsx", "人口　表（1）.xlsx"),
        ("𠮷野家.csv", "𠮷野家.csv"),
        ("\x1b[31m红\x9b", "\\x1b[31m红\\x9b"),
        ("a\r\nb", "a\\x0d\\x0ab"),
        ("发票\u202efdp.exe", "发票\\u202efdp.exe"),
        ("零\u200b宽\ufeff", "零\\u200b宽\\ufeff"),
        (b"\xff\xfe.csv".decode("utf-8", "surrogateescape"), "\\udcff\\udcfe.csv"),
    ],
)
def test_what_is_seen_stays_and_the_rest_is_told(text: str, shown: str) -> None:
    assert visible(text) == shown
