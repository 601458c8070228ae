"""One slip at a time in a sound folder: the problem names the file, the line and what is wrong, in Chinese, and nothing
else is blamed."""

from __future__ import annotations

import pytest

from govdata.engine import trial
from govdata.standards import problems
from tests.standards.conftest import SEX, Folder

PERSON = "elements/person.yaml"
CONTRACT = "datasets/person.odcs.yaml"
INDEX = "codes/index.yaml"

FORMAT = (
    "    format: {pattern: '[1-9][0-9]{16}[0-9X]', dimension: conformity, severity: error, message: 应为18位, "
    "indicator: "
    "'0302'}\n"
)
BIRTH = "row: id_birth_date(value) IS NOT NULL"
PLAUSIBLE = "date_range: {min: '1900-01-01', max: delivery_date}"
IMPLEMENTATION = (
    "implementation: {row: birth_date = id_birth_date(citizen_id), columns: [birth_date], indicator: '0402'}"
)
YEAR = "  validity: year\n"
SHARING = "      - {property: sharing, value: conditional}\n"
NUMBER = "          - {property: element, value: citizen_id}\n"
UPGRADED = (
    "          - {property: normalise, value: [strip, {upgrade_15_to_18: {document_column: %s, documents: [%s]}}]}\n"
)
NOTE = "definition: 备注\n  type: text\n"

