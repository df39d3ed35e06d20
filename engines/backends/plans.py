"""The identity of a compiled plan: its key, its manifest, and what is wrong with another one's.

Pure; any thread.
Never reads a file or a card: `plan_store` does the one, `trt` the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from engines.backends.base import BackendError, Tensor
from engines.backends.networks import NetworkRow, Profile
from engines.backends.typed_graph import RECIPE

SCHEMA = 1
KEY_DIGITS = 16


class PlanError(BackendError):
    """A plan cannot be used; the message ends with the command that mends it."""


class NoPlan(PlanError):
    """None has been built for this network."""


class PlanDamaged(PlanError):
    """The plan's file is missing, truncated or not the one that its manifest names."""


class ManifestDamaged(PlanError):
    """The manifest cannot be read, or was changed after it was written."""


class PlanOfAnotherCard(PlanError):
    """It was compiled for other cards than this one."""


class PlanOfAnotherVersion(PlanError):
    """It was compiled by another library, or another version of it."""


class PlanOfAnotherNetwork(PlanError):
    """The network has been trained or typed anew since."""


class WrongProfile(PlanError):
    """It was compiled for other shapes or another precision."""


@dataclass(frozen=True, slots=True)
class Key:
    """All that a plan depends on."""

    network: str
    graph: str
    """sha256 of the ONNX file, the number of the recipe that types it, ranges of 8 bits."""
    library: str
    version: str
    target: str
    precision: str
    profile: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Names the files."""
        return _digest(_plain(self))[:KEY_DIGITS]

    @property
    def stem(self) -> str:
        """Of the files' names."""
        return f"{self.network.replace('/', '-')}.{self.digest}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What lies beside a plan."""

    key: Key
    sha256: str
    """Of the plan."""
    bytes: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    layers: Mapping[str, int]
    """Type of the result ("HALF") -> layers of the network before they were fused."""
    build_s: float
    device_bytes: int = 0
    """Activations at the largest shape, where the library says so."""
    schema: int = field(default=SCHEMA)


def key_of(row: NetworkRow, graph: bytes, profile: Profile, library: tuple[str, str, str]) -> Key:
    """The key of a row's plan; `library` is module, version and target."""
    digest = f"{hashlib.sha256(graph).hexdigest()}/{RECIPE}"
    if row.ranges is not None:
        digest += f"/{_digest(row.ranges.largest)[:KEY_DIGITS]}"
    shapes = {name: [list(shape) for shape in sizes] for name, sizes in profile.items()}
    return Key(row.name, digest, *library, row.precision, shapes)


def to_json(manifest: Manifest) -> str:
    """With a digest of its own, so that an edit is noticed."""
    plain = _plain(manifest)
    return json.dumps({**plain, "digest": _digest(plain)}, indent=1) + "\n"


def from_json(text: str, where: str) -> Manifest:
    """Raises ManifestDamaged."""
    try:
        plain = json.loads(text)
        digest = plain.pop("digest")
        if plain["schema"] != SCHEMA:
            raise ValueError(f"schema {plain['schema']}, wanted {SCHEMA}")
        if digest != _digest(plain):
            raise ValueError("it was changed after it was written")
        plain["key"] = Key(**plain["key"])
        for side in ("inputs", "outputs"):
            plain[side] = tuple(
                Tensor(each["name"], each["dtype"], tuple(each["shape"])) for each in plain[side]
            )
        return Manifest(**plain)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise ManifestDamaged(f"{where}: {said}; run: synchrorama plan clean --damaged") from error


def check_plan(manifest: Manifest, plan: bytes, where: str) -> None:
    """Raises PlanDamaged when these are not the bytes that the manifest names."""
    remedy = rebuild(manifest.key.network)
    if len(plan) != manifest.bytes:
        said = f"{len(plan)} bytes, wanted {manifest.bytes}"
        raise PlanDamaged(f"{where}: {said}; {remedy}")
    if hashlib.sha256(plan).hexdigest() != manifest.sha256:
        raise PlanDamaged(f"{where} is not the file its manifest names; {remedy}")


def explain(wanted: Key, found: list[Key]) -> PlanError:
    """Why none of the plans of this network will do: the nearest one, and what is wrong with it."""
    remedy = rebuild(wanted.network)
    if not found:
        return NoPlan(f"{wanted.network}: no plan has been built; {remedy}")
    near = min(found, key=lambda key: len(_differences(wanted, key)))
    kind, have, want = _differences(wanted, near)[0]
    return kind(f"{wanted.network}: the plan here is for {have}, wanted {want}; {remedy}")


def _differences(wanted: Key, key: Key) -> list[tuple[type[PlanError], str, str]]:
    """What each is for, in the order they are told."""
    sides = [
        (
            (PlanOfAnotherCard, f"cards {each.target}"),
            (PlanOfAnotherVersion, f"{each.library} {each.version}"),
            (PlanOfAnotherNetwork, f"weights {each.graph}"),
            (WrongProfile, f"precision {each.precision}"),
            (WrongProfile, f"shapes {_said(each.profile)}"),
        )
        for each in (key, wanted)
    ]
    return [
        (kind, have, want) for (kind, have), (_, want) in zip(*sides, strict=True) if have != want
    ]


def _said(profile: Mapping[str, Any]) -> str:
    parts = (f"{name} {', '.join(map(str, sizes))}" for name, sizes in sorted(profile.items()))
    return "; ".join(parts)


def rebuild(network: str) -> str:
    """The command that mends a network's plan."""
    return f"run: synchrorama plan build {network}"


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(asdict(value), sort_keys=True))


def _digest(plain: Any) -> str:
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
