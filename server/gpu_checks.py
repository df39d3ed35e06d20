"""The doctor's look at the card: driver, CUDA, memory, TensorRT, plans, video encoders.

Runs on the main thread.
Never asks a card for more than its name, its memory and one opened encoder.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from fractions import Fraction

import onnxruntime

from engines.backends.base import BackendError, LibraryMissing
from engines.backends.cuda import Card
from engines.backends.flavours import (
    Capability,
    Flavour,
    choose,
    installed,
    load,
    target_of,
    version_of,
)
from engines.backends.ort import OrtBackend
from engines.backends.pack import model_of
from engines.backends.plan_build import Builder
from engines.backends.plan_store import PlanStore
from engines.backends.plans import PlanError
from engines.backends.torch_backend import TorchBackend, torch_version
from server.doctor import Finding
from server.plans.choice import choice_of
from server.plans.devices import SERVED, card_here, planned, plans_folder
from server.settings import Settings
from server.settings_section import SettingsError

QUERY = "name,compute_cap,driver_version,memory.free,memory.total"
LEAST_FREE_MIB = 1024
"""Weights, activations at the largest batch, kernels and CUDA's own context, twice over."""
NO_NVENC = re.compile(r"\b(A100|A30|H100|H200|H800|GH200|B100|B200|GB200)\b")
"""Cards made without a video encoder."""
DRIVER = "install or update the NVIDIA driver (580 or later for CUDA 13)"


def gpu(settings: Settings) -> Finding:
    """Whether there is an NVIDIA card, with driver, CUDA and free memory; none is needed."""
    asked = settings.render.device != "cpu"
    tool = shutil.which("nvidia-smi")
    if tool is None:
        if asked:
            return Finding("gpu", "fail", "no nvidia-smi: no driver", f"{DRIVER}, or use the CPU")
        return Finding("gpu", "ok", "none found; none is needed (render.device cpu)")
    out, error = _smi(tool, f"--query-gpu={QUERY}", "--format=csv,noheader,nounits")
    if error:
        return Finding("gpu", "fail" if asked else "warn", error, DRIVER)
    cards = [[part.strip() for part in line.split(",")] for line in out.splitlines() if line]
    if not all(len(card) == 5 for card in cards) or not cards:
        said = f"nvidia-smi said {out[:80]!r}"
        return Finding("gpu", "fail" if asked else "warn", said, DRIVER)
    about, _ = _smi(tool)
    found = re.search(r"CUDA Version:\s*([\d.]+)", about)
    cuda = f", CUDA up to {found[1]}" if found else ""
    told = "; ".join(
        f"{name} (compute capability {capability}), driver {driver}{cuda}, "
        f"{free} of {total} MiB free"
        for name, capability, driver, free, total in cards
    )
    free_mib = float(cards[0][3]) if cards[0][3].replace(".", "").isdigit() else float("inf")
    if asked and free_mib < LEAST_FREE_MIB:
        return Finding("gpu", "warn", told, "stop what else uses the card (nvidia-smi shows what)")
    return Finding("gpu", "ok", told)


def tensorrt(settings: Settings) -> Finding:
    """Which TensorRT is installed, whether it starts, and whether it suits the card."""
    wanted = settings.render
    asked = wanted.device != "cpu" and wanted.backend not in ("ort", "torch")
    have = installed()
    told, broken = [], []
    for flavour in have:
        try:
            load(flavour)
            told.append(f"{flavour.module} {version_of(flavour)}")
        except LibraryMissing as error:
            broken.append(str(error))
    card, why = card_here()
    said = ", ".join([*told, *broken]) or "none installed"
    if asked and card is None:
        return Finding("tensorrt", "fail", f"{said}; {why.rpartition('; ')[0] or why}", DRIVER)
    try:
        builder = _builder(have, card.capability if card else None)
        said += f"; plans for {builder.target}" + ("" if card else " can be built here")
    except LibraryMissing as error:
        if not asked:
            needless = f"{said}; none is needed ({_asked(settings)})"
            return Finding("tensorrt", "ok", needless)
        if _chosen(settings, have, card) == "torch":
            return Finding("tensorrt", "warn", f"{said}; torch serves", str(error))
        return Finding("tensorrt", "fail", said, str(error).partition("; ")[2])
    return Finding("tensorrt", "warn" if broken else "ok", said, "; ".join(broken))


