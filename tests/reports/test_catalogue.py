"""The catalogue of government data: what offices import, what other catalogues harvest, pages without a dead link, and
nobody's values in any of it."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from dataclasses import dataclass, replace
from datetime import date as Date
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyshacl
import pytest
import rdflib
from lxml import html

from govdata import reports, standards
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.reports.catalogue import LINKED, PLAIN, REGISTRATION, WORKBOOK, site
from govdata.reports.catalogue.dcat import FREQUENCIES, PUBLIC
from govdata.reports.catalogue.entries import ENTRY_FIELDS, ITEM_FIELDS, catalogue
from govdata.standards import Registry
from tests.conftest import REPOSITORY, Finished, copy_deployment
from tests.leaks import leaked
from tests.reports.validator import invalid, needs_java

pytestmark = [
    pytest.mark.xdist_group("finished"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib"),
]

DCAT = rdflib.Namespace("http://www.w3.org/ns/dcat#")
DCT = rdflib.Namespace("http://purl.org/dc/terms/")
DQV = rdflib.Namespace("http://www.w3.org/ns/dqv#")
PROV = rdflib.Namespace("http://www.w3.org/ns/prov#")


@dataclass(frozen=True)
class Written:
    deployment: Deployment
    registry: Registry
    folder: Path
    made: reports.MadeCatalogue


@pytest.fixture(scope="module")
def written(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The catalogue of the finished city, in a folder of its own."""
    assert finished.code == 0, finished.output + finished.errors
    registry = standards.load(finished.deployment.standards)
    folder = tmp_path_factory.mktemp("catalogue") / "out"
    made = reports.write_catalogue(registry, finished.deployment, folder)
    for name in (reports.DICTIONARY,):
        (folder / name).write_bytes(b"")  # put there by the command
    return Written(finished.deployment, registry, folder, made)


def rows(path: Path, sheet: str) -> list[dict[str, Any]]:
    page = openpyxl.load_workbook(path)[sheet]
    head, *lines = page.iter_rows(values_only=True)
    return [dict(zip(head, line, strict=True)) for line in lines]


def graph(folder: Path) -> rdflib.Graph:
    return rdflib.Graph().parse(folder / LINKED, format="json-ld")


def test_every_entry_stands_in_the_workbook_with_its_items(written: Written) -> None:
    entries = rows(written.folder / WORKBOOK, "目录")
    assert len(entries) == written.made.entries == len(written.registry.datasets)
    for heading in (name for name in ENTRY_FIELDS.values() if name.endswith("*")):
        assert all(entry[heading] not in (None, "") for entry in entries), heading
    population = next(entry for entry in entries if entry["挂接资源"] == "published.population")
    assert population["提供方*"] == "市公安局" and re.fullmatch(r"11190100\w{10}", population["提供方代码*"])
    assert (population["更新周期*"], population["共享属性*"], population["开放属性*"]) == (
        "每日",
        "有条件共享",
        "不予开放",
    )
    items = rows(written.folder / WORKBOOK, "信息项")
    for heading in (name for name in ITEM_FIELDS.values() if name.endswith("*")):
        assert all(item[heading] not in (None, "") for item in items), heading
    of = [item for item in items if item["所属目录*"] == "人口基本信息"]
    contract = written.registry.datasets["population"]
    assert [item["技术名称*"] for item in of] == [column.name for column in contract.columns]
    assert {
        (item["是否敏感*"], item["共享属性*"], item["开放属性*"]) for item in of if item["技术名称*"] == "citizen_id"
    } == {("是", "有条件共享", "不予开放")}
    public = {item["技术名称*"]: item["开放属性*"] for item in items if item["所属目录*"] == "法人基本信息"}
    assert (public["uscc"], public["legal_rep_id"], public["phone"]) == ("无条件开放", "不予开放", "不予开放")


