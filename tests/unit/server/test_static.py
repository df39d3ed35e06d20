"""The page's files."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from server.static import WEB_ROOT, mount_page


@pytest.fixture
def page(tmp_path: Path) -> Path:
    root = tmp_path / "web"
    root.mkdir()
    (root / "index.html").write_text("<!doctype html>hello")
    (root / "main.js").write_text("export {};")
    (tmp_path / "secret.txt").write_text("secret")
    return root


def client(root: Path) -> httpx.AsyncClient:
    app = FastAPI()

    @app.get("/healthz")
    async def healthz() -> str:
        return "ok"

    mount_page(app, root)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_the_page_lies_at_the_root_and_is_asked_for_each_time(page: Path) -> None:
    async with client(page) as http:
        index = await http.get("/")
        assert index.text.endswith("hello")
        assert index.headers["cache-control"] == "no-cache"
        script = await http.get("/main.js")
        assert script.headers["content-type"].startswith("text/javascript")
        again = await http.get("/main.js", headers={"If-None-Match": script.headers["etag"]})
        assert again.status_code == 304


async def test_routes_come_before_files_and_nothing_outside_is_served(page: Path) -> None:
    async with client(page) as http:
        assert (await http.get("/healthz")).json() == "ok"
        for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/none.js"):
            assert (await http.get(path)).status_code == 404


def test_an_installation_without_its_page_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="not complete"):
        mount_page(FastAPI(), tmp_path)


def test_the_project_has_its_page() -> None:
    assert (WEB_ROOT / "index.html").is_file()
