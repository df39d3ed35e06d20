"""A recording to a video: sound and picture as long as the recording, nothing left of a failure."""

from __future__ import annotations

import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Feel, Say, Wish
from engines.offline import render_file
from engines.values import F32, Picture
from server import render as module
from server.drawing import Drawing
from server.render import RenderError, RenderJob, read_voice, render, write_video
from server.settings import Settings
from server.settings_disclosure import DisclosureSettings
from tests.support.fake_backend import FakeStore
from tests.support.fake_motion import FakeMotionModel, FakeMotionState
from tests.support.fake_renderer import FakeRenderer


def write_wav(path: Path, samples: NDArray[Any], rate_hz: int = 16_000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(samples.astype("<i2").tobytes())
    return path


def tone(seconds: float, rate_hz: int = 16_000) -> NDArray[Any]:
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    return 8000 * np.sin(2 * np.pi * 440 * t)


def write_float_wav(path: Path, samples: F32) -> Path:
    """32-bit float WAV (format 3), which may hold anything."""
    data = samples.astype("<f4").tobytes()
    rate = 16_000
    fmt = b"".join(
        n.to_bytes(size, "little")
        for n, size in ((3, 2), (1, 2), (rate, 4), (rate * 4, 4), (4, 2), (32, 2))
    )
    body = b"WAVEfmt " + (16).to_bytes(4, "little") + fmt
    body += b"data" + len(data).to_bytes(4, "little") + data
    path.write_bytes(b"RIFF" + len(body).to_bytes(4, "little") + body)
    return path


def job(audio: Path, out: Path, seed: int = 0) -> RenderJob:
    return RenderJob(audio, out, "ada", seed, 256, quiet=True)


def pictures(voice: F32, seed: int = 0) -> Any:
    return render_file(
        voice,
        object(),
        FakeMotionModel(),
        seed=seed,
        size=256,
        renderer_factory=FakeRenderer,
    )


def make(audio: Path, out: Path, seed: int = 0) -> None:
    voice = read_voice(audio)
    write_video(job(audio, out, seed), voice, pictures(voice, seed))


@pytest.mark.parametrize(("rate_hz", "channels"), [(16_000, 1), (44_100, 2), (8_000, 1)])
def test_a_recording_of_any_rate_is_read_whole(tmp_path: Path, rate_hz: int, channels: int) -> None:
    samples = np.repeat(tone(1.0, rate_hz), channels)
    voice = read_voice(write_wav(tmp_path / "a.wav", samples, rate_hz, channels))
    assert voice.dtype == np.float32
    assert len(voice) == pytest.approx(16_000, abs=40)
    assert np.abs(voice).max() == pytest.approx(8000 / 32768, rel=0.05)


def test_sound_and_picture_are_as_long_as_the_recording_and_in_step(tmp_path: Path) -> None:
    # Loud in the second half only: there the jaw opens.
    samples = tone(2.0)
    samples[:16_000] = 0
    audio = write_wav(tmp_path / "a.wav", samples)
    make(audio, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert video.average_rate == 25
        assert (video.codec_context.name, video.width) == ("h264", 256)
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video)]
        container.seek(0)
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(sound)])
    assert len(frames) == 50
    assert np.abs(heard).max() == pytest.approx(8000 / 32768, rel=0.05)
    assert len(heard) / 48_000 == pytest.approx(2.0, abs=0.05)
    loud = int(np.argmax(np.abs(heard) > 0.1)) / 48_000
    assert loud == pytest.approx(1.0, abs=0.03)
    moved = [float(np.abs(frame.astype(int) - frames[5]).mean()) for frame in frames]
    opened = int(np.argmax(np.array(moved[6:]) > max(moved) / 2)) + 6
    # The mouth may lead by the look-ahead of 80 ms, never lag.
    assert 22 <= opened <= 26


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    audio = write_wav(tmp_path / "a.wav", tone(0.4))
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        make(audio, tmp_path / f"{name}.mp4", seed)
    data = [(tmp_path / f"{name}.mp4").read_bytes() for name in ("one", "two", "other")]
    assert data[0] == data[1]
    assert data[0] != data[2]


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "none.wav", "no such file"),
    "a folder": (lambda folder: folder, "cannot be read as sound"),
    "garbage": (lambda folder: _bytes(folder, b"hello" * 100), "not a sound file"),
    "empty": (lambda folder: _bytes(folder, b""), "not a sound file"),
    "no samples": (lambda folder: write_wav(folder / "e.wav", np.zeros(0)), "no sound in it"),
    "too short": (lambda folder: write_wav(folder / "s.wav", np.zeros(100)), "shorter than one"),
    "nan": (
        lambda folder: write_float_wav(folder / "n.wav", np.full(3200, np.nan, np.float32)),
        "not numbers",
    ),
    "infinite": (
        lambda folder: write_float_wav(folder / "i.wav", np.full(3200, np.inf, np.float32)),
        "not numbers",
    ),
}


def _bytes(folder: Path, data: bytes) -> Path:
    path = folder / "bad.wav"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", BAD)
def test_a_bad_recording_is_told(tmp_path: Path, name: str) -> None:
    make_path, said = BAD[name]
    with pytest.raises(RenderError, match=said) as caught:
        read_voice(make_path(tmp_path))
    assert "Errno" not in str(caught.value)


