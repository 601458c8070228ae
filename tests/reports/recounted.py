"""Every figure of the cockpit once more, by other ways than its own query: the tables of the catalogue are read row by
row and counted in Python.

``RECOUNTED``: figure → function of (catalogue, date, scope) → rows as the page orders and names them. ``None`` in a
column: not asked here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from functools import cached_property
from typing import Any

import duckdb
import pytest

Row = dict[str, Any]


@dataclass
class Catalogue:
    """The tables of ``governance`` and ``published`` as lists of rows, each read once."""

    connection: duckdb.DuckDBPyConnection
    date: Date

    def __post_init__(self) -> None:
        self._read: dict[str, list[Row]] = {}

    def rows(self, table: str) -> list[Row]:
        if table not in self._read:
            relation = self.connection.sql(f"SELECT * FROM {table}")
            self._read[table] = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
        return self._read[table]

    def governance(self, name: str) -> list[Row]:
        return self.rows(f"governance.{name}")

    @cached_property
    def cards(self) -> list[Row]:
        """The scorecard of the date."""
        return [row for row in self.governance("scorecard") if row["date"] == self.date]

    def total(self, kind: str) -> list[Row]:
        return [row for row in self.cards if row["kind"] == kind and row["part"] is None]

    @cached_property
    def delivered(self) -> dict[str, str]:
        """Dataset → department."""
        return {row["scope"]: row["department"] for row in self.total("dataset")}

    @cached_property
    def open_orders(self) -> list[Row]:
        known = self.governance("work_orders")
        return [
            row for row in known if row["issued"] <= self.date and row["closed"] is None and row["state_name"] != "作废"
        ]

    @cached_property
    def touched(self) -> list[Row]:
        """Failing rules with the people on their rows."""
        linked: dict[tuple[str, str], list[Row]] = defaultdict(list)
        roles: dict[str, set[str]] = defaultdict(set)
        for link in self.rows(f"published.person_link_at(DATE '{self.date}')"):
            linked[link["dataset"], link["row_id"]].append(link)
            roles[link["dataset"]].add(link["role"])
        failing: dict[tuple[bool, str, str, Date], set[str]] = defaultdict(set)
        for stands in (False, True):
            for finding in self.governance("standing_findings" if stands else "findings"):
                failing[stands, finding["dataset"], finding["rule_id"], finding["date"]].add(finding["_row_id"])
        messages = {(r["dataset"], r["rule_id"], r["date"]): r["message"] for r in self.governance("rule_results")}
        sources = {(r["dataset"], r["rule_id"]): r["source"] for r in self.governance("rules")}
        found = []
        for rule in self.governance("scorecard_rules"):
            if rule["date"] != self.date or not rule["failed"]:
                continue
            people, others = set(), 0
            for row in failing[bool(rule["standing"]), rule["dataset"], rule["rule_id"], rule["judged"]]:
                mentions = linked.get((rule["dataset"], row), [])
                people |= {one["person_id"] for one in mentions if one["method"] != "unlinked"}
                others += (
                    sum(one["method"] == "unlinked" for one in mentions) if mentions else len(roles[rule["dataset"]])
                )
            most = len(people) + others
            found.append(rule | {
                "rule": f"{rule['dataset']}/{rule['rule_id']}",
                "message": messages.get((rule["dataset"], rule["rule_id"], rule["judged"])),
                "source": sources.get((rule["dataset"], rule["rule_id"])),
                "people_lower": max(len(people), 1) if most else 0, "people_upper": most,
            })  # fmt: skip
        return found

    @cached_property
    def codes(self) -> dict[str, Row]:
        return {row["code"]: row for row in self.rows("codes.gbt_2260_divisions")}

    def within(self, code: str) -> set[str]:
        """Every division a code counts in."""
        found: set[str] = set()
        known = self.codes.get(code)
        while known is not None:
            moved = not known["current"] and known["successor"] in self.codes
            if not moved:
                found.add(known["code"])
            known = self.codes.get(known["successor"] if moved else known["parent"])
        return found or {code}


def working(day: Date) -> bool:
    """Autumn and winter of 2026 by the notice of the State Council; the sample's dates are in it."""
    off = {Date(2026, 10, number) for number in range(1, 8)} | {Date(2026, 9, 25), Date(2026, 9, 26), Date(2026, 9, 27)}
    return day in (Date(2026, 9, 20), Date(2026, 10, 10)) or (day.weekday() < 5 and day not in off)