CASES = {
    # YAML
    "tab": (PERSON, "  clause: '4'", "\tclause: '4'", 0, "制表符"),
    "colon in a value": (PERSON, "  clause: '4'", "  clause: a: b", 0, "冒号"),
    "unclosed quote": (CONTRACT, "purpose: 核验", "purpose: '核验", 0, "没有闭合"),
    "duplicate key": (PERSON, "  clause: '4'\n", "  clause: '4'\n  clause: '5'\n", 1, "键“clause”重复"),
    "alias": (PERSON, "  clause: '4'", "  clause: *x", 0, "引用"),
    "anchor": (PERSON, "  clause: '4'", "  clause: &x '4'", 0, "锚点"),
    "tag": (PERSON, "  clause: '4'", "  clause: !!python/object:os.system '4'", 0, "标签"),
    "standard tag": (PERSON, "  clause: '4'", "  clause: !!str 4", 0, "标签"),
    "two documents": (PERSON, "note:\n  name: 备注", "---\nnote:\n  name: 备注", 0, "一份 YAML 文档"),
    "not a mapping": (PERSON, "{level: 2, personal: general}", "[2]", 0, "应为映射（键: 值），却是列表"),
    "unclosed bracket": (PERSON, "normalise: [strip]", "normalise: [strip", 0, "没有闭合"),
    "double quotes around a pattern": (
        PERSON,
        "format: {pattern: '[1-9][0-9]{16}[0-9X]'",
        'format: {pattern: "\\d+"',
        0,
        "正则请用单引号",
    ),
    "indentation": (PERSON, "  clause: '4'", " clause: '4'", 0, "缩进不一致"),
    "half a character": (PERSON, "  clause: '4'", '  clause: "\\ud800"', 0, "不是一个字符"),
    "escaped zero": (PERSON, "  clause: '4'", '  clause: "4\\0"', 0, "控制字符 U+0000"),
    "escaped zero in a key": (PERSON, "{'7': code_set}", '{"7\\0": code_set}', 0, "控制字符 U+0000"),
    # written form
    "unknown key": (PERSON, "  clause: '4'", "  clauses: '4'", 0, "未知的键“clauses”，是否想写 clause"),
    "unknown key of a rule": (
        PERSON,
        "min: '1900-01-01', max",
        "mim: '1900-01-01', max",
        0,
        "未知的键“mim”，是否想写 min",
    ),
    "missing key": (PERSON, "  definition: 备注\n", "", -3, "缺少“definition”"),
    "number for text": (PERSON, "  clause: '4'", "  clause: 4", 0, "应为文本，请加引号"),
    "text for number": (PERSON, "{level: 3,", "{level: high,", 0, "应为整数，却是文本"),
    "out of bounds": (PERSON, "{level: 3,", "{level: 5,", 0, "不能大于 4"),
    "unknown type": (
        PERSON,
        "type: decimal",
        "type: money",
        0,
        "应为 text、code、date、datetime、integer、decimal、boolean 之一",
    ),
    "bad id": (PERSON, "\ncapital:\n", "\nCapital:\n", 1, "小写字母"),
    "bad rule name": (PERSON, "    check_digit: {check_digit", "    Check: {check_digit", 0, "小写字母"),
    "bad indicator": (PERSON, "indicator: '0302'", "indicator: '302'", 0, "四位指标编号"),
    "bad dimension": (
        PERSON,
        "dimension: accuracy, severity: warning",
        "dimension: truth, severity: warning",
        0,
        "conformity、completeness",
    ),
    "null token without quotes": ("elements/_defaults.yaml", "'NULL'", "NULL", 0, "加引号"),
    "empty message": (PERSON, "message: 校验码不正确", "message: ''", 0, "不能为空"),
    # elements
    "unknown normaliser": (
        PERSON,
        "[halfwidth, strip, uppercase]",
        "[halfwidht, strip, uppercase]",
        0,
        "是否想写 halfwidth",
    ),
    "normaliser without its argument": (
        PERSON,
        "{placeholder_dates: {values: ['1900-01-01']}}",
        "placeholder_dates",
        0,
        "缺少参数：values",
    ),
    "normaliser with a wrong argument": (PERSON, "{values: ['1900", "{dates: ['1900", 0, "没有参数“dates”"),
    "normaliser with an argument of a wrong type": (
        PERSON,
        "values: ['1900-01-01']",
        "values: '1900-01-01'",
        0,
        "应为文本列表",
    ),
    "named list nobody wrote": (PERSON, "values: ['1900-01-01']", "values: no_dates", 0, "没有名为“no_dates”的列表"),
    "empty named list": (
        "elements/_defaults.yaml",
        "null_tokens: ['', 无, 'NULL']",
        "null_tokens: ['', 无, 'NULL']\nlists: {no_dates: []}",
        1,
        "不能为空",
    ),
    "named list of a contract nobody wrote": (
        CONTRACT,
        "value: birth_date}\n",
        "value: birth_date}\n          - {property: normalise, value: [{placeholder_dates: {values: no_date}}]}\n",
        1,
        "没有名为“no_date”的列表",
    ),
    "repeated normaliser": (PERSON, "[halfwidth, strip, uppercase]", "[strip, halfwidth, strip]", 0, "strip 重复"),
    "unknown code set": (PERSON, "code_set: sex", "code_set: gender", 0, "没有名为“gender”的代码集"),
    "code set on text": (
        PERSON,
        NOTE,
        "definition: 备注\n  type: text\n  code_set: sex\n",
        2,
        "code_set 只用于类型 code",
    ),
    "code without code set": (PERSON, NOTE, "definition: 备注\n  type: code\n", -3, "要写明 code_set"),
    "scale on text": (PERSON, NOTE, "definition: 备注\n  type: text\n  scale: 2\n", 2, "scale 只用于类型 decimal"),
    "rule without kind": (PERSON, "check_digit: gb11643, ", "", 0, "却没有写"),
    "rule of two kinds": (
        PERSON,
        "check_digit: gb11643, ",
        "check_digit: gb11643, length: {max: 18}, ",
        0,
        "却有 length、check_digit",
    ),
    "rule without message": (PERSON, ", message: 校验码不正确", "", 0, "缺少“message”"),
    "unknown check digit": (
        PERSON,
        "check_digit: gb11643",
        "check_digit: luhn",
        0,
        "gb11643、gb32100、gb11714、gs15 之一",
    ),
    "kind of another type": (PERSON, PLAUSIBLE, "length: {min: 1}", 0, "类型为日期的数据元不能用规则种类 length"),
    "empty range": (PERSON, "range: {min: 0}", "range: {}", 0, "至少写一个"),
    "contradictory range": (PERSON, "range: {min: 0}", "range: {min: 2, max: 1}", 0, "min 大于 max"),
    "contradictory length": (PERSON, BIRTH, "length: {min: 19, max: 17}", 0, "min 大于 max"),
    "contradictory dates": (PERSON, PLAUSIBLE, "date_range: {min: '2000-01-01', max: '1999-01-01'}", 0, "min 晚于 max"),
    "impossible date": (PERSON, "min: '1900-01-01', max", "min: '1900-02-30', max", 0, "1900-02-30 不是有效日期"),
    "date in another shape": (PERSON, "min: '1900-01-01', max", "min: 1900/1/1, max", 0, "应为日期 YYYY-MM-DD"),
    "pattern that does not compile": (PERSON, BIRTH, "pattern: '(['", 0, "方括号没有闭合"),
    "look-around": (PERSON, BIRTH, "pattern: '(?=1).*'", 0, "不支持 (?…)"),
    "back-reference": (PERSON, BIRTH, "pattern: '(1)\\1.*'", 0, "反向引用"),
    "pattern against one valid example": (PERSON, BIRTH, "pattern: '11.*'", 3, "有效示例不通过规则 birth"),
    "pattern against every valid example": (PERSON, BIRTH, "not_pattern: '[1-9].*'", 0, "没有一个有效示例通过此规则"),
    "length against a valid example": (PERSON, BIRTH, "length: {max: 17}", 0, "没有一个有效示例通过此规则"),
    "required among an element's rules": (PERSON, "    birth: {row", "    required: {row", 0, "required: true"),
    "implied rule with a kind": (
        PERSON,
        "    plausible: {date_range",
        "    type: {date_range",
        0,
        "隐含规则 type 只能改",
    ),
    "implied rule of another type": (PERSON, "    birth: {row", "    type: {row", 0, "没有这条规则"),
    "row expression with another column": (
        PERSON,
        BIRTH,
        "row: id_birth_date(citizen_id) IS NOT NULL",
        0,
        "没有名为“citizen_id”的列",
    ),
    "row expression with a wrong function": (
        PERSON,
        BIRTH,
        "row: birth_of(value) IS NOT NULL",
        0,
        "没有名为“birth_of”的函数",
    ),
    "row expression with a slip in a function": (
        PERSON,
        BIRTH,
        "row: id_birth_dat(value) IS NOT NULL",
        0,
        "没有名为“id_birth_dat”的函数，是否想写 id_birth_date",
    ),
    "row expression with a slip in a code set": (
        CONTRACT,
        IMPLEMENTATION,
        "implementation: {row: \"in_code_set(note, 'vilage')\"}",
        0,
        "没有名为“vilage”的代码集，是否想写 village",
    ),
    "row expression with a slip in a column": (
        CONTRACT,
        IMPLEMENTATION,
        "implementation: {row: birth_dat = id_birth_date(citizen_id)}",
        0,
        "没有名为“birth_dat”的列，是否想写 birth_date",
    ),
    "code that a column never has": (
        CONTRACT,
        IMPLEMENTATION,
        "implementation: {row: \"sex IN ('1', '3') OR birth_date = id_birth_date(citizen_id)\"}",
        0,
        "代码“3”不在列 sex 的代码集 sex 中",
    ),
    "code that a CASE never meets": (
        CONTRACT,
        IMPLEMENTATION,
        "implementation: {row: \"CASE sex WHEN '男' THEN birth_date IS NULL ELSE TRUE END\"}",
        0,
        "代码“男”不在列 sex 的代码集 sex 中",
    ),
    "code on the left": (CONTRACT, IMPLEMENTATION, "implementation: {row: \"'3' <> sex\"}", 0, "代码“3”不在列 sex"),
    "rule with a slip in a code set": (
        PERSON,
        FORMAT,
        FORMAT
        + "    known: {in_code_set: {code_set: vilage}, dimension: conformity, severity: warning, message: 应为代码}\n",
        1,
        "没有名为“vilage”的代码集，是否想写 village",
    ),
    "slip in a code set": (PERSON, "code_set: sex", "code_set: sexx", 0, "没有名为“sexx”的代码集，是否想写 sex"),
    "example of an unknown rule": (
        PERSON,
        "{'110105194912310021': check_digit}",
        "{'110105194912310021': checkdigit}",
        0,
        "规则“checkdigit”不存在",
    ),
    "example both valid and invalid": (
        PERSON,
        "{'110105194912310021': check",
        "{'440524188001010014': check",
        0,
        "既是有效示例又是无效示例",
    ),
    "repeated example": (PERSON, "valid: ['1']", "valid: ['1', '1']", 0, "有效示例重复"),
    "grade C that quarantines": (
        PERSON,
        "severity: error, message: 校验码不正确",
        "severity: error, grade: C, message: 校验码不正确",
        0,
        "C 级",
    ),
    "code set graded C that quarantines": (
        PERSON,
        BIRTH,
        "in_code_set: {code_set: village}",
        0,
        "代码集 village 为 C 级（待核）",
    ),
    "expression on a code set graded C": (
        PERSON,
        BIRTH,
        "row: \"in_code_set(id_region(value), 'village')\"",
        0,
        "代码集 village 为 C 级",
    ),
    # code sets
    "index entry without file": (
        INDEX,
        YEAR,
        YEAR + "hamlet: {name: 村, standard: 本地, source: 无, grade: B}\n",
        1,
        "代码表 codes/hamlet.csv 不存在",
    ),
    "file name of another": (INDEX, "  grade: A\n", "  grade: A\n  file: village.csv\n", 1, "文件名应为 sex.csv"),
    "path in a file name": (INDEX, "  grade: A\n", "  grade: A\n  file: ../sex.csv\n", 1, "不含路径"),
    "bad id in the index": (
        INDEX,
        YEAR,
        YEAR + "../sex: {name: 村, standard: 本地, source: 无, grade: B}\n",
        1,
        "小写字母",
    ),
    "empty value": (INDEX, "edition: '2003'", "edition:", 0, "值为空"),
    "edition without quotes": (INDEX, "'2003'", "2003", 0, "应为文本，请加引号"),
    "impossible valid_from": (
        INDEX,
        "  grade: A\n",
        "  grade: A\n  valid_from: 2003-02-31\n",
        1,
        "valid_from 应为日期",
    ),
    "repeated code": ("codes/sex.csv", "2,女性", "1,女性", 0, "代码“1”与第 3 行的有效期重叠"),
    "overlapping validity": ("codes/village.csv", "2010", "1999", 0, "代码“190001”与第 2 行的有效期重叠"),
    "missing column": ("codes/sex.csv", "valid_to,note", "valid_until,note", 0, "表头缺少列：valid_to"),
    "cells of a row": ("codes/sex.csv", "2,女性,,,,,", "2,女性,,,,", 0, "应有 7 列，实有 6 列"),
    "empty name": ("codes/sex.csv", "2,女性", "2,", 0, "代码和中文名称不能为空"),
    "blank around a code": ("codes/sex.csv", "2,女性", " 2,女性", 0, "首尾有空白"),
    "date of validity": ("codes/sex.csv", "2,女性,,,,", "2,女性,,,2003,", 0, "valid_from 应为日期 YYYY-MM-DD"),
    "year of validity": ("codes/village.csv", ",2010,", ",2010-01-01,", 0, "valid_from 应为四位年份"),
    "validity backwards": ("codes/village.csv", "1990,2000", "1990,1980", 0, "不早于终止"),
    "synonym to no code": ("codes/sex.synonyms.csv", "M,1", "M,3", 0, "同义词指向的代码“3”不在代码表中"),
    "synonym twice": ("codes/sex.synonyms.csv", "M,1", "男,2", 0, "与第 2 行指向不同的代码"),
    "synonym that is another code": ("codes/sex.synonyms.csv", "M,1", "2,1", 0, "本身是另一个代码"),
    "synonym against a name": ("codes/sex.synonyms.csv", "M,1", "女性,1", 0, "是代码“2”的名称"),
    # contracts
    "id of another contract": (CONTRACT, "id: person\n", "id: people\n", 0, "id “people”与文件名不一致，应为“person”"),
    "synonym that means no value": (
        CONTRACT,
        "value: {'01': '1'}",
        "value: {'01': '1', 无: '9'}",
        0,
        "同义词“无”永远对不上：数据元 sex 把它视为空",
    ),
    "synonym with a blank": (CONTRACT, "value: {'01': '1'}", "value: {'01 ': '1'}", 0, "同义词“01 ”首尾有空白"),
    "document code of another code set": (
        CONTRACT,
        NUMBER,
        NUMBER + UPGRADED % ("sex", "'1', '111'"),
        1,
        "参数 documents：代码“111”不在列 sex 的代码集 sex 中",
    ),
    "document column without codes": (
        CONTRACT,
        NUMBER,
        NUMBER + UPGRADED % ("note", "'1'"),
        1,
        "参数 documents：列 note 不是代码列",
    ),
    "unknown element": (
        CONTRACT,
        "value: birth_date}",
        "value: birth_dat}",
        0,
        "没有名为“birth_dat”的数据元，是否想写 birth_date",
    ),
    "wrong api version": (CONTRACT, "v3.1.0", "v3.2.0", 0, "应为 v3.1.0 之一"),
    "key ODCS does not know": (
        CONTRACT,
        "        primaryKey: true",
        "        primarykey: true",
        0,
        "未知的键“primarykey”，是否想写 primaryKey",
    ),
    "unknown custom property": (
        CONTRACT,
        "property: headers, value: [XB]",
        "property: header, value: [XB]",
        0,
        "是否想写 headers",
    ),
    "repeated custom property": (
        CONTRACT,
        "{property: volume, value: {min_rows: 1, max_rows: 100}}",
        "{property: sharing, value: none}",
        1,
        "重复",
    ),
    "no delivery": (
        CONTRACT,
        "      - {property: delivery, value: {mode: delta, key: [citizen_id], operation: note}}\n",
        "",
        -1,
        "应写 delivery（部门交付）或 origin（由已发布的表生成）之一",
    ),
    "another table's name": (CONTRACT, "  - name: person\n", "  - name: people\n", 0, "与文件名不一致，应为“person”"),
    "bad table name": (CONTRACT, "  - name: person\n", "  - name: ../person\n", 0, "小写字母"),
    "bad column name": (CONTRACT, "      - name: remark\n", "      - name: Note;\n", 0, "小写字母"),
    "reserved column name": (CONTRACT, "      - name: remark\n", "      - name: value\n", 0, "保留字"),
    "column twice": (CONTRACT, "      - name: remark\n", "      - name: sex\n", 0, "列“sex”重复"),
    "header claimed twice": (CONTRACT, "[CSRQ]", "[CSRQ, 'ｘｂ']", 0, "已属于列 sex"),
    "header that is another column": (CONTRACT, "[CSRQ]", "[Note]", None, "表头“note”已属于列 birth_date"),
    "logical type of another": (CONTRACT, "logicalType: date", "logicalType: string", 0, "logicalType 应为 date"),
    "unexecuted unique": (CONTRACT, "logicalType: date", "unique: true", 0, "unique 不会被执行"),
    "unexecuted options": (
        CONTRACT,
        "logicalType: date",
        "logicalTypeOptions: {format: yyyy}",
        0,
        "logicalTypeOptions 不会被执行",
    ),
    "unexecuted quality": (CONTRACT, "engine: govdata", "engine: soda", -3, "不会被执行"),
    "synonym to no code of the set": (CONTRACT, "{'01': '1'}", "{'01': '7'}", 0, "代码“7”不在代码集 sex 中"),
    "synonyms on text": (
        CONTRACT,
        "value: note}\n",
        "value: note}\n          - {property: synonyms, value: {a: b}}\n",
        1,
        "只用于代码类",
    ),
    "override of no rule": (CONTRACT, "{plausible: {disabled", "{plausibel: {disabled", 0, "规则“plausibel”不存在"),
    "override without change": (CONTRACT, "{plausible: {disabled: true}}", "{plausible: {}}", 0, "没有写任何改动"),
    "override of a disabled rule": (CONTRACT, "{disabled: true}", "{disabled: true, severity: error}", 0, "已停用"),
    "override of no rule of the dataset": (
        CONTRACT,
        SHARING,
        "      - {property: overrides, value: {primary_key_uniqe: {severity: warning}}}\n" + SHARING,
        0,
        "规则“primary_key_uniqe”不存在，是否想写 primary_key_unique",
    ),
    "override of a column's rule at the dataset": (
        CONTRACT,
        SHARING,
        SHARING + "      - property: overrides\n        value:\n          sex.required: {severity: error}\n",
        3,
        "属于列 sex：写在该列的 overrides 里，名称为 required",
    ),
    "override of the dataset's rule without change": (
        CONTRACT,
        SHARING,
        "      - {property: overrides, value: {birth_date_agrees: {}}}\n" + SHARING,
        0,
        "规则“birth_date_agrees”没有写任何改动",
    ),
    "key that is no column": (CONTRACT, "key: [citizen_id]", "key: [id]", 0, "合并键“id”不是本数据集的列"),
    "key that may be empty": (CONTRACT, "key: [citizen_id]", "key: [citizen_id, birth_date]", 0, "空值无法合并"),
    "delta without key": (CONTRACT, "key: [citizen_id], ", "", 0, "要写明合并键"),
    "operation that is no column": (CONTRACT, "operation: note", "operation: change_kind", 0, "不是本数据集的列"),
    "operation of a snapshot": (CONTRACT, "mode: delta", "mode: snapshot", 0, "只用于 mode: delta"),
    "marker with a path": (
        CONTRACT,
        "operation: note",
        "operation: note, marker: {name: 'up/{file}.ok'}",
        0,
        "不能有路径",
    ),
    "marker that is the data": (
        CONTRACT,
        "operation: note",
        "operation: note, marker: {name: '{file}'}",
        0,
        "与数据文件的不同",
    ),
    "marker's count without a group": (
        CONTRACT,
        "operation: note",
        "operation: note, marker: {name: '{file}.ctl', count: '[0-9]+'}",
        0,
        "正好有一个括号组",
    ),
    "marker's count that is no pattern": (
        CONTRACT,
        "operation: note",
        "operation: note, marker: {name: '{file}.ctl', count: '('}",
        0,
        "正则不能编译",
    ),
    "negative rest": (CONTRACT, "operation: note", "operation: note, settle: -1", 0, "不能小于 0"),
    "former name still there": (
        CONTRACT,
        "value: note}\n",
        "value: note}\n          - {property: former_names, value: [sex]}\n",
        None,
        "旧列名“sex”仍是合同里的列",
    ),
    "volume backwards": (
        CONTRACT,
        "min_rows: 1, max_rows: 100",
        "min_rows: 101, max_rows: 100",
        0,
        "min_rows 大于 max_rows",
    ),
    "share of rejects": (CONTRACT, "max_rows: 100", "max_rejected: 5", 0, "不能大于 1"),
    "share above one": (CONTRACT, "max_rows: 100", "max_quarantine: 20", 0, "不能大于 1"),
    "frequency": (CONTRACT, "value: 1, unit: d", "value: 0, unit: d", 0, "应为正整数"),
    "unit of frequency": (CONTRACT, "value: 1, unit: d", "value: 1, unit: 天", 0, "应为 d、w、m、y 之一"),
    "deadline": (CONTRACT, "'01:30'", "'25:00'", 0, "HH:MM"),
    "rule twice": (
        CONTRACT,
        "      - {type: text, description: 只是说明}\n",
        "      - {name: birth_date_agrees, description: x, type: custom, engine: govdata, dimension: consistency, "
        "severity: error,"
        " implementation: {unique: [note]}}\n",
        0,
        "规则“birth_date_agrees”重复",
    ),
    "rule without description": (CONTRACT, "        description: 出生日期与号码不一致\n", "", -1, "缺少“description”"),
    "rule of no kind": (CONTRACT, IMPLEMENTATION, "implementation: {columns: [birth_date]}", 0, "row、unique 之一"),
    "rule of both kinds": (
        CONTRACT,
        IMPLEMENTATION,
        "implementation: {row: note = '1', unique: [note]}",
        0,
        "row、unique 之一",
    ),
    "unique over no column": (
        CONTRACT,
        IMPLEMENTATION,
        "implementation: {unique: [citizen]}",
        0,
        "没有名为“citizen”的列，是否想写 citizen_id",
    ),
    "told of no column": (CONTRACT, "columns: [birth_date]", "columns: [birthdate]", 0, "没有名为“birthdate”的列"),
    "expression on no column": (CONTRACT, "row: birth_date =", "row: birthdate =", 0, "没有名为“birthdate”的列"),
    "expression on no function": (
        CONTRACT,
        "id_birth_date(citizen_id)",
        "birth_date_of(citizen_id)",
        0,
        "没有名为“birth_date_of”的函数",
    ),
    "expression on no code set": (
        CONTRACT,
        "row: birth_date = id_birth_date(citizen_id)",
        "row: \"in_code_set(sex, 'x')\"",
        0,
        "没有名为“x”的代码集",
    ),
    "expression of mixed types": (
        CONTRACT,
        "row: birth_date = id_birth_date(citizen_id)",
        "row: sex = 1",
        0,
        "文本不能与数值比较",
    ),
    "expression with value": (CONTRACT, "row: birth_date = id", "row: value = id", 0, "value 只用于数据元的规则"),
    "expression with a subquery": (
        CONTRACT,
        "row: birth_date = id_birth_date(citizen_id)",
        "row: note IN (SELECT note)",
        0,
        "没有名为“select”的列",
    ),
    "grade C rule that quarantines": (CONTRACT, "indicator: '0402'}", "indicator: '0402', grade: C}", -6, "C 级"),
    "column a step needs": (
        CONTRACT,
        "value: note}\n",
        "value: capital}\n",
        0,
        "参数 unit_column：没有名为“capital_unit”的列；请在本列写 normalise",
    ),
    "column a contract's step needs": (
        CONTRACT,
        "value: note}\n",
        "value: capital}\n          - {property: normalise, value: [{money: {unit_column: unit}}]}\n",
        1,
        "没有名为“unit”的列",
    ),
    # the official schema alone knows these
    "status of ODCS": (CONTRACT, "status: active", "status: active\nservers: all", 1, "不符合 ODCS v3.1.0"),
    "server of ODCS": (CONTRACT, "status: active", "status: active\ntags: [1]", 1, "不符合 ODCS v3.1.0"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_slip_is_one_problem_at_its_line(folder: Folder, case: str) -> None:
    file, old, new, offset, fragment = CASES[case]
    line = folder.spoil(file, old, new)
    found = folder.problems()
    assert len(found) == 1, "\n".join(str(problem) for problem in found) or "nothing was found"
    assert found[0].file == file
    assert fragment in found[0].message
    assert found[0].line is not None
    if offset is not None:
        assert found[0].line == line + offset, str(found[0])


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (PERSON, "[1-9][0-9]{16}[0-9X]", "(?:[1-9]{100}){100}"),
        (PERSON, BIRTH, "row: \"matches(value, '(?:a{100}){100}')\""),
        (
            CONTRACT,
            IMPLEMENTATION,
            "implementation: {row: \"matches(citizen_id, '(?:a{100}){100}')\", columns: [citizen_id]}",
        ),
    ],
    ids=["pattern", "row expression of an element", "rule of a contract"],
)
def test_a_pattern_only_the_engine_refuses(folder: Folder, file: str, old: str, new: str) -> None:
    line = folder.spoil(file, old, new)
    assert [(p.file, p.line) for p in problems(folder.root, engine=trial.refusal) if "乘超过 1000" in p.message] == [
        (file, line)
    ]


