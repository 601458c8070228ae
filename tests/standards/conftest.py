"""A small, sound standards folder that each test spoils in one place."""

from __future__ import annotations

from pathlib import Path

import pytest

from govdata.standards import Problem, problems

ELEMENTS = """\
citizen_id:
  name: 公民身份号码
  name_en: Citizen identity number
  definition: 公民的唯一身份代码
  standard: GB 11643-1999
  clause: '4'
  type: text
  normalise: [halfwidth, strip, uppercase]
  rules:
    format: {pattern: '[1-9][0-9]{16}[0-9X]', dimension: conformity, severity: error, message: 应为18位, indicator: '0302'}
    check_digit: {check_digit: gb11643, dimension: accuracy, severity: error, message: 校验码不正确}
    birth: {row: id_birth_date(value) IS NOT NULL, dimension: accuracy, severity: error, message: 出生日期无效}
  sensitivity: {level: 3, personal: sensitive, mask: keep_6_0}
  examples:
    valid: ['11010519491231002X', '440524188001010014']
    invalid: {'110105194912310021': check_digit}
    repairs: {'11010519491231002x': '11010519491231002X', '无': null}
sex:
  name: 性别
  name_en: Sex
  definition: 性别代码
  type: code
  code_set: sex
  normalise: [strip]
  sensitivity: {level: 2, personal: general}
  examples: {valid: ['1'], invalid: {'7': code_set}, repairs: {男: '1'}}
birth_date:
  name: 出生日期
  name_en: Date of birth
  definition: 出生的日期
  standard: GB/T 7408.1-2023
  type: date
  normalise: [strip, date, {placeholder_dates: {values: ['1900-01-01']}}]
  rules:
    plausible: {date_range: {min: '1900-01-01', max: delivery_date}, dimension: accuracy, severity: warning, message: 日期不合理}
  sensitivity: {level: 2}
capital:
  name: 注册资本
  name_en: Capital
  definition: 注册资本
  type: decimal
  scale: 2
  unit: 元
  normalise: [{money: {unit_column: capital_unit}}]
  rules:
    plausible: {range: {min: 0}, dimension: accuracy, severity: error, message: 不能为负}
  sensitivity: {level: 1}
note:
  name: 备注
  name_en: Note
  definition: 备注
  type: text
  sensitivity: {level: 1}
"""

INDEX = """\
sex:
  name: 人的性别代码
  standard: GB/T 2261.1
  edition: '2003'
  source: 标准文本
  grade: A
village:
  name: 村级代码
  standard: 本地
  source: 经验
  grade: C
  validity: year
"""

HEADER = "code,name_zh,name_en,parent,valid_from,valid_to,note"

SEX = f"{HEADER}\n0,未知的性别,,,,,\n1,男性,,,,,\n2,女性,,,,,\n9,未说明的性别,,,,,\n"
VILLAGE = f"{HEADER},successor\n190001,甲村,,,1990,2000,,190002\n190001,甲新村,,,2010,,,\n190002,乙村,,,2000,,,\n190003,乙村,,,2000,,,\n"

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: person
name: 人口
version: 1.0.0
status: active
domain: 人口
description: {purpose: 核验, limitations: 无}
team: {name: 市公安局}
slaProperties:
  - {property: frequency, value: 1, unit: d}
  - {property: deliveryDeadline, value: '01:30'}
schema:
  - name: person
    customProperties:
      - {property: delivery, value: {mode: delta, key: [citizen_id], operation: note}}
      - {property: volume, value: {min_rows: 1, max_rows: 100}}
      - {property: sharing, value: conditional}
    properties:
      - name: citizen_id
        businessName: 身份证号
        logicalType: string
        primaryKey: true
        required: true
        customProperties:
          - {property: element, value: citizen_id}
          - {property: headers, value: [GMSFHM, 身份证号]}
      - name: sex
        logicalType: string
        required: true
        customProperties:
          - {property: element, value: sex}
          - {property: headers, value: [XB]}
          - {property: synonyms, value: {'01': '1'}}
          - {property: overrides, value: {required: {severity: warning}}}
      - name: birth_date
        logicalType: date
        customProperties:
          - {property: element, value: birth_date}
          - {property: headers, value: [CSRQ]}
          - {property: overrides, value: {plausible: {disabled: true}}}
      - name: note
        customProperties:
          - {property: element, value: note}
      - name: remark
        businessName: 备注说明
        customProperties: [{property: element, value: note}]
    quality:
      - name: birth_date_agrees
        description: 出生日期与号码不一致
        type: custom
        engine: govdata
        dimension: consistency
        severity: error
        implementation: {row: birth_date = id_birth_date(citizen_id), columns: [birth_date], indicator: '0402'}
      - {type: text, description: 只是说明}
"""


class Folder:
    """A standards folder; ``problems`` reads it anew."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for file, text in {
            "elements/_defaults.yaml": "null_tokens: ['', 无, 'NULL']\n",
            "elements/person.yaml": ELEMENTS,
            "codes/index.yaml": INDEX,
            "codes/sex.csv": SEX,
            "codes/sex.synonyms.csv": "source,code,note\n男,1,\nM,1,\n",
            "codes/village.csv": VILLAGE,
            "datasets/person.odcs.yaml": CONTRACT,
        }.items():
            self.write(file, text)

    def write(self, file: str, text: str | bytes) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def read(self, file: str) -> str:
        return (self.root / file).read_text(encoding="utf-8")

    def spoil(self, file: str, old: str, new: str) -> int:
        """Replaces ``old``, which must be there once, and returns its line."""
        text = self.read(file)
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        self.write(file, text.replace(old, new))
        return text[: text.index(old)].count("\n") + 1

    def problems(self) -> list[Problem]:
        return problems(self.root)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "standards")
