"""What is said of a command that was called wrongly. Typer words it in English, one sentence a kind."""

from __future__ import annotations

import difflib
import re
from typing import Any

import typer

from govdata.cli.app import in_chinese

_SENTENCES = (
    (r"Missing (?:argument|parameter) (?P<what>.+?)\.", "缺少参数 {what}"),
    (r"Missing option (?P<what>.+?)\.", "缺少选项 {what}"),
    (r"Missing command\.", "缺少子命令"),
    (r"No such option: (?P<what>\S+)", "没有选项 {what}"),
    (r"No such command (?P<what>.+)\.", "没有命令 {what}"),
    (r"Got unexpected extra arguments?(?:\(s\))? \((?P<what>.*)\)", "多余的参数：{what}"),
    (r"Option (?P<what>.+) requires an argument\.", "选项 {what} 后面缺少值"),
    (r"Option (?P<what>.+) requires (?P<n>\d+) arguments\.", "选项 {what} 后面应有 {n} 个值"),
    (r"Option (?P<what>.+) does not take a value\.", "选项 {what} 后面不带值"),
    (r"Invalid value for (?P<what>.+?): .*\bvalid integer\b.*", "{what} 应为整数"),
    (r"Invalid value for (?P<what>.+?): .*\bvalid number\b.*", "{what} 应为数字"),
    (r"Invalid value for (?P<what>.+?): .*\bgreater than or equal to (?P<n>\S+)", "{what} 应不小于 {n}"),
    (r"Invalid value for (?P<what>.+?): .*\bless than or equal to (?P<n>\S+)", "{what} 应不大于 {n}"),
    (r"Invalid value for (?P<what>.+?): .*\bnot one of (?P<n>.+)\.", "{what} 应为其中之一：{n}"),
    (r"Invalid value for (?P<what>.+?): .*\bdoes not exist\.", "{what} 指的文件或文件夹不存在"),
    (r"Invalid value for (?P<what>.+?): .*", "{what} 的值不对"),
)
_PATTERNS = tuple((re.compile(english, re.DOTALL), chinese) for english, chinese in _SENTENCES)


def told(error: typer.TyperException) -> str:
    """The lines for a person: how the command is called, what is wrong, where help is."""
    context: Any = getattr(error, "ctx", None)
    sentence = error.format_message()
    if context is not None and sentence == context.get_help():  # a group called without a command
        return sentence
    for english, chinese in _PATTERNS:
        found = english.match(sentence)
        if found is not None:
            sentence = chinese.format(**{name: text.strip("'") for name, text in found.groupdict().items()})
            sentence += _near(error, found.groupdict().get("what", "").strip("'"), context)
            break
    if context is None:  # of an option without its value
        return f"{sentence}\n帮助：govdata --help"
    return f"{sentence}\n{in_chinese(context.get_usage())}\n帮助：{context.command_path} --help"


def _near(error: typer.TyperException, what: str, context: Any) -> str:
    known = getattr(error, "possibilities", None) or list(getattr(getattr(context, "command", None), "commands", ()))
    near = difflib.get_close_matches(what, known, n=2)
    return f"；是否为 {'、'.join(near)}？" if near else ""
