"""Our packages are ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from server import origin
from server.origin import ForeignPackage, check_layout, folder_of


def test_this_tree_is_whole() -> None:
    check_layout()


def test_a_package_from_elsewhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(ForeignPackage, match="'server' would be imported from"):
        check_layout(tmp_path)


def test_looking_imports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.delitem(sys.modules, "export", raising=False)
    assert folder_of("export") is not None
    assert "export" not in sys.modules
    assert folder_of("no_such_package") is None


def test_a_missing_package_is_foreign_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "PACKAGES", ("no_such_package",))
    with pytest.raises(ForeignPackage, match="from None"):
        check_layout()
