"""Dense face landmarks and person mask of pictures, for an interpreter that has mediapipe.

A script of its own, run by path as a child process: `python landmark_worker.py IN.npz OUT.npz`.
Never imports the project, never writes anything but OUT.npz.

IN: `images` u8[N,H,W,3] BGR. OUT: `landmarks` f32[N,478,3] (x, y pixels; z in pixels, + away from
the camera), `faces` i32[N] faces found, `matte` f32[N,H,W], `edges` i32[E,2] tessellation,
`oval` i32[36,2] outline edges.
"""

import sys

import mediapipe as mp
import numpy as np


def main(source: str, target: str) -> None:
    """Run both nets on each picture."""
    with np.load(source, allow_pickle=False) as data:
        images = data["images"][..., ::-1]
    count, height, width = images.shape[:3]
    landmarks = np.zeros((count, 478, 3), np.float32)
    faces = np.zeros(count, np.int32)
    matte = np.zeros((count, height, width), np.float32)
    mesh_net = mp.solutions.face_mesh
    with (
        mesh_net.FaceMesh(
            static_image_mode=True,
            max_num_faces=4,
            refine_landmarks=True,
            min_detection_confidence=0.4,
        ) as mesh,
        mp.solutions.selfie_segmentation.SelfieSegmentation(model_selection=0) as selfie,
    ):
        for i in range(count):
            picture = np.ascontiguousarray(images[i])
            found = mesh.process(picture).multi_face_landmarks or []
            faces[i] = len(found)
            if found:
                points = np.array([(p.x, p.y, p.z) for p in found[0].landmark], np.float32)
                landmarks[i] = points * np.array([width, height, width], np.float32)
            matte[i] = selfie.process(picture).segmentation_mask
    np.savez(
        target,
        landmarks=landmarks,
        faces=faces,
        matte=matte,
        edges=np.array(sorted(mesh_net.FACEMESH_TESSELATION), np.int32),
        oval=np.array(list(mesh_net.FACEMESH_FACE_OVAL), np.int32),
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
