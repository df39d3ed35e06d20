"""Packing: blinks are counted where they should be, heads move as fast as measured ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engines.backends.ort import open_session
from engines.motion.face import CHANNEL_COUNT, CHANNEL_INDEX
from engines.motion.head import move_head, new_head
from engines.motion.style import USUAL
from engines.values import F32, FRAME_RATE_HZ
from export.data.motion_examples import MotionExample
from export.nets.motion import BLOCK, MotionNet, MotionNetConfig, StepNet
from export.train.motion_pack import BLINKS, calibrate_blinks, calibrate_head, export_onnx


class Lids:
    """Blinks of two depths: deep ones at the rate wanted, shallow ones far more often."""

    def new_state(self, seed: int) -> list[int]:
        return [0]

    def nothing(self) -> tuple[F32, F32, F32, F32]:
        none = np.zeros(1, np.float32)
        return none, none, none, none

    def perform(self, state: list[int], *_: object) -> F32:
        state[0] += 1
        out = np.zeros(CHANNEL_COUNT, np.float32)
        every = round(60 * FRAME_RATE_HZ / BLINKS)
        if state[0] % every == 0:
            out[CHANNEL_INDEX["blinkLeft"]] = 0.7
        elif state[0] % 20 == 0:
            out[CHANNEL_INDEX["blinkLeft"]] = 0.2
        return out


def test_deep_blinks_count_and_shallow_ones_do_not() -> None:
    voice = np.zeros((3000, 9), np.float32)
    low, high = calibrate_blinks(Lids(), [voice])  # type: ignore[arg-type]
    middle = (low + high) / 2
    assert 0.2 <= middle < 0.7
    assert low < high <= 0.9


YAW = CHANNEL_INDEX["headYaw"]


class Sway:
    """A head that sways."""

    def new_state(self, seed: int) -> list[int]:
        return [0]

    def perform(self, state: list[int], *_: object) -> F32:
        state[0] += 1
        out = np.zeros(CHANNEL_COUNT, np.float32)
        out[YAW] = 0.02 * np.sin(state[0] / 3)
        return out


def measured(reach: float) -> MotionExample:
    """A clip of speech whose head sways `reach` times as far."""
    length = 400
    voice = np.zeros((length, 9), np.float32)
    voice[:, 0] = 1.0
    emotion = np.zeros((length, 8), np.float32)
    channels = np.zeros((length, CHANNEL_COUNT), np.float32)
    channels[:, YAW] = 0.02 * reach * np.sin(np.arange(length) / 3)
    weight = np.full(CHANNEL_COUNT, 0.3, np.float32)
    other = np.zeros((length, 2), np.float32)
    return MotionExample("clip", voice, other, emotion, USUAL, channels, weight)


def test_heads_are_made_as_fast_as_the_measured_ones() -> None:
    clip = measured(1.4)
    quick = calibrate_head(Sway(), [clip])  # type: ignore[arg-type]
    state, sway, rows = new_head(), Sway(), []
    at = sway.new_state(0)
    for _ in clip.voice:
        row = sway.perform(at)
        move_head(state, row, True, quick)
        rows.append(row[YAW])
    speed, wanted = np.abs(np.diff(rows)).mean(), np.abs(np.diff(clip.channels[:, YAW])).mean()
    assert abs(speed / wanted - 1) < 0.05


def test_heads_fast_enough_are_left_and_so_are_those_without_a_clip() -> None:
    assert calibrate_head(Sway(), [measured(0.8)]) == 0.0  # type: ignore[arg-type]
    assert calibrate_head(Sway(), []) == 0.0  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_graph_of_a_frame_gives_what_torch_gives(tmp_path: Path) -> None:
    config = MotionNetConfig(channels=5, conditions=7, hidden=12, latent=6, couplings=2)
    torch.manual_seed(3)
    net = MotionNet(config).eval()
    for part in net.parameters():
        torch.nn.init.normal_(part, std=0.25)
    scale = {"mean": np.full(5, 0.1, np.float32), "sd": np.full(5, 0.2, np.float32)}
    size = export_onnx(net, scale, tmp_path / "motion.onnx")
    session = open_session((tmp_path / "motion.onnx").read_bytes())
    step = StepNet(net, torch.as_tensor(scale["mean"]), torch.as_tensor(scale["sd"])).eval()
    rng = np.random.default_rng(0)
    state = np.zeros((1, size), np.float32)
    for frame in range(3 * BLOCK):
        feeds = {
            "conditions": rng.standard_normal((1, 7), np.float32),
            "noise": rng.standard_normal((1, 6), np.float32),
            "phase": np.eye(BLOCK, dtype=np.float32)[frame % BLOCK][None],
            "state": state,
        }
        with torch.no_grad():
            wanted = step(*(torch.as_tensor(value) for value in feeds.values()))
        motion, state = session.run(None, feeds)
        np.testing.assert_allclose(motion, wanted[0].numpy(), atol=1e-5)
        np.testing.assert_allclose(state, wanted[1].numpy(), atol=1e-5)
