"""Where avatars of users lie, and who may add to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.onboarding.shelves import is_loopback, shelf_of, uploads_allowed, user_folder
from server.settings import AvatarSettings, ServerSettings, Settings


def test_the_data_folder_is_the_default() -> None:
    plain = AvatarSettings()
    assert user_folder(plain, {"XDG_DATA_HOME": "/data"}) == Path("/data/synchrorama/avatars")
    home = Path.home() / ".local/share/synchrorama/avatars"
    assert user_folder(plain, {}) == home
    assert user_folder(plain, {"XDG_DATA_HOME": "data"}) == home
    assert user_folder(AvatarSettings(user_folder="/mine"), {}) == Path("/mine")


def test_a_shelf_makes_no_folder(tmp_path: Path) -> None:
    shelf = shelf_of(AvatarSettings(user_folder=str(tmp_path / "mine"), max_avatars=0))
    assert shelf.names() == [] and not shelf.folder.exists()
    with pytest.raises(Exception, match="max_avatars"):
        shelf.check_free("zoe")


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("", False)],
)
def test_only_loopback_is_local(host: str, local: bool) -> None:
    assert is_loopback(host) is local
    server = ServerSettings(host=host)
    assert uploads_allowed(Settings(server=server)) is local
    assert uploads_allowed(Settings(server=server, avatars=AvatarSettings(uploads="always")))
    assert not uploads_allowed(Settings(server=server, avatars=AvatarSettings(uploads="never")))