def test_the_core_metadata_of_the_guideline_are_all_there(written: Written) -> None:
    """政务信息资源目录编制指南: each mandatory item has a column."""
    place = {
        "info_class": "信息资源分类*", "name": "名称*", "code": "信息资源代码*", "provider": "提供方*", "provider_code": "提供方代码*",
        "abstract": "摘要*", "format": "信息资源格式*", "share": "共享属性*", "share.type": "共享属性*", "share.mode": "共享方式",
        "share.condition": "共享条件", "open": "开放属性*", "open.flag": "开放属性*", "open.condition": "开放条件",
        "update_cycle": "更新周期*", "issued": "发布日期", "related": "关联资源代码",
        "items": "业务名称*", "items.name": "业务名称*", "items.type": "数据类型*",
    }  # fmt: skip
    with open(REPOSITORY / "standards" / "codes" / "catalogue_core_metadata.csv", encoding="utf-8", newline="") as file:
        asked = [row["code"] for row in csv.DictReader(file)]
    assert set(asked) == set(place)
    assert set(place.values()) <= {*ENTRY_FIELDS.values(), *ITEM_FIELDS.values()}


def test_cells_with_a_closed_list_are_chosen_from_it(written: Written) -> None:
    book = openpyxl.load_workbook(written.folder / WORKBOOK)
    page = book["目录"]
    assert page.page_setup.fitToWidth > 1 and page.print_title_cols == "$A:$A", "thirty columns on a page are too small"
    heads = {cell.value: cell.column_letter for cell in page[1]}
    rules = {str(rule.sqref).split(":")[0][:-1]: rule.formula1 for rule in page.data_validations.dataValidation}
    for heading in ("更新周期*", "数据分级*", "共享属性*", "开放属性*", "空间范围*", "同步机制", "生命周期*"):
        sheet, _, area = rules[heads[heading]].partition("!")
        values = {cell.value for row in book[sheet.strip("='")][area.replace("$", "")] for cell in row}
        assert {line[heading] for line in rows(written.folder / WORKBOOK, "目录")} <= values, heading
    assert "不予共享" in str([cell.value for column in book["可选值"].iter_cols() for cell in column])


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_both_workbooks(written: Written, tmp_path: Path) -> None:
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    for name in (WORKBOOK, REGISTRATION):
        shutil.copy(written.folder / name, tmp_path / "book.xlsx")
        command = [
            "soffice",
            profile,
            "--headless",
            "--convert-to",
            "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1",
        ]
        subprocess.run(
            [*command, "--outdir", str(tmp_path), str(tmp_path / "book.xlsx")],
            check=True,
            timeout=300,
            capture_output=True,
        )
        (made,) = tmp_path.glob("book*.csv")
        with open(made, encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
        assert len(lines) == written.made.entries + 1 and not any(
            "Err:" in cell or "#REF" in cell for line in lines for cell in line
        )
        assert any("101001/000001" in line for line in lines)
        made.unlink()


def test_the_registration_has_quality_as_counts(written: Written) -> None:
    lines = {line["资源名称*"]: line for line in rows(written.folder / REGISTRATION, "登记")}
    connection = duckdb.connect(str(written.deployment.catalogue), read_only=True)
    ((a, b),) = connection.execute(
        "SELECT a, b FROM governance.scorecard WHERE kind = 'dataset' AND scope = 'population' AND part IS NULL "
        "AND date = (SELECT max(date) FROM governance.scorecard)"
    ).fetchall()
    told = lines["人口基本信息"]
    assert (told["质量：符合要求的（A）"], told["质量：被评价的（B）"]) == (a, b)
    ((rows_,),) = connection.execute("SELECT count(*) FROM published.population").fetchall()
    assert told["资源规模*"].startswith(f"{rows_:,} 条")
    assert (told["统一社会信用代码*"][:8], told["安全评估情况*"]) == ("11190100", "尚未评估")
    assert lines["分区划人口"]["数据来源*"] == "由人口基本信息生成"


def test_other_catalogues_can_harvest_it(written: Written) -> None:
    """Against shapes for what DCAT-AP 3 demands."""
    data = graph(written.folder)
    shapes = Path(__file__).with_name("dcat_ap.ttl")
    conforms, _, text = pyshacl.validate(data, shacl_graph=str(shapes), advanced=False)
    assert conforms, text
    assert len(set(data.subjects(rdflib.RDF.type, DCAT.Dataset))) == written.made.entries
    population = rdflib.URIRef("urn:govdata:dataset:population")
    assert data.value(population, DCT.accrualPeriodicity) == rdflib.URIRef(
        "http://publications.europa.eu/resource/authority/frequency/DAILY"
    )
    assert data.value(rdflib.URIRef("urn:govdata:dataset:population_by_division"), PROV.wasDerivedFrom) == population


@pytest.mark.parametrize("lost", [DCT.title, DCT.publisher, DCAT.theme, DCAT.contactPoint, DCT.issued])
def test_the_shapes_miss_what_is_gone(written: Written, lost: rdflib.URIRef) -> None:
    data = graph(written.folder)
    data.remove((rdflib.URIRef("urn:govdata:dataset:population"), lost, None))
    conforms, _, _ = pyshacl.validate(data, shacl_graph=str(Path(__file__).with_name("dcat_ap.ttl")))
    assert not conforms


def test_sharing_without_conditions_is_not_public(written: Written) -> None:
    data = graph(written.folder)
    rights = {
        str(subject): str(right)
        for subject, right in data.subject_objects(DCT.accessRights)
        if "dataset:" in str(subject)
    }
    assert rights["urn:govdata:dataset:population_by_division"] == "urn:govdata:sharing:1"
    assert PUBLIC not in rights.values()


def test_every_frequency_has_its_name_in_dcat(written: Written) -> None:
    assert {code.code for code in written.registry.code_sets["update_frequency"].codes} == set(FREQUENCIES)


def test_the_json_says_what_the_workbook_says(written: Written) -> None:
    told = json.loads((written.folder / PLAIN).read_text(encoding="utf-8"))
    entries = rows(written.folder / WORKBOOK, "目录")
    assert [entry["code"] for entry in told["entries"]] == [entry["信息资源代码*"] for entry in entries]
    assert told["unregistered"] == list(written.made.unregistered) == []


# ------------------------------------------------------------------------------------------------------------- pages


def pages(written: Written) -> dict[Path, html.HtmlElement]:
    return {path: html.fromstring(path.read_text(encoding="utf-8")) for path in written.folder.rglob("*.html")}


def test_there_is_a_page_for_everything(written: Written) -> None:
    names = {path.relative_to(written.folder).as_posix() for path in pages(written)}
    registry = written.registry
    wanted = {f"dataset/{name}.html" for name in registry.datasets} | {
        f"element/{name}.html" for name in registry.elements
    }
    assert names == {"index.html"} | wanted | {f"codes/{name}.html" for name in registry.code_sets}
    assert written.made.pages == len(names)


def test_every_link_works_and_nothing_is_asked_for(written: Written) -> None:
    for path, page in pages(written).items():
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids)), path
        for link in page.xpath("//a/@href"):
            file, _, place = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target.is_file(), f"{path.name}: {link}"
            if place:
                there = page if target == path else html.fromstring(target.read_text(encoding="utf-8"))
                assert there.xpath("//*[@id=$place]", place=place), f"{path.name}: {link}"
        assert not page.xpath("//@src | //link | //form | //iframe | //img | //object | //@onclick | //@style")


