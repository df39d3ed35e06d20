import numpy as np

from engines.avatars.store import default_store
from engines.render import landmarks as lm
from export.evaluate.avatar_commanded import commanded, mesh_error
from export.evaluate.avatar_motions import motion


def test_rest_is_the_portrait_and_an_open_jaw_lowers_the_chin() -> None:
    avatar = default_store().load(default_store().names()[0])
    rest, opened = commanded(avatar, [motion({}), motion({"jawOpen": 1.0})])
    np.testing.assert_allclose(rest[:, :2], avatar.landmarks[: lm.MESH_POINTS, :2], atol=0.2)
    assert opened[lm.CHIN, 1] > rest[lm.CHIN, 1] + 10


def test_error_is_a_share_of_the_face_width() -> None:
    wanted = np.zeros((468, 3), np.float32)
    wanted[lm.FACE_RIGHT, 0] = 200
    seen = wanted + np.array([0, 4, 99], np.float32)
    assert abs(mesh_error(seen, wanted) - 0.02) < 1e-6