def test_a_video_without_sound_is_told(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(RenderError, match="no sound in it"):
        read_voice(path)


def test_a_renderer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    audio = write_wav(tmp_path / "a.wav", tone(0.4))

    def failing() -> Any:
        yield Picture(0, 0, np.zeros((256, 256, 3), np.uint8), np.zeros(58, np.float32))
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        write_video(job(audio, tmp_path / "out.mp4"), read_voice(audio), failing())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole command, but cheap to run."""
    from engines.motion import model
    from server import backend

    monkeypatch.setattr(backend, "avatar_store", lambda settings: FakeStore())
    monkeypatch.setattr(model.MotionModel, "load", lambda **_: FakeMotionModel())
    drawn = Drawing("motion-frame", FakeRenderer, "for tests")
    monkeypatch.setattr(module, "drawing_of", lambda wanted: drawn)


def test_the_whole_command(tmp_path: Path, quick: None) -> None:
    audio = write_wav(tmp_path / "a.wav", tone(0.4))
    report = render(job(audio, tmp_path / "out.mp4"), Settings())
    assert "0.4 s in" in report
    assert (tmp_path / "out.mp4").stat().st_size > 1000


def first_picture(path: Path) -> NDArray[Any]:
    with av.open(str(path)) as container:
        frame = next(container.decode(container.streams.video[0]))
        return np.asarray(frame.to_ndarray(format="rgb24"), np.int16)


def test_the_video_carries_the_mark_and_says_what_it_is(tmp_path: Path, quick: None) -> None:
    audio = write_wav(tmp_path / "a.wav", tone(0.2))
    with_, without = tmp_path / "with.mp4", tmp_path / "without.mp4"
    render(job(audio, with_), Settings())
    render(job(audio, without), Settings(disclosure=DisclosureSettings(mark=False)))
    changed = np.abs(first_picture(with_) - first_picture(without)).max(2) > 40
    rows, columns = np.nonzero(changed)
    assert len(rows) > 300
    assert rows.min() > 180 and columns.max() < 128, "bottom left"
    with av.open(str(with_)) as container:
        assert "AI-generated" in container.metadata["comment"]
        assert "trainedAlgorithmicMedia" in container.metadata["comment"]


def test_the_stage_is_in_the_video(tmp_path: Path, quick: None) -> None:
    audio = write_wav(tmp_path / "a.wav", tone(0.2))
    wanted = replace(job(audio, tmp_path / "out.mp4"), background="#0000ff")
    render(wanted, Settings())
    top = first_picture(tmp_path / "out.mp4")[0]
    assert top[:, 2].mean() > top[:, 0].mean() + 50


def test_a_bad_background_is_told_and_leaves_nothing(tmp_path: Path, quick: None) -> None:
    audio = write_wav(tmp_path / "a.wav", tone(0.2))
    with pytest.raises(RenderError, match="--background moon: wanted photo"):
        render(replace(job(audio, tmp_path / "out.mp4"), background="moon"), Settings())
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


@pytest.mark.parametrize(
    ("out", "said"), [("out.avi", "must end with .mp4"), ("none/out.mp4", "there is no folder")]
)
def test_a_bad_target_is_told_before_any_work(tmp_path: Path, out: str, said: str) -> None:
    with pytest.raises(RenderError, match=said):
        render(job(tmp_path / "none.wav", tmp_path / out), Settings())


def test_a_video_that_is_there_is_replaced_only_by_force(tmp_path: Path, quick: None) -> None:
    audio = write_wav(tmp_path / "a.wav", tone(0.2))
    out = tmp_path / "out.mp4"
    out.write_bytes(b"dear")
    with pytest.raises(RenderError, match="is there already; --force replaces it"):
        render(job(audio, out), Settings())
    assert out.read_bytes() == b"dear"
    render(replace(job(audio, out), force=True), Settings())
    assert out.stat().st_size > 1000


def test_a_folder_is_no_target_even_by_force(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").mkdir()
    wanted = replace(job(tmp_path / "none.wav", tmp_path / "out.mp4"), force=True)
    with pytest.raises(RenderError, match="this is a folder"):
        render(wanted, Settings())


@pytest.mark.parametrize(
    ("store", "name", "said"),
    [
        (FakeStore(()), None, "there is no avatar"),
    ],
)
def test_no_avatar_is_told(store: FakeStore, name: str | None, said: str) -> None:
    with pytest.raises(RenderError, match=said):
        module._load_avatar(store, name)


def test_an_unknown_avatar_is_told_with_those_there_are() -> None:
    from server.backend import avatar_store

    with pytest.raises(RenderError, match="no avatar 'nobody'; there are"):
        module._load_avatar(avatar_store(Settings()), "nobody")


def test_the_face_is_told_what_to_feel_and_what_is_said(
    quick: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told: list[Wish] = []

    def obey(self: FakeMotionModel, state: FakeMotionState, wish: Wish) -> None:
        told.append(wish)

    monkeypatch.setattr(FakeMotionModel, "obey", obey)
    audio = write_wav(tmp_path / "a.wav", tone(0.4))
    anger = EmotionOverride("anger", intensity=0.5)
    render(replace(job(audio, tmp_path / "a.mp4"), feeling=anger, text="No. Never!"), Settings())
    assert told == [Feel(anger), Say("No."), Say("Never!")]
