from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.values import F32, FRAME_SAMPLES, MOTION_SIZE, U8, AudioChunk, Picture
from server import probe


def textured(size: int, seed: int = 0) -> U8:
    noise = np.random.default_rng(seed).integers(0, 255, (size // 8, size // 8, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(noise, (size, size)), dtype=np.uint8)


def luma(image: U8) -> U8:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def burst_train(at: list[int], length: int, level: float = 0.5) -> F32:
    sound = np.zeros(length, np.float32)
    for start in at:
        sound[start : start + 640] = level
    return sound


@given(st.integers(0, 2**40), st.integers(0, 2**42), st.sampled_from([256, 384, 512]))
@settings(max_examples=30, deadline=None)
def test_what_is_stamped_is_read(frame: int, sent_ms: int, size: int) -> None:
    seen = probe.read(luma(probe.stamp(textured(size), frame, sent_ms)))
    assert seen == probe.Stamp(frame % probe.MODULUS, sent_ms % probe.MODULUS)


@given(st.integers(0, probe.MODULUS - 1), st.integers(0, 31))
def test_one_wrong_block_is_noticed(value: int, wrong: int) -> None:
    bits = probe.row_bits(value)
    bits[wrong] = not bits[wrong]
    assert probe.row_value(np.where(bits, 235.0, 16.0)) is None


@pytest.mark.parametrize("shade", [0, 16, 128, 255])
def test_a_picture_without_a_strip_reads_as_none(shade: int) -> None:
    assert probe.read(np.full((512, 512), shade, np.uint8)) is None


def test_strip_survives_compression() -> None:
    ok, packed = cv2.imencode(".jpg", probe.stamp(textured(256), 123456, 7654321), [1, 25])
    assert ok
    unpacked = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)
    assert probe.read(luma(unpacked)) == probe.Stamp(123456, 7654321)


def test_stamp_leaves_the_given_picture_alone() -> None:
    image = textured(256)
    before = image.copy()
    out = probe.stamp(image, 1, 2)
    assert np.array_equal(image, before)
    assert np.array_equal(out[:-16], before[:-16])


@given(st.lists(st.integers(1, 700), min_size=1, max_size=60), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_any_split_gives_the_same_onsets(sizes: list[int], pts: int) -> None:
    at = [1000, 1200, 9000, 16000]
    sound = burst_train(at, 20000)
    detector = probe.OnsetDetector()
    whole = detector.step(detector.new_state(), pts, sound)
    state = detector.new_state()
    found: list[int] = []
    start = 0
    for size in [*sizes, len(sound)]:
        found += detector.step(state, pts + start, sound[start : start + size])
        start += len(sound[start : start + size])
    # 1200 is inside the first sound, so it is no onset.
    assert found == whole == [pts + 1000, pts + 9000, pts + 16000]


def test_short_pauses_and_quiet_sounds_are_no_onsets() -> None:
    sound = burst_train([4000], 12000, level=0.04)
    sound[8000:8640] = 0.5
    sound[9000:9640] = 0.5
    detector = probe.OnsetDetector()
    assert detector.step(detector.new_state(), 0, sound) == [8000]


def test_a_sound_that_swells_is_found_where_it_is_loud() -> None:
    sound = np.linspace(0, 0.5, 16000, dtype=np.float32)
    detector = probe.OnsetDetector()
    assert detector.step(detector.new_state(), 0, sound) == [1600]


def test_a_jump_of_pts_is_followed() -> None:
    detector = probe.OnsetDetector()
    state = detector.new_state()
    assert detector.step(state, 0, np.zeros(1003, np.float32)) == []
    assert detector.step(state, 5000, burst_train([100], 800)) == [5100]


def test_probe_reports_onsets_and_stamps_pictures() -> None:
    sent: list[dict[str, Any]] = []
    subject = probe.Probe(sent.append, wall_clock=lambda: 1_700_000_000.1234)
    subject.hear(AudioChunk(3200, 0, burst_train([160], 320)))
    assert sent == [{"type": "probe", "onset_pts": 3360, "heard_ms": 1_700_000_000_123}]
    picture = Picture(75 * FRAME_SAMPLES, 0, textured(512), np.zeros(MOTION_SIZE, np.float32))
    seen = probe.read(luma(subject.stamp(picture)))
    assert seen == probe.Stamp(75, 1_700_000_000_123 % probe.MODULUS)
    assert len(sent) == 1, "when it was drawn is not known"


def test_probe_tells_when_a_picture_was_drawn_under_its_number() -> None:
    sent: list[dict[str, Any]] = []
    subject = probe.Probe(sent.append, wall_clock=lambda: 1000.0)
    rest = np.zeros(MOTION_SIZE, np.float32)
    picture = Picture((probe.MODULUS + 5) * FRAME_SAMPLES, 0, textured(256), rest)
    subject.drawn(picture, 0.030)
    subject.stamp(picture)
    told = {"type": "probe_frame", "frame": 5, "drawn_ms": 999_970, "sent_ms": 1_000_000}
    assert sent == [told]
    subject.stamp(picture)
    assert sent == [told], "told once"


def test_pictures_that_are_never_shown_are_forgotten() -> None:
    subject = probe.Probe(lambda message: None)
    for index in range(500):
        picture = Picture(index * FRAME_SAMPLES, 0, textured(256), np.zeros(1, np.float32))
        subject.drawn(picture, 0.0)
    assert len(subject._drawn_ms) <= probe.WAITING
