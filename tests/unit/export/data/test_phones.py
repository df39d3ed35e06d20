"""Tests of export.data.phones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.data import phones
from export.data.phones import PHONES, VISEME_NAMES, Phone, fit_phone_lips, normal_phone


@pytest.mark.parametrize(
    ("given_name", "wanted"),
    [("aa1", "AA"), ("pau", "SIL"), ("ax", "AH"), ("B", "B"), ("SIL", "SIL"), ("+NSN+", "SIL")],
)
def test_every_spelling_comes_to_one(given_name: str, wanted: str) -> None:
    assert normal_phone(given_name) == wanted


def test_an_unknown_phone_is_refused() -> None:
    with pytest.raises(ValueError, match="qq"):
        normal_phone("qq")


def test_every_phone_has_one_viseme() -> None:
    members = [name for _, part in phones.VISEMES for name in part]
    assert sorted(members) == list(PHONES)


SPOKEN: list[Phone] = [("SIL", 0.0, 0.2), ("B", 0.2, 0.3), ("AY", 0.3, 0.6)]


def test_frames_get_the_phone_at_their_time() -> None:
    visemes = [VISEME_NAMES[i] for i in phones.frame_visemes(SPOKEN, 20)]
    assert visemes[:5] == ["silence"] * 5
    assert visemes[6:7] == ["bilabial"]
    assert visemes[8:15] == ["open"] * 7
    assert visemes[16:] == ["silence"] * 4


@given(st.floats(-1, 3))
def test_any_time_has_a_phone(time_s: float) -> None:
    index = int(phones.phone_ids(SPOKEN, np.array([time_s]))[0])
    assert PHONES[index] in {"SIL", "B", "AY"}


def test_context_rows_are_shares() -> None:
    rows = phones.phone_context(SPOKEN, 20)
    np.testing.assert_allclose(rows[:, :-1].sum(axis=1), len(phones.OFFSETS_S), rtol=1e-5)


def test_the_fit_learns_lips_from_phones() -> None:
    clips = []
    for shift in range(30):
        spoken: list[Phone] = [("SIL", 0.0, 0.2 + 0.01 * shift), ("AA", 0.2 + 0.01 * shift, 1.0)]
        open_from = np.arange(30) / 25 >= 0.2 + 0.01 * shift
        ends = np.arange(30) / 25 < 1.0
        geometry = np.zeros((30, 7), np.float32)
        geometry[:, 0] = 0.05 * (open_from & ends)
        clips.append((spoken, geometry))
    fitted = fit_phone_lips(clips, ridge=0.1)
    made = fitted.geometry(clips[3][0], 30)
    assert np.corrcoef(made[:, 0], clips[3][1][:, 0])[0, 1] > 0.97
    assert np.abs(made[:, 1:]).max() < 1e-6


def test_cached_alignments_are_read_without_an_aligner(tmp_path: Path) -> None:
    cache = tmp_path / "phones.json"
    cache.write_text(json.dumps({"a": [["ah", 0.0, 0.1]]}))
    found = phones.align_clips({}, cache, Path("/nowhere"))
    assert found == {"a": [("AH", 0.0, 0.1)]}
