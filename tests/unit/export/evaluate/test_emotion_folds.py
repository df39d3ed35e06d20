"""Folds leave out whom they judge; scores are what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from engines.emotion.functionals import FUNCTIONALS
from engines.emotion.gate import VoiceGate
from engines.emotion.values import AROUSAL_TABLE, VALENCE_TABLE
from export.data.emotion import Clip, Examples
from export.evaluate import emotion_folds as ef

SILENT = np.zeros(1, np.float32)
CLIPS = [Clip(f"{s}{t}{k}", s, t, k, SILENT) for s in "ab" for t in "xyz" for k in range(7)]


def test_actor_and_text_are_left_out() -> None:
    for by_text in (False, True):
        judged: list[int] = []
        for train, held in ef.folds(CLIPS, by_text):
            speakers = {CLIPS[i].speaker for i in held}
            assert not speakers & {CLIPS[i].speaker for i in train}
            if by_text:
                texts = {CLIPS[i].text for i in held}
                assert not texts & {CLIPS[i].text for i in train}
            judged += held
        assert sorted(judged) == list(range(len(CLIPS)))


def test_perfect_and_blind_judges_score_what_they_should() -> None:
    labels = np.array([clip.label for clip in CLIPS])
    perfect = ef.Judged(
        np.eye(7, dtype=np.float32)[labels], VALENCE_TABLE[labels], AROUSAL_TABLE[labels]
    )
    score = ef.score(CLIPS, perfect)
    assert (score.uar, score.worst, score.best) == (1.0, 1.0, 1.0)
    assert score.valence == pytest.approx(1.0) and score.arousal == pytest.approx(1.0)
    assert np.array_equal(ef.confusion(CLIPS, perfect), 6 * np.eye(7, dtype=int))
    blind = ef.Judged(np.tile(np.eye(7, dtype=np.float32)[2], (42, 1)), *np.zeros((2, 42)))
    score = ef.score(CLIPS, blind)
    assert score.uar == pytest.approx(1 / 7) and score.valence == pytest.approx(0.0, abs=1e-6)


def test_folds_judge_unseen_actors_by_what_is_common() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(len(CLIPS), FUNCTIONALS)).astype(np.float32)
    # A pattern over many functionals, as a voice makes: twenty-one clips find it.
    patterns = rng.normal(size=(7, FUNCTIONALS)).astype(np.float32)
    features += 2.0 * patterns[[clip.label for clip in CLIPS]]
    examples = Examples(features, np.arange(len(CLIPS)), np.ones(len(CLIPS), bool))
    heard = [{"2 s": features[i]} for i in range(len(CLIPS))]
    (judged,) = ef.judge_folds(CLIPS, examples, [heard], None)
    assert ef.score(CLIPS, judged["2 s"]).uar > 0.6
    assert ef.score(CLIPS, judged["1 s"]).uar == pytest.approx(1 / 7), "nothing heard: neutral"


def test_moments_are_what_was_heard_by_then() -> None:
    from tests.support import voices as sounds

    sound = sounds.voice(1.5)
    found = ef.moments(VoiceGate(), sound)
    short = ef.moments(VoiceGate(), sound[:16_000])
    assert np.array_equal(found["1 s"], short["1 s"]), "later sound changes nothing"
    assert np.array_equal(short["2 s"], short["1 s"]), "a short clip is judged at its end"
    assert not np.array_equal(found["2 s"], found["1 s"])


def test_noise_repeats_and_differs_between_clips() -> None:
    from tests.support import voices as sounds

    clip = Clip("c", "a", "x", 0, sounds.voice(0.5))
    assert np.array_equal(ef.noisy(clip, 3), ef.noisy(clip, 3))
    assert not np.array_equal(ef.noisy(clip, 3), ef.noisy(clip, 4))


def test_a_floor_keeps_its_kind_alone() -> None:
    examples = Examples(np.ones((2, FUNCTIONALS), np.float32), np.zeros(2, int), np.ones(2, bool))
    assert 5 < ef.only(examples, "f0_").features[0].sum() < 20
