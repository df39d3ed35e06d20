"""What crosses into a child."""

from __future__ import annotations

import pickle
import signal

import pytest

from server.settings import EmotionSettings, IceServer, RtcSettings, ServerSettings, Settings
from server.settings_section import SettingsError
from server.workers import spawning
from server.workers.spawning import begin, plain, settings_of


def test_settings_come_through_another_process_whole() -> None:
    settings = Settings(
        server=ServerSettings(workers=3),
        rtc=RtcSettings(ice_servers=(IceServer(("stun:x",)),), udp_ports=(40000, 40100)),
        emotion=EmotionSettings(asr_language="de"),
    )
    back = settings_of(pickle.loads(pickle.dumps(plain(settings))))
    assert back == settings
    with pytest.raises(TypeError):
        back.rtc.video_bitrate[256] = 1  # type: ignore[index]


def test_values_that_cannot_be_are_refused_there_too() -> None:
    values = plain(Settings())
    values["server"]["workers"] = 1000
    with pytest.raises(SettingsError, match=r"server\.workers"):
        settings_of(values)


def test_a_child_leaves_ctrl_c_to_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spawning, "install_logging", lambda settings: None)
    before = signal.getsignal(signal.SIGINT)
    try:
        assert begin(plain(Settings())) == Settings()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    finally:
        signal.signal(signal.SIGINT, before)
