"""The loop shows a moving face, is small, and ends where it begins."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from engines.avatars import preview as previews
from engines.avatars.preview import FILE, FRAMES, MAX_BYTES, SIZE, motions, preview, preview_file
from engines.render.mark import MarkStyle
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


def changed(one: U8, other: U8) -> tuple[slice, slice] | None:
    """The part of two pictures that differs by more than coding does."""
    apart = np.abs(one.astype(int) - other).max(-1) > 40
    rows, columns = np.flatnonzero(apart.any(1)), np.flatnonzero(apart.any(0))
    if len(rows) < 4:
        return None
    return slice(int(rows[0]), int(rows[-1])), slice(int(columns[0]), int(columns[-1]))


def test_the_mark_is_the_one_asked_for() -> None:
    def first(mark: MarkStyle | None) -> U8:
        film = preview(sample(), mark)
        assert film is not None and b"AI-generated" in film  # The file's comment, mark or not.
        return frames(film)[0]

    bare = first(None)
    small = changed(bare, first(MarkStyle("AI", "top-right", 0.04)))
    large = changed(bare, first(MarkStyle("AI", "bottom-left", 0.1)))
    assert small is not None and large is not None
    assert small[0].stop < SIZE / 4 and small[1].start > SIZE / 2
    assert large[0].start > SIZE / 2 and large[1].stop < SIZE / 2
    assert large[0].stop - large[0].start > 1.7 * (small[0].stop - small[0].start)


def test_without_an_encoder_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "ENCODER", "no-such-encoder")
    assert preview(sample()) is None
    assert preview_file(sample()) == {}
