"""Which finder a program gets: MediaPipe's nets where they are installed, else those shipped.

Any thread; call it once per process.
Never imports mediapipe unless it is installed, never fails because of it.
"""

from __future__ import annotations

import importlib.util
import logging

from engines.face.finder import FaceFinder
from engines.face.weights import load

log = logging.getLogger(__name__)


def load_finder(threads: int = 1) -> FaceFinder:
    """The better finder there is. Raises BadFaceWeights.

    The extra `landmarks` brings a mediapipe with its models; one without them is told and left.
    """
    nets = load(threads=threads)
    if importlib.util.find_spec("mediapipe") is not None:
        try:
            from engines.face.mediapipe_finder import MediapipeFinder

            return MediapipeFinder(nets)
        except (ImportError, AttributeError, OSError, RuntimeError, TypeError) as error:
            log.warning("mediapipe is installed but of no use", extra={"reason": str(error)})
    return FaceFinder(nets)
