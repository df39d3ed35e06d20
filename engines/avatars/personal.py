"""The renderer's nets of one avatar, trained on its person's own footage: a folder in its folder.

Read on any thread; `python -m export train personal` makes it.
Never runs a net and never takes one from a stranger: parcels leave this folder out.

`renderer/`: the files of `engines/weights/renderer`, whose manifest has a part `personal` besides,
and `consent.json`, which names the video.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.avatars.consent import FILE as CONSENT
from engines.avatars.consent import BadConsent, Consent
from engines.avatars.consent import read as read_consent

FOLDER = "renderer"
MANIFEST = "manifest.json"
SCHEMA = 1
REMEDY = "train them again with `python -m export train personal`, or delete the folder"


class BadPersonal(Exception):
    """The folder is not whole; the text names it, what is wrong and the remedy."""


@dataclass(frozen=True, slots=True)
class Personal:
    """What an avatar's own nets say of themselves."""

    folder: Path
    nets: str
    """Their digest, as `RendererNets.digest`."""
    paste: Mapping[str, float]
    """As `Avatar.paste`, chosen with these nets."""
    trained_s: float
    """Seconds of video that they were trained on."""
    consent: Consent


def read(avatar: Path) -> Personal | None:
    """Of the avatar in that folder; None where it has no nets of its own. Raises BadPersonal."""
    folder = avatar / FOLDER
    if not folder.exists():
        return None
    try:
        manifest = _manifest(folder)
        part = manifest["personal"]
        if part["schema"] != SCHEMA:
            raise ValueError(f"schema {part['schema']}, this program reads {SCHEMA}")
        paste = {str(kind): float(share) for kind, share in part["paste"].items()}
        if not all(0 <= share <= 1 for share in paste.values()):
            raise ValueError(f"paste {paste}: wanted 0 to 1")
        consent = read_consent(folder)
        if consent is None:
            raise BadConsent("no consent record beside them")
        trained_s = float(part["video"]["trained_s"])
        return Personal(folder, str(part["nets"]), paste, trained_s, consent)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, BadConsent) as error:
        raise BadPersonal(f"{folder}: {error!r}; {REMEDY}") from error


def check(personal: Personal) -> None:
    """Whether every file is the one that the manifest names. Raises BadPersonal."""
    try:
        manifest = _manifest(personal.folder)
        wanted = {f"{name}.onnx": digest for name, digest in manifest["sha256"].items()}
        wanted[CONSENT] = manifest["personal"]["consent_sha256"]
        for name, digest in wanted.items():
            if Path(name).name != name:
                raise ValueError(f"{name!r} is no file of such a folder")
            if hashlib.sha256((personal.folder / name).read_bytes()).hexdigest() != digest:
                raise ValueError(f"{name} is not the file the manifest names")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadPersonal(f"{personal.folder}: {error}; {REMEDY}") from error


def _manifest(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
    return manifest
