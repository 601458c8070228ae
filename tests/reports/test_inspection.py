"""The inspection report: figures as scored, nobody's values, a page that asks for nothing, the bureau's own "
"document."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import docx
import pytest
from lxml import etree, html

from govdata import publish, reports
from govdata.errors import GovdataError
from govdata.reports.inspection import score
from tests.conftest import REPOSITORY
from tests.masters.conftest import PEOPLE, contract
from tests.scoring.conftest import BIRTHS_1, PEOPLE_1, Scored
from tests.scoring.conftest import city as city  # the fixture

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
VALUES = ("甲", "乙", "丁", "错", "888888", "A1", "A9", "B1", "丙", "壬", "190102")
"""Of records; the divisions' names and codes that are scored stand in the report of the city."""


def night(city: Scored) -> list[reports.Written]:
    city.deliver("people", city.day(0), PEOPLE_1)
    city.deliver("births", city.day(0), BIRTHS_1)
    city.score(0)
    publish.rebuild_catalogue(city.deployment, city.registry)
    return reports.write(city.registry, city.deployment)


def text(path: Path) -> str:
    """All a document says, a line per paragraph, its header too."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if re.fullmatch(r"word/(document|header\d|footer\d)\.xml", name)]
        roots = [etree.fromstring(archive.read(name)) for name in names]
    paragraphs = (node for root in roots for node in root.iter(f"{{{WORD}}}p"))
    return "\n".join("".join(part.text or "" for part in node.iter(f"{{{WORD}}}t")) for node in paragraphs)


def page(path: Path) -> html.HtmlElement:
    return html.fromstring(path.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_one_report_for_the_city_and_one_per_department(city: Scored) -> None:
    written = night(city)
    assert [made.department for made in written] == [None, "公安", "卫健"]
    folder = city.deployment.reports / "2026-03-02"
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")} == {
        f"{name}/数据质量检测报告.{kind}" for name in ("全市", "公安", "卫健") for kind in ("docx", "html")
    }
    again = reports.write(city.registry, city.deployment, city.day(0), "公安")
    assert [made.department for made in again] == ["公安"]


@pytest.mark.slow
def test_the_figures_are_those_of_the_scorecard(city: Scored) -> None:
    made = night(city)[1]
    total, part = city.line(0, "department", "公安"), city.line(0, "department", "公安", "conformity")
    told = text(made.document)
    assert f"合计 {score(total['score'])} 分，{total['level']}" in told
    rows = {row[0]: row for row in _tables(made.page)[0]}
    assert rows["规范性"][3:8] == [str(part["a"]), str(part["b"]), str(part["failed"]), "0", score(part["score"])]
    assert rows["可访问性"][7] == "未评估"
    assert "3 条发现问题，共 3 处" in told  # two of its own table, one across tables
    assert "母亲不在人口库" in told and "区划不在代码集中" in told


def _tables(path: Path) -> list[list[list[str]]]:
    return [
        [[cell.text_content() for cell in row.findall("td")] for row in table.iterfind(".//tbody/tr")]
        for table in page(path).iterfind(".//table")
    ]


@pytest.mark.slow
def test_page_and_document_say_the_same(city: Scored) -> None:
    made = night(city)[0]
    told = text(made.document)
    cells = {cell for table in _tables(made.page) for row in table for cell in row}
    assert [cell for cell in sorted(cells) if cell not in told] == [] and len(cells) > 50


@pytest.mark.slow
def test_no_value_of_a_record_is_in_any_report(city: Scored) -> None:
    for made in night(city)[1:]:
        both = text(made.document) + page(made.page).text_content()
        words = set(re.findall(r"[0-9A-Za-z]+|[\u4e00-\u9fff]+", both))
        assert words.isdisjoint(VALUES) and "规范性" in words


@pytest.mark.slow
def test_the_page_is_self_contained_and_asks_for_nothing(city: Scored) -> None:
    made = night(city)[0]
    whole = made.page.read_text(encoding="utf-8")
    policy = page(made.page).find(".//meta[@http-equiv='Content-Security-Policy']").get("content")
    (style,) = page(made.page).iterfind(".//style")
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"https?://|<script|<link|<img|\ssrc=|\shref=|\sstyle=|\son\w+=|url\(|@import", whole)
    assert "size: A4" in style.text


@pytest.mark.slow
def test_the_bureaus_own_document_is_used(city: Scored) -> None:
    own = docx.Document()
    own.add_paragraph("市局自己的报告 {{ unit }} {{ total.score }}")
    target = city.deployment.standards / "templates" / "inspection.docx"
    target.parent.mkdir()
    own.save(str(target))
    made = night(city)[1]
    assert text(made.document).strip() == f"市局自己的报告 公安 {score(city.line(0, 'department', '公安')['score'])}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{{ scoer }}", "scoer"),
        ("{% for line in parts %}", "TemplateSyntaxError"),
        ("{{ ''.__class__.__mro__ }}", "SecurityError"),
        ("{{ parts.append(1) }}", "SecurityError"),
    ],
)
def test_a_template_that_cannot_be_used_is_told(city: Scored, written: str, said: str) -> None:
    own = docx.Document()
    own.add_paragraph(written)
    target = city.deployment.standards / "templates" / "inspection.docx"
    target.parent.mkdir()
    own.save(str(target))
    with pytest.raises(GovdataError, match=rf"报告模板 templates/inspection.docx 不能用.*{said}"):
        night(city)


def test_what_is_no_document_is_told(city: Scored) -> None:
    target = city.deployment.standards / "templates" / "inspection.docx"
    target.parent.mkdir()
    target.write_bytes(b"not a document")
    with pytest.raises(GovdataError, match=r"报告模板 templates/inspection.docx 不是 \.docx 文档"):
        night(city)


@pytest.mark.slow
def test_names_that_mean_something_elsewhere_do_nothing(city: Scored) -> None:
    name = "公<b>安</b>/../&{{ title }}"
    city.write("datasets/people.odcs.yaml", contract("people", f"'{name}'", PEOPLE, "id"))
    made = next(made for made in night(city) if made.department == name)
    assert made.page.parent.parent == city.deployment.reports / "2026-03-02"
    assert f"（{name}）" in text(made.document)
    assert page(made.page).find(".//b") is None and name in page(made.page).text_content()


@pytest.mark.slow
def test_what_was_not_scored_is_told(city: Scored) -> None:
    with pytest.raises(GovdataError, match="还没有目录"):
        reports.write(city.registry, city.deployment)
    publish.rebuild_catalogue(city.deployment, city.registry)
    with pytest.raises(GovdataError, match="还没有评分"):
        reports.write(city.registry, city.deployment)
    night(city)
    with pytest.raises(GovdataError, match="没有民政的评分"):
        reports.write(city.registry, city.deployment, None, "民政")
    with pytest.raises(GovdataError, match="2026-03-05 没有全市的评分"):
        reports.write(city.registry, city.deployment, city.day(3))


def test_the_default_document_is_what_its_script_writes(tmp_path: Path) -> None:
    made = tmp_path / "made.docx"
    subprocess.run([sys.executable, str(REPOSITORY / "scripts" / "inspection_template.py"), str(made)], check=True)
    kept = REPOSITORY / "govdata" / "reports" / "templates" / "inspection.docx"
    with zipfile.ZipFile(made) as one, zipfile.ZipFile(kept) as other:
        for name in ("word/document.xml", "word/header1.xml", "word/footer1.xml"):
            assert _canonical(one.read(name)) == _canonical(other.read(name))


def _canonical(xml: bytes) -> str:
    return etree.canonicalize(xml_data=xml.decode())


SOFFICE = shutil.which("soffice")
WRITER = SOFFICE is not None and (Path(SOFFICE).resolve().parent / "libswlo.so").exists()


@pytest.mark.slow
@pytest.mark.skipif(not WRITER, reason="LibreOffice Writer is not installed")
def test_libreoffice_opens_the_document(city: Scored, tmp_path: Path) -> None:
    made = night(city)[0]
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    source = shutil.copy(made.document, tmp_path / "report.docx")
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
