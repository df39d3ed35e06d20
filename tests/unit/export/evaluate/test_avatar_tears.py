"""The counts fail when a picture is broken on purpose, and stay at nought when it is not."""

from dataclasses import replace

import numpy as np
import pytest

from engines.avatars.store import default_store
from engines.render import landmarks as lm
from engines.values import F32
from export.evaluate.avatar_commanded import commanded
from export.evaluate.avatar_maps import SourceMap
from export.evaluate.avatar_motions import motion
from export.evaluate.avatar_tears import crossed, distortion, enclosed, find


@pytest.fixture(scope="module")
def mesh() -> F32:
    avatar = default_store().load(default_store().names()[0])
    out: F32 = commanded(avatar, [motion({})])[0]
    return out


@pytest.fixture
def whole() -> SourceMap:
    """A face that is its own portrait, before a background above and at the sides."""
    own = np.dstack(np.meshgrid(np.arange(512), np.arange(512))).astype(np.float32)
    behind = np.zeros((512, 512), np.float32)
    behind[:20] = behind[:, :20] = behind[:, -20:] = 1
    return SourceMap(own, behind, np.zeros_like(behind))


def cheek(mesh: F32) -> tuple[int, int]:
    """Row and column of a cheek's middle."""
    x, y = mesh[205, :2]
    return round(float(y)), round(float(x))


def test_a_whole_face_has_no_flaws(whole: SourceMap, mesh: F32) -> None:
    assert set(find(whole, mesh, whole).as_dict().values()) == {0}


def test_background_through_the_cheek_is_a_hole(whole: SourceMap, mesh: F32) -> None:
    y, x = cheek(mesh)
    behind = whole.behind.copy()
    behind[y - 4 : y + 4, x - 4 : x + 4] = 1
    flaws = find(replace(whole, behind=behind), mesh, whole)
    assert flaws.hole == 64


def test_a_gap_in_the_hair_counts_unless_background_was_there_at_rest(
    whole: SourceMap, mesh: F32
) -> None:
    behind = whole.behind.copy()
    behind[60:70, 250:260] = 1
    torn = replace(whole, behind=behind)
    assert enclosed(behind).sum() == 100
    assert find(torn, mesh, whole).hole == 100
    assert find(torn, mesh, torn).hole == 0


def test_content_that_jumps_is_a_tear_and_seen_twice_is_double(whole: SourceMap, mesh: F32) -> None:
    y, x = cheek(mesh)
    source = whole.source.copy()
    source[y - 15 : y + 15, x - 15 : x + 15, 0] += 40
    flaws = find(replace(whole, source=source), mesh, whole)
    assert flaws.tear > 80
    assert flaws.double > 600


def test_a_mirrored_patch_is_a_fold(whole: SourceMap, mesh: F32) -> None:
    y, x = cheek(mesh)
    part = np.s_[y - 15 : y + 15, x - 15 : x + 15]
    source = whole.source.copy()
    source[part] = source[part][:, ::-1]
    assert find(replace(whole, source=source), mesh, whole).fold > 200


def test_skin_drawn_out_to_strings_is_a_streak(whole: SourceMap, mesh: F32) -> None:
    y, x = cheek(mesh)
    source = whole.source.copy()
    source[y - 15 : y + 15, x - 15 : x + 15, 0] = x
    assert find(replace(whole, source=source), mesh, whole).streak > 300


def test_what_happens_between_the_lips_is_not_a_tear(whole: SourceMap, mesh: F32) -> None:
    x, y = np.rint(mesh[[*lm.INNER_LOOP], :2].mean(0)).astype(int)
    source = whole.source.copy()
    source[y : y + 2, x - 5 : x + 5] += 60
    assert find(replace(whole, source=source), mesh, whole).tear == 0


def test_stretch_and_turn_of_known_maps() -> None:
    own = np.dstack(np.meshgrid(np.arange(64), np.arange(64))).astype(np.float32)
    jumps, shrink, turn = (
        part[20:40, 20:40] for part in distortion(own * np.array([3.0, 0.5], np.float32))
    )
    np.testing.assert_allclose(jumps, 6.0)
    np.testing.assert_allclose(shrink, 0.5, atol=1e-4)
    np.testing.assert_allclose(turn, 1.5, atol=1e-4)
    assert (distortion(own * np.array([-1, 1], np.float32))[2][20:40, 20:40] < -0.9).all()


def test_lips_that_pass_through_each_other_are_counted(mesh: F32) -> None:
    assert crossed(mesh, mesh) == 0
    broken = mesh.copy()
    broken[[13, 14]] = broken[[14, 13]]
    broken[13, 1] += 5
    assert crossed(broken, mesh) == 1
    assert crossed(broken, broken) == 0
