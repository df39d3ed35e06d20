"""The sync judge: curves, offsets that are found, and a net that knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from export.judges.sync import REACH, curves, figures, heard, load_net, seen
from export.nets.sync import SyncNet, SyncNetConfig
from export.train.checkpoint import save_checkpoint as save
from export.train.sync import SyncConfig, start
from export.train.sync_data import SyncClip, made_up


class Knowing(SyncNet):
    """Reads the opening's size off the picture and loudness off the sound, as `made_up` draws."""

    def see(self, mouths: torch.Tensor) -> torch.Tensor:
        return self._code(mouths.mean((2, 3)) * -1)

    def hear(self, sounds: torch.Tensor) -> torch.Tensor:
        return self._code(sounds.reshape(len(sounds), 5, -1).mean(2))

    def _code(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize(x - x.mean(1, keepdim=True), dim=1)


def net() -> SyncNet:
    return Knowing(SyncNetConfig(4, 8)).eval()


def late(clip: SyncClip, frames: int) -> SyncClip:
    return replace(clip, sound=np.roll(clip.sound, frames, 0))


def test_the_right_sound_is_told_from_the_wrong() -> None:
    clips = made_up(5, 1)
    own, other = figures(net(), clips), figures(net(), clips, [1, 2, 3, 4, 0])
    assert own.exact == own.near == 1.0 and own.offset == 0 and own.right == 1.0
    assert other.exact < 0.5 and other.confidence < own.confidence
    assert other.distance > own.distance


def test_a_late_sound_shows_as_its_offset() -> None:
    clips = [late(clip, 3) for clip in made_up(5, 1)]
    row = figures(net(), clips)
    assert row.offset == 3 and row.exact == 0.0


def test_curves_leave_out_what_lies_past_the_ends() -> None:
    clip = made_up(1, 1)[0]
    mouths, sounds = seen(net(), clip), heard(net(), clip)
    assert mouths.shape[0] == sounds.shape[0] == 56
    assert curves(mouths, sounds, (0, 60)).shape == (56 - 2 * REACH, 2 * REACH + 1)
    assert curves(mouths, sounds, (0, 6)).shape == (0, 2 * REACH + 1)


def test_clips_too_short_are_told() -> None:
    with pytest.raises(ValueError, match="long enough"):
        figures(net(), [replace(made_up(1, 1)[0], span=(0, 5))])


def test_a_run_s_net_is_read_with_its_sizes(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="train sync"):
        load_net(tmp_path)
    config = SyncConfig(net=SyncNetConfig(4, 8))
    trainer = start(config, tmp_path, resume=False)
    save(tmp_path, trainer.net, trainer.optimizer, 1, [])
    found = load_net(tmp_path)
    assert (found.config.width, found.config.size) == (4, 8)
    clip = made_up(1, 1)[0]
    np.testing.assert_allclose(seen(found, clip), seen(trainer.net.eval(), clip), atol=1e-6)
