"""The order of folders."""

from __future__ import annotations

from pathlib import Path

from engines.avatars.store import BUILTIN
from server.avatar_folders import avatar_store
from server.settings import AvatarSettings, Settings


def test_folders_of_the_settings_come_before_the_built_in_avatars(tmp_path: Path) -> None:
    (tmp_path / "zoe").mkdir()
    (tmp_path / "zoe" / "manifest.json").write_text("{}")
    store = avatar_store(Settings(avatars=AvatarSettings(folders=(str(tmp_path),))))
    built_in = avatar_store(Settings()).names()
    assert store.names() == sorted({"zoe", *built_in})
    assert BUILTIN.name == "builtin"
