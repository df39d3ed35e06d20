"""The scripted provider; `tests/unit/server/assistant` asks it everything over sockets."""

from __future__ import annotations

import numpy as np

from server.bench.scripted import RATE_HZ, WORD_S, Script, chunk, refusal, said


def test_a_text_is_a_vowel_for_each_word() -> None:
    pcm = np.frombuffer(said("one two three"), "<i2")
    assert len(pcm) == round(3 * WORD_S * RATE_HZ)
    assert np.abs(pcm).max() > 5000
    assert len(said("")) > 0


def test_it_remembers_a_bounded_number_of_questions() -> None:
    script = Script()
    for _ in range(1500):
        number = script.note(kind="chat")
    assert (number, len(script.seen)) == (1500, 1000)


def test_who_refuses_says_when_to_come_again() -> None:
    busy = refusal("busy")
    assert busy is not None and (busy.status_code, busy.headers["retry-after"]) == (429, "7")
    assert refusal("good") is None
    assert chunk("x").startswith(b"data: {") and chunk(None, "stop").endswith(b"\n\n")
