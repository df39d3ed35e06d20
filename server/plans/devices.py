"""What runs the renderer's nets, as the settings ask for it: the CPU, or plans on a card.

Runs on a worker thread at the start; builds go on in processes of their own.
Never takes another device than the one asked for, and says what serves while plans are built.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import cast

from engines.backends.base import Backend, BackendError, LibraryMissing, NoCard, NoDriver
from engines.backends.building import BuildingBackend
from engines.backends.cuda import Card, Cuda
from engines.backends.flavours import Capability
from engines.backends.networks import NETWORKS, NetworkRow
from engines.backends.ort import OrtBackend
from engines.backends.pack import model_of
from engines.backends.plan_build import BuildFailed
from engines.backends.plan_store import PlanStore
from engines.backends.plans import PlanError
from engines.backends.ranges import rows_of
from engines.backends.switching import SwitchingBackend
from engines.backends.torch_backend import TorchBackend
from engines.backends.trt import TrtBackend
from engines.backends.typed_graph import Precision
from server.plans.choice import choice_of
from server.settings import RenderSettings
from server.settings_section import SettingsError

log = logging.getLogger(__name__)
SERVED = tuple(name for name in NETWORKS if name.startswith(("renderer/", "wide/")))
"""Networks that a card is worth for: run for every frame of every session, in batches."""
BUILD_TIMEOUT_S = 3600.0


def plans_folder(wanted: RenderSettings, env: Mapping[str, str] | None = None) -> Path:
    """The folder of plans; by default in the XDG cache folder."""
    if wanted.plans:
        return Path(wanted.plans).expanduser()
    given = (os.environ if env is None else env).get("XDG_CACHE_HOME", "")
    # The XDG base directory specification: a relative path is to be ignored.
    cache = Path(given) if Path(given).is_absolute() else Path.home() / ".cache"
    return cache / "synchrorama" / "plans"


def card_here() -> tuple[Card | None, str]:
    """The first card, or why there is none."""
    try:
        return Cuda().card(), ""
    except (LibraryMissing, NoDriver, NoCard) as error:
        return None, str(error)


def backend_of(wanted: RenderSettings) -> Backend | None:
    """The back-end of `render.device` and `render.backend`; None: ONNX Runtime on the CPU.

    Raises SettingsError when there is no card, no driver or no library for it.
    """
    on_card = wanted.device == "cuda"
    chosen = choice_of(wanted, _capability() if on_card else None)
    log.info("back-end is chosen", extra={"backend": chosen.library, "why": chosen.why})
    store = PlanStore(plans_folder(wanted))
    try:
        if chosen.library == "torch":
            return TorchBackend("cuda" if on_card else "cpu")
        if chosen.library == "ort":
            return OrtBackend("cuda") if on_card else None
        rows = planned(wanted)
        plans = TrtBackend(store, rows=rows)
        missing = missing_plans(plans, store, rows, wanted.weights)
        if not missing:
            return plans
        meanwhile = _meanwhile()
    except BackendError as error:
        raise SettingsError(f"render.device {wanted.device}: {error}") from error
    said = {"networks": ", ".join(missing), "meanwhile": meanwhile.kind}
    log.warning("plans are built in the background", extra=said)
    return SwitchingBackend(meanwhile, BuildingBackend(plans, partial(build_in_child, wanted)))


def _capability() -> Capability | None:
    card, _ = card_here()
    return None if card is None else card.capability


def planned(wanted: RenderSettings) -> Mapping[str, NetworkRow]:
    """Every network as its plan is to be made. Raises NoRanges, ParityMissed, BadPack."""
    return rows_of(cast(Precision, wanted.precision), wanted.weights)


def missing_plans(
    plans: TrtBackend, store: PlanStore, rows: Mapping[str, NetworkRow], pack: str | None = None
) -> list[str]:
    """Of those that are served, the networks whose plan is not there or not to be used."""
    missing = []
    for name in SERVED:
        try:
            store.get(plans.builder.key(rows[name], model_of(name, pack)))
        except PlanError:
            missing.append(name)
    return missing


def _meanwhile() -> Backend:
    try:
        return OrtBackend("cuda")
    except LibraryMissing:
        return OrtBackend("cpu")


def build_in_child(wanted: RenderSettings, name: str) -> None:
    """Build one plan in a process of its own: the server's threads go on. Raises BuildFailed."""
    command = [sys.executable, "-m", "server", "plan", "build", name, "--quiet"]
    command += ["--render-plans", str(plans_folder(wanted))]
    command += ["--render-precision", wanted.precision]
    if wanted.weights:
        command += ["--render-weights", wanted.weights]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildFailed(f"{name}: {error}; run: synchrorama plan build {name}") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise BuildFailed(f"{name}: {said[0]}; run: synchrorama plan build {name}")