def waited(issued: Date, date: Date) -> int:
    return sum(working(issued + timedelta(days=n)) for n in range(1, (date - issued).days + 1))


def standing(c: Catalogue, _: str) -> list[Row]:
    found = []
    for dataset, department in c.delivered.items():
        due = next(p for p in c.governance("punctuality") if p["dataset"] == dataset and p["date"] == c.date)
        shots = [s for s in c.governance("snapshots") if s["dataset"] == dataset and s["date"] <= c.date]
        newest = max(shots, key=lambda s: s["date"])
        came = [d for d in c.governance("deliveries") if d["dataset"] == dataset and d["date"] == c.date]
        last = max(came, key=lambda d: d["number"]) if came else {"outcome": "nothing", "reason": None}
        damaged = any(
            r["damaged"] for r in c.governance("reconciliation") if r["dataset"] == dataset and r["date"] <= c.date
        )
        found.append({
            "dataset": dataset, "department": department, "outcome": last["outcome"],
            "due": "within" if due["state"] == "on_time" and not came else due["state"],
            "reason": last["reason"], "published": newest["date"], "rows": newest["rows"],
            "snapshot_id": newest["snapshot_id"], "batch_id": newest["batch_id"],
            "standards_hash": newest["standards_hash"], "period_days": due["period_days"],
            "whole": newest["complete"] and not damaged,
        })  # fmt: skip
    return sorted(found, key=lambda row: (row["department"], row["dataset"]))


def score(c: Catalogue, _: str) -> list[Row]:
    (line,) = c.total("bureau")
    parts = [p for p in c.cards if p["kind"] == "bureau" and p["part"] and p["b"]]
    weight = sum(p["weight"] for p in parts)
    mean = sum(100 * p["a"] / p["b"] * p["weight"] for p in parts) / weight
    before = [
        s for s in c.governance("scorecard") if s["kind"] == "bureau" and s["part"] is None and s["date"] < c.date
    ]
    last = max(before, key=lambda s: s["date"]) if before else None
    return [{
        "score": mean, "level": line["level"], "card": line["card"],
        "change_1": mean - last["score"] if last else None,
        "standards_changed": bool(last and last["standards_hash"] != line["standards_hash"]),
        "standards_hash": line["standards_hash"],
    }]  # fmt: skip


def coverage(c: Catalogue, _: str) -> list[Row]:
    lines = c.total("dataset")
    sums = {
        name: sum(line[name] for line in lines) for name in ("columns", "assessed_columns", "rows", "assessed_rows")
    }
    parts = [p for p in c.cards if p["kind"] == "bureau" and p["part"]]
    return [{
        "coverage": sums["assessed_columns"] / sums["columns"], "assessed_columns": sums["assessed_columns"],
        "columns": sums["columns"], "row_coverage": sums["assessed_rows"] / sums["rows"],
        "assessed_weight": sum(p["weight"] for p in parts if p["b"]) / sum(p["weight"] for p in parts),
    }]  # fmt: skip


def tonight(c: Catalogue, _: str) -> list[Row]:
    sums: Counter[str] = Counter()
    for row in c.governance("reconciliation"):
        if row["date"] == c.date and row["dataset"] in c.delivered and row["delivered"] is not None:
            sums.update({name: row[name] for name in ("delivered", "duplicates", "quarantined", "rejected")})
            sums["blocked" if row["published"] is None else "published"] += row["clean"]
    sums["held"] = sums["rejected"] + sums["quarantined"] + sums["blocked"]
    assert sums["delivered"] == sums["published"] + sums["held"] + sums["duplicates"]
    current = {
        name: c.rows(f"(SELECT count(*) AS n FROM published.{name}_at(DATE '{c.date}'))")[0]["n"]
        for name in c.delivered
    }
    names = ("delivered", "published", "held", "duplicates", "quarantined", "rejected", "blocked")
    return [{name: sums[name] for name in names} | {"current": sum(current.values())}]


def blocked(c: Catalogue, _: str) -> list[Row]:
    last: dict[str, Row] = {}
    for row in sorted((d for d in c.governance("deliveries") if d["date"] == c.date), key=lambda d: d["number"]):
        last[row["dataset"]] = row
    ended = Counter(row["outcome"] for row in last.values())
    return [
        {
            "stopped": len(last) - ended["published"] - ended["read"],
            "arrived": len(last),
            "published": ended["published"],
        }
    ]


