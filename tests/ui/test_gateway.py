"""The routes of the gateway on the operations page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.parts.daemon import free_port
from tests.parts.milepost import StartMilepost
from tests.parts.model_server import model_server
from tests.ui.conftest import Visit


def test_what_each_route_serves_is_seen(
    milepost_server: StartMilepost,
    visit: Visit,
    shoot: Callable[[Page, str], None],
    tmp_path: Path,
) -> None:
    with model_server() as model:
        gone = f"http://127.0.0.1:{free_port()}"
        routes = [
            {"name": "sentiment", "model_uri": "models:/sentiment/3", "server": model.url},
            {"name": "fraud", "model_uri": "s3://models/fraud/latest", "server": gone},
        ]
        config = tmp_path / "settings.json"
        config.write_text(json.dumps({"gateway": {"enabled": True, "routes": routes}}))
        server = milepost_server(None, f"--config={config}")
        page = visit(server.url).go("operations")
        expect(page.get_by_role("heading", name="Gateway")).to_be_visible()
        card = page.locator("section").filter(has=page.get_by_role("heading", name="Gateway"))
        well = card.get_by_role("row", name="sentiment")
        expect(well).to_contain_text("models:/sentiment/3")
        expect(well).to_contain_text("ms")
        expect(well).to_contain_text("closed")
        expect(card.get_by_role("row", name="fraud")).to_contain_text("does not answer")
        expect(page.get_by_text("Degraded")).to_be_visible()
        # The address of a model server may hold a password.
        expect(page.get_by_text("user:***@127.0.0.1").first).to_be_visible()
        expect(page.get_by_text("user:secret@")).to_have_count(0)
        shoot(page, "operations-gateway")
