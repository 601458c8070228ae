"""Likeness: which masters a mention without a valid identifier may belong to, and how probable each is.

``score`` makes the temporary table ``edge``, a row per undecided mention and possible counterpart, from the table
``known`` of ``govdata.masters.links``, in named steps that follow upon one another:

    form      name → simplified form, sound, share
    every     what each mention says of each field: a view, since most say nothing that is asked
    pair      undecided mention and counterpart (a master, or another undecided mention) that share a block
    said      what the mentions in pairs, and of the masters in them, say
    face      what the masters in pairs say: one row per name and date that they have been given
    scored    per pair and face Splink's probability under the trained model

``told`` says of the pairs that something came of how alike they are, in words.

What is compared is a mention with all that is known of a master, never two masters with one another.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from math import log2
from typing import TYPE_CHECKING, Any, Literal

from govdata.masters import comparisons, names
from govdata.masters.mentions import Mentions, master_id
from govdata.standards.linking import LinkField, Linking
from govdata.standards.master_model import UNLINKED
from govdata.storage import sql

if TYPE_CHECKING:
    import duckdb

HIGHEST_FOUND = 0.95
"""However few mentions of a role with an identifier stand alone: without one it may be a stranger's."""
SEVERAL = ("person_name", "date")
"""A master has a face for each value of these; of another field that its mentions do not agree on, nothing is known."""


MASTERS = (
    "SELECT count(*) FROM (SELECT DISTINCT rank, key, CASE WHEN key IS NULL THEN mention_id END AS founder FROM known)"
)
"""As many as there are if every undecided mention is of its own."""

DECIDED = (
    "SELECT CASE WHEN s.master IS NULL THEN least(d.mention, d.anchor) ELSE d.mention END AS mention, "
    "coalesce(s.master, greatest(d.mention, d.anchor)) AS other, s.master IS NOT NULL AS is_master, d.verdict "
    "FROM decided AS d JOIN every AS s ON s.mention = d.anchor JOIN every AS m ON m.mention = d.mention "
    "WHERE m.master IS NULL"
)
"""Pairs that people decided on, to wherever the anchor belongs tonight, however little alike they are."""


def undecided(connection: duckdb.DuckDBPyConnection, mentions: Mentions) -> int:
    """How many mentions of ``known`` have no valid identifier and say something that can be compared."""
    assert mentions.master.linking is not None
    said = " OR ".join(f"{_e(name)} IS NOT NULL" for name in mentions.master.linking.fields)
    return sql.scalar(connection, f"SELECT count(*) FROM known WHERE key IS NULL AND ({said})")


def score(
    connection: duckdb.DuckDBPyConnection, mentions: Mentions, model: Mapping[str, Any], lexicon: names.Lexicon
) -> None:
    """Make ``edge``: ``pair, mention, role, other, other_role, is_master, probability, weight, sure, taken, verdict``
    (``other``: rank and key of a master's identifier, or a mention; ``sure``: an automatic link may rest on it;
    ``taken``: the master already has a mention of a role that there is once; ``verdict``: what people decided). Needs
    ``decided(mention, anchor, verdict)``."""
    linking = mentions.master.linking
    assert linking is not None
    said(connection, linking, lexicon, target="every", kept="VIEW")
    _pairs(connection, mentions, linking)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE said AS FROM open UNION ALL SELECT * FROM every WHERE master IN "
        "(SELECT other FROM pair WHERE is_master)"
    )
    _faces(connection, linking)
    fields = ", ".join(columns(linking))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE left_side AS SELECT pair, pair AS unique_id, {fields} "
                       "FROM pair JOIN said USING (mention)")  # fmt: skip
    others = (
        f"SELECT pair, {fields} FROM pair JOIN face ON is_master AND other = who UNION ALL "
        f"SELECT pair, {fields} FROM pair JOIN said AS s ON NOT is_master AND other = s.mention"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE right_side AS SELECT *, row_number() OVER () AS unique_id FROM ({others})"
    )
    # Fetched to its end: Splink asks the connection for relations, which an unfinished result keeps it from giving.
    masters = connection.execute(MASTERS).fetchall()[0][0]
    _score(connection, linking, model, masters)
    _edges(connection, mentions, linking, _odds(mentions, model, masters))