@pytest.mark.slow
@needs_java
def test_the_validator_of_the_w3c_finds_nothing(written: Written) -> None:
    of_each_kind = {path.relative_to(written.folder).parent: path for path in sorted(written.folder.rglob("*.html"))}
    assert len(of_each_kind) == 4 and invalid(of_each_kind.values()) == []


def test_a_page_is_allowed_its_own_style_and_script_alone(written: Written) -> None:
    for path, page in pages(written).items():
        (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy and "http" not in policy
        text = path.read_text(encoding="utf-8")
        for tag in ("style", "script"):
            inside = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
            digests = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in inside]
            assert [f"{tag}-src 'sha256-{digest}'" in policy for digest in digests] == [True] * len(digests)
            assert len(inside) == (1 if tag == "style" or path.name == "index.html" else 0)


def test_a_column_is_followed_from_its_headers_to_what_is_made_of_it(written: Written) -> None:
    page = pages(written)[written.folder / "dataset" / "population.html"]
    (line,) = page.xpath("//table/tbody/tr[starts-with(th, '出生日期（birth_date）')]")
    headers, used = (cell.text_content() for cell in line.xpath("td"))
    assert "CSRQ" in headers
    assert "person.birth_date" in used and "population_by_division.minors" in used
    person = pages(written)[written.folder / "dataset" / "person.html"]
    (back,) = person.xpath("//table/tbody/tr[starts-with(th, '出生日期（birth_date）')]")
    assert "population.birth_date" in back.text_content() and "marriage.male_birth_date" in back.text_content()


