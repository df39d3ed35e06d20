"""The rules of the tree, checked by machine.

Import direction, one queue class, file and function sizes, a test file for each module,
settings documented, README tree true.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("server", "engines", "export")
CLIENT = ROOT / "plugins" / "client" / "synchrorama_client"
FORBIDDEN_IMPORTS = {
    "server": {"export", "torch", "tensorrt", "tests"},
    "engines": {"server", "export", "torch", "tensorrt", "aiortc", "fastapi", "starlette", "tests"},
    "export": {"server", "aiortc", "fastapi", "tests"},
    "plugins": {"server", "engines", "export", "torch", "fastapi", "starlette", "tests"},
}
# torch is for one folder of the engine, which only `torch_backend` imports, and only when asked.
TORCH_IN_ENGINES = ROOT / "engines" / "backends" / "torch_run"
# A module whose behaviour is only reached through a process or a browser names its test here.
TESTED_ELSEWHERE = {
    "server/__main__.py": "tests/integration/test_lifecycle.py",
    "plugins/client/synchrorama_client/media.py": "tests/integration/test_python_client.py",
    "plugins/client/synchrorama_client/server.py": "tests/integration/test_python_client.py",
    "plugins/client/synchrorama_client/session.py": "tests/integration/test_python_client.py",
}
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50


def sources() -> list[Path]:
    folders = [*(ROOT / package for package in PACKAGES), CLIENT]
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


def imported_roots(tree: ast.AST) -> set[str]:
    roots: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            roots.add(node.module.split(".")[0])
    return roots


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_source_file_follows_the_house_rules(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    name = path.relative_to(ROOT)
    package = name.parts[0]

    against = imported_roots(tree) & FORBIDDEN_IMPORTS[package]
    if path.is_relative_to(TORCH_IN_ENGINES):
        against -= {"torch"}
    assert not against, f"{name} imports {against}"

    assert len(text.splitlines()) <= MAX_FILE_LINES, f"{name} is longer than one noun"
    assert ast.get_docstring(tree), f"{name} has no module docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{name}:{node.name} has {length} lines"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{name}:{node.lineno} has a bare except"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).split(".")[-1]
            is_queue = called in {"Queue", "SimpleQueue", "LifoQueue", "PriorityQueue"}
            assert not is_queue, f"{name}:{node.lineno}: use engines.mailbox.Mailbox"
            if called == "deque":
                bounded = any(keyword.arg == "maxlen" for keyword in node.keywords)
                assert bounded, f"{name}:{node.lineno}: a deque here needs maxlen"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_source_file_has_a_test_file_of_its_own(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    if path.name == "__init__.py" or (path.name == "__main__.py" and name not in TESTED_ELSEWHERE):
        pytest.skip("nothing but a docstring or a call")
    if name in TESTED_ELSEWHERE:
        assert (ROOT / TESTED_ELSEWHERE[name]).is_file()
        return
    beside = path.relative_to(CLIENT.parent if path.is_relative_to(CLIENT) else ROOT).parent
    wanted = ROOT / "tests" / "unit" / beside / f"test_{path.name}"
    assert wanted.is_file(), f"{name} has no {wanted.relative_to(ROOT)}"


def test_engines_and_the_server_start_without_heavy_libraries() -> None:
    code = (
        "import sys, server.app, engines.loop;"
        "bad = {'torch', 'tensorrt', 'onnx', 'transformers', 'mediapipe'} & set(sys.modules);"
        "sys.exit(f'imported at start: {bad}' if bad else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_package_names_belong_to_nobody_else(package: str) -> None:
    owners = set(packages_distributions().get(package, []))
    assert owners <= {"synchrorama-live"}, f"{package} is also shipped by {owners}"
    module = __import__(package)
    assert module.__file__ is not None
    assert Path(module.__file__).resolve().parent == ROOT / package


def test_licence_texts_are_named_in_the_notice_and_shipped() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shipped = {path for pattern in project["license-files"] for path in ROOT.glob(pattern)}
    texts = set((ROOT / "docs" / "licenses").iterdir())
    assert texts and texts <= shipped
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for path in texts:
        assert str(path.relative_to(ROOT)) in notice


def test_readme_tree_is_the_tree_on_disk() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split("<!-- tree -->")[1].split("```")[1]
    named = {line.split()[0] for line in block.splitlines() if line.strip() and line[0] != " "}
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    top = {f"{name.split('/')[0]}/" if "/" in name else name for name in tracked if name}
    hidden = {name for name in top if name.startswith(".")}
    assert named - {".ci/"} == top - hidden, "README tree and the repository differ"
