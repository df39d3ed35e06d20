"""The Call card's figures (run by node)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.static import WEB_ROOT
from tests.unit.server.bench.test_page_scripts import run_js

FIGURES = json.dumps((WEB_ROOT / "page" / "figures.js").as_uri())
LOOK = f"""
import({FIGURES}).then(({{ Freshness, figureRows }}) => {{
  const freshness = new Freshness();
  const out = input.map(([sent, repeated, decoded, dropped]) => {{
    const server = sent === null ? null : {{ frames_sent: sent, frames_repeated: repeated }};
    const stats = {{ server, fps: 25, framesDecoded: decoded, framesDropped: dropped }};
    const {{ share, slow }} = freshness.look(stats);
    return [figureRows(stats, null, share)[0][1], slow];
  }});
  console.log(JSON.stringify(out));
}});
"""


def looks(held: float, dropped: float = 0.0, count: int = 20) -> list[list[Any]]:
    """Twice a second 12 or 13 pictures more, of which shares are held or dropped."""
    sent = [round(12.5 * i) for i in range(count)]
    # What happened before the first look does not count.
    return [[n + 90, round(held * n) + 60, n + 90, round(dropped * n) + 60] for n in sent]


def test_pictures_that_are_sent_again_do_not_count() -> None:
    shown = run_js(LOOK, looks(0.5))
    assert shown[0] == ["25.0 fps", False]
    assert float(shown[-1][0].split()[0]) == pytest.approx(12.5, abs=0.3)


@pytest.mark.parametrize(
    ("held", "dropped", "slow"),
    [(0.0, 0.0, False), (0.15, 0.0, False), (0.3, 0.0, True), (0.0, 0.3, True)],
)
def test_a_machine_that_holds_or_drops_more_than_a_fifth_is_too_slow(
    held: float, dropped: float, slow: bool
) -> None:
    told = [each for _, each in run_js(LOOK, looks(held, dropped))]
    # Only after some seconds: a call's first moments are no measure.
    assert told[:8] == [False] * 8
    assert told[-1] is slow


def test_it_is_taken_back_and_a_server_that_tells_nothing_is_not_judged() -> None:
    slow = looks(0.5)
    sent, repeated, decoded, dropped = slow[-1]
    better = [[sent + 12 * i, repeated, decoded + 12 * i, dropped] for i in range(1, 10)]
    told = run_js(LOOK, slow + better)
    assert told[len(slow) - 1][1] is True
    assert told[-1] == ["25.0 fps", False]
    assert run_js(LOOK, [[None, None, 5, 5]] * 20)[-1] == ["25.0 fps", False]


RUNGS = f"""
import({FIGURES}).then(({{ figureRows }}) => {{
  const out = input.map((rung) => {{
    const stats = {{ server: {{ rung, render_ms: 20 }}, fps: 25 }};
    return figureRows(stats, null).filter((row) => row && row[0] === "Drawn by");
  }});
  console.log(JSON.stringify(out));
}});
"""


def test_the_rung_of_the_ladder_is_told_in_words() -> None:
    told = run_js(RUNGS, ["2 steps", "1 step", "mouth", "motion frame", "12.5 fps", "", None])
    assert told == [
        [["Drawn by", "diffusion, 2 steps"]],
        [["Drawn by", "diffusion, 1 step"]],
        [["Drawn by", "diffusion, mouth only"]],
        [["Drawn by", "motion frame"]],
        [["Drawn by", "every second picture"]],
        [],
        [],
    ]