def test_a_table_tells_how_much_it_is_read(written: Written) -> None:
    page = pages(written)[written.folder / "dataset" / "education.html"].text_content()
    assert "读取（经 govdata 的）" in page and re.search("没有人读过，已 [0-9]+ 天|[0-9]+ 次，最近", page)


def test_what_nobody_reads_is_listed_the_longest_unread_first(written: Written, tmp_path: Path) -> None:
    made = catalogue(written.registry, written.deployment)
    held = {name: replace(known, idle_days=1) for name, known in made.holdings.items()}
    held["marriage"] = replace(held["marriage"], idle_days=30, reads=0, last_read=None)
    held["house"] = replace(held["house"], idle_days=90, reads=7, last_read=Date(2026, 8, 22))
    held["birth"] = replace(held["birth"], idle_days=29)
    site.write(replace(made, holdings=held), written.registry, tmp_path, ())
    lines = html.parse(tmp_path / "index.html").xpath("//section[@id='idle']//tbody/tr")
    told = [[cell.text_content() for cell in line] for line in lines]
    assert [(line[0], *line[4:]) for line in told] == [
        ("房屋权属信息", "7", "2026-08-22", "90"),
        ("婚姻登记信息", "0", "没有读过", "30"),
    ]


def test_scores_are_cut_as_everywhere(written: Written) -> None:
    with duckdb.connect(str(written.deployment.catalogue), read_only=True) as connection:
        scored = connection.execute(
            "SELECT scope, (floor(score * 100 + 1e-7) / 100)::DECIMAL(5, 2)::VARCHAR FROM governance.scorecard WHERE kind "
            "= 'dataset' AND part IS NULL AND date = (SELECT max(date) FROM governance.scorecard)"
        ).fetchall()
    index = pages(written)[written.folder / "index.html"]
    shown = {
        line.find("td").text_content(): line.findall("td")[-1].text_content()
        for line in index.iter("tr")
        if line.find("td") is not None
    }
    assert {name: shown[f"published.{name}"] for name, _ in scored} == dict(scored) and len(scored) == 6


def test_an_element_tells_who_else_holds_it_and_whose_word_it_is(written: Written) -> None:
    page = pages(written)[written.folder / "element" / "sex.html"].text_content()
    for owner in ("市公安局", "市教育局", "市民政局", "市卫生健康委员会", "数源部门"):
        assert owner in page


