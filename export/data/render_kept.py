"""Renderer pairs with nothing to draw: portraits moved, and the truth is the motion frame itself.

Offline; one process; ten milliseconds a pair after a second for each portrait.
Never moves what stills have a truth for: smiles and shut lids are the work of the other kinds.

Where the teeth of a stranger's open mouth are is anybody's guess, and the mean of all guesses is a
grey band; so it is with irises under lids half down, which one speaker's video would make his. Most
of such pictures teach the net to leave alone what it cannot know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from engines.render.warp import WarpRenderer
from engines.values import F32, MOTION_INDEX
from export.data.faces import random_motion
from export.data.render_pairs import Drawn, Pairs
from export.data.render_puppet import Puppet
from export.data.render_stills import Portraits

_LIDS = (0.0, 0.65)
"""Further down they have a truth: the blinks of video."""
_SMILES = ("mouthSmileLeft", "mouthSmileRight")
_CHANGE = 0.85
"""Of the motion, a frame before."""


def speaking(rng: np.random.Generator) -> F32:
    """f32[58]: a random motion whose mouth does not smile and whose lids are not shut."""
    motion = random_motion(rng)
    motion[[MOTION_INDEX[name] for name in _SMILES]] *= 0.25
    down = rng.uniform(*_LIDS)
    for side in ("Left", "Right"):
        motion[MOTION_INDEX[f"eyeBlink{side}"]] = down
    out: F32 = motion.astype(np.float32)
    return out


def make(
    people: Portraits, variants: int, seed: int, step: Callable[[], None]
) -> Iterator[list[Pairs | None]]:
    """So many motions of each portrait."""
    rng = np.random.default_rng(seed)
    for name, _, _, avatar in people.avatars(step):
        puppet, renderer = Puppet(avatar), WarpRenderer(avatar, avatar.size)
        state = renderer.new_state()
        for _ in range(variants):
            motion = speaking(rng)
            drawn = []
            for part in (_CHANGE * motion, motion):
                mesh = renderer.mesh(part)
                picture = renderer.draw(state, mesh)
                drawn.append(Drawn(picture, picture, mesh))
            yield list(puppet.pairs("kept", name, drawn[1], drawn[0]))