def orders(c: Catalogue, _: str) -> list[Row]:
    every = c.governance("work_orders")
    return [{
        "open": len(c.open_orders), "overdue": sum(o["due"] < c.date for o in c.open_orders),
        "issued": sum(o["issued"] == c.date for o in every),
        "closed": sum(o["closed"] is not None and o["closed"] <= c.date for o in every),
        "open_items": sum(o["open_items"] for o in c.open_orders),
    }]  # fmt: skip


def on_time(c: Catalogue, _: str) -> list[Row]:
    window = [p for p in c.governance("punctuality") if c.date - timedelta(days=29) <= p["date"] <= c.date]
    states = Counter(p["state"] for p in window)
    night = Counter(p["state"] for p in window if p["date"] == c.date)
    due = sum(states.values()) - states["not_due"]
    return [{
        "rate": states["on_time"] / due if due else None, "on_time": states["on_time"], "due": due,
        "due_tonight": sum(night.values()) - night["not_due"], "there_tonight": night["on_time"] + night["late"],
        "missing_tonight": night["missing"],
    }]  # fmt: skip


def departments(c: Catalogue, _: str) -> list[Row]:
    lines = [
        line | {
            "department": line["scope"], "coverage": line["assessed_columns"] / line["columns"],
            "standards_changed": bool(line["standards_changed_1"]),
            "failed": sum(p["failed"] for p in c.cards if p["kind"] == "department" and p["scope"] == line["scope"]
                          and p["part"] not in (None, "punctuality") and p["failed"] is not None),
        }
        for line in c.total("department")
    ]  # fmt: skip
    ranked = sorted((line["score"] for line in lines if line["rank_note"] is None), reverse=True)
    for line in lines:
        line["rank"] = ranked.index(line["score"]) + 1 if line["rank_note"] is None else None
    return sorted(lines, key=lambda line: (line["rank"] is None, line["rank"], line["department"]))


def heat(c: Catalogue, _: str) -> list[Row]:
    cells = [p | {"department": p["scope"]} for p in c.cards if p["kind"] == "department" and p["part"]]
    for cell in cells:
        cell["score"] = 100 * (cell["b"] - cell["failed"]) / cell["b"] if cell["b"] else None
    return sorted(cells, key=lambda cell: (cell["department"], cell["part"]))


def flow(c: Catalogue, _: str) -> list[Row]:
    return [
        max((r for r in c.governance("reconciliation") if r["dataset"] == name and r["date"] <= c.date), key=lambda r: r["date"])
        for name in sorted(c.delivered)
    ]  # fmt: skip


def trend(kind: str) -> Callable[[Catalogue, str], list[Row]]:
    def recount(c: Catalogue, scope: str) -> list[Row]:
        known = [
            s for s in c.governance("scorecard") if s["kind"] == kind and s["scope"] == scope and s["part"] is None
        ]
        known = sorted((s for s in known if s["date"] <= c.date and s["score"] is not None), key=lambda s: s["date"])
        hashes = [None, *(s["standards_hash"] for s in known)]
        return [
            s | {"moved": before not in (None, s["standards_hash"])} for s, before in zip(known, hashes, strict=False)
        ][: -30 - 1 : -1]

    return recount


def top_rules(c: Catalogue, _: str) -> list[Row]:
    known = [row for row in c.touched if row["people_upper"]]
    return sorted(known, key=lambda r: (-r["people_upper"], -r["failed"], r["rule"]))[:10]


def _level(code: str) -> str:
    return "省级" if code.endswith("0000") else "地级" if code.endswith("00") else "县级"


def districts(c: Catalogue, _: str) -> list[Row]:
    found = []
    for line in c.total("division"):
        known = c.codes.get(line["scope"])
        former = {row["code"] for row in c.codes.values() if row["successor"] == line["scope"] and not row["current"]}
        found.append(line | {
            "district": line["scope"], "level": _level(line["scope"]) if known else "未知",
            "parent": (known["parent"] or None) if known else None, "codes": len(former),
        })  # fmt: skip
    return sorted(found, key=lambda row: row["district"])


REGISTERS = {
    "population": "household_division", "legal_person": "registration_division", "marriage": "office_division",
    "birth": "birth_division", "house": "division",
}  # fmt: skip


