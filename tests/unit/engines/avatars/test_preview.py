"""The loop shows a moving face, is small, and ends where it begins."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from engines.avatars import preview as previews
from engines.avatars.preview import FILE, FRAMES, MAX_BYTES, SIZE, motions, preview, preview_file
from engines.values import MOTION_INDEX, MOTION_SIZE, U8
from tests.support.sample_avatar import sample


def frames(film: bytes) -> list[U8]:
    with av.open(io.BytesIO(film), "r") as opened:
        stream = opened.streams.video[0]
        assert stream.codec_context.name == "h264" and stream.codec_context.pix_fmt == "yuv420p"
        assert not opened.streams.audio
        decoded = [frame.to_ndarray(format="bgr24") for frame in opened.decode(stream)]
    return [picture.astype(np.uint8) for picture in decoded]


def test_a_loop_that_every_browser_plays() -> None:
    film = preview(sample())
    assert film is not None and len(film) < 120_000 < MAX_BYTES
    # The index before the pictures: it plays as it comes.
    assert 0 < film.index(b"moov") < film.index(b"mdat")
    seen = frames(film)
    assert len(seen) == FRAMES and seen[0].shape == (SIZE, SIZE, 3)
    still = seen[0].astype(int)
    moved = [float(np.abs(picture.astype(int) - still).mean()) for picture in seen]
    assert max(moved) > 3 * moved[-1]
    assert preview_file(sample()) == {FILE: film}


def test_it_looks_around_blinks_smiles_speaks_and_turns() -> None:
    seen = np.stack(list(motions()))
    assert seen.shape == (FRAMES, MOTION_SIZE)
    for name in ("eyeBlinkLeft", "mouthSmileLeft", "jawOpen", "headYaw", "eyeLookInLeft"):
        assert np.ptp(seen[:, MOTION_INDEX[name]]) > 0.1, name
    assert np.abs(np.degrees(seen[:, MOTION_INDEX["headYaw"]])).max() < 15
    # Rest at both ends, and nothing jumps on the way: a blink's 0.1 s is the fastest.
    assert not seen[0].any() and not seen[-1].any()
    slow = [i for name, i in MOTION_INDEX.items() if "Blink" not in name]
    assert np.abs(np.diff(seen[:, slow], axis=0)).max() < 0.35


def test_without_an_encoder_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "ENCODER", "no-such-encoder")
    assert preview(sample()) is None
    assert preview_file(sample()) == {}
