"""What a normaliser may be told: the kinds of arguments, each with its check and its JSON Schema."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from typing import Any

from govdata.standards.source import NAME


@dataclass(frozen=True)
class Argument:
    """``description``: what an editor shows, in Chinese. ``optional``: whether it may be left out."""

    name: str
    description: str
    optional: bool = False

    def refusal(self, given: Any) -> str | None:
        """What ``given`` should be, in Chinese; None where it is that."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        raise NotImplementedError


class OtherColumn(Argument):
    """The name of another column of the dataset, which the step reads."""

    def refusal(self, given: Any) -> str | None:
        return None if isinstance(given, str) and given else "应为列名"

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "description": self.description}


@dataclass(frozen=True)
class Whole(Argument):
    low: int = 1
    high: int = 100

    def refusal(self, given: Any) -> str | None:
        sound = type(given) is int and self.low <= given <= self.high
        return None if sound else f"应为 {self.low} 到 {self.high} 的整数"

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high, "description": self.description}


@dataclass(frozen=True)
class Texts(Argument):
    """A list of texts, or the name of one (looked up where the lists are known: ``govdata.standards.lists``)."""

    def refusal(self, given: Any) -> str | None:
        if isinstance(given, str) and NAME.fullmatch(given):
            return None
        sound = isinstance(given, list) and given and all(isinstance(item, str) and item for item in given)
        return None if sound else "应为文本列表，或 elements/_defaults.yaml 里 lists 的名称"

    def schema(self) -> dict[str, Any]:
        return {
            "oneOf": [
                {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
                {
                    "type": "string",
                    "pattern": f"^{NAME.pattern}$",
                    "description": "elements/_defaults.yaml 里 lists 的名称",
                },
            ],
            "description": self.description,
        }


@dataclass(frozen=True)
class Codes(Texts):
    """Codes of another column: the one that the argument ``of`` names."""

    of: str = ""


class Day(Argument):
    """A day, as ISO text."""

    def refusal(self, given: Any) -> str | None:
        try:
            Date.fromisoformat(given)
        except (TypeError, ValueError):
            return "应为日期，写成 '1958-01-09'"
        return None

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date", "description": self.description}