def said(
    connection: duckdb.DuckDBPyConnection,
    linking: Linking,
    lexicon: names.Lexicon,
    source: str = "known",
    target: str = "said",
    kept: Literal["TABLE", "VIEW"] = "TABLE",
) -> None:
    """Make ``target``: a row per mention of ``source``, its ``master`` (NULL: undecided) and its fields."""
    joined, shown = [], []
    for number, (name, field) in enumerate(linking.fields.items()):
        if field.compare == "person_name":
            table = f"form_{number}"
            _forms(connection, table, name, lexicon, source)
            joined.append(f"LEFT JOIN {table} AS f{number} ON f{number}.name = k.{_e(name)}")
            shown.append(f"k.{_e(name)} AS {sql.identifier(name)}")
            named = {f"{name}_form": "form", f"{name}_sound": "sound"}
            shown += [f"f{number}.{column} AS {sql.identifier(alias)}" for alias, column in named.items()]
        elif field.compare == "division":
            heirs = f"heir_{number}"
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {heirs} AS {_heirs(str(field.code_set))}")
            joined.append(f"LEFT JOIN {heirs} AS f{number} ON f{number}.code = left(k.{_e(name)}, 6)")
            shown.append(f"coalesce(f{number}.heir, left(k.{_e(name)}, 6)) AS {sql.identifier(name)}")
        else:
            shown.append(f"k.{_e(name)} AS {sql.identifier(name)}")
    connection.execute(
        f"CREATE OR REPLACE TEMP {kept} {target} AS SELECT k.mention_id AS mention, k.role, "
        f"k.rank || ':' || k.key AS master, {', '.join(shown)} FROM {source} AS k {' '.join(joined)}"
    )


def columns(linking: Linking) -> list[str]:
    """The columns of a record, quoted."""
    found = []
    for name, field in linking.fields.items():
        found.append(name)
        if field.compare == "person_name":
            found += [f"{name}_form", f"{name}_sound"]
    return [sql.identifier(name) for name in found]


def _e(field: str) -> str:
    return sql.identifier(f"e_{field}")


def _forms(connection: duckdb.DuckDBPyConnection, table: str, field: str, lexicon: names.Lexicon, source: str) -> None:
    import pyarrow as pa

    asked = connection.execute(f"SELECT DISTINCT {_e(field)} FROM {source} WHERE {_e(field)} IS NOT NULL").fetchall()
    made = names.forms(sorted(row[0] for row in asked), lexicon)
    arrow = pa.table({  # noqa: F841  read by name below
        "name": pa.array([form.name for form in made], pa.string()),
        "form": pa.array([form.form for form in made], pa.string()),
        "sound": pa.array([form.sound for form in made], pa.string()),
        "share": pa.array([form.share for form in made], pa.float64()),
    })  # fmt: skip
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM arrow")


def _heirs(code_set: str) -> str:
    """Abolished code → the code in force that it came to, where there is one."""
    codes = f"codes.{sql.identifier(code_set)}"
    return (
        f"WITH RECURSIVE heirs AS (SELECT code, code AS heir, 0 AS steps FROM {codes} WHERE NOT current UNION ALL "
        f"SELECT h.code, c.successor, h.steps + 1 FROM heirs AS h JOIN {codes} AS c ON c.code = h.heir "
        "WHERE NOT c.current AND c.successor <> '' AND h.steps < 20) "
        "SELECT code, arg_max(heir, steps) AS heir FROM heirs GROUP BY code"
    )


