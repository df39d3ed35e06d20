"""Flags over environment over file over defaults; anything unknown is an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.settings import IceServer, setting_keys
from server.settings_load import convert, env_name, flag_name, load_settings
from server.settings_section import SettingsError


def test_flags_win_over_environment_over_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("[server]\nport = 1001\nhost = 'file'\n[session]\nsize = 256\n")
    env = {"SYNCHRORAMA_SERVER_PORT": "1002", "SYNCHRORAMA_SERVER_HOST": "env", "PATH": "/bin"}
    settings = load_settings({"server.port": "1003", "server.host": None}, env, file)
    assert settings.server.port == 1003
    assert settings.server.host == "env"
    assert settings.session.size == 256
    assert settings.session.close_timeout_s == 3.0


def test_the_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("[log]\nformat = 'json'\n")
    assert load_settings({}, {"SYNCHRORAMA_CONFIG": str(file)}).log.format == "json"


def test_variables_of_the_offline_programs_are_not_settings() -> None:
    env = {"SYNCHRORAMA_DATA": "data", "SYNCHRORAMA_TRACKER_PYTHON": "python"}
    assert load_settings({}, env) == load_settings()


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"SYNCHRORAMA_SERVER_PROT": "1"}, "did you mean SYNCHRORAMA_SERVER_PORT?"),
        ({"SYNCHRORAMA_QQQQQQQQ": "1"}, "unknown setting: environment variable"),
        ({"SYNCHRORAMA_SERVER_PORT": "high"}, "server.port: got 'high', wanted a whole number"),
        ({"SYNCHRORAMA_RTC_UDP_PORTS": "5-6-7"}, "rtc.udp_ports: got '5-6-7', wanted FIRST-LAST"),
        ({"SYNCHRORAMA_RTC_H264": "maybe"}, "rtc.h264: got 'maybe', wanted true or false"),
        ({"SYNCHRORAMA_MEDIA_PUSH_BUFFER_S": "nan"}, "media.push_buffer_s: got 'nan'"),
        ({"SYNCHRORAMA_RTC_ICE_SERVERS": '[{"url": 1}]'}, "rtc.ice_servers: got"),
        ({"SYNCHRORAMA_RTC_ICE_SERVERS": "[1]"}, "rtc.ice_servers: got"),
        ({"SYNCHRORAMA_RTC_VIDEO_BITRATE": "512"}, "rtc.video_bitrate: got '512', wanted SIZE="),
    ],
)
def test_what_is_wrong_in_the_environment_is_said(env: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({}, env)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sever]\nport = 1\n", "did you mean server.port?"),
        ("port = 1\n", "'port' stands outside a table"),
        ("[server\n", "is not TOML"),
        ("[server]\nport = 'x'\n", "server.port: got 'x', wanted a whole number"),
        ("[server]\nport = true\n", "server.port: got True, wanted a whole number"),
        ("[server]\nhost = 1\n", "server.host: got 1, wanted text"),
        ("[rtc]\nice_servers = 5\n", "rtc.ice_servers: got 5"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "s.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings({}, {}, file)
    assert said in str(caught.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load_settings({}, {}, tmp_path / "none.toml")


def test_an_unknown_flag_is_an_error() -> None:
    with pytest.raises(SettingsError, match="did you mean --server-port"):
        load_settings({"server.prt": "1"})


def test_ice_servers_come_as_urls_json_or_tables(tmp_path: Path) -> None:
    plain = convert("rtc.ice_servers", "stun:a:1, turn:b:2")
    assert plain == (IceServer(("stun:a:1",)), IceServer(("turn:b:2",)))
    row = '[{"urls": ["turn:b:2"], "username": "u", "credential": "c"}]'
    assert convert("rtc.ice_servers", row) == (IceServer(("turn:b:2",), "u", "c"),)
    file = tmp_path / "s.toml"
    file.write_text("[[rtc.ice_servers]]\nurls = 'turn:b:2'\nusername = 'u'\ncredential = 'c'\n")
    assert load_settings({}, {}, file).rtc.ice_servers == (IceServer(("turn:b:2",), "u", "c"),)


def test_rates_given_replace_those_of_their_sizes_only() -> None:
    rates = load_settings({"rtc.video_bitrate": "512=2000000"}).rtc.video_bitrate
    assert rates[512] == 2_000_000
    assert rates[256] == 500_000


def test_empty_text_unsets_what_may_be_unset() -> None:
    settings = load_settings({"session.max_sessions": "", "rtc.udp_ports": "", "server.host": ""})
    assert settings.session.max_sessions is None
    assert settings.rtc.udp_ports is None
    assert settings.server.host == ""


@pytest.mark.parametrize("text", ["true", "YES", "on", "1"])
def test_switches_on(text: str) -> None:
    assert convert("rtc.h264", text) is True


@pytest.mark.parametrize("text", ["false", "No", "off", "0"])
def test_switches_off(text: str) -> None:
    assert convert("rtc.h264", text) is False


def test_every_key_has_a_spelling_of_its_own_and_a_reader() -> None:
    keys = setting_keys()
    assert len({env_name(key) for key in keys}) == len(keys)
    assert len({flag_name(key) for key in keys}) == len(keys)


@given(st.sampled_from(setting_keys()), st.text(max_size=20))
def test_any_text_is_a_value_or_a_named_error(key: str, text: str) -> None:
    try:
        load_settings({key: text})
    except SettingsError as error:
        assert key in str(error)