def backend(settings: Settings) -> Finding:
    """Which library would run the renderer's nets, where and in what precision; it is started."""
    wanted = settings.render
    card, _ = card_here()
    try:
        chosen = choice_of(wanted, card.capability if card else None, installed())
        if chosen.library == "torch":
            made = TorchBackend("cpu" if wanted.device == "cpu" else "cuda")
            said = f"{made.kind}, torch {torch_version()}"
        elif chosen.library == "ort":
            kind = OrtBackend("cpu" if wanted.device == "cpu" else "cuda").kind
            said = f"{kind}, onnxruntime {onnxruntime.__version__}"
        else:
            flavour = choose(installed(), card.capability if card else None)
            said = f"{flavour.module} {version_of(flavour)}"
    except SettingsError as error:
        return Finding("back-end", "fail", str(error), "set render.backend to auto")
    except BackendError as error:
        told, _, remedy = str(error).partition("; ")
        return Finding("back-end", "fail", told, remedy or "see tensorrt and gpu")
    kinds = "int8 and fp32" if said.startswith("onnxruntime-cpu") else "fp32"
    if wanted.device != "cpu" and chosen.library != "ort":
        kinds = wanted.precision
    return Finding("back-end", "ok", f"{said}; {kinds}; {chosen.why}")


def plans(settings: Settings) -> Finding:
    """Whether the plans that would serve are there and whole."""
    card, _ = card_here()
    if _chosen(settings, installed(), card) != "trt":
        return Finding("plans", "ok", f"none is needed ({_asked(settings)})")
    store = PlanStore(plans_folder(settings.render))
    try:
        builder = _builder(installed(), card.capability if card else None)
    except LibraryMissing:
        return Finding("plans", "warn", "none can be used here", "see tensorrt above")
    faults = []
    try:
        rows = planned(settings.render)
    except BackendError as error:
        said, _, remedy = str(error).rpartition("; ")
        return Finding("plans", "fail", said, remedy)
    for name in SERVED:
        try:
            store.get(builder.key(rows[name], model_of(name, settings.render.weights)))
        except PlanError as error:
            faults.append(str(error).rpartition("; ")[0])
    if not faults:
        return Finding("plans", "ok", f"{len(SERVED)} for {builder.target}, whole")
    return Finding("plans", "warn", "; ".join(faults), "run: synchrorama plan build")


def nvenc(settings: Settings) -> Finding:
    """Which encoder would carry the picture: the card's is tried by opening it."""
    import av

    error = open_encoder("h264_nvenc")
    if not error:
        return Finding("nvenc", "ok", "the card's H.264 encoder opens (not used yet: VP8 or x264)")
    card, why = card_here()
    names = [name for name in ("libvpx", "libx264") if name in av.codecs_available]
    said = f"processor encodes ({', '.join(names)})"
    if card is None:
        return Finding("nvenc", "ok", f"{said}; no card")
    if NO_NVENC.search(card.name):
        return Finding("nvenc", "ok", f"{said}; {card.name} has no video encoder")
    remedy = "install libnvidia-encode of the driver; in a container add the capability `video`"
    return Finding("nvenc", "warn", f"{said}; h264_nvenc: {error}", remedy)


def open_encoder(name: str) -> str:
    """Open a video encoder for one small picture; why it does not, empty when it does."""
    import av

    try:
        encoder = av.CodecContext.create(name, "w")
        encoder.width, encoder.height, encoder.pix_fmt = 256, 256, "yuv420p"  # type: ignore[attr-defined]
        encoder.time_base = Fraction(1, 25)
        encoder.open()
    except (av.FFmpegError, ValueError) as error:
        return str(error)
    return ""


def _chosen(settings: Settings, have: tuple[Flavour, ...], card: Card | None) -> str:
    """The library; what cannot be is told by `backend`."""
    try:
        return choice_of(settings.render, card.capability if card else None, have).library
    except SettingsError:
        return ""


def _asked(settings: Settings) -> str:
    wanted = settings.render
    if wanted.device == "cpu":
        return "render.device cpu"
    return f"render.backend {wanted.backend}"


def _builder(have: tuple[Flavour, ...], card: Capability | None) -> Builder:
    flavour = choose(have, card)
    return Builder(flavour, version_of(flavour), target_of(flavour, card))


def _smi(tool: str, *arguments: str) -> tuple[str, str]:
    """What nvidia-smi says, and what is wrong with it."""
    try:
        done = subprocess.run(
            [tool, *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"nvidia-smi does not answer: {error}"
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[:1]
        return "", f"nvidia-smi failed: {''.join(said)}"
    return done.stdout, ""
