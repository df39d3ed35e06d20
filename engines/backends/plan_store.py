"""The folder of plans: each with its manifest, beside the caches of the library that made them.

Any thread or process: files are written aside and renamed, the manifest last.
Never builds, and never gives out what its manifest does not vouch for.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engines.backends.plans import (
    Key,
    Manifest,
    ManifestDamaged,
    PlanDamaged,
    PlanError,
    check_plan,
    explain,
    from_json,
    rebuild,
    to_json,
)

PLAN, MANIFEST, RUNTIME, TIMING, PART = ".plan", ".json", ".runtime", ".timing", ".part"


@dataclass(frozen=True, slots=True)
class Entry:
    """One manifest in the folder, readable or not."""

    path: Path
    manifest: Manifest | None
    error: PlanError | None
    """What is wrong with manifest or plan; None: both are whole."""


class PlanStore:
    """Plans in one folder, made when the first is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, manifest: Manifest, plan: bytes) -> Path:
        """Keep a plan; returns its path. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(manifest.key, PLAN)
        _write(path, plan)
        _write(self._path(manifest.key, MANIFEST), to_json(manifest).encode())
        return path

    def get(self, key: Key) -> tuple[Manifest, bytes]:
        """A plan and its manifest, checked.

        Raises PlanError: of another card, version, network or profile when only such are here.
        """
        path = self._path(key, MANIFEST)
        if not path.is_file():
            others = (each.manifest.key for each in self.entries(key.network) if each.manifest)
            raise explain(key, list(others))
        manifest = self._manifest(path)
        if manifest.key.digest != key.digest:
            raise ManifestDamaged(f"{path}: another plan's; {rebuild(key.network)}")
        return manifest, self._plan(manifest)

    def entries(self, network: str | None = None, *, whole: bool = False) -> Iterator[Entry]:
        """What is here, by name; `whole` reads and checks the plans too."""
        prefix = "" if network is None else network.replace("/", "-") + "."
        for path in sorted(self.folder.glob(f"{prefix}*{MANIFEST}")):
            manifest: Manifest | None = None
            error: PlanError | None = None
            try:
                manifest = self._manifest(path)
                if whole:
                    self._plan(manifest)
            except PlanError as found:
                error = found
            yield Entry(path, manifest, error)

    def remove(self, keep: frozenset[str], *, damaged_only: bool = False) -> list[Path]:
        """Delete plans but those whose stems are in `keep`, and what nothing names.

        `damaged_only`: leave every whole plan. Returns what was deleted. Raises OSError.
        """
        entries = list(self.entries(whole=damaged_only))
        stays = {
            each.path.stem
            for each in entries
            if each.error is None and (damaged_only or each.path.stem in keep)
        }
        gone = []
        for path in sorted(self.folder.glob("*")):
            ours = path.suffix in (PLAN, MANIFEST, RUNTIME, PART)
            if ours and path.stem not in stays:
                path.unlink()
                gone.append(path)
        return gone

    def cache(self, key: Key, suffix: str) -> bytes:
        """A cache of the library's own (RUNTIME, TIMING); b"": none yet."""
        path = self._cache_path(key, suffix)
        return path.read_bytes() if path.is_file() else b""

    def put_cache(self, key: Key, suffix: str, data: bytes) -> None:
        """Keep a cache. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self._cache_path(key, suffix), data)

    def _cache_path(self, key: Key, suffix: str) -> Path:
        if suffix == RUNTIME:
            return self._path(key, RUNTIME)
        # What kernels cost is true of all networks.
        name = re.sub(r"[^\w.+]+", "-", f"{key.library}-{key.version}-{key.target}")
        return self.folder / f"{name}{suffix}"

    def _path(self, key: Key, suffix: str) -> Path:
        return self.folder / f"{key.stem}{suffix}"

    def _manifest(self, path: Path) -> Manifest:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            remedy = "run: synchrorama plan clean --damaged"
            raise ManifestDamaged(f"{path}: {error}; {remedy}") from error
        manifest = from_json(text, str(path))
        if manifest.key.stem != path.stem:
            raise ManifestDamaged(
                f"{path}: it was renamed, or its key changed; {rebuild(manifest.key.network)}"
            )
        return manifest

    def _plan(self, manifest: Manifest) -> bytes:
        path = self._path(manifest.key, PLAN)
        try:
            plan = path.read_bytes()
        except OSError as error:
            remedy = rebuild(manifest.key.network)
            raise PlanDamaged(f"{path}: {error.strerror}; {remedy}") from error
        check_plan(manifest, plan, str(path))
        return plan


def _write(path: Path, data: bytes) -> None:
    """Aside and renamed: two builders may race, readers see one whole file or the other."""
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=PART)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(aside, path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
