"""The inbox of work orders as Dagster watches it, and the asset that closes a night."""

from __future__ import annotations

import os
import time
from pathlib import Path

import openpyxl
import pytest
from dagster import AssetKey, DagsterInstance, SkipReason, build_sensor_context, materialize

from govdata.assets import orders, rejudged
from govdata.assets.partitions import delivery_dates
from govdata.assets.resources import DeploymentResource
from govdata.governance import workbook
from govdata.governance.orders import REPLIED
from tests.governance.conftest import City
from tests.governance.conftest import city as city
from tests.governance.test_closing import BAD_PLACE, GOOD, PLACE
from tests.governance.test_rejudging import HEADER, MORE, held_back


def looked(city: City) -> str:
    resource = DeploymentResource(deployment=city.deployment)
    with (
        DagsterInstance.ephemeral() as dagster,
        build_sensor_context(instance=dagster, resources={"deployment": resource}) as context,
    ):
        said = orders.inbox_sensor(city.registry)(context)
    assert isinstance(said, SkipReason)
    return str(said.skip_message)


def test_the_sensor_takes_what_has_come_to_rest_and_leaves_what_is_being_copied(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    (path,) = workbook.write_all(city.registry, city.deployment, city.day(0))
    assert "没有要收的文件" in looked(city)

    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[1]
    at = {str(cell.value): cell.column for cell in sheet[6]}
    sheet.cell(7, at["处理结果"]).value = "已在源头修正"
    inbox = city.deployment.workorders / "inbox"
    inbox.mkdir(parents=True)
    book.save(inbox / "回来的.xlsx")
    assert "没有要收的文件" in looked(city) and (inbox / "回来的.xlsx").exists()

    rested(inbox / "回来的.xlsx")
    assert looked(city) == "收了 1 个文件：反馈 1 条，未收 0 处"
    assert city.order(PLACE).state == REPLIED and not (inbox / "回来的.xlsx").exists()
    assert "没有要收的文件" in looked(city)


def test_a_foreign_file_is_put_away_with_a_receipt_and_the_sensor_goes_on(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    inbox = city.deployment.workorders / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "别的.xlsx").write_bytes(b"no workbook")
    rested(inbox / "别的.xlsx")
    assert looked(city).startswith("收了 1 个文件：反馈 0 条")
    assert len(list((inbox / "回执").iterdir())) == 1 and len(list((inbox / "已收").iterdir())) == 1


def rested(path: Path) -> None:
    then = time.time() - 3600
    os.utime(path, (then, then))


@pytest.mark.slow
def test_the_assets_close_a_night_and_say_what_came_of_it(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVDATA_FIRST_DATE", city.day(0).isoformat())
    held_back(city)
    city.deliver("people", city.day(0), HEADER + "A1,甲,1990-01-01,190101\nA2,乙,1991-01-01,999999\n")
    dates = delivery_dates(city.day(0))

    def made() -> dict[str, object]:
        registry = city.registry
        assets = [rejudged.rejudged(registry, dates, []), orders.work_orders(registry, dates, [])]
        result = materialize(
            assets,
            partition_key=city.day(0).isoformat(),
            resources={"deployment": DeploymentResource(deployment=city.deployment)},
        )
        assert result.success
        told = [result.asset_materializations_for_node(asset.op.name)[0] for asset in assets]
        assert [each.asset_key for each in told] == [AssetKey(["governance", "rejudged"]), orders.KEY]
        return {name: value.value for each in told for name, value in each.metadata.items()}

    first = made()
    assert (first["复审的行"], first["新派发"], first["办结"], first["工作簿"]) == (0, 1, 0, 1)
    city.write("codes/places.csv", MORE)
    second = made()
    assert (second["复审的行"], second["放行"], second["新派发"], second["办结"]) == (1, 1, 0, 1)
