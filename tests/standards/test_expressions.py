"""The closed grammar: what it lets through, what it refuses, and that nothing else ever comes out."""

from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from govdata.standards import expressions
from govdata.standards.expressions import (
    BUILT_IN,
    VOCABULARY,
    ExpressionError,
    parse,
    referenced_code_sets,
    referenced_columns,
)
from govdata.standards.model import LogicalType

COLUMNS: dict[str, LogicalType] = {
    "id": "text",
    "sex": "code",
    "birth": "date",
    "seen": "datetime",
    "n": "integer",
    "price": "decimal",
    "alive": "boolean",
    "order": "text",
}
SETS = ("sex", "village")

NODES = {
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ,
    exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.In, exp.Between, exp.Is, exp.Like,
    exp.Case, exp.If, exp.Cast, exp.DataType, exp.Anonymous, exp.Coalesce, exp.Nullif, exp.Abs, exp.Least, exp.Greatest,
    exp.Left, exp.Right, exp.Substring, exp.Length, exp.Upper, exp.Lower, exp.StartsWith,
}  # fmt: skip
"""Every kind of node an expression may consist of."""


def assert_closed(tree: exp.Expression) -> None:
    """Nothing in ``tree`` but the whitelist: nodes, functions, names of columns, dates."""
    for node in tree.walk():
        assert type(node) in NODES, type(node)
        assert not node.comments
        if isinstance(node, exp.Anonymous):
            assert node.name in VOCABULARY
        elif isinstance(node, exp.Column):
            assert node.name in COLUMNS and not node.table
        elif isinstance(node, exp.Identifier):
            assert node.quoted
        elif isinstance(node, exp.Cast):
            assert node.to.this == exp.DataType.Type.DATE and isinstance(node.this, exp.Literal) and node.this.is_string
        elif isinstance(node, exp.In):
            assert not node.args.get("query")


SOUND = {
    "birth = id_birth_date(id)": ("birth", "id"),
    "sex NOT IN ('1', '2') OR sex = id_sex(id)": ("sex", "id"),
    "age(birth, delivery_date()) BETWEEN 0 AND 120": ("birth",),
    "n NOT BETWEEN -1 AND 2 * price / 3": ("n", "price"),
    "CASE WHEN n > 3 THEN birth IS NULL ELSE NOT (n = 1) END": ("n", "birth"),
    "CASE sex WHEN '1' THEN 1 WHEN '2' THEN 2 END = n": ("sex", "n"),
    "coalesce(n, 0) >= 0 AND left(id, 2) = '11'": ("n", "id"),
    "in_code_set(id_region(id), 'village', 'current')": ("id",),
    "matches(id, '[0-9]{3}') AND id NOT LIKE '19%'": ("id",),
    "check_digit_ok('gb11643', id)": ("id",),
    "seen >= birth AND birth >= DATE '1949-10-01'": ("seen", "birth"),
    "to_number(substr(id, 7, 4)) = year(birth)": ("id", "birth"),
    "greatest(n, 1, 2) = least(n, price)": ("n", "price"),
    "nullif(id, '') IS NOT NULL AND starts_with(upper(id), 'A')": ("id",),
    "alive OR NOT alive": ("alive",),
    "ID = 'it''s'": ("id",),
    "length(id)\n  = 18": ("id",),
    "order = '1'": ("order",),
    "((n - 1)) - (n - 2) <> abs(-n)": ("n",),
}


@pytest.mark.parametrize("text", SOUND)
def test_sound_expressions(text: str) -> None:
    tree = parse(text, columns=COLUMNS, code_sets=SETS)
    assert_closed(tree)
    assert referenced_columns(tree) == SOUND[text]


@pytest.mark.parametrize("text", SOUND)
def test_a_tree_s_own_sql_is_read_back_as_the_same_tree(text: str) -> None:
    tree = parse(text, columns=COLUMNS, code_sets=SETS)
    printed = tree.sql(dialect="duckdb")
    for theirs, ours in {'"': "", "SUBSTRING": "substr", "CAST('1949-10-01' AS DATE)": "DATE '1949-10-01'"}.items():
        printed = printed.replace(theirs, ours)
    assert parse(printed, columns=COLUMNS, code_sets=SETS) == tree


def test_vocabulary_stays_anonymous_in_lower_case() -> None:
    tree = parse("ID_SEX(id) = Left(id, 1)", columns=COLUMNS, code_sets=SETS)
    assert [node.name for node in tree.find_all(exp.Anonymous)] == ["id_sex"]
    assert tree.find(exp.Left) is not None


