"""Each check of the doctor, on this machine and on made-up ones."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from engines.pipeline import Motion
from server import doctor_checks as checks
from server.admission import Machine
from server.doctor import Check
from server.origin import ForeignPackage
from server.settings import (
    AvatarSettings,
    EmotionSettings,
    IceServer,
    RtcSettings,
    ServerSettings,
    SessionSettings,
    Settings,
)
from tests.support.fake_motion import FakeMotionModel

QUICK = ("python", "packages", "libraries", "cores", "onnx runtime", "udp ports", "ice servers")


@pytest.mark.parametrize("name", QUICK)
def test_this_machine_can_run_the_tests_so_it_is_well(name: str) -> None:
    check: Check = dict(checks.CHECKS)[name]
    finding = check(Settings())
    assert finding.name == name
    assert finding.state in ("ok", "warn")
    assert finding.said


def test_names_are_those_of_the_findings_and_differ() -> None:
    names = [name for name, _ in checks.CHECKS]
    assert len(set(names)) == len(names)


def test_a_taken_port_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = Settings(server=ServerSettings(port=listener.getsockname()[1]))
        finding = checks.tcp_port(settings)
    assert finding.state == "fail"
    assert "cannot listen" in finding.said
    assert "stop what uses it" in finding.remedy and "--port" in finding.remedy


def test_an_address_that_cannot_be_is_the_hosts_fault() -> None:
    finding = checks.tcp_port(Settings(server=ServerSettings(host="999.1.1.1")))
    assert finding.state == "fail" and finding.said.startswith("server.host")
    assert finding.remedy.startswith("give --host")


def test_taken_media_ports_are_found() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        one = RtcSettings(bind_addresses=("127.0.0.1",), udp_ports=(port, port))
        assert checks.udp_ports(Settings(rtc=one)).state == "fail"
    assert checks.udp_ports(Settings(rtc=one)).state == "ok"


def test_an_address_that_is_not_ours_is_found() -> None:
    finding = checks.udp_ports(Settings(rtc=RtcSettings(bind_addresses=("192.0.2.1",))))
    assert finding.state == "fail"
    assert "192.0.2.1" in finding.said


def test_silent_ice_servers_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(rtc=RtcSettings((IceServer(("stun:a.example", "stun:b.example")),)))
    monkeypatch.setattr(checks, "ask", lambda url: "a." in url)
    finding = checks.ice_servers(settings)
    assert (finding.state, finding.said) == ("warn", "no answer: stun:b.example")
    monkeypatch.setattr(checks, "ask", lambda url: True)
    assert checks.ice_servers(settings).state == "ok"


def test_foreign_packages_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def foreign() -> None:
        raise ForeignPackage("server is somebody else's")

    monkeypatch.setattr(checks, "check_layout", foreign)
    assert checks.layout(Settings()).state == "fail"


def test_missing_libraries_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LIBRARIES", ("numpy", "no-such-thing"))
    finding = checks.libraries(Settings())
    assert (finding.state, finding.said) == ("fail", "missing: no-such-thing")


def test_no_browser_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert checks.browser(Settings()).state == "warn"
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert checks.browser(Settings()).said == "chromium"


def test_both_encoders_are_timed_as_the_server_sets_them() -> None:
    finding = checks.encoders(Settings())
    assert finding.said.startswith("VP8 ")
    assert "H264" in finding.said
    assert "H264" not in checks.encoders(Settings(rtc=RtcSettings(h264=False))).said


def test_damaged_avatars_are_named(tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "manifest.json").write_text("{}")
    finding = checks.avatars(Settings(avatars=AvatarSettings(folders=(str(tmp_path),))))
    assert finding.state == "fail"
    assert "bad:" in finding.said


def test_the_shipped_avatars_are_whole() -> None:
    assert checks.avatars(Settings()).state == "ok"


def test_motion_steps_are_timed() -> None:
    motion: Motion = FakeMotionModel()
    steps = checks.motion_steps_s(motion)
    assert len(steps) == checks.FRAMES
    assert all(step >= 0 for step in steps)


def test_how_many_sessions_there_is_room_for() -> None:
    machine = Machine(cores=4, step_512_s=0.004)
    assert checks._sessions(machine, Settings()) == "4 sessions of 512x512"
    one = Settings(session=SessionSettings(max_sessions=1, size=256))
    assert checks._sessions(machine, one) == "1 session of 256x256"


def test_processor_flags_are_read_where_the_system_tells_them() -> None:
    assert isinstance(checks._cpu_flags(), set)


def test_the_frame_time_of_this_machine_is_told_with_the_room_it_gives() -> None:
    # A named model is not fetched for it.
    finding = checks.frame_time(Settings(emotion=EmotionSettings(text_model="./no/such")))
    assert finding.state in ("ok", "warn")
    assert "encoded in" in finding.said and "room for" in finding.said