def _pairs(connection: duckdb.DuckDBPyConnection, mentions: Mentions, linking: Linking) -> None:
    """Make ``open``, what the undecided mentions say, and number every pair that shares a block. Of two mentions of a
    role that there is once, none."""
    connection.execute("CREATE OR REPLACE TEMP TABLE open AS SELECT * FROM every WHERE master IS NULL")
    found = " UNION ".join(
        [*(f"({_block(block, linking)})" for block in linking.blocks), f"(SELECT * EXCLUDE (verdict) FROM ({DECIDED}))"]
    )
    once = _once(mentions)
    kept = (
        f"SELECT p.* FROM ({found}) AS p JOIN open AS a ON a.mention = p.mention LEFT JOIN open AS b ON NOT is_master "
        f"AND b.mention = p.other WHERE is_master OR a.role <> b.role OR a.role NOT IN ({once})"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE pair AS "
        f"SELECT row_number() OVER (ORDER BY mention, other) AS pair, * FROM ({kept})"
    )


def _block(block: list[str], linking: Linking) -> str:
    """Pairs that agree on all fields of a block, where not too many masters do."""
    names = [f"key_{number}" for number in range(len(block))]
    keys = ", ".join(names)
    each = ", ".join(
        f"{_block_key(name, linking.fields[name])} AS {key}" for name, key in zip(block, names, strict=True)
    )
    given = " AND ".join(f"{key} IS NOT NULL" for key in names)
    return (
        f"WITH asking AS (SELECT * FROM (SELECT mention, {each} FROM open) WHERE {given}), "
        f"known AS (SELECT DISTINCT master, {keys} FROM (SELECT master, {each} FROM every WHERE master IS NOT NULL) "
        f"SEMI JOIN asking USING ({keys})), "
        f"common AS (SELECT {keys} FROM (SELECT {keys} FROM known UNION ALL SELECT {keys} FROM asking) GROUP BY ALL "
        f"HAVING count(*) > {linking.largest_block}) "
        f"SELECT o.mention, k.master AS other, TRUE AS is_master FROM asking AS o JOIN known AS k USING ({keys}) "
        f"ANTI JOIN common USING ({keys}) UNION "
        f"SELECT a.mention, b.mention AS other, FALSE AS is_master FROM asking AS a JOIN asking AS b USING ({keys}) "
        f"ANTI JOIN common USING ({keys}) WHERE a.mention < b.mention"
    )


def _block_key(name: str, field: LinkField) -> str:
    if field.compare == "person_name":
        return sql.identifier(f"{name}_sound")
    return f"unnest({sql.identifier(name)})" if field.compare == "any" else sql.identifier(name)


def _faces(connection: duckdb.DuckDBPyConnection, linking: Linking) -> None:
    wanted = "SELECT s.* FROM said AS s SEMI JOIN (SELECT other FROM pair WHERE is_master) AS p ON p.other = s.master"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE face AS {faces(wanted, 'master', linking)}")


def faces(rows: str, who: str, linking: Linking) -> str:
    """A SELECT of what the ``rows`` (with the columns of ``said``) of each ``who`` say together."""
    one, several = [f"{who} AS who"], []
    for name, field in linking.fields.items():
        column = sql.identifier(name)
        if field.compare in SEVERAL:
            own = [c for c in columns(linking) if c.strip('"') in (name, f"{name}_form", f"{name}_sound")]
            several.append(f"(SELECT DISTINCT {who} AS who, {', '.join(own)} FROM row WHERE {column} IS NOT NULL)")
        elif field.compare == "any":
            one.append(
                f"list_sort(list_distinct(flatten(list({column}) FILTER (WHERE {column} IS NOT NULL)))) AS {column}"
            )
        else:
            one.append(f"CASE WHEN min({column}) = max({column}) THEN min({column}) END AS {column}")
    joined = " ".join(f"LEFT JOIN {relation} USING (who)" for relation in several)
    return f"WITH row AS ({rows}) SELECT * FROM (SELECT {', '.join(one)} FROM row GROUP BY {who}) {joined}"