def test_value_is_the_bound_column() -> None:
    tree = parse("value >= 0", columns=COLUMNS, code_sets=SETS, value="n")
    assert referenced_columns(tree) == ("n",)
    with pytest.raises(ExpressionError, match="value 只用于"):
        parse("value >= 0", columns=COLUMNS, code_sets=SETS)
    with pytest.raises(ExpressionError, match="没有名为“gone”的列"):
        parse("value >= 0", columns=COLUMNS, code_sets=SETS, value="gone")


def test_code_sets_are_known() -> None:
    tree = parse("in_code_set(id, 'sex') OR in_code_set(sex, 'village', 'current')", columns=COLUMNS, code_sets=SETS)
    assert referenced_code_sets(tree) == ("sex", "village")


def test_names_without_types_are_not_type_checked() -> None:
    parse("sex = 1", columns=["sex"], code_sets=())
    with pytest.raises(ExpressionError, match="文本不能与数值比较"):
        parse("sex = 1", columns={"sex": "code"}, code_sets=())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "表达式为空"),
        ("1 = 1", "没有用到任何列"),
        ("n", "整个表达式应为真假，却是数值"),
        ("n = ", "不完整"),
        ("(n = 1", "这里应为“)”"),
        ("n = 1)", "多余的内容"),
        ("n = 1 = 1", "多余的内容"),
        ("n = 1; DROP TABLE x", "不认识的写法"),
        ("n = 1 -- x", "不允许注释"),
        ("n /* x */ = 1", "不允许注释"),
        ("n = (SELECT 1)", "没有名为“select”的列"),
        ("EXISTS (SELECT 1)", "没有名为“exists”的函数"),
        ("count(*) > n", "没有名为“count”的函数"),
        ("n IN (SELECT n)", "没有名为“select”的列"),
        ("t.n = 1", "不认识的写法"),
        ("CAST(n AS text) = '1'", "没有名为“cast”的函数"),
        ("n::text = '1'", "不认识的写法"),
        ("id || 'a' = 'b'", "不认识的写法"),
        ('"n" = 1', "列名不加引号"),
        ("id = 'a", "单引号没有闭合"),
        ("n ＝ 1", "标点要用半角"),
        ("gone = 1", "没有名为“gone”的列"),
        ("id_sex = '1'", "之后应有括号"),
        ("read_csv('/etc/passwd') = id", "没有名为“read_csv”的函数"),
        ("n = NULL", "IS NULL"),
        ("n IN (1, NULL)", "IS NULL"),
        ("NULL IS NULL OR alive = NULL", "IS NULL"),
        ("birth = '2020-01-01'", "DATE '…'"),
        ("birth > DATE '2020-02-30'", "有效日期"),
        ("birth > DATE id", "有效日期"),
        ("birth - seen > 1", "日期不能直接加减"),
        ("id + 1 = 2", "应为数值，却是文本"),
        ("n AND alive", "应为真假，却是数值"),
        ("NOT n", "应为真假，却是数值"),
        ("sex IN ('1', 2)", "文本不能与数值比较"),
        ("coalesce(id, 1) = '1'", "类型不一致"),
        ("CASE WHEN alive THEN 1 ELSE 'a' END = n", "类型不一致"),
        ("CASE n END", "这里应为“WHEN”"),
        ("left(id) = 'a'", "应有2 个参数，写了 1 个"),
        ("substr(id, 1, 2, 3) = 'a'", "应有2 到 3 个参数，写了 4 个"),
        ("coalesce(id) = 'a'", "应有至少 2 个参数"),
        ("delivery_date(n) > birth", "应有0 个参数"),
        ("year(id) = 1", "第 1 个参数应为日期，却是文本"),
        ("in_code_set(id, 'nation')", "没有名为“nation”的代码集"),
        ("names_another(id, 'sex', sex)", "只用于数据集和数据元的规则"),
        ("in_code_set(id, sex)", "应为单引号里的文本"),
        ("in_code_set(id, 'sex', 'now')", "只能是 'current'"),
        ("matches(id, '(?=a)')", "不支持 (?…)"),
        ("matches(id, id)", "应为单引号里的文本"),
        ("check_digit_ok('luhn', id)", "没有这种校验码算法"),
        ("id LIKE sex", "LIKE 之后应为单引号里的文本"),
        ("id LIKE 'a\\%'", "反斜杠"),
        ("n NOT NULL", "NOT 之后应为"),
        ("n IS 1", "这里应为“NULL”"),
        ("n = 1e5", "不认识的写法"),
        ("n = 0x1F", "不认识的写法"),
        ("n = $1", "不认识的写法"),
        ("n = ?", "不认识的写法"),
        ("n = - -1", "这里不能是“-”"),
        ("n = 1 " + "OR n = 1 " * 200, "过长"),
        ("n = 1" + " " * 4000, "超过 4000 个字符"),
        ("(" * 70 + "n" + ")" * 70 + " = 1", "嵌套超过"),
        ("NOT " * 70 + "alive", "嵌套超过"),
        ("abs(" * 70 + "n" + ")" * 70 + " = 1", "嵌套超过"),
        ("CASE WHEN alive THEN " * 70 + "1" + " END" * 70 + " = 1", "嵌套超过"),
    ],
)
def test_everything_else_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse(text, columns=COLUMNS, code_sets=SETS)
    assert reason in str(raised.value)


