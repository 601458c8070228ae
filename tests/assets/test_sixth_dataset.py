"""A sixth dataset by files alone: an element, a contract and a delivery; no code."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from govdata.deployment import Deployment
from tests.conftest import govdata
from tests.zygote import Zygote

ELEMENTS = """
library_card_no:
  name: 借阅证号
  name_en: Library card number
  definition: 公共图书馆发放的借阅证编号
  type: text
  normalise: [strip, uppercase]
  rules:
    format: {pattern: 'LB[0-9]{8}', dimension: conformity, severity: error, message: 应为LB加8位数字}
  sensitivity: {level: 2, personal: general}
  examples: {valid: [LB00000001], invalid: {LB1: format}, repairs: {' lb00000001': LB00000001}}
loan_count:
  name: 借阅册数
  name_en: Loans
  definition: 当前借出的册数
  type: integer
  rules:
    plausible: {range: {min: 0, max: 50}, dimension: accuracy, severity: warning, message: 册数超出常理}
  sensitivity: {level: 1}
  examples: {valid: ['3'], invalid: {'99': plausible}}
card_date:
  name: 办证日期
  name_en: Card date
  definition: 借阅证的办理日期
  type: date
  normalise: [date]
  sensitivity: {level: 1}
  examples: {valid: ['2026-01-05'], repairs: {2026年1月5日: '2026-01-05'}}
"""

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: library_card
name: 公共图书馆借阅证
version: 1.0.0
status: active
domain: 文化
description: {purpose: 借阅服务统计, limitations: 不含分馆临时证}
team: {name: 市文化和旅游局}
slaProperties:
  - {property: frequency, value: 1, unit: d}
schema:
  - name: library_card
    businessName: 公共图书馆借阅证
    customProperties:
      - {property: delivery, value: {mode: snapshot, key: [card_no]}}
      - {property: volume, value: {min_rows: 1, max_quarantine: 0.9}}
      - {property: sharing, value: unconditional}
    properties:
      - name: card_no
        businessName: 借阅证号
        logicalType: string
        primaryKey: true
        required: true
        customProperties: [{property: element, value: library_card_no}, {property: headers, value: [JYZH, 借阅证号]}]
      - name: loans
        businessName: 借阅册数
        logicalType: integer
        customProperties: [{property: element, value: loan_count}, {property: headers, value: [JYCS, 借阅册数]}]
      - name: issued_on
        businessName: 办证日期
        logicalType: date
        customProperties: [{property: element, value: card_date}, {property: headers, value: [BZRQ, 办证日期]}]
    quality:
      - name: issued_before_delivery
        description: 办证日期晚于交付日期
        type: custom
        engine: govdata
        dimension: consistency
        severity: error
        implementation: {row: issued_on <= delivery_date()}
"""

DELIVERY = """借阅证号,借阅册数,办证日期
lb00000001,3,2026年1月5日
LB00000002,99,20260106
LB3,1,2026-01-07
LB00000004,0,2026-12-31
LB00000001,3,2026-01-05
"""


@pytest.mark.slow
def test_a_sixth_dataset_needs_no_code(
    deployment: Deployment, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside: Path = tmp_path_factory.mktemp("outside")
    (deployment.standards / "elements" / "culture.yaml").write_text(ELEMENTS, encoding="utf-8")
    (deployment.standards / "datasets" / "library_card.odcs.yaml").write_text(CONTRACT, encoding="utf-8")
    folder = deployment.landing / "library_card" / "2026-11-20"
    folder.mkdir(parents=True)
    (folder / "借阅证.csv").write_bytes(DELIVERY.encode("gb18030"))

    check = govdata(zygote, deployment, "standards", "check", outside=outside)
    assert check.code == 0, check.output + check.errors
    run = govdata(zygote, deployment, "run", "--date", "2026-11-20", "--dataset", "library_card", outside=outside)
    assert run.code == 0, run.output + run.errors

    with duckdb.connect(str(deployment.catalogue), read_only=True) as connection:
        published = connection.execute(
            "SELECT card_no, loans, issued_on::VARCHAR FROM published.library_card ORDER BY 1"
        ).fetchall()
        assert published == [("LB00000001", 3, "2026-01-05"), ("LB00000002", 99, "2026-01-06")]
        held = connection.execute("SELECT card_no, failed_rules FROM quarantine.library_card ORDER BY 1").fetchall()
        assert held == [("LB00000004", ["issued_before_delivery"]), ("LB3", ["card_no.format"])]
        counts = (
            "SELECT delivered, rejected, duplicates, quarantined, clean, published FROM governance.reconciliation "
            "WHERE "
            "dataset = ?"
        )
        assert connection.execute(counts, ["library_card"]).fetchall() == [(5, 0, 1, 2, 2, 2)]
        warned = "SELECT failed FROM governance.rule_results WHERE rule_id = 'loans.plausible'"
        assert connection.execute(warned).fetchall() == [(1,)]
        comment = "SELECT comment FROM duckdb_views() WHERE schema_name = 'published' AND view_name = 'library_card'"
        assert "公共图书馆借阅证" in str(connection.execute(comment).fetchall())
