"""docs/settings.md is what the tree says."""

from __future__ import annotations

from pathlib import Path

from server.settings import IceServer, RtcSettings, Settings, setting_keys
from server.settings_doc import markdown, rows, show

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_page_on_disk_is_the_one_written_from_the_tree() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run: synchrorama settings --markdown"


def test_every_key_is_documented_once_with_a_meaning() -> None:
    text = markdown()
    for key in setting_keys():
        assert text.count(f"| `{key}` |") == 1
    assert all(meaning for _, _, meaning in rows(Settings()))


def test_values_are_shown_as_they_could_be_given_and_credentials_are_not() -> None:
    assert show(None) == ""
    assert show(True) == "true"
    assert show((40000, 40100)) == "40000-40100"
    assert show({256: 5}) == "256=5"
    server = IceServer(("turn:x",), "ann", "secret")
    shown = dict((key, value) for key, value, _ in rows(Settings(rtc=RtcSettings((server,)))))
    assert shown["rtc.ice_servers"] == "turn:x (with credential)"
    assert "secret" not in str(shown)