def test_only_a_rule_asks_what_an_address_names() -> None:
    tree = parse("NOT names_another(id, 'village', sex)", columns=COLUMNS, code_sets=SETS, of_rule=True)
    assert_closed(tree)
    assert (referenced_columns(tree), referenced_code_sets(tree)) == (("id", "sex"), ("village",))


def test_the_longest_chain_can_be_printed() -> None:
    for operator in (" OR ", " AND "):
        text = operator.join(["n = 1"] * 120)
        assert parse(text, columns=COLUMNS, code_sets=SETS).sql(dialect="duckdb").count(operator.strip()) == 119
    text = "n" + " + 1" * 240 + " = 2"
    assert parse(text, columns=COLUMNS, code_sets=SETS).sql(dialect="spark").count("+") == 240


WORDS = [
    *COLUMNS, *VOCABULARY, *BUILT_IN, *expressions.KEYWORDS, "value", "select", "from", "cast", "interval", "extract",
    "exists", "over", "current_date", "(", ")", "(", ")", ",", "*", "=", "<>", "<", "+", "-", "/", ".", ";", "::", "||",
    "--", "/*", "*/", "$$", "[", "]", "{", "}", "@", ":x", "?", "%", "1", "2.5", "1e3", "0x1", "'a'", "'1'", "'sex'",
    "'current'", "'gb11643'", "'2020-01-01'", "'[0-9]'", '"n"', "`n`", "'", "''", "\\", "\n", "e'a'", "x'41'",
]  # fmt: skip


@settings(max_examples=1000, deadline=None)
@given(text=st.one_of(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join), st.text(max_size=40)))
def test_no_text_gets_anything_else_through(text: str) -> None:
    for columns in (COLUMNS, list(COLUMNS)):
        try:
            tree = parse(text, columns=columns, code_sets=SETS, value="n")
        except ExpressionError as error:
            assert str(error)
        else:
            assert_closed(tree)


def operands() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["n", "price", "1", "2.5", "-3", "length(id)", "age(birth, seen)", "-n"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(" ".join),
            inner.map(lambda text: f"({text})"),
            st.tuples(inner, inner).map(lambda pair: f"coalesce({pair[0]}, {pair[1]})"),
        ),
        max_leaves=5,
    )


def conditions() -> st.SearchStrategy[str]:
    leaves = st.one_of(
        st.tuples(operands(), st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), operands()).map(" ".join),
        operands().map(lambda text: f"{text} NOT IN (1, 2)"),
        operands().map(lambda text: f"{text} BETWEEN 1 AND n"),
        operands().map(lambda text: f"{text} IS NOT NULL"),
        st.sampled_from(["alive", "id LIKE 'a%'", "id NOT LIKE '_'"]),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(" ".join),
            inner.map(lambda text: f"NOT {text}"),
            inner.map(lambda text: f"({text})"),
            st.tuples(inner, inner, inner).map(
                lambda three: f"CASE WHEN {three[0]} THEN {three[1]} ELSE {three[2]} END"
            ),
        ),
        max_leaves=6,
    )


@settings(max_examples=300, deadline=None)
@given(text=conditions())
def test_whatever_is_written_means_what_sql_says(text: str) -> None:
    """Our parser and sqlglot's agree on the structure: printed from either tree, the SQL is the same."""
    if "n" not in text and "alive" not in text:
        return
    try:
        tree = parse(text, columns=COLUMNS, code_sets=SETS)
    except ExpressionError as error:
        assert "没有用到任何列" in str(error) or "嵌套" in str(error)
        return
    assert_closed(tree)
    theirs = sqlglot.parse_one(text, dialect="duckdb")
    for node in theirs.find_all(exp.Like):  # sqlglot keeps NOT LIKE in one node
        if node.args.get("negate"):
            node.set("negate", None)
            node.replace(exp.Not(this=node.copy()))
    assert tree.sql(dialect="duckdb").replace('"', "") == theirs.sql(dialect="duckdb").replace('"', "")
