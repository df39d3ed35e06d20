"""Face identity vectors of pictures, for an interpreter that has dlib and its published models.

A script of its own, run by path as a child process: `python identity_worker.py IN.npz OUT.npz`.
Never imports the project, never looks for the face itself, never writes anything but OUT.npz.

IN: `images` u8[N,H,W,3] BGR; `points` f32[N,5,2] pixels: outer and inner corner of the eye on the
picture's right, outer and inner corner of the eye on its left, base of the nose.
OUT: `vectors` f32[N,128], of dlib's ResNet (dlib_face_recognition_resnet_model_v1, public domain).
"""

import importlib.util
import sys
from pathlib import Path

import dlib
import numpy as np

NET = "dlib_face_recognition_resnet_model_v1.dat"


def models() -> Path:
    """The folder of the published models; found, not imported: the package asks for setuptools."""
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or spec.origin is None:
        raise SystemExit("face-recognition-models is missing; install constraints-track.txt")
    return Path(spec.origin).parent / "models"


def main(source: str, target: str) -> None:
    """Describe each picture's face."""
    with np.load(source, allow_pickle=False) as data:
        images, points = data["images"], data["points"]
    net = dlib.face_recognition_model_v1(str(models() / NET))
    vectors = np.zeros((len(images), 128), np.float32)
    for i, (image, five) in enumerate(zip(images, points, strict=True)):
        corners = dlib.points([dlib.point(round(float(x)), round(float(y))) for x, y in five])
        low, high = five.min(0), five.max(0)
        box = dlib.rectangle(int(low[0]), int(low[1]), int(high[0]), int(high[1]))
        face = dlib.full_object_detection(box, corners)
        vectors[i] = net.compute_face_descriptor(np.ascontiguousarray(image[..., ::-1]), face)
    np.savez(target, vectors=vectors)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