def test_nobodys_values_are_in_it(written: Written) -> None:
    """Neither a citizen's number nor a name of the register; numbers of providers are none of a person."""
    connection = duckdb.connect(str(written.deployment.catalogue), read_only=True)
    ids = {row[0] for row in connection.execute("SELECT citizen_id FROM published.population").fetchall()}
    phones = {
        row[0]
        for row in connection.execute("SELECT phone FROM published.population WHERE phone IS NOT NULL").fetchall()
    }
    for path in written.folder.rglob("*.*"):
        if path.suffix == ".xlsx":
            if not path.stat().st_size:
                continue
            with zipfile.ZipFile(path) as archive:
                text = "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml"))
        else:
            text = path.read_text(encoding="utf-8")
        assert not ids & set(re.findall(r"[0-9]{17}[0-9X]", text)), path
        assert not phones & set(re.findall(r"[0-9]{11}", text)), path


def test_no_value_of_any_column_is_in_the_pages(written: Written) -> None:
    """Names too, and in what is unpacked of the workbooks; the reports and how the nights went are searched where the
    night is (tests/assets/test_night.py)."""
    texts = []
    for path in written.folder.glob("*.xlsx"):
        if path.stat().st_size:
            with zipfile.ZipFile(path) as archive:
                texts += [archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml")]
    assert texts and leaked(written.deployment, [written.folder], texts) == set()


def test_a_table_without_an_entry_is_told(tmp_path: Path) -> None:
    """As is one whose entry does not keep to the offices' rules: the derived tables' like the delivered ones'."""
    deployment = copy_deployment(tmp_path / "home")
    contract = deployment.standards / "datasets" / "couple.odcs.yaml"
    text = contract.read_text(encoding="utf-8")
    begins, ends = text.index("      - property: catalogue"), text.index("    properties:\n")
    contract.write_text(text[:begins] + text[ends:], encoding="utf-8")
    made = reports.write_catalogue(standards.load(deployment.standards), deployment, tmp_path / "out")
    assert made.unregistered == ("couple",)
    conditions = re.sub("          condition: .*\n", "", text)
    contract.write_text(conditions, encoding="utf-8")
    with pytest.raises(GovdataError, match=r"couple\.odcs\.yaml:\d+ .*有条件共享的要写明共享条件"):
        standards.load(deployment.standards)


def test_what_facts_and_declaration_disagree_on_is_told(finished: Finished, tmp_path: Path) -> None:
    shutil.copytree(finished.deployment.standards, tmp_path / "standards")
    contract = tmp_path / "standards" / "datasets" / "population.odcs.yaml"
    text = contract.read_text(encoding="utf-8").replace(
        "gathered: '2026-11-18', governed: '2026-11-18'", "gathered: '2026-12-18'"
    )
    contract.write_text(text, encoding="utf-8")
    registry = standards.load(tmp_path / "standards")
    made = reports.write_catalogue(registry, finished.deployment, tmp_path / "out")
    told = "；".join(made.remarks["population"])
    assert (
        "最早在 2026-11-18 就有归集的数据" in told and "最早在 2026-11-18 就有治理的数据，目录写的治理日期是 无" in told
    )


def test_before_the_first_night_there_is_a_catalogue_too(tmp_path: Path) -> None:
    deployment = copy_deployment(tmp_path / "home")
    registry = standards.load(deployment.standards)
    made = reports.write_catalogue(registry, deployment, tmp_path / "out")
    assert "还没有发布过数据" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert (
        all("还没有发布过" in "".join(remarks) for remarks in made.remarks.values())
        and len(made.remarks) == made.entries
    )
    stale = tmp_path / "out" / "element" / "gone.html"
    stale.write_text("", encoding="utf-8")
    reports.write_catalogue(registry, deployment, tmp_path / "out")
    assert not stale.exists()


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    deployment = copy_deployment(tmp_path / "home")
    with pytest.raises(GovdataError, match="里有别的文件"):
        reports.write_catalogue(standards.load(deployment.standards), deployment, deployment.standards)
    assert (deployment.standards / "codes" / "index.yaml").is_file()
