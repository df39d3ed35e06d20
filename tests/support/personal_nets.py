"""An avatar's own nets as `train personal` leaves them: tiny ones, and a consent.

Test support; needs `onnx`, no torch.
Never trained on anybody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from engines.avatars.consent import EXAMPLE, FILE, give_for
from engines.avatars.personal import FOLDER, MANIFEST, SCHEMA
from engines.render.nets import load
from tests.support.tiny_renderer import write_weights

VIDEO = hashlib.sha256(b"a video").hexdigest()


def write_personal(
    avatar: Path, *, gain: float = 0.1, changes: Mapping[str, object] | None = None
) -> Path:
    """The folder `renderer` in that of an avatar, its part `personal` with `changes`."""
    folder = write_weights(avatar / FOLDER, gain=gain)
    record = give_for(EXAMPLE, "Zoe", VIDEO).to_json()
    (folder / FILE).write_bytes(record)
    path = folder / MANIFEST
    manifest = json.loads(path.read_text())
    manifest["personal"] = {
        "schema": SCHEMA,
        "nets": load(folder).digest,
        "paste": {"mouth": 1.0, "eye": 0.5},
        "video": {"sha256": VIDEO, "seconds": 120.0, "trained_s": 59.0, "held_s": 60.0},
        "consent_sha256": hashlib.sha256(record).hexdigest(),
    } | dict(changes or {})
    path.write_text(json.dumps(manifest))
    return folder
