"""What both kinds of door answer alike."""

from __future__ import annotations

import httpx
import pytest

from tests.unit.server.routes.test_whep import SDP, SPEAKS, WATCHES, http

__all__ = ["http"]
OFFERS = {"whip": SPEAKS, "whep": WATCHES}


@pytest.mark.parametrize("kind", ["whip", "whep"])
async def test_endpoints_and_resources_have_nothing_to_show(
    http: httpx.AsyncClient, kind: str
) -> None:
    await http.post("/whip/studio", content=SPEAKS, headers=SDP)
    url = f"/{kind}/studio" if kind == "whep" else "/whip/other"
    made = await http.post(url, content=OFFERS[kind], headers=SDP)
    assert made.status_code == 201, made.text
    location = made.headers["location"]
    for path in (url, location):
        assert (await http.get(path)).status_code == 204
        assert (await http.options(path)).headers["accept-post"] == "application/sdp"
    other = {"whip": "whep", "whep": "whip"}[kind]
    for method in ("GET", "PATCH", "DELETE"):
        wrong = await http.request(method, location.replace(kind, other, 1), headers=SDP)
        assert wrong.status_code == 404, method
    assert (await http.get(location)).status_code == 204


@pytest.mark.parametrize("kind", ["whip", "whep"])
async def test_each_route_has_its_own_name_in_the_api(http: httpx.AsyncClient, kind: str) -> None:
    paths = (await http.get("/openapi.json")).json()["paths"][f"/{kind}/r/{{key}}"]
    assert {name: path["operationId"] for name, path in paths.items()} == {
        "patch": f"{kind}_trickle_{kind}_r__key__patch",
        "delete": f"{kind}_end_{kind}_r__key__delete",
    }
