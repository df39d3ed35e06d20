"""The client module as an npm package: what is packed, and its types."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
import tomllib
from pathlib import Path

import pytest

from tests.support.js_types import TARGET, TSC, TYPES, WEB, written
from tests.support.npm_clients import FOLDER, MODULES, run_node, why_not

ROOT = Path(__file__).parents[3]
needs_npm = pytest.mark.skipif(bool(why_not()) or shutil.which("npm") is None, reason=why_not())


def test_its_version_is_the_servers() -> None:
    package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert package["version"] == project["version"]
    assert package["license"] == project["license"]
    assert "dependencies" not in package and "scripts" not in package


def test_every_export_has_a_declaration() -> None:
    """Without a compiler too: names on both sides."""
    script = (WEB / "synchrorama.js").read_text(encoding="utf-8")
    types = (TYPES / "synchrorama.d.ts").read_text(encoding="utf-8")
    names = {
        name.strip()
        for group in re.findall(r"^export \{([^}]*)\}", script, re.M)
        for name in group.split(",")
    } | set(re.findall(r"^export class (\w+)", script, re.M))
    assert len(names) >= 7
    for name in names:
        assert re.search(rf"^export .*\b{name}\b", types, re.M), name
    public = re.findall(r"^  (?:async |get )?([a-z]\w*)\([^)]*\) \{$", script, re.M)
    for method in set(public) - {"constructor"}:
        assert re.search(rf"^    (?:get )?{method}[(<]", types, re.M), method


def test_the_lock_of_the_tests_packages_names_no_host_and_hashes_all() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert len(packages) > 10
    for name, each in packages.items():
        assert each["integrity"].startswith("sha512-"), name
        assert "resolved" not in each, name


@needs_npm
def test_the_types_on_disk_are_those_of_the_scripts(tmp_path: Path) -> None:
    on_disk = {
        str(path.relative_to(TYPES)): path.read_text(encoding="utf-8")
        for path in TYPES.rglob("*.d.ts")
    }
    assert on_disk == written(tmp_path), "run: python -m tests.support.js_types"


@needs_npm
def test_it_is_packed_installed_and_used_from_typescript(tmp_path: Path) -> None:
    said = subprocess.run(
        ["npm", "pack", "--json", "--pack-destination", str(tmp_path)],
        cwd=WEB,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    (packed,) = json.loads(said)
    names = {each["path"] for each in packed["files"]}
    assert {"synchrorama.js", "client/link.js", "types/synchrorama.d.ts", "README.md"} <= names
    # Neither the page nor the extension.
    assert not {n for n in names if n.startswith(("page/", "extension/", "voice/", "index"))}
    assert packed["size"] < 100_000
    home = tmp_path / "node_modules" / "synchrorama-client"
    with tarfile.open(tmp_path / packed["filename"]) as archive:
        archive.extractall(tmp_path, filter="data")
    home.parent.mkdir()
    (tmp_path / "package").rename(home)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    shutil.copy(FOLDER / "usage.ts", tmp_path / "usage.ts")
    tsc = str(MODULES.parent / TSC)
    run_node(tsc, "--strict", "--noEmit", *TARGET, "usage.ts", cwd=tmp_path)
    # Where there is no page it can at least be imported, and says what is missing.
    script = """import { AvatarClient } from "synchrorama-client";
        const client = new AvatarClient({ server: "http://127.0.0.1:1" });
        await client.connect().catch((error) => console.log(error.code));"""
    assert "unsupported-browser" in run_node("--input-type=module", "-e", script, cwd=tmp_path)
