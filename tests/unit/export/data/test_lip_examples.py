"""Tests of export.data.lip_examples."""

from __future__ import annotations

import numpy as np
import pytest

from export.data.lip_examples import (
    change_video_speed,
    curve_example,
    mel_blocks,
    speech_example,
    statistics,
    synthetic_examples,
    video_example,
    with_lookahead,
)
from export.data.phones import Phone, fit_phone_lips
from export.data.tts import Utterance

SPOKEN: list[Phone] = [("SIL", 0.0, 0.4), ("B", 0.4, 0.6), ("AA", 0.6, 1.6)]


def test_a_frame_is_paired_with_the_sound_it_may_hear() -> None:
    # A click in samples 6400..6410 is in block 10, which frame 9 is the first to hear.
    samples = np.zeros(640 * 25, np.float32)
    samples[6400:6410] = 1.0
    geometry = np.zeros((25, 7), np.float32)
    geometry[9, 0] = 0.05
    example = video_example("a", samples, geometry, [])
    loud = example.power.max(axis=(1, 2))
    assert loud.argmax() == 10 == example.geometry[:, 0].argmax()
    assert loud[:10].max() == 0.0


def test_frames_without_their_look_ahead_are_not_scored() -> None:
    example = video_example("a", np.zeros(640 * 25, np.float32), np.zeros((25, 7), np.float32), [])
    assert example.geometry_weight[0] == 0.0, "block 0 has no frame"
    np.testing.assert_array_equal(example.geometry_weight[1:24], 1.0)
    np.testing.assert_array_equal(example.geometry_weight[25:], 0.0)
    assert (example.viseme == -1).all(), "no phones, no visemes"


def test_synthetic_speech_shuts_its_bilabials() -> None:
    lips = fit_phone_lips([(SPOKEN, np.full((50, 7), 0.05, np.float32))])
    spoken = Utterance(np.zeros(16000 * 2, np.float32), SPOKEN)
    example = speech_example("t", spoken, lips, 0.5)
    bilabial = slice(12, 15)  # frames 11..13, one block later
    np.testing.assert_array_equal(example.closed[bilabial], 1.0)
    np.testing.assert_array_equal(example.closed_weight[bilabial], 0.5)
    np.testing.assert_array_equal(example.geometry[bilabial, 0], 0.0)
    assert not example.curves_weight.any()


def test_curves_are_only_for_their_head() -> None:
    example = curve_example("c", np.zeros(16000, np.float32), np.ones((25, 8), np.float32))
    assert not example.geometry_weight.any() and not example.closed_weight.any()
    assert example.curves_weight[5] == 1.0


def test_faster_video_stays_in_step() -> None:
    samples = np.zeros(640 * 50, np.float32)
    samples[640 * 30] = 1.0
    geometry = np.zeros((50, 7), np.float32)
    geometry[29:32, 0] = [0.5, 1.0, 0.5]
    sound, lips, phones = change_video_speed(samples, geometry, [("B", 1.0, 1.5)], 1.25)
    assert abs(int(sound.argmax()) / 640 - int(lips[:, 0].argmax())) <= 1
    assert phones[0] == ("B", 0.8, 1.2)


def test_blocks_are_cut_or_padded() -> None:
    assert mel_blocks(np.zeros(100, np.float32), 3).shape == (3, 4, 80)
    assert mel_blocks(np.zeros(99999, np.float32), 3).shape == (3, 4, 80)


def test_statistics_scale_what_is_known() -> None:
    examples = synthetic_examples(4, 1)
    scale = statistics(examples)
    assert 0.01 < scale["geometry_mean"][0] < 0.06
    assert (scale["geometry_sd"] > 0).all() and (scale["curves_sd"] > 0).all()


def test_made_up_examples_are_seeded() -> None:
    one, two = synthetic_examples(2, 5), synthetic_examples(2, 5)
    np.testing.assert_array_equal(one[1].power, two[1].power)


@pytest.mark.parametrize("lookahead", [0, 640, 1280, 1920])
def test_another_look_ahead_moves_the_frames_against_the_sound(lookahead: int) -> None:
    samples = np.zeros(640 * 25, np.float32)
    geometry = np.zeros((25, 7), np.float32)
    geometry[9, 0] = 0.05
    example = with_lookahead(video_example("a", samples, geometry, [("AA", 0.36, 0.4)]), lookahead)
    # Frame 9 has heard up to 640 * 9 + lookahead samples: its row is that of the newest block.
    row = 9 + lookahead // 640 - 1
    assert example.geometry[:, 0].argmax() == row == example.viseme.argmax()
    assert example.geometry_weight[row] == 1.0
    assert len(example.geometry) == len(example.power) == 26
    assert example.geometry_weight[-1] == example.closed_weight[-1] == 0.0, "never recorded"


def test_a_look_ahead_is_whole_frames() -> None:
    for lookahead in (-640, 100):
        with pytest.raises(ValueError, match="multiple"):
            with_lookahead(synthetic_examples(1, 1)[0], lookahead)