def test_an_element_written_in_two_files(folder: Folder) -> None:
    text = folder.read(PERSON)
    folder.write("elements/zz.yaml", text[text.index("note:") :])
    (problem,) = folder.problems()
    assert (problem.file, problem.line) == ("elements/zz.yaml", 1)
    assert problem.message.startswith("数据元“note”已在 elements/person.yaml:")


def test_a_contract_copied_with_its_id(folder: Folder) -> None:
    folder.write("datasets/people.odcs.yaml", folder.read(CONTRACT).replace("  - name: person\n", "  - name: people\n"))
    (problem,) = folder.problems()
    assert (problem.file, problem.line) == ("datasets/people.odcs.yaml", 3)
    assert "id “person”与文件名不一致，应为“people”" in problem.message


@pytest.mark.parametrize(
    ("file", "fragment"),
    [
        ("codes/forgotten.csv", "索引 index.yaml 中没有代码集“forgotten”"),
        ("codes/forgotten.local.csv", "索引 index.yaml 中没有代码集“forgotten”"),
        ("codes/sex.synonym.csv", "文件名应为"),
        ("codes/Sex.csv", "文件名应为"),
        ("elements/more.yml", "扩展名应为 .yaml"),
        ("datasets/person.yaml", "合同的文件名应为"),
        ("datasets/person_zh.odcs.yaml", "目录里的 person_zh 是表 person 的中文视图"),
        ("datasets/Person.odcs.yaml", "小写字母"),
        ("elements/empty.yaml", "文件是空的"),
    ],
)
def test_files_that_nobody_would_read(folder: Folder, file: str, fragment: str) -> None:
    folder.write(file, SEX if file.endswith(".csv") else "")
    (problem,) = folder.problems()
    assert problem.file == file
    assert fragment in problem.message