def _once(mentions: Mentions) -> str:
    """The roles that a master has one mention of, as an SQL list; a text that is no role where there are none."""
    return ", ".join(sql.text(role) for role, mention in mentions.master.mentions.items() if mention.once) or "''"


def _odds(mentions: Mentions, model: Mapping[str, Any], masters: int) -> str:
    """SQL: what is added to the weight of an edge to a master, by the mention's ``role``.

    Splink weighs a pair by itself. A mention is of one master at most: that it is of this one stands against its being
    of another, or of nobody. So the share of mentions of the role that are of nobody (``found_by_role``) takes the
    place of a pair's chance."""
    roles, found = list(mentions.master.mentions), _bounded(float(model["found"]))
    pair = min(0.5, found / max(1, masters))
    shares = {role: _bounded(float(share)) for role, share in model.get("found_by_role", {}).items()}
    odds = {
        role: share / (1 - share) / max(1, masters) for role, share in {**dict.fromkeys(roles, found), **shares}.items()
    }
    cases = " ".join(f"WHEN {sql.text(role)} THEN {log2(odds[role])!r}" for role in roles)
    return f"CASE m.role {cases} END - {log2(pair / (1 - pair))!r}"


def _bounded(found: float) -> float:
    return min(max(found, 0.01), HIGHEST_FOUND)


def _score(connection: duckdb.DuckDBPyConnection, linking: Linking, model: Mapping[str, Any], masters: int) -> None:
    """Make ``scored``: per pair the best face's ``probability``, ``weight`` and ``gamma_<field>``. Before anything is
    compared a mention is as likely to be one of ``masters`` as any other; ``found``: the share that is one at all."""
    settings = copy.deepcopy(dict(model["settings"]))
    settings["probability_two_random_records_match"] = min(0.5, _bounded(float(model["found"])) / max(1, masters))
    settings["additional_columns_to_retain"] = ["pair"]
    linker, left, right = splink(connection, settings, linking, "left_side", "right_side")
    made = linker.inference.predict_between(left, right, warning_mode="never")
    gammas = ", ".join(f"gamma_{name}" for name in linking.fields)
    best = f"row_number() OVER (PARTITION BY pair_l ORDER BY match_weight DESC, {gammas})"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE scored AS SELECT pair_l AS pair, match_probability AS probability, match_weight "
        f"AS weight, {gammas} FROM {made.physical_name} QUALIFY {best} = 1"
    )


def splink(
    connection: duckdb.DuckDBPyConnection, settings: dict[str, Any], linking: Linking, *tables: str
) -> tuple[Any, ...]:
    """A linker over tables of the connection that knows how common names are, and the tables as Splink knows them."""
    import logging

    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(connection=connection)
    registered = [api.register(name) for name in tables]
    linker = Linker(registered, settings)
    for number, (name, field) in enumerate(linking.fields.items()):
        if field.compare == "person_name":
            # Rows with hard-coded frequencies, which its documentation allows, fail in 5.0.0.
            named = f"name AS {sql.identifier(name)}, share AS {sql.identifier('tf_' + name)}"
            connection.execute(f"CREATE OR REPLACE TEMP TABLE share_{number} AS SELECT {named} FROM form_{number}")
            linker.table_management.register_term_frequency_lookup(api.register(f"share_{number}"), name)
    return linker, *registered


