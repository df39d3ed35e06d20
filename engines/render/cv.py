"""OpenCV without its type stubs, which call every picture "integers or floats".

Any thread.
Never adds behaviour: values are typed where they are assigned.
"""

from __future__ import annotations

from typing import Any

import cv2 as _cv2

cv2: Any = _cv2
