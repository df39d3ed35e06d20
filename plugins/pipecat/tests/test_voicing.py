"""Which sound is speech."""

from __future__ import annotations

from pipecat_synchrorama.voicing import CUT_OFF_AT_MOST, NEVER_HEARD, QUIET, Voicing


def run(voicing: Voicing, pattern: str, expecting: bool = True) -> str:
    """`#` loud, `.` silent; back: `>` began, `=` played, `|` played and ended, `e` ended."""
    out = ""
    for each in pattern:
        heard = voicing.step(each == ".", expecting)
        mark = "=" if heard.play else " "
        mark = ">" if heard.began else mark
        out += {"=": "|", " ": "e"}[mark] if heard.ended else mark
    return out


def test_silence_before_speech_is_not_played_and_silence_within_is() -> None:
    assert run(Voicing(), "..##...........##") == "  >" + "=" * 14


def test_a_turn_ends_with_a_little_silence_after_the_last_segment() -> None:
    voicing = Voicing()
    run(voicing, "##")
    assert run(voicing, "." * (QUIET + 2), expecting=False) == "=" * (QUIET - 1) + "|  "


def test_a_segment_that_was_silent_itself_ends_too_and_once() -> None:
    voicing = Voicing()
    assert run(voicing, "....") == "    "
    told = run(voicing, "." * 40, expecting=False)
    assert told == " " * (NEVER_HEARD - 1) + "e" + " " * (40 - NEVER_HEARD)


def test_nothing_of_what_was_cut_is_played() -> None:
    voicing = Voicing()
    run(voicing, "###")
    voicing.cut()
    assert run(voicing, "##.....##", expecting=True).strip() == ""
    assert run(voicing, "##...", expecting=False).strip() == ""
    assert run(voicing, "##", expecting=True) == ">="


def test_a_cut_that_is_never_acknowledged_does_not_mute_for_good() -> None:
    voicing = Voicing()
    voicing.cut()
    assert run(voicing, "#" * CUT_OFF_AT_MOST).strip() == ""
    assert run(voicing, "#") == ">"