def _edges(connection: duckdb.DuckDBPyConnection, mentions: Mentions, linking: Linking, odds: str) -> None:
    gamma = {name: f"p.gamma_{name}" for name in linking.fields}
    sure = " AND ".join(f"{gamma[name]} >= {comparisons.sure(name, linking.fields[name])}" for name in linking.demands)
    steps = {
        "held": f"SELECT DISTINCT master, role FROM said WHERE master IS NOT NULL AND role IN ({_once(mentions)})",
        "decision": f"SELECT mention, other, max(verdict) AS verdict FROM ({DECIDED}) GROUP BY mention, other",
    }
    steps["weighed"] = (
        f"SELECT p.*, m.role, s.* EXCLUDE (pair, weight), s.weight + CASE WHEN p.is_master THEN {odds} ELSE 0 END AS "
        "weight, h.role IS NOT NULL AS taken, d.verdict FROM pair AS p JOIN scored AS s USING (pair) "
        "JOIN said AS m ON m.mention = p.mention "
        "LEFT JOIN held AS h ON p.is_master AND h.master = p.other AND h.role = m.role "
        "LEFT JOIN decision AS d ON d.mention = p.mention AND d.other = p.other"
    )
    # Of the masters that it can be one of: not of one that has its mention of a role there is once.
    rivals = "sum(CASE WHEN NOT p.taken THEN pow(2, p.weight) ELSE 0 END) OVER (PARTITION BY p.mention, p.is_master)"
    own_share = "CASE WHEN p.taken THEN pow(2, p.weight) ELSE 0 END"
    chance = f"CASE WHEN p.is_master THEN pow(2, p.weight) / (1 + {rivals} + {own_share}) ELSE p.probability END"
    listed = ", ".join(f"{name} AS ({query})" for name, query in steps.items())
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE edge AS WITH {listed} SELECT p.pair, p.mention, p.role, p.other, "
        f"o.role AS other_role, p.is_master, {chance} AS probability, p.weight, {sure or 'TRUE'} AS sure, p.taken, "
        "p.verdict FROM weighed AS p LEFT JOIN said AS o ON NOT p.is_master AND o.mention = p.other"
    )


def told(mentions: Mentions, edges: str) -> str:
    """A SELECT of ``pair, mention, other_id, anchor, agreed, levels, dataset, row_id`` of ``edges``, a relation of
    ``pair, mention, other, is_master``: the id of the master that stands against the mention, one of its mentions, the
    fields that agree, how alike each is in words, and where the mention stands."""
    linking = mentions.master.linking
    assert linking is not None
    best = {name: comparisons.best(name, field) for name, field in linking.fields.items()}
    agreed = ", ".join(f"CASE WHEN gamma_{name} = {place} THEN {sql.text(name)} END" for name, place in best.items())
    levels = ", ".join(_label(name, field) for name, field in linking.fields.items())
    kinds = "[" + ", ".join(sql.text(kind) for kind in mentions.identifiers) + "]"
    rank = "CAST(split_part(e.other, ':', 1) AS INTEGER)"
    of_master = master_id(mentions.kind, f"{kinds}[{rank}]", "substr(e.other, instr(e.other, ':') + 1)")
    of_founder = master_id(mentions.kind, sql.text(UNLINKED), "e.other")
    anchor = f"SELECT master, min(mention) AS anchor FROM said SEMI JOIN {edges} ON other = master GROUP BY master"
    return (
        f"WITH anchor AS ({anchor}) SELECT e.pair, e.mention, CASE WHEN e.is_master THEN {of_master} ELSE {of_founder} "
        f"END AS other_id, coalesce(a.anchor, e.other) AS anchor, concat_ws(',', {agreed}) AS agreed, "
        f"concat_ws('；', {levels}) AS levels, k.dataset, k.row_id FROM {edges} AS e JOIN scored AS s USING (pair) "
        "JOIN known AS k ON k.mention_id = e.mention LEFT JOIN anchor AS a ON e.is_master AND a.master = e.other"
    )


def _label(name: str, field: LinkField) -> str:
    """SQL of how alike the values of a field are, in words; NULL where one side says nothing."""
    known = comparisons.levels(name, field)
    cases = " ".join(
        f"WHEN {len(known) - 1 - place} THEN {sql.text(f'{field.name}：{level.label}')}"
        for place, level in enumerate(known)
    )
    return f"CASE gamma_{name} {cases} END"
