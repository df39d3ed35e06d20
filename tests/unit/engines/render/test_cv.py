import cv2 as real

from engines.render.cv import cv2


def test_it_is_opencv_itself() -> None:
    assert cv2 is real
