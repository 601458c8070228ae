"""Dagster's folder inside a deployment."""

from __future__ import annotations

from pathlib import Path

from dagster import AssetKey, AssetMaterialization

from govdata.assets.instance import FORMER_EVENT_LOG, prepare
from govdata.deployment import Deployment
from govdata.night import instance


def test_a_deployment_made_before_keeps_its_settings_but_for_the_class_that_is_gone(tmp_path: Path) -> None:
    home = Deployment(tmp_path)
    settings = prepare(home) / "dagster.yaml"
    own = settings.read_text(encoding="utf-8") + "# 本地设置\n"
    settings.write_text(own + FORMER_EVENT_LOG, encoding="utf-8")
    with instance(home) as dagster:
        dagster.report_runless_asset_event(AssetMaterialization(AssetKey(["x", "published"])))
        assert dagster.all_asset_keys() == [AssetKey(["x", "published"])]
    assert settings.read_text(encoding="utf-8") == own
    assert [path.name for path in home.dagster_home.glob("*.tmp")] == []
