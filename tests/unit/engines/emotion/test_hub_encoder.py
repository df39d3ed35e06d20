"""Encoders by name, on miniatures: rows, hops, any chunking, sessions apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.emotion.hub_encoder import HubEncoder
from tests.support import tiny_hub
from tests.support import voices as sounds

pytest.importorskip("transformers")
FAMILIES = ("Wav2Vec2", "Hubert", "Whisper")


@pytest.fixture(params=FAMILIES)
def encoder(request: pytest.FixtureRequest, tmp_path: Path) -> HubEncoder:
    if request.param == "Whisper":
        return HubEncoder(tiny_hub.whisper(tmp_path), hop_s=0.2, context_s=0.4)
    return HubEncoder(tiny_hub.wave_encoder(tmp_path, request.param), hop_s=0.2, context_s=0.4)


def test_rows_come_hop_by_hop_and_any_split_gives_the_same(encoder: HubEncoder) -> None:
    sound = sounds.voice(1.0)
    whole = encoder.step(encoder.new_state(), sound)
    assert whole.shape == (50, encoder.size) and np.isfinite(whole).all()
    state = encoder.new_state()
    assert len(encoder.step(state, sound[:3199])) == 0
    assert len(encoder.step(state, sound[3199:3200])) == 10
    rest = [encoder.step(state, part) for part in np.array_split(sound[3200:], 7)]
    assert np.array_equal(np.concatenate(rest), whole[10:])


def test_the_context_is_heard_and_the_future_is_not(encoder: HubEncoder) -> None:
    sound = sounds.voice(1.0)
    whole = encoder.step(encoder.new_state(), sound)
    later = sound.copy()
    later[9600:] = 0.0
    assert np.array_equal(encoder.step(encoder.new_state(), later)[:30], whole[:30])
    earlier = sound.copy()
    earlier[3200:6400] = sounds.voice(0.2, f0_hz=220.0)
    changed = encoder.step(encoder.new_state(), earlier)
    assert not np.allclose(changed[20:30], whole[20:30]), "the hop before is context"


def test_bad_sound_is_borne(encoder: HubEncoder) -> None:
    rows = encoder.step(encoder.new_state(), np.full(6400, np.nan, np.float32))
    assert np.isfinite(rows).all()


def test_a_hop_that_fits_no_row_is_refused(tmp_path: Path) -> None:
    folder = tiny_hub.wave_encoder(tmp_path, "Hubert")
    with pytest.raises(ValueError, match="20 ms"):
        HubEncoder(folder, hop_s=0.25001)