def bounds(c: Catalogue, _: str) -> list[Row]:
    found = []
    for name in sorted(c.delivered):
        rows = c.rows(f"governance.{name}_possible()")
        lower = max(0, sum(row["_sure"] for row in rows) - sum(row["_unplaced"] for row in rows))
        line = {"dataset": name, "lower": lower, "upper": len(rows), "condition": "TRUE"}
        found.append(line | {"published": len(c.rows(f"published.{name}"))})
    return found


def dataset_bounds(c: Catalogue, scope: str) -> list[Row]:
    return [row for row in bounds(c, "") if row["dataset"] == scope]


def district_people(c: Catalogue, scope: str) -> list[Row]:
    found = []
    for name, column in sorted(REGISTERS.items()):

        def inside(row: Row, column: str = column) -> bool:
            return row[column] is not None and scope in c.within(row[column])

        rows, published = c.rows(f"governance.{name}_possible()"), c.rows(f"published.{name}")
        codes = sorted({row[column] for row in (*rows, *published) if inside(row)})
        if not codes:
            continue
        sure = sum(inside(row) and row["_sure"] for row in rows)
        line = {
            "lower": max(0, sure - sum(row["_unplaced"] for row in rows)),
            "published": sum(map(inside, published)),
            "upper": sum(row[column] is None or inside(row) for row in rows),
        }
        condition = f'"{column}" IN ({", ".join(map(repr, codes))})'
        assert c.rows(f"governance.{name}_bounds({condition})") == [line], (
            "what the page says to ask gives what it shows"
        )
        found.append(line | {"dataset": name, "condition": condition})
    return found


def masters(c: Catalogue, _: str) -> list[Row]:
    found = []
    for kind in ("organisation", "person"):
        rows = c.rows(f"published.{kind}_at(DATE '{c.date}')")
        covered = sum(row["datasets"] > 1 for row in rows)
        roles = {(link["dataset"], link["role"]) for link in c.rows(f"published.{kind}_link_at(DATE '{c.date}')")}
        held = [len(c.rows(f"governance.{name}_possible()")) - len(c.rows(f"published.{name}")) for name, _ in roles]
        found.append({
            "kind": kind, "masters": len(rows), "lower": sum(row["identifier"] is not None for row in rows),
            "upper": len(rows) + sum(held), "covered": covered, "coverage": covered / len(rows),
            "disagreeing": sum(row["disagreements"] > 0 for row in rows),
        })  # fmt: skip
    return found


def links(c: Catalogue, _: str) -> list[Row]:
    found = []
    for kind in ("organisation", "person"):
        ways = Counter(row["method"] for row in c.rows(f"published.{kind}_link_at(DATE '{c.date}')"))
        asked = [r for r in c.governance("link_candidates") if r["master_kind"] == kind and r["date"] <= c.date]
        newest = max((r["date"] for r in asked), default=None)
        by_likeness = ways["similar"] + ways["reviewed"]
        mentions = sum(ways.values())
        found.append({
            "kind": kind, "mentions": mentions, "by_number": mentions - by_likeness - ways["unlinked"],
            "by_likeness": by_likeness, "unlinked": ways["unlinked"], "rate": 1 - ways["unlinked"] / mentions,
            "waiting": len({r["mention_id"] for r in asked if r["date"] == newest and r["state"] == "candidate"}),
        })  # fmt: skip
    return found


def conflicts(c: Catalogue, _: str) -> list[Row]:
    grouped: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in c.rows(f"governance.conflicts_at(DATE '{c.date}')"):
        if row["open"] and not row["chosen"] and row["owner"]:
            grouped[row["master_kind"], row["element"], row["owner"]].append(row)
    found = [
        {"kind": kind, "element": element, "owner": owner, "masters": len({row["master_id"] for row in rows}),
         "values": len(rows), "first_seen": min(row["first_seen"] for row in rows)}
        for (kind, element, owner), rows in grouped.items()
    ]  # fmt: skip
    return sorted(found, key=lambda row: (-row["masters"], row["kind"], row["element"], row["owner"]))


def ageing(c: Catalogue, _: str) -> list[Row]:
    groups = {"0–5": range(6), "6–10": range(6, 11), "11–20": range(11, 21), ">20": range(21, 10_000)}
    found = []
    for age, days in groups.items():
        some = [order for order in c.open_orders if waited(order["issued"], c.date) in days]
        found.append({
            "age": age, "orders": len(some), "overdue": sum(order["due"] < c.date for order in some),
            "open_items": sum(order["open_items"] for order in some),
        })  # fmt: skip
    assert sum(row["orders"] for row in found) == len(c.open_orders)
    return found


