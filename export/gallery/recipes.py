"""The people of the gallery: which source gives what, and how the result is finished.

Read by the command only.
Never computes anything.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Top:
    """A plain top; lines in px of a picture of 640, closed below it."""

    left: tuple[tuple[float, float], ...]  # from the lower edge up to the shoulder
    neckline: tuple[tuple[float, float], ...]  # from the photo's left to its right
    right: tuple[tuple[float, float], ...]  # from the shoulder down to the lower edge
    colour: tuple[float, float, float]  # Lab
    shading: float = 0.2  # share of what lies under it that shows as folds and form
    hair_line: tuple[tuple[float, float], ...] = ()  # how far down hair hangs in front of it


@dataclass(frozen=True, slots=True)
class Patch:
    """A box of a source, px, covered by its neighbour (dx, dy) away: a logo, a label."""

    stem: str
    box: tuple[int, int, int, int]  # x, y, width, height
    dx: int
    dy: int


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
    jaw_shadow: float = 0.0  # 0-1, for a body from another picture
    even_chroma: float = 0.6
    face_px: float = 240.0  # width of the face in a picture of 640
    patches: tuple[Patch, ...] = ()
    backdrop: tuple[float, float, float] = (68.0, -1.5, -4.0)  # Lab at the brightest spot


ARIA = Recipe(
    name="aria",
    title="Aria",
    sex="female",
    seed=6,
    step=(-1.05, -1.5, 1.5, 0.14, -1.01, 1.35, -0.65, -1.5),
    face_px=230.0,
    top=Top(
        left=((108.0, 660.0), (114.0, 590.0), (119.0, 530.0), (130.0, 498.0)),
        neckline=(
            (192.0, 475.0),
            (203.0, 512.0),
            (244.0, 542.0),
            (331.0, 556.0),
            (416.0, 541.0),
            (458.0, 508.0),
            (476.0, 466.0),
        ),
        right=((545.0, 464.0), (552.0, 520.0), (560.0, 590.0), (566.0, 660.0)),
        colour=(24.0, -1.5, -9.0),
        shading=0.3,
        hair_line=(
            (100.0, 498.0),
            (150.0, 493.0),
            (190.0, 487.0),
            (250.0, 480.0),
            (370.0, 495.0),
            (395.0, 520.0),
            (425.0, 516.0),
            (455.0, 496.0),
            (480.0, 476.0),
            (520.0, 468.0),
            (560.0, 462.0),
        ),
    ),
    group=("female_86", "female_49", "female_68", "female_36", "female_2", "female_85"),
    hair="female_36~",
    body="female_36~",
    eyes=("female_68", "female_86"),
    nose=("female_86",),
    mouth=("female_85", "female_86"),
    skin=("female_86", "female_68"),
    plain_hair=True,
    plain_body=True,
    symmetry=0.9,
    eye_grow_px=12.0,
    hair_over_px=45.0,
    backdrop=(62.0, -2.0, -3.5),
)

KEN = Recipe(
    name="ken",
    title="Ken",
    sex="male",
    seed=12,
    step=(0.01, 1.05, -0.74, -0.72, -1.5, -1.21, 0.63, -1.32),
    brow=0.012,
    eye=0.008,
    smile=0.006,
    even_cloth=0.8,
    neck=0.8,
    eye_light=7.0,
    group=("male_12", "male_70", "male_83", "male_45", "male_63", "male_71"),
    hair="male_12~",
    body="male_70",
    eyes=("male_70", "male_71"),
    nose=("male_70",),
    mouth=("male_70", "male_12"),
    skin=("male_37", "male_70"),
    plain_hair=True,
    body_above_chin=0.38,
    jaw_shadow=0.16,
    patches=(Patch("male_70", (408, 526, 54, 26), -62, 0),),
    backdrop=(78.0, -1.0, -3.0),
)

GRACE = Recipe(
    name="grace",
    title="Grace",
    sex="female",
    seed=13,
    step=(-1.5, 1.5, -0.96, -0.07, -1.32, 0.39, -1.5, -0.03),
    smile=0.004,
    group=("female_10", "female_44", "female_0", "female_60", "female_94", "female_13"),
    hair="female_60~",
    body="female_60~",
    eyes=("female_44", "female_94"),
    nose=("female_44", "female_60"),
    mouth=("female_44", "female_60"),
    skin=("female_67", "female_44"),
    plain_hair=True,
    plain_body=True,
    symmetry=0.8,
    eye_grow_px=10.0,
    hair_over_px=40.0,
    backdrop=(76.0, 0.0, -2.0),
)

RECIPES = {r.name: r for r in (ARIA, KEN, GRACE)}
