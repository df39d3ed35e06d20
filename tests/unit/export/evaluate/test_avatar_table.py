import numpy as np

from export.evaluate.avatar_measure import Measured
from export.evaluate.avatar_motions import GRADED, LEVELS, judged
from export.evaluate.avatar_table import (
    Line,
    by_motion,
    count,
    drawn_lines,
    judged_lines,
    spread,
    written,
)
from export.evaluate.avatar_tears import Flaws


def measured(name: str, tear: int = 0, identity: float = 0.2, slope: float = 1.0) -> Measured:
    motions = judged()
    flaws = [Flaws(0, tear if i == 1 else 0, 0, 0, 0) for i in range(13)]
    one = Measured(
        name, motions, np.zeros((13, 4, 4, 3), np.uint8), np.zeros((13, 468, 3), np.float32),
        flaws, [0] * 13, [5.0, 6.0], 2.0, 2**20, 2**23,
    )  # fmt: skip
    one.identity = [identity] * 13
    one.mesh_error = [0.01] * 13
    rises = [slope * level for level in LEVELS]
    one.read = {gauge: {"shapes": rises, "ratios": rises} for gauge in GRADED}
    return one


def line(lines: list[Line], name: str) -> Line:
    return next(each for each in lines if each.name == name)


def test_verdicts_follow_the_figure_they_are_taken_by() -> None:
    values = [0.1, 0.2, 0.6]
    assert spread("a", values, "median", 0.45).verdict == "met"
    assert spread("a", values, "worst", 0.45).verdict == "MISSED"
    assert spread("a", values).verdict == ""
    assert count("a", 23, 24, at_least=True).verdict == "MISSED"


def test_the_worst_of_what_should_be_high_is_the_lowest() -> None:
    row = spread("r", [0.9, 0.5, 0.95], "worst", 0.85, at_least=True)
    assert row.worst == 0.5 and row.verdict == "MISSED"


def test_what_was_not_seen_is_counted_and_never_met() -> None:
    assert "1 of 2 not seen" in spread("a", [float("nan"), 0.1], "worst", 0.2).note
    assert spread("a", [float("nan")], "worst", 0.2).verdict == "not measured"
    assert "not measured" in written([Line("landmarks", by="median", bar=3.0)])


def test_one_torn_picture_misses_the_bar() -> None:
    good, bad = [measured("a")], [measured("a"), measured("b", tear=31)]
    assert line(drawn_lines(good), "tear pixels a picture").verdict == "met"
    row = line(drawn_lines(bad), "tear pixels a picture")
    assert row.verdict == "MISSED" and row.note == "1 of 26 pictures over 30"


def test_identity_and_reading_back_are_held_against_their_bars() -> None:
    lines = judged_lines([measured("a"), measured("b", identity=0.5)])
    assert line(lines, "identity distance at rest").verdict == "MISSED"
    assert line(lines, "identity distance moved").note == "12 of 24 within"
    assert line(lines, "read back r, smile, shapes").verdict == "met"
    # Every person follows, but not by the same measure.
    uneven = judged_lines([measured("a"), measured("b", slope=-1.0)])
    assert line(uneven, "read back r, smile, shapes, pooled").verdict == "MISSED"


def test_without_judges_their_lines_say_so() -> None:
    one = measured("a")
    one.identity, one.mesh_error, one.read = [], [], {}
    lines = judged_lines([one])
    assert {each.verdict for each in lines} == {"not measured"}
    assert "-" in by_motion([one])[1] and by_motion([]) == []


def test_flawed_pictures_are_counted_by_motion() -> None:
    rows = by_motion([measured("a", tear=99), measured("b")])
    assert len(rows) == 14 and rows[2].split()[:4] == ["jaw", "open", "0", "1"]
