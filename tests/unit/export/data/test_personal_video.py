"""Any video a person may have becomes pictures at 25 a second, or a sentence with a remedy."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from engines.values import SAMPLE_RATE_HZ, U8
from export.data import personal_video
from export.data.personal_video import BadVideo, Shot, length_of, sha256_of, shots, sound_of
from tests.support.films import write_film


def grey(level: int, size: tuple[int, int] = (48, 64)) -> U8:
    return np.full((*size, 3), level, np.uint8)


def levels(seen: list[Shot]) -> list[int]:
    return [round(float(shot.picture.mean())) for shot in seen]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second is enough in these tests."""
    monkeypatch.setattr(personal_video, "LEAST_S", 0.4)


def test_25_a_second_pass_as_they_are(tmp_path: Path, short: None) -> None:
    path = write_film(tmp_path / "a.mp4", [grey(20 * k) for k in range(12)])
    seen = list(shots(path))
    assert len(seen) == 12 and all(shot.fresh for shot in seen)
    np.testing.assert_allclose(levels(seen), [20 * k for k in range(12)], atol=4)
    assert length_of(path) == pytest.approx(0.48, abs=0.05)


@pytest.mark.parametrize(("rate", "fresh"), [(50, 25), (30, 25), (15, 15)])
def test_other_rates_are_seen_at_25(tmp_path: Path, short: None, rate: int, fresh: int) -> None:
    path = write_film(tmp_path / "a.mp4", [grey(3 * k) for k in range(rate)], rate=rate)
    seen = list(shots(path))
    assert abs(len(seen) - 25) <= 1
    assert abs(sum(shot.fresh for shot in seen) - fresh) <= 1
    # The newest picture at each tick: half way through, half of all were shown.
    assert levels(seen)[12] == pytest.approx(3 * int(0.48 * rate), abs=6)


def test_a_rate_that_changes_keeps_its_times(
    tmp_path: Path, short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personal_video, "LEAST_RATE", 1)
    times = [0.0, 0.04, 0.3, 0.31, 0.32, 0.6]
    path = write_film(tmp_path / "a.mp4", [grey(40 * k) for k in range(6)], times)
    seen = list(shots(path))
    assert levels(seen)[5] == pytest.approx(40, abs=5)  # At 0.2 s the second is still seen.
    assert levels(seen)[8] == pytest.approx(160, abs=5)
    assert [shot.fresh for shot in seen][:4] == [True, True, False, False]


def test_too_few_pictures_a_second(tmp_path: Path, short: None) -> None:
    path = write_film(tmp_path / "a.mp4", [grey(9 * k) for k in range(8)], rate=8)
    with pytest.raises(BadVideo, match="pictures a second"):
        list(shots(path))


def test_a_film_held_on_its_side_is_turned_upright(tmp_path: Path, short: None) -> None:
    picture = grey(20, (48, 96))
    picture[:, :32] = 220  # What the camera saw on its left.
    path = write_film(tmp_path / "a.mp4", [picture] * 12)
    turn_in_header(path)
    shown = list(shots(path))[0].picture
    assert shown.shape == (96, 48, 3)
    # A quarter turn clockwise brings the left side to the top.
    assert shown[:30].mean() > 180 and shown[40:].mean() < 60


def turn_in_header(path: Path) -> None:
    """Write "show it turned by 90 degrees clockwise" into an MP4, as telephones do."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    one = (1 << 16).to_bytes(4, "big")
    less = (-(1 << 16) & 0xFFFFFFFF).to_bytes(4, "big")
    none = bytes(4)
    data[at : at + 36] = b"".join(
        [none, one, none, less, none, none, none, none, data[at + 32 : at + 36]]
    )
    path.write_bytes(bytes(data))


def test_large_pictures_are_shrunk(tmp_path: Path, short: None) -> None:
    path = write_film(tmp_path / "a.mp4", [grey(90, (32, 1600))] * 12)
    assert list(shots(path))[0].picture.shape == (26, 1280, 3)


def test_too_short_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_film(tmp_path / "a.mp4", [grey(9 * k) for k in range(25)])
    with pytest.raises(BadVideo, match="film two minutes"):
        list(shots(path))
    monkeypatch.setattr(personal_video, "MOST_S", 0.5)
    with pytest.raises(BadVideo, match="may last"):
        list(shots(path))


def test_a_head_that_promises_little_does_not_lift_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_film(tmp_path / "a.mp4", [grey(9), grey(90)], [0.0, 3000.0])
    monkeypatch.setattr(personal_video, "length_of", lambda path: 1.0)
    monkeypatch.setattr(personal_video, "MOST_S", 2.0)
    with pytest.raises(BadVideo, match="may last"):
        list(shots(path))


def test_what_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_bytes(b"no film at all, only words")
    (tmp_path / "empty.mp4").write_bytes(b"")
    for name in ("text.mp4", "empty.mp4"):
        with pytest.raises(BadVideo, match="no video that can be read"):
            list(shots(tmp_path / name))
    with pytest.raises(BadVideo, match="no such file"):
        list(shots(tmp_path / "missing.mp4"))
    with pytest.raises(BadVideo, match="cannot be read"):
        sha256_of(tmp_path / "missing.mp4")
    with pytest.raises(BadVideo):
        list(shots(tmp_path))


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    from export.data.sound import write_wav

    write_wav(tmp_path / "a.wav", np.zeros(16000, np.float32))
    with pytest.raises(BadVideo, match="has no pictures"):
        list(shots(tmp_path / "a.wav"))


def test_a_film_cut_off_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 255, (64, 64, 3), np.uint8) for _ in range(150)]
    whole = write_film(tmp_path / "a.mkv", noise)
    monkeypatch.setattr(personal_video, "LEAST_S", 0.4)
    assert len(list(shots(whole))) == 150
    half = tmp_path / "half.mkv"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(BadVideo, match=r"cut off|broken off"):
        list(shots(half))


def test_the_hash_is_that_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12" * 1000)
    assert sha256_of(path) == hashlib.sha256(b"12" * 1000).hexdigest()
    monkeypatch.setattr(personal_video, "MAX_BYTES", 100)
    with pytest.raises(BadVideo, match="larger than"):
        sha256_of(path)


def test_each_picture_hears_what_was_said(tmp_path: Path) -> None:
    pictures = [grey(9)] * 25
    wave = np.zeros(SAMPLE_RATE_HZ, np.float32)
    wave[SAMPLE_RATE_HZ // 2 :] = 0.3 * np.random.default_rng(1).normal(size=SAMPLE_RATE_HZ // 2)
    found = sound_of(write_film(tmp_path / "a.mkv", pictures, sound=wave), 25)
    assert found is not None and found.shape == (25, 80)
    loud = found.mean(1)
    assert loud[16:].min() > loud[:8].max() + 0.3
    assert sound_of(write_film(tmp_path / "b.mkv", pictures, sound=0 * wave), 25) is None
    assert sound_of(write_film(tmp_path / "c.mkv", pictures), 25) is None