def test_files_that_are_not_text(folder: Folder) -> None:
    folder.write(PERSON, folder.read(PERSON).replace("clause: '4'", "clause: '第四条'").encode("gb18030"))
    folder.write("codes/sex.csv", SEX.encode("gb18030"))
    messages = {(problem.file, problem.message) for problem in folder.problems()}
    assert (PERSON, "不是 UTF-8 编码，请另存为 UTF-8") in messages
    assert ("codes/sex.csv", "不是 UTF-8 编码，请另存为 UTF-8") in messages


def test_a_byte_order_mark_is_no_problem(folder: Folder) -> None:
    for file in (PERSON, "codes/sex.csv", INDEX):
        folder.write(file, b"\xef\xbb\xbf" + folder.read(file).encode())
    assert folder.problems() == []


def test_a_control_character_is_found_at_its_line(folder: Folder) -> None:
    line = folder.spoil(PERSON, "clause: '4'", "clause: '4\x08'")
    (problem,) = [problem for problem in folder.problems() if problem.file == PERSON]
    assert (problem.line, problem.message) == (line, "含有控制字符 U+0008")


def test_a_bomb_is_refused_before_it_grows(folder: Folder) -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{name}: &{name} [*{last}, *{last}]\n" for last, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    folder.write("elements/bomb.yaml", bomb)
    folder.write("elements/deep.yaml", "a: " + "[" * 100_000)
    found = {problem.file: problem.message for problem in folder.problems()}
    assert "锚点" in found["elements/bomb.yaml"]
    assert "嵌套超过" in found["elements/deep.yaml"]