def waivers(c: Catalogue, _: str) -> list[Row]:
    held = [row for row in c.governance("waivers") if row["granted"] <= c.date <= row["until"]]
    return [{"active": len(held), "expiring": sum(row["until"] <= c.date + timedelta(days=30) for row in held)}]


def anomalies(c: Catalogue, _: str) -> list[Row]:
    known = [row for row in c.governance("anomalies") if row["date"] == c.date]
    return sorted(known, key=lambda row: (-row["score"], row["dataset"], row["message"]))


def nights(c: Catalogue, _: str) -> list[Row]:
    known = [row for row in c.governance("night_runs") if 0 <= (c.date - row["date"]).days < 30]
    states = Counter((row["date"], row["state"]) for row in c.governance("punctuality"))
    closed = {date for date, _ in states}
    for row in known:
        stages = [one for one in c.governance("stage_runs") if one["date"] == row["date"]]
        assert row["stages"] == len(stages) and row["seconds"] in (
            None,
            pytest.approx(sum(one["seconds"] or 0 for one in stages), abs=0.06),
        )
        for name in ("late", "missing"):
            row[name] = states[row["date"], name] if row["date"] in closed else None
    return sorted(known, key=lambda row: row["date"])


def stopped(c: Catalogue, _: str) -> list[Row]:
    known = [row for row in c.governance("stage_runs") if row["outcome"] in ("blocked", "error")]
    recent = [row for row in known if 0 <= (c.date - row["date"]).days < 30]
    return sorted(recent, key=lambda row: (-row["date"].toordinal(), row["dataset"], row["stage_name"]))


def stages(c: Catalogue, _: str) -> list[Row]:
    known = [row for row in c.governance("stage_runs") if row["date"] == c.date]
    return sorted(known, key=lambda row: (-(row["seconds"] or -1), row["dataset"], row["stage_name"]))


def baselines(c: Catalogue, _: str) -> list[Row]:
    """Of the committed city, whose standards leave owner, expiry and number as they are. Of its datasets only
    education comes once a year, and came once."""
    found = []
    for dataset in sorted(c.delivered):
        nights = {row["date"]: row["mode"] for row in c.governance("profiles") if row["dataset"] == dataset}
        mode = nights[max(nights)]
        earlier = 0 if dataset == "education" else sum(kind == mode for kind in nights.values()) - 1
        least = 2 if dataset == "education" else 14
        state = "too_few" if earlier < least else "compared"
        found.append({
            "dataset": dataset, "state": state, "earlier": earlier, "least": least, "owner": "市数据局",
            "until": None,
        })  # fmt: skip
    return found


STATES = ("always_failed", "long_waived", "never_asked", "never_failed")


def stale_rules(c: Catalogue, _: str) -> list[Row]:
    known = [row for row in c.governance("stale_rules") if row["date"] == c.date]
    named = [row | {"rule": f"{row['dataset']}/{row['rule_id']}"} for row in known]
    return sorted(named, key=lambda row: (STATES.index(row["state"]), row["rule"]))


PARTS = ("conformity", "completeness", "accuracy", "consistency", "timeliness", "punctuality", "accessibility", "total")


def parts(kind: str) -> Callable[[Catalogue, str], list[Row]]:
    def recount(c: Catalogue, scope: str) -> list[Row]:
        lines = [p | {"part": p["part"] or "total"} for p in c.cards if p["kind"] == kind and p["scope"] == scope]
        return sorted(lines, key=lambda line: PARTS.index(line["part"]))

    return recount


def department_datasets(c: Catalogue, scope: str) -> list[Row]:
    return sorted((row for row in c.total("line") if row["department"] == scope), key=lambda row: row["dataset"])


def failing_rules(column: str) -> Callable[[Catalogue, str], list[Row]]:
    def recount(c: Catalogue, scope: str) -> list[Row]:
        return sorted((r for r in c.touched if r[column] == scope), key=lambda r: (-r["failed"], r["rule"]))

    return recount


def department_performance(c: Catalogue, scope: str) -> list[Row]:
    known = [row for row in c.governance("department_performance") if row["department"] == scope]
    return sorted(known, key=lambda row: row["month"], reverse=True)


