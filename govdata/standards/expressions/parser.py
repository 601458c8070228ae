"""Text of a row expression → sqlglot nodes, by recursive descent over the grammar that the package describes."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date as Date

from sqlglot import exp

from govdata.standards import patterns
from govdata.standards.expressions.tokens import ExpressionError, Token, tokens_of
from govdata.standards.expressions.vocabulary import ASKING, BUILT_IN, KEYWORDS, KIND_NAMES, VOCABULARY, Kind, call
from govdata.standards.spelling import suggestion
from govdata.standards.types import TYPES
from govdata.trees.check_digits import ALGORITHMS

MAX_DEPTH = 60

_COMPARISONS: dict[str, type[exp.Expression]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}


@dataclass(frozen=True)
class _Typed:
    node: exp.Expression
    kind: Kind
    null: bool = False


class Parser:
    def __init__(
        self,
        text: str,
        columns: Collection[str],
        code_sets: Collection[str],
        value: str | None = None,
        of_rule: bool = False,
    ) -> None:
        self.tokens = tokens_of(text)
        self.at = 0
        self.columns = columns
        self.code_sets = code_sets
        self.value = value
        self.of_rule = of_rule
        self.depth = 0
        self.reads_a_column = False

    def parse_value(self) -> tuple[exp.Expression, Kind]:
        result = self._whole()
        return result.node, result.kind

    def _whole(self) -> _Typed:
        if self.tokens[0].type == "end":
            raise ExpressionError("表达式为空")
        result = self._expression()
        if (token := self._token).type != "end":
            raise self._error(f"多余的内容“{token.text}”")
        return result

    def parse(self) -> exp.Expression:
        result = self._whole()
        self._want(result, "boolean", "整个表达式")
        if not self.reads_a_column:
            raise ExpressionError("表达式没有用到任何列")
        return result.node

    # ------------------------------------------------------------------------------------------------------- tokens

    @property
    def _token(self) -> Token:
        return self.tokens[self.at]

    def _error(self, message: str, token: Token | None = None) -> ExpressionError:
        return ExpressionError(f"第 {(token or self._token).position} 个字符处：{message}")

    def _accept(self, *texts: str) -> str | None:
        """Takes the next token when it is one of these keywords or operators."""
        token = self._token
        if token.type in ("word", "operator") and token.text in texts:
            self.at += 1
            return token.text
        return None

    def _expect(self, text: str) -> None:
        if self._accept(text) is None:
            raise self._error(f"这里应为“{text.upper()}”")

    # ------------------------------------------------------------------------------------------------------ grammar

    def _expression(self) -> _Typed:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._error(f"嵌套超过 {MAX_DEPTH} 层")
        left = self._and()
        while self._accept("or"):
            left = self._connect(exp.Or, left, self._and())
        self.depth -= 1
        return left

    def _and(self) -> _Typed:
        left = self._not()
        while self._accept("and"):
            left = self._connect(exp.And, left, self._not())
        return left

    def _connect(self, node: type[exp.Expression], left: _Typed, right: _Typed) -> _Typed:
        for side in (left, right):
            self._want(side, "boolean", "AND、OR 的两边")
        return _Typed(node(this=left.node, expression=right.node), "boolean")

    def _not(self) -> _Typed:
        if not self._accept("not"):
            return self._predicate()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._error(f"嵌套超过 {MAX_DEPTH} 层")
        operand = self._not()
        self.depth -= 1
        self._want(operand, "boolean", "NOT 之后")
        return _Typed(exp.Not(this=operand.node), "boolean")

    def _predicate(self) -> _Typed:
        left = self._sum()
        if operator := self._accept(*_COMPARISONS):
            right = self._sum()
            self._comparable(left, right)
            return _Typed(_COMPARISONS[operator](this=left.node, expression=right.node), "boolean")
        if self._accept("is"):
            negated = self._accept("not")
            self._expect("null")
            return self._negated(exp.Is(this=left.node, expression=exp.Null()), bool(negated))
        negated = self._accept("not")
        if self._accept("in"):
            self._expect("(")
            items = [self._sum()]
            while self._accept(","):
                items.append(self._sum())
            self._expect(")")
            for item in items:
                self._comparable(left, item)
            return self._negated(exp.In(this=left.node, expressions=[item.node for item in items]), bool(negated))
        if self._accept("between"):
            low = self._sum()
            self._expect("and")
            high = self._sum()
            self._comparable(left, low)
            self._comparable(left, high)
            return self._negated(exp.Between(this=left.node, low=low.node, high=high.node), bool(negated))
        if self._accept("like"):
            self._want(left, "text", "LIKE 的左边")
            token = self._token
            if token.type != "text":
                raise self._error("LIKE 之后应为单引号里的文本")
            if "\\" in token.text:
                raise self._error("LIKE 的文本里不能有反斜杠")
            self.at += 1
            return self._negated(exp.Like(this=left.node, expression=exp.Literal.string(token.text)), bool(negated))
        if negated:
            raise self._error("NOT 之后应为 IN、BETWEEN 或 LIKE")
        return left

    @staticmethod
    def _negated(node: exp.Expression, negated: bool) -> _Typed:
        return _Typed(exp.Not(this=node) if negated else node, "boolean")

    def _sum(self) -> _Typed:
        left = self._product()
        while operator := self._accept("+", "-"):
            left = self._arithmetic(exp.Add if operator == "+" else exp.Sub, left, self._product())
        return left

    def _product(self) -> _Typed:
        left = self._unary()
        while operator := self._accept("*", "/"):
            right = self._unary()
            if operator == "*":
                left = self._arithmetic(exp.Mul, left, right)
            else:  # never an integer division; both flags as sqlglot reads DuckDB's own "/"
                divided = self._arithmetic(exp.Div, left, right)
                divided.node.set("typed", False)
                divided.node.set("safe", False)
                left = divided
        return left

    def _arithmetic(self, node: type[exp.Expression], left: _Typed, right: _Typed) -> _Typed:
        for side in (left, right):
            if side.kind == "date":
                raise self._error("日期不能直接加减，请用 days_between、months_between 或 years_between")
            self._want(side, "number", "算术运算的两边")
        return _Typed(node(this=left.node, expression=right.node), "number")

    def _unary(self) -> _Typed:
        if not self._accept("-"):
            return self._primary()
        operand = self._primary()  # not another minus: "--" would print as a comment
        self._want(operand, "number", "负号之后")
        return _Typed(exp.Neg(this=operand.node), "number")

    def _primary(self) -> _Typed:
        token = self._token
        if token.type == "number":
            self.at += 1
            return _Typed(exp.Literal.number(token.text), "number")
        if token.type == "text":
            self.at += 1
            return _Typed(exp.Literal.string(token.text), "text")
        if self._accept("("):
            inner = self._expression()
            self._expect(")")
            return _Typed(exp.Paren(this=inner.node), inner.kind, null=inner.null)
        if token.type != "word":
            raise self._error("表达式不完整" if token.type == "end" else f"这里不能是“{token.text}”")
        self.at += 1
        match token.text:
            case "null":
                return _Typed(exp.Null(), "any", null=True)
            case "true" | "false":
                return _Typed(exp.Boolean(this=token.text == "true"), "boolean")
            case "date":
                return self._date()
            case "case":
                return self._case()
        following = self._token
        if following.type == "operator" and following.text == "(":
            if token.text in KEYWORDS:
                raise self._error(f"这里不能是“{token.text.upper()}”", token)
            return self._call(token)
        return self._column(token)

    def _date(self) -> _Typed:
        token = self._token
        try:
            if token.type != "text" or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", token.text, re.ASCII):
                raise ValueError
            Date.fromisoformat(token.text)
        except ValueError:
            raise self._error("DATE 之后应为有效日期，如 DATE '1990-07-01'") from None
        self.at += 1
        return _Typed(exp.Cast(this=exp.Literal.string(token.text), to=exp.DataType.build("date")), "date")

    def _case(self) -> _Typed:
        subject = None if self._is_word("when") else self._expression()
        branches, results = [], []
        while self._accept("when"):
            condition = self._expression()
            if subject is None:
                self._want(condition, "boolean", "WHEN 之后")
            else:
                self._comparable(subject, condition)
            self._expect("then")
            result = self._expression()
            branches.append(exp.If(this=condition.node, true=result.node))
            results.append(result)
        if not branches:
            raise self._error("这里应为“WHEN”")
        default = None
        if self._accept("else"):
            default = self._expression()
            results.append(default)
        self._expect("end")
        node = exp.Case(ifs=branches)
        if subject is not None:
            node.set("this", subject.node)
        if default is not None:
            node.set("default", default.node)
        return _Typed(node, self._common(results, "CASE 的各个结果"))

    def _is_word(self, word: str) -> bool:
        return self._token.type == "word" and self._token.text == word

    def _column(self, token: Token) -> _Typed:
        name = token.text
        if name == "value" and self.value is not None:
            name = self.value
        if name not in self.columns:
            if name == "value":
                raise self._error("value 只用于数据元的规则，这里请写列名", token)
            if name in KEYWORDS:
                raise self._error(f"这里不能是“{name.upper()}”", token)
            if name in VOCABULARY or name in BUILT_IN:
                raise self._error(f"函数 {name} 之后应有括号", token)
            raise self._error(f"没有名为“{name}”的列{suggestion(name, self.columns)}", token)
        self.reads_a_column = True
        kind: Kind = "any"
        if isinstance(self.columns, Mapping):
            kind = TYPES[self.columns[name]].row_kind
        return _Typed(exp.column(exp.to_identifier(name, quoted=True)), kind)

    def _call(self, token: Token) -> _Typed:
        name = token.text
        signature = VOCABULARY.get(name) or BUILT_IN.get(name)
        if signature is None:
            raise self._error(f"没有名为“{name}”的函数{suggestion(name, (*VOCABULARY, *BUILT_IN))}", token)
        self._expect("(")
        arguments: list[_Typed] = []
        if not self._accept(")"):
            arguments.append(self._expression())
            while self._accept(","):
                arguments.append(self._expression())
            self._expect(")")
        most, least = len(signature.arguments), len(signature.arguments) - signature.optional
        if len(arguments) < least or (len(arguments) > most and not signature.repeat):
            count = (
                f"至少 {least} 个" if signature.repeat else f"{least} 个" if least == most else f"{least} 到 {most} 个"
            )
            raise self._error(f"函数 {name} 应有{count}参数，写了 {len(arguments)} 个", token)
        for position, argument in enumerate(arguments):
            self._want(
                argument, signature.arguments[min(position, most - 1)], f"函数 {name} 的第 {position + 1} 个参数", token
            )
        self._check_literals(name, arguments, token)
        kind = self._common(arguments, f"函数 {name} 的参数", token) if signature.same else signature.result
        return _Typed(call(name, [argument.node for argument in arguments]), kind)

    def _check_literals(self, name: str, arguments: list[_Typed], token: Token) -> None:
        """Arguments that the engine needs while it compiles, not while it runs."""

        def literal(position: int) -> str:
            node = arguments[position].node
            if not (isinstance(node, exp.Literal) and node.is_string):
                raise self._error(f"函数 {name} 的第 {position + 1} 个参数应为单引号里的文本", token)
            return node.name

        if name in ASKING:
            if (code_set := literal(1)) not in self.code_sets:
                raise self._error(f"没有名为“{code_set}”的代码集{suggestion(code_set, self.code_sets)}", token)
            if name == "names_another" and not self.of_rule:
                raise self._error(f"函数 {name} 只用于数据集和数据元的规则", token)
            if name == "in_code_set" and len(arguments) == 3 and literal(2) != "current":
                raise self._error("函数 in_code_set 的第 3 个参数只能是 'current'", token)
        elif name == "matches":
            if refusal := patterns.refusal(literal(1)):
                raise self._error(refusal, token)
        elif name == "check_digit_ok" and literal(0) not in ALGORITHMS:
            raise self._error(f"没有这种校验码算法（可用：{'、'.join(ALGORITHMS)}）", token)

    # -------------------------------------------------------------------------------------------------------- types

    def _want(self, given: _Typed, kind: Kind, place: str, token: Token | None = None) -> None:
        if given.null and kind != "any":
            raise self._error(f"{place}不能是 NULL", token)
        if "any" not in (given.kind, kind) and given.kind != kind:
            raise self._error(f"{place}应为{KIND_NAMES[kind]}，却是{KIND_NAMES[given.kind]}", token)

    def _comparable(self, left: _Typed, right: _Typed) -> None:
        if left.null or right.null:
            raise self._error("与 NULL 比较没有结果，请用 IS NULL 或 IS NOT NULL")
        if "any" not in (left.kind, right.kind) and left.kind != right.kind:
            hint = "（日期写 DATE '…'）" if {left.kind, right.kind} == {"date", "text"} else ""
            raise self._error(f"{KIND_NAMES[left.kind]}不能与{KIND_NAMES[right.kind]}比较{hint}")

    def _common(self, parts: list[_Typed], place: str, token: Token | None = None) -> Kind:
        kinds = {part.kind for part in parts if part.kind != "any"}
        if len(kinds) > 1:
            raise self._error(f"{place}类型不一致", token)
        return kinds.pop() if kinds else "any"