def test_a_link_out_of_the_folder_is_refused(folder: Folder) -> None:
    outside = folder.root.parent / "outside.yaml"
    outside.write_text("note2: {}\n")
    (folder.root / "elements/link.yaml").symlink_to(outside)
    assert "elements/link.yaml：是指向标准目录之外的链接" in [str(problem) for problem in folder.problems()]


def test_a_broken_element_is_not_blamed_on_its_contracts(folder: Folder) -> None:
    folder.spoil(PERSON, "definition: 性别代码\n", "")
    (problem,) = folder.problems()
    assert problem.file == PERSON


def test_two_patterns_no_example_satisfies(folder: Folder) -> None:
    rules = (
        "  rules:\n"
        "    a: {pattern: '[0-9]+', dimension: conformity, severity: error, message: 数字}\n"
        "    b: {pattern: '[a-z]+', dimension: conformity, severity: error, message: 字母}\n"
        "  examples: {valid: ['1', a]}\n"
    )
    line = folder.spoil(PERSON, NOTE, NOTE + rules)
    found = folder.problems()
    assert [problem.line for problem in found if "互相矛盾" in problem.message] == [line + 4]


def test_an_override_cannot_make_a_weak_fact_block(folder: Folder) -> None:
    folder.spoil(PERSON, "severity: warning, message: 日期不合理", "severity: warning, grade: C, message: 日期不合理")
    line = folder.spoil(CONTRACT, "{plausible: {disabled: true}}", "{plausible: {severity: error}}")
    (problem,) = folder.problems()
    assert (problem.line, "C 级" in problem.message) == (line, True)


def test_check_names_do_not_collide(folder: Folder) -> None:
    folder.spoil(CONTRACT, "      - name: birth_date_agrees\n", "      - name: sex__code_set\n")
    (problem,) = folder.problems()
    assert "sex__code_set" in problem.message