def order_list(name: Callable[[Row], str]) -> Callable[[Catalogue, str], list[Row]]:
    def recount(c: Catalogue, scope: str) -> list[Row]:
        some = [order | {"overdue": order["due"] < c.date} for order in c.open_orders if name(order) == scope]
        return sorted(some, key=lambda order: (order["due"], order["order_no"]))

    return recount


def dataset_flow(c: Catalogue, scope: str) -> list[Row]:
    known = [r for r in c.governance("reconciliation") if r["dataset"] == scope and r["date"] <= c.date]
    return sorted(known, key=lambda row: row["date"], reverse=True)[:30]


def rule_history(c: Catalogue, scope: str) -> list[Row]:
    known = [
        r for r in c.governance("rule_results") if f"{r['dataset']}/{r['rule_id']}" == scope and r["date"] <= c.date
    ]
    return sorted(known, key=lambda row: row["date"], reverse=True)[:30]


def _judged(c: Catalogue) -> dict[str, Date]:
    return {
        r["dataset"] + "/" + r["rule_id"]: r["judged"] for r in c.governance("scorecard_rules") if r["date"] == c.date
    }


def rule_districts(c: Catalogue, scope: str) -> list[Row]:
    judged = _judged(c)
    some = [
        row | {"district": row["division"]}
        for row in c.governance("division_results")
        if f"{row['dataset']}/{row['rule_id']}" == scope and row["date"] == judged[scope] and row["failed"]
    ]
    return sorted(some, key=lambda row: (-row["failed"], row["district"]))


def district_rules(c: Catalogue, scope: str) -> list[Row]:
    newest: dict[str, Date] = {}
    messages = {}
    for row in c.governance("rule_results"):
        if row["date"] <= c.date:
            newest[row["dataset"]] = max(newest.get(row["dataset"], row["date"]), row["date"])
            messages[row["dataset"], row["rule_id"], row["date"]] = row["message"]
    sums: dict[str, Row] = {}
    for row in c.governance("division_results"):
        if row["date"] == newest[row["dataset"]] and scope in c.within(row["division"]):
            rule = f"{row['dataset']}/{row['rule_id']}"
            told = messages[row["dataset"], row["rule_id"], row["date"]]
            line = sums.setdefault(rule, {"rule": rule, "message": told, "checked": 0, "failed": 0})
            line["checked"] += row["checked"]
            line["failed"] += row["failed"]
    return sorted((row for row in sums.values() if row["failed"]), key=lambda row: (-row["failed"], row["rule"]))


def district_codes(c: Catalogue, scope: str) -> list[Row]:
    former = [row for row in c.codes.values() if row["successor"] == scope and not row["current"]]
    return [{"code": row["code"], "name": row["name_zh"], "until": row["valid_to"]} for row in former]


RECOUNTED: dict[str, Callable[[Catalogue, str], list[Row]]] = {
    "standing": standing, "score": score, "coverage": coverage, "tonight": tonight, "blocked": blocked, "orders": orders,
    "on_time": on_time, "departments": departments, "heat": heat, "flow": flow,
    "trend": lambda c, _: trend("bureau")(c, "bureau"), "top_rules": top_rules, "districts": districts, "bounds": bounds,
    "masters": masters, "links": links, "conflicts": conflicts, "ageing": ageing, "waivers": waivers, "anomalies": anomalies,
    "nights": nights, "stopped": stopped, "stages": stages, "stale_rules": stale_rules, "baselines": baselines,
    "department_parts": parts("department"), "department_trend": trend("department"),
    "department_datasets": department_datasets, "department_rules": failing_rules("department"),
    "department_performance": department_performance, "department_orders": order_list(lambda order: order["department"]),
    "dataset_parts": parts("dataset"), "dataset_trend": trend("dataset"), "dataset_bounds": dataset_bounds,
    "dataset_flow": dataset_flow, "dataset_rules": failing_rules("dataset"),
    "dataset_orders": order_list(lambda order: order["dataset"]), "rule_now": failing_rules("rule"),
    "rule_history": rule_history, "rule_districts": rule_districts,
    "rule_orders": order_list(lambda order: f"{order['dataset']}/{order['rule_id']}"),
    "district_parts": parts("division"), "district_trend": trend("division"), "district_people": district_people,
    "district_rules": district_rules, "district_codes": district_codes,
}  # fmt: skip
