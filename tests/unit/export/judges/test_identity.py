import sys
from pathlib import Path

import numpy as np
import pytest

from export.judges import identity
from export.judges.identity import FIVE, identity_distance, identity_vectors
from export.rig.tracker import TrackerFailed

ECHO = """
import sys, numpy as np
given = np.load(sys.argv[1])
out = np.zeros((len(given["images"]), 128), "f4")
out[:, 0] = given["images"][:, 0, 0, 0]
out[:, 1:11] = given["points"].reshape(-1, 10)
np.savez(sys.argv[2], vectors=out)
"""


def test_each_picture_meets_its_own_points_across_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(ECHO, "utf-8")
    monkeypatch.setattr(identity, "WORKER", worker)
    monkeypatch.setattr(identity, "_BATCH", 2)
    pictures = np.zeros((3, 8, 8, 3), np.uint8)
    pictures[:, 0, 0, 0] = [10, 20, 30]
    meshes = np.random.default_rng(1).uniform(0, 8, (3, 478, 3)).astype(np.float32)
    out = identity_vectors(pictures, meshes, Path(sys.executable))
    assert out.shape == (3, 128) and out[:, 0].tolist() == [10, 20, 30]
    np.testing.assert_allclose(out[:, 1:11], meshes[:, [*FIVE], :2].reshape(3, 10))


def test_no_pictures_no_vectors() -> None:
    none = identity_vectors(np.zeros((0, 8, 8, 3), np.uint8), np.zeros((0, 478, 3), np.float32))
    assert none.shape == (0, 128)


@pytest.mark.parametrize(("count", "value"), [(1, 0.0), (2, np.nan)])
def test_meshes_that_do_not_fit_are_refused(count: int, value: float) -> None:
    meshes = np.full((count, 478, 3), value, np.float32)
    with pytest.raises(ValueError, match="2 pictures"):
        identity_vectors(np.zeros((2, 8, 8, 3), np.uint8), meshes)


def test_a_missing_interpreter_is_named() -> None:
    with pytest.raises(TrackerFailed, match="/no/such/python"):
        identity_vectors(
            np.zeros((1, 8, 8, 3), np.uint8),
            np.zeros((1, 478, 3), np.float32),
            Path("/no/such/python"),
        )


def test_distance_is_euclidean() -> None:
    a, b = np.zeros((2, 128), np.float32), np.zeros((2, 128), np.float32)
    b[1, :2] = [0.3, 0.4]
    np.testing.assert_allclose(identity_distance(a, b), [0, 0.5])
