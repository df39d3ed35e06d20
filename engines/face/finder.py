"""From a picture to the one face in it, or to a sentence that says what to do instead.

Any thread; weights are shared. The single door to this package.
Never guesses: two faces, a small, turned, dark or covered one are errors with a remedy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.face import detector, mesh
from engines.face.frame import Frame
from engines.face.matte import person_mask
from engines.face.occlusion import Hidden, hidden
from engines.face.weights import DEFAULT_FOLDER, FaceNets, load
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.values import F32, U8

MIN_FACE_PX = 96
MAX_TURN_DEG = 30.0
MIN_BRIGHTNESS = 28.0
"""Mean of the face's grey, of 255."""
SMALL_SHARE = 0.45
"""A second face this much smaller than the first stands in the background and is left out."""
PITCH_AT_REST_DEG = 7.0
"""Forehead to chin leans this much on a head held straight (median of 180 portraits)."""
LYING_SCORE = 0.5
"""A face in a turned photo counts from this score on, when none is found in the photo itself."""
SURE_SCORE = 0.75
"""A face found with less is looked for in the turned photo too: eyes and mouth may have swapped."""
UNFIT_SCORE = 0.3
"""So much of a face must show for something to be said of why the mesh does not fit it."""
UNFIT_SPREAD = 2.5
"""Points of a covered or far turned face agree this much less, and it is a face all the same."""
UNFIT_TURN_DEG = 25.0
"""A face that the mesh does not fit is turned when it seems so from here on: 35 degrees read as 29
at times, a covered face that looks ahead as 22 at most (144 training portraits, drawn covers)."""
MAX_CANDIDATES = 8
"""A bound on the time a picture full of things like faces can take."""
MAX_ROLL_DEG = 50.0
"""Leaning further than this a head lies; so does the photo, rather."""
LOOK_AHEAD = "look straight into the camera"
LIES = "the photo lies on its side or upside down; turn it upright"
_FACE_UNITS = 2.25
"""Face width in frame units, about."""


class BadFace(Exception):
    """A picture whose face cannot be used; the text says why and what to take instead."""


class NoFace(BadFace):
    """Nothing like a face was seen."""


class SeveralFaces(BadFace):
    """More than one face of a size."""


class FaceTooSmall(BadFace):
    """The face has too few pixels."""


class FaceTurned(BadFace):
    """The head is turned or bent too far."""


class TooDark(BadFace):
    """The face is hardly lit."""


class MouthCovered(BadFace):
    """Something is before the mouth."""


class EyesCovered(BadFace):
    """Something is before an eye, or dark glasses are worn."""


@dataclass(frozen=True, slots=True)
class Face:
    """One face: score in [0, 1], box (x, y, width, height) and eyes and mouth in pixels."""

    score: float
    box: tuple[float, float, float, float]
    points: F32
    """f32[3,2]: eye on the picture's left, eye on its right, mouth; rough."""
    spread: float = 0.0
    """Doubt of the mesh in frame units."""

    @property
    def frame(self) -> Frame:
        """The upright square around it."""
        return detector.Found(self.score, self.points).frame


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The mesh of the one face."""

    points: F32
    """f32[478,3] pixels: x right, y down, z away from the camera."""
    spread: float
    """Disagreement of the net's views in frame units: its own doubt."""


class FaceFinder:
    """Finds, measures and cuts out; make one per process."""

    def __init__(self, nets: FaceNets) -> None:
        self._nets = nets

    @classmethod
    def load(cls, folder: Path = DEFAULT_FOLDER, threads: int = 1) -> FaceFinder:
        """Read the weights. Raises BadFaceWeights."""
        return cls(load(folder, threads))

    def find_faces(self, image: U8) -> list[Face]:
        """Faces in u8[H,W,3] BGR, best first.

        The detector is generous; what the mesh net's looks do not agree about is no face.
        """
        return [face for face, _ in self._looked_at(image) if face.spread <= self._nets.max_spread]

    def landmarks(self, image: U8) -> Landmarks:
        """The mesh of the one face in u8[H,W,3] BGR.

        Raises NoFace, SeveralFaces, FaceTooSmall, FaceTurned, TooDark, MouthCovered, EyesCovered
        (all BadFace).
        """
        seen = self._looked_at(image)
        faces = [face for face, _ in seen if face.spread <= self._nets.max_spread]
        if not faces:
            if self._lies(image, None):
                raise FaceTurned(LIES)
            self._check_unfit(image, seen)
        face = one_face(faces)
        leans = abs(np.degrees(face.frame.angle)) > MAX_ROLL_DEG
        if leans or (face.score < SURE_SCORE and self._lies(image, face)):
            raise FaceTurned(LIES)
        found = self.measure(image, face)
        check(image, found.points)
        check_free(hidden(image, found.points, self._nets), self._nets.max_hidden)
        return found

    def _looked_at(self, image: U8) -> list[tuple[Face, F32]]:
        """Whatever the detector takes for a face, and its rough mesh f32[478,3]."""
        nets = self._nets
        found = detector.detect(image, lambda c: nets.run("scene", c, "faces"), nets.threshold)
        meshes = [(f, mesh.outline(image, f.frame, nets)) for f in found[:MAX_CANDIDATES]]
        return [(face_of(f, m.spread), m.points) for f, m in meshes]

    def _check_unfit(self, image: U8, seen: list[tuple[Face, F32]]) -> None:
        """Raises FaceTurned, MouthCovered, EyesCovered where that explains why no mesh fits.

        The turn comes first: half of a mouth seen from the side looks like a covered one.
        """
        limit = self._nets.max_spread * UNFIT_SPREAD
        for face, points in seen:
            if face.score < UNFIT_SCORE or face.spread > limit:
                continue
            yaw, pitch = pose(points)
            if max(abs(yaw), abs(pitch)) > UNFIT_TURN_DEG:
                raise FaceTurned(f"the head is {way_of(yaw, pitch)} too far; {LOOK_AHEAD}")
            check_free(hidden(image, points, self._nets), self._nets.max_hidden)

    def _lies(self, image: U8, upright: Face | None) -> bool:
        """Whether a (better) face shows when the photo is turned: a camera's turn mark was lost."""
        score, spread = LYING_SCORE, self._nets.max_spread
        if upright is not None:
            score, spread = upright.score, upright.spread
        turned = (np.ascontiguousarray(np.rot90(image, k)) for k in (1, 2, 3))
        return any(
            face.score > score and face.spread <= spread
            for picture in turned
            for face, _ in self._looked_at(picture)
        )

    def measure(self, image: U8, face: Face) -> Landmarks:
        """The mesh of `face`, whatever its size, pose and light."""
        found = mesh.measure(image, face.frame, self._nets)
        return Landmarks(found.points, found.spread)

    def matte(self, image: U8, points: F32) -> F32:
        """f32[H,W] in [0, 1]: the person with the mesh f32[478,3] px 1, background 0."""
        return person_mask(image, points, self._nets)


