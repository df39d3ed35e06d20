"""The people of the gallery: which source gives what, and how the result is finished.

Read by the command only.
Never computes anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Top:
    """A plain top; lines in px of a picture of 640, closed below it."""

    left: tuple[tuple[float, float], ...]  # from the lower edge up to the shoulder
    neckline: tuple[tuple[float, float], ...]  # from the photo's left to its right
    right: tuple[tuple[float, float], ...]  # from the shoulder down to the lower edge
    colour: tuple[float, float, float]  # Lab
    shading: float = 0.2  # share of what lies under it that shows as folds and form
    hair_line: tuple[tuple[float, float], ...] = ()  # how far down hair hangs in front of it
    shoulders: bool = False  # whether its sides are the outline of the body too
    hair_light: float = 40.0  # L below which what lies there is hair


@dataclass(frozen=True, slots=True)
class Patch:
    """A box of a source, px, covered by its neighbour (dx, dy) away: a logo, a label."""

    stem: str
    box: tuple[int, int, int, int]  # x, y, width, height
    dx: int
    dy: int


@dataclass(frozen=True, slots=True)
class Hair:
    """What makes a donor's hair another's: outline, strands and colour."""

    volume: tuple[float, float] = (1.0, 1.0)  # times as wide, as high, from the face's edge on
    wander: float = 0.012  # of the outline, face widths
    reach: float = 0.65  # how far below the chin hair hangs at most, face widths
    strands: float = 1.0  # 0-1: share of the fine detail that is drawn anew
    light: float = 1.0  # factor on L
    lift: float = 0.0  # added to L
    colour: float = 1.0  # factor on a and b
    tint: tuple[float, float] = (0.0, 0.0)  # added to a and b


@dataclass(frozen=True, slots=True)
class Cloth:
    """New cloth for a donor's clothes: their folds, other colours, other threads."""

    light: float = 1.0  # factor on L
    lift: float = 0.0
    colour: float = 0.0  # factor on a and b
    tint: tuple[float, float] = (0.0, 0.0)
    collar: float = 0.5  # how far above the chin it may stand beside the neck, face widths
    weave: float = 1.0  # L, deviation of the threads
    fine: float = 0.3  # share of the donor's finest band that stays


@dataclass(frozen=True, slots=True)
class Recipe:
    """One made-up person. Names are portrait stems; a trailing ~ mirrors the picture."""

    name: str
    title: str
    sex: str  # stem prefix of the portraits that span the face space
    seed: int  # of grain, pores and cloth
    step: tuple[float, ...]  # away from the group's mean face: standard deviations of each mode
    group: tuple[str, ...]  # whose mean gives colour, shade and form
    hair: str
    body: str
    eyes: tuple[str, ...]  # first gives the fine detail, all the middle bands
    nose: tuple[str, ...]
    mouth: tuple[str, ...]
    skin: tuple[str, ...]
    attributes: Mapping[str, str] = field(default_factory=dict)  # for scene text
    plain_hair: bool = False  # the hair donor's backdrop is one smooth colour
    plain_body: bool = False
    symmetry: float = 0.7
    brow: float = 0.0  # raise of the inner brows, face widths
    eye: float = 0.0  # raise of the upper lids
    smile: float = 0.0  # raise of the corners of the mouth
    eye_light: float = 0.0  # L added to the irises
    even_cloth: float = 0.0  # 0-1: share of broad light and shade on the clothes taken away
    eye_grow_px: float = 8.0
    body_above_chin: float = 0.25
    hair_over_px: float = 0.0  # depth inside the face where the hair donor's hair stays on top
    neck: float = 0.7  # how far the neck's tone is moved to the face's
    top: Top | None = None
    cloth: Cloth | None = None
    style: Hair = Hair()
    jaw_shadow: float = 0.0  # 0-1, for a body from another picture
    even_chroma: float = 0.6
    face_px: float = 240.0  # width of the face in a picture of 640
    patches: tuple[Patch, ...] = ()
    backdrop: tuple[float, float, float] = (68.0, -1.5, -4.0)  # Lab at the brightest spot
