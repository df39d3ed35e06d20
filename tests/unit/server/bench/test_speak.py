"""The rows of `bench speak`, and what it reads; the whole runs by hand."""

from __future__ import annotations

import pytest

from server.bench.needs import BenchError
from server.bench.speak import first_sound_ms, mean_silence_ms, rows
from tests.support.tone_voice import ToneVoice


def test_what_is_ours_is_the_whole_less_the_voice() -> None:
    made = {each.name: each for each in rows([300.0, 320.0], [50.0, 60.0], [150.0, 250.0], 20.0)}
    ours = made["what is ours of it"]
    assert ours.summary is not None and ours.summary.high == 260.0
    assert ours.held is False
    assert made["typed sentence to moving lips"].held
    assert made["interrupt to closed mouth"].held is False
    assert made["interrupt to silence, mean"].held


def test_nothing_measured_holds_no_bar() -> None:
    assert not any(each.held for each in rows([], [], [], None))


async def test_the_voice_is_timed_to_its_first_sound_not_to_its_silence() -> None:
    assert await first_sound_ms(ToneVoice(silent_s=0.5)) >= 0
    voice = ToneVoice(fails_after=0)
    with pytest.raises(Exception, match="broke off"):
        await first_sound_ms(voice)
    assert voice.closed == 1


async def test_a_voice_of_silence_alone_is_told() -> None:
    class Silent(ToneVoice):
        voices = ()

        async def speak(self, *_: object, **__: object):  # type: ignore[no-untyped-def, override]
            for piece in ():
                yield piece

    with pytest.raises(BenchError, match="silence alone"):
        await first_sound_ms(Silent())


def test_the_mean_of_the_server_s_own_measure() -> None:
    name = "avatar_interrupt_to_silence_seconds"
    assert mean_silence_ms({f"{name}_sum": 0.06, f"{name}_count": 3.0}) == pytest.approx(20)
    assert mean_silence_ms({}) is None
