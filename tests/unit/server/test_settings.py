"""The tree of settings checks itself."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from server.settings import (
    SECTIONS,
    IceServer,
    MediaSettings,
    RtcSettings,
    ServerSettings,
    SessionSettings,
    Settings,
    setting_keys,
)
from server.settings_section import SettingsError


def test_the_tree_is_frozen() -> None:
    settings = Settings()
    with pytest.raises(FrozenInstanceError):
        settings.server.port = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.rtc.video_bitrate[512] = 1  # type: ignore[index]


def test_keys_name_every_field_of_every_section() -> None:
    keys = setting_keys()
    assert len(keys) == len(set(keys))
    assert set(SECTIONS) == {item.name for item in fields(Settings)}
    for name, kind in SECTIONS.items():
        assert {f"{name}.{item.name}" for item in fields(kind)} <= set(keys)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ServerSettings(port=70_000), "server.port: got 70000, wanted 0 to 65535"),
        (lambda: SessionSettings(size=300), "session.size: got 300, wanted one of 256, 384, 512"),
        (lambda: SessionSettings(max_sessions=0), "session.max_sessions: got 0, wanted at least 1"),
        (lambda: MediaSettings(playout_delay_ms=1), "media.playout_delay_ms: got 1, wanted 40"),
        (lambda: RtcSettings(udp_ports=(9, 8)), "rtc.udp_ports: got 9-8, wanted FIRST-LAST"),
        (lambda: RtcSettings(udp_ports=(80, 90)), "rtc.udp_ports: got 80-90"),
        (lambda: RtcSettings(video_bitrate={512: 1}), "rtc.video_bitrate: got 512=1"),
        (lambda: RtcSettings(video_bitrate={100: 500_000}), "rtc.video_bitrate: got 100=500000"),
        (lambda: RtcSettings(video_bitrate={512: 500_000}), "no rate for [256, 384, 768, 1024]"),
        (lambda: IceServer(("http://x",)), "rtc.ice_servers: got 'http://x', wanted stun:"),
    ],
)
def test_a_wrong_value_says_which_what_it_got_and_what_was_wanted(make: object, said: str) -> None:
    assert callable(make)
    with pytest.raises(SettingsError) as caught:
        make()
    assert said in str(caught.value)


def test_by_default_only_this_machine_can_reach_the_server_and_no_stun_is_asked() -> None:
    settings = Settings()
    assert settings.server.host == "127.0.0.1"
    assert settings.server.cors_origins == ()
    assert settings.rtc.ice_servers == ()
