"""The command line: what it takes, what it refuses, what it calls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engines.avatars.bundle import DamagedAvatar
from engines.emotion.values import EmotionOverride
from server import backend, cli, doctor, motion_job, render, serve
from server.doctor import Finding
from server.metrics import program_version
from server.settings import Settings, setting_keys
from server.settings_doc import markdown
from server.settings_load import flag_name
from server.workers import supervisor
from tests.support.fake_backend import FakeInfo, FakeStore


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("SYNCHRORAMA_"):
            monkeypatch.delenv(name)


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert program_version() in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["sing"], ["avatar"], ["render"]])
def test_what_is_missing_is_wrong_use(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--prt", "1"], "did you mean --port?"),
        (["serve", "--rtc-udp-port=1"], "did you mean --rtc-udp-ports?"),
        (["render", "--audio", "a", "--out", "b", "--sed", "1"], "did you mean --seed?"),
        (["settings", "--qqqqqqqqq"], "unknown argument --qqqqqqqqq; see"),
        (["settings", "--port", "high"], "server.port: got 'high', wanted a whole number"),
        (["settings", "--config", "/no/such.toml"], "No such file"),
    ],
)
def test_what_is_wrong_is_told_with_what_was_meant(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert cli.main(arguments) == 2
    assert said in capsys.readouterr().err


COMMANDS = ("serve", "render", "motion", "avatar", "doctor", "settings")
NEEDED = {"render": ["--audio", "a", "--out", "b"], "motion": ["--audio", "a", "--out", "b"]}
NEEDED["avatar"] = ["list"]


def help_of(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_setting_is_a_flag_of_every_command(command: str) -> None:
    flags = [f"{flag_name(key)}=1" for key in setting_keys()]
    given = [command, *NEEDED.get(command, []), *flags]
    arguments, unknown = cli.build_parser().parse_known_args(given)
    assert not unknown
    assert all(vars(arguments)[f"set:{key}"] == "1" for key in setting_keys())


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_opens_with_a_line_and_the_commands_own_options(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, *_ = help_of(command, capsys).splitlines()
    assert first.startswith(f"usage: synchrorama {command} ") and first.endswith("[options]")
    assert second == ""


def test_the_help_shows_the_settings_that_matter_there(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("serve", "doctor", "settings"):
        text = help_of(command, capsys)
        assert all(flag_name(key) in text for key in setting_keys())
    for command, own in (("render", "--mirrored"), ("motion", "--fps"), ("avatar", "--consent")):
        text = help_of(command, capsys)
        assert text.index(own) < text.index("settings, see docs/settings.md")
        assert "--avatars-user-folder" in text or command == "motion"
        assert "--rtc-" not in text and "--server-" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["render", "--size", "7"], "argument --size: invalid choice: 7"),
        (["motion"], "arguments are required: --audio, --out"),
        (["avatar", "draw"], "argument ACTION: invalid choice: 'draw'"),
        (["bench", "latency", "--seconds", "-1"], "argument --seconds: -1: wanted a positive"),
    ],
)
def test_wrong_use_is_one_line_and_where_to_look(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    command = "bench latency" if arguments[0] == "bench" else arguments[0]
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"synchrorama {command}: ") and said in first
    assert second == f"see synchrorama {command} --help"


def test_settings_are_printed_as_they_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "s.toml"
    file.write_text("[log]\nlevel = 'debug'\n")
    monkeypatch.setenv("SYNCHRORAMA_SESSION_SIZE", "256")
    assert cli.main(["settings", "--port", "9", "--config", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {"server.port = 9", "session.size = 256", "log.level = debug"} <= set(lines)
    assert cli.main(["settings", "--markdown"]) == 0
    assert capsys.readouterr().out == markdown()


def test_avatars_are_listed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "avatar_store", lambda settings: FakeStore())
    assert cli.main(["avatar", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["Name", "Title", "Kind", "Credit"]
    assert lines[2].split() == ["ada", "Somebody", "built", "in", "made", "for", "tests"]
    assert cli.main(["avatar", "list", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == ["ada", "ben"]
    monkeypatch.setattr(backend, "avatar_store", lambda settings: FakeStore(()))
    assert cli.main(["avatar", "list"]) == 1


def test_a_damaged_avatar_is_told_and_the_rest_listed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class HalfRead(FakeStore):
        def info(self, name: str) -> FakeInfo:
            if name == "ada":
                raise DamagedAvatar("avatar ada: bad manifest")
            return super().info(name)

    monkeypatch.setattr(backend, "avatar_store", lambda settings: HalfRead())
    assert cli.main(["avatar", "list"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[2].startswith("ben") and "ada: bad manifest" in said.err


def test_serve_serves_with_its_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Settings] = []

    def fake(settings: Settings, behind: Any, *, announce: Any) -> int:
        seen.append(settings)
        announce("http://x")
        return 7

    monkeypatch.setattr(serve, "serve", fake)
    assert cli.main(["serve", "--host", "0.0.0.0", "--server-port", "1234"]) == 7
    assert (seen[0].server.host, seen[0].server.port) == ("0.0.0.0", 1234)
    assert "http://x" in capsys.readouterr().out


@pytest.mark.parametrize(("given", "several"), [("0", False), ("1", False), ("2", True)])
def test_more_than_one_worker_is_another_way_to_serve(
    monkeypatch: pytest.MonkeyPatch, given: str, several: bool
) -> None:
    asked: list[str] = []

    def one(*_: object, **__: object) -> int:
        asked.append("one")
        return 0

    def many(*_: object, **__: object) -> int:
        asked.append("many")
        return 0

    monkeypatch.setattr(serve, "serve", one)
    monkeypatch.setattr(supervisor, "serve_workers", many)
    assert cli.main(["serve", "--workers", given]) == 0
    assert asked == ["many" if several else "one"]


def test_render_renders_and_tells_what_failed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[render.RenderJob] = []

    def fake(job: render.RenderJob, settings: Settings) -> str:
        jobs.append(job)
        if job.seed == 13:
            raise render.RenderError("--audio a.wav: there is no such file")
        return "done"

    monkeypatch.setattr(render, "render", fake)
    base = ["render", "--audio", "a.wav", "--out", "b.mp4", "--avatar", "ken", "--quiet"]
    assert cli.main(base) == 0
    assert jobs[0] == render.RenderJob(Path("a.wav"), Path("b.mp4"), "ken", 0, 512, True)
    assert cli.main([*base, "--seed", "13", "--size", "256", "--force"]) == 1
    assert jobs[1].force
    assert "no such file" in capsys.readouterr().err


def test_motion_takes_a_feeling_and_tells_what_failed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[motion_job.MotionJob] = []

    def fake(job: motion_job.MotionJob, load: object) -> str:
        jobs.append(job)
        if job.seed == 13:
            raise render.RenderError("--out b.csv: it is there already; --force replaces it")
        return "done"

    monkeypatch.setattr(motion_job, "make_motion", fake)
    base = ["motion", "--audio", "a.wav", "--out", "b.csv"]
    assert cli.main([*base, "--emotion", "joy", "--intensity", "0.8", "--text", "Oh!"]) == 0
    joy = EmotionOverride("joy", intensity=0.8)
    assert jobs[0] == motion_job.MotionJob(Path("a.wav"), Path("b.csv"), 25, 0, joy, "Oh!")
    assert cli.main([*base, "--seed", "13", "--fps", "60", "--force", "--quiet"]) == 1
    assert (jobs[1].fps, jobs[1].force, jobs[1].quiet, jobs[1].feeling) == (60, True, True, None)
    assert "synchrorama motion: --out b.csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--intensity", "0.5"], "of which emotion"),
        (["--emotion", "joy", "--intensity", "2"], "wanted 0 to 1"),
        (["--emotion", "joy", "--intensity", "nan"], "wanted 0 to 1"),
        (["--seed", "-1"], "--seed: got -1"),
        (["--emotoin", "joy"], "did you mean --emotion?"),
    ],
)
@pytest.mark.parametrize("command", ["motion", "render"])
def test_a_wrong_feeling_is_wrong_use(
    capsys: pytest.CaptureFixture[str], command: str, more: list[str], said: str
) -> None:
    assert cli.main([command, "--audio", "a.wav", "--out", "b", *more]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("state", "status"), [("ok", 0), ("warn", 0), ("fail", 1)])
def test_doctor_fails_when_something_must_be_mended(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, state: Any, status: int
) -> None:
    def fake(settings: Settings, checks: object) -> Sequence[Finding]:
        return [Finding("thing", state, "said", "do")]

    monkeypatch.setattr(doctor, "examine", fake)
    assert cli.main(["doctor"]) == status
    assert "thing" in capsys.readouterr().out
    assert cli.main(["doctor", "--json"]) == status
    assert json.loads(capsys.readouterr().out)[0]["name"] == "thing"


def test_control_c_is_no_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(settings: Settings, checks: object) -> Sequence[Finding]:
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "examine", interrupted)
    assert cli.main(["doctor"]) == 130