def face_of(found: detector.Found, spread: float = 0.0) -> Face:
    """Three rough points as a face with a box."""
    frame = found.frame
    half = frame.unit * _FACE_UNITS / 2
    x, y = frame.centre
    box = (x - half, y - 1.25 * half, 2 * half, 2.5 * half)
    return Face(found.score, box, found.points, spread)


def one_face(faces: list[Face]) -> Face:
    """The face meant. Raises NoFace, SeveralFaces."""
    if not faces:
        raise NoFace(
            "no face was found; take a photo of one person facing the camera, evenly lit, "
            "with the face at least a fifth of the picture's width"
        )
    largest = max(faces, key=lambda f: f.frame.unit)
    others = [f for f in faces if f.frame.unit > SMALL_SHARE * largest.frame.unit]
    if len(others) > 1:
        raise SeveralFaces(f"{len(others)} faces were found; crop the photo to one person")
    return largest


def check(image: U8, points: F32) -> None:
    """Pose, size and light of a measured face. Raises FaceTurned, FaceTooSmall, TooDark.

    The pose comes first: seen from the side a face is narrow however near it is. Figures in the
    texts are rounded away from the limit, so that none says that what is refused would do.
    """
    yaw, pitch = pose(points)
    turn = max(abs(yaw), abs(pitch))
    if turn > MAX_TURN_DEG:
        raise FaceTurned(
            f"the head is {way_of(yaw, pitch)} by about {math.ceil(turn)} degrees and "
            f"{MAX_TURN_DEG:.0f} are allowed; {LOOK_AHEAD}"
        )
    width = float(np.linalg.norm((points[lm.FACE_RIGHT] - points[lm.FACE_LEFT])[:2]))
    if width < MIN_FACE_PX:
        raise FaceTooSmall(
            f"the face is {math.floor(width)} pixels wide and {MIN_FACE_PX} are needed; "
            "take a larger photo or stand closer"
        )
    light = brightness(image, points)
    if light < MIN_BRIGHTNESS:
        raise TooDark(
            f"the face is too dark ({math.floor(light)} of 255, {MIN_BRIGHTNESS:.0f} needed); "
            "turn to a window or a lamp"
        )


def way_of(yaw: float, pitch: float) -> str:
    """How a head with this pose is not straight, in words."""
    return "turned to the side" if abs(yaw) >= abs(pitch) else "bent up or down"


def check_free(seen: Hidden, limit: float) -> None:
    """Raises MouthCovered, EyesCovered when a chance is above `limit`."""
    if seen.mouth > limit:
        raise MouthCovered(
            "the mouth is covered; take a photo with the whole mouth free: "
            "no hand, mask, scarf or microphone before it"
        )
    eyes = (seen.left_eye > limit, seen.right_eye > limit)
    if any(eyes):
        what = "the eyes are" if all(eyes) else "one eye is"
        raise EyesCovered(
            f"{what} covered; take off dark glasses, hold hair and hands away from the eyes "
            "and look into the camera"
        )


def pose(points: F32) -> tuple[float, float]:
    """Yaw and pitch in degrees, 0 looking straight ahead, from f32[478,3]."""
    across = points[lm.FACE_RIGHT] - points[lm.FACE_LEFT]
    down = points[lm.CHIN] - points[lm.FACE_TOP]
    yaw = float(np.degrees(np.arctan2(across[2], np.hypot(across[0], across[1]))))
    pitch = float(np.degrees(np.arctan2(down[2], np.hypot(down[0], down[1]))))
    return yaw, pitch - PITCH_AT_REST_DEG


def brightness(image: U8, points: F32) -> float:
    """Mean grey inside the face's outline, of 255."""
    hull = cv2.convexHull(np.rint(points[: lm.MESH_POINTS, :2]).astype(np.int32))
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, hull, 255)
    b, g, r, _ = cv2.mean(image, mask)
    return float(0.114 * b + 0.587 * g + 0.299 * r)
