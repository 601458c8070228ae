"""Garbled text is read back as it was written, or left as it is: never anything else. The codecs are Python's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.test_normalise import apply

COMMON = "示例市东湖区西岭县花园路号锦绣栋单元室有限公司科技软件信息赵钱孙李周吴郑王若川明思怡一诺买提阿依古丽"
WORDS = st.lists(st.text(st.sampled_from(COMMON + "（）·，0189aB"), min_size=2, max_size=16), min_size=1, max_size=20)

MISREADINGS = {
    "UTF-8 read as GBK": ("utf-8", "gbk"),
    "UTF-8 read as Latin-1": ("utf-8", "latin-1"),
    "UTF-8 read as Windows-1252": ("utf-8", "cp1252"),
    "GBK read as Latin-1": ("gbk", "latin-1"),
    "GBK read as Windows-1252": ("gbk", "cp1252"),
    "GBK read as UTF-8": ("gbk", "utf-8"),
    "GBK read as Big5": ("gbk", "big5"),
}


@pytest.mark.parametrize("misreading", MISREADINGS)
@settings(max_examples=25, deadline=None)
@given(words=WORDS)
def test_what_was_misread_is_read_back_or_left(misreading: str, words: list[str]) -> None:
    written, read = MISREADINGS[misreading]
    garbled = [word.encode(written).decode(read, errors="replace") for word in words]
    for word, before, after in zip(words, garbled, apply("garbled_text", garbled), strict=True):
        assert after in (word, before)
        if "\ufffd" in before:
            assert after == before


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(words=WORDS)
def test_right_text_stays(words: list[str]) -> None:
    assert apply("garbled_text", words) == words


@pytest.mark.parametrize(
    "text", ["São Tomé", "Łukasz Nowak", "Nguyễn Văn An", "Çelik Ayşe", "100%", "A&B", "r\\u", "5%20", "＆"]
)
def test_western_text_and_signs_stay(text: str) -> None:
    assert apply("garbled_text", [text]) == [text]


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("read", ["latin-1", "cp1252"])
def test_a_word_is_read_back(read: str, twice: bool) -> None:
    garbled = "张三丰".encode().decode(read)
    if twice:
        garbled = garbled.encode().decode(read)
    assert apply("garbled_text", [garbled]) == ["张三丰"]
