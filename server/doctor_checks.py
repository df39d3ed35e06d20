"""The checks of `synchrorama doctor`, one function for each thing.

Run on the main thread.
Never raise for what they look for: that is a Finding; what they did not expect, they let out.
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
import time
from dataclasses import replace
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from engines.pipeline import Motion
from engines.values import FRAME_SAMPLES, AudioWindow
from server.admission import ENCODE_S_512, FRAME_S, Machine, codec_s, room, sustained_s
from server.camera.checks import virtual_camera
from server.doctor import Check, Finding
from server.gpu_checks import backend, gpu, nvenc, plans, tensorrt
from server.model_checks import models, renderer
from server.origin import ForeignPackage, check_layout
from server.settings import EmotionSettings, Settings
from server.settings_section import SettingsError
from server.stun import ask
from server.workers.devices import engine_devices

LIBRARIES = (
    "aiortc",
    "aioice",
    "av",
    "numpy",
    "opencv-python-headless",
    "onnxruntime",
    "uvicorn",
)
FRAMES = 40
SLOW_ENCODE_S = 0.012
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
UDP_TRIED = 20


def python(settings: Settings) -> Finding:
    """Version and where it comes from."""
    said = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("python", "ok", said)


def layout(settings: Settings) -> Finding:
    """Whether our packages are ours."""
    try:
        check_layout()
    except ForeignPackage as error:
        return Finding("packages", "fail", str(error), "use an environment of its own")
    return Finding("packages", "ok", "server, engines and export lie together")


def libraries(settings: Settings) -> Finding:
    """Versions of what matters."""
    found, missing = [], []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding("libraries", "fail", f"missing: {', '.join(missing)}", "make install")
    return Finding("libraries", "ok", ", ".join(found))


def cores(settings: Settings) -> Finding:
    """Cores and vector instructions."""
    from server.backend import usable_cores

    count = usable_cores()
    flags = _cpu_flags()
    vector = ", AVX2" if "avx2" in flags else ("" if not flags else ", no AVX2")
    said = f"{count} usable{vector}"
    if count < 2:
        remedy = "give the process a second core: one draws and one encodes"
        return Finding("cores", "warn", said, remedy)
    return Finding("cores", "ok", said)


def _cpu_flags() -> set[str]:
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return set()
    for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(("flags", "Features")):
            return set(line.split(":", 1)[1].split())
    return set()


def runtime(settings: Settings) -> Finding:
    """What ONNX Runtime can run on."""
    import onnxruntime

    providers = onnxruntime.get_available_providers()
    said = ", ".join(name.removesuffix("ExecutionProvider") for name in providers)
    if "CPUExecutionProvider" not in providers:
        return Finding("onnx runtime", "fail", said, "install the package onnxruntime")
    return Finding("onnx runtime", "ok", said)


def tcp_port(settings: Settings) -> Finding:
    """Whether the server can listen."""
    from server.serve import bind
    from server.settings_section import SettingsError

    said = f"{settings.server.host} port {settings.server.port}"
    try:
        bind(settings.server).close()
    except SettingsError as error:
        told, _, remedy = str(error).rpartition("; ")
        if told.startswith("server.port"):
            remedy = f"stop what uses it (this server, if it runs already), or {remedy}"
        return Finding("tcp port", "fail", told, remedy)
    return Finding("tcp port", "ok", f"{said} is free")


def udp_ports(settings: Settings) -> Finding:
    """Whether media sockets can be bound where they are to be."""
    rtc = settings.rtc
    first, last = rtc.udp_ports or (0, 0)
    tried = range(first, min(last, first + UDP_TRIED - 1) + 1)
    taken, failed = 0, ""
    for host in rtc.bind_addresses or ("",):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        for port in tried:
            with socket.socket(family, socket.SOCK_DGRAM) as media:
                try:
                    media.bind((host, port))
                except OSError as error:
                    taken += 1
                    failed = f"{host or 'any address'} port {port}: {error.strerror}"
    where = ", ".join(rtc.bind_addresses) or "all addresses"
    ports = f"ports {first}-{last}" if rtc.udp_ports else "any port"
    if taken:
        remedy = "correct rtc.bind_addresses, or move rtc.udp_ports"
        return Finding("udp ports", "fail" if taken >= len(tried) else "warn", failed, remedy)
    return Finding("udp ports", "ok", f"{where}, {ports}")


def ice_servers(settings: Settings) -> Finding:
    """Whether the configured STUN and TURN servers answer."""
    urls = [url for server in settings.rtc.ice_servers for url in server.urls]
    if not urls:
        said = "none set; none is needed unless clients are behind other routers"
        return Finding("ice servers", "ok", said)
    silent = [url for url in urls if not ask(url)]
    if silent:
        remedy = "remove it or mend the way to it: a silent one costs each visitor 5 s"
        return Finding("ice servers", "warn", f"no answer: {', '.join(silent)}", remedy)
    return Finding("ice servers", "ok", ", ".join(urls))


def encoders(settings: Settings) -> Finding:
    """Time of one 512x512 picture in the encoders as the server sets them."""
    from aiortc.codecs import h264, vpx

    from server.rtc.install import install

    installed = install(settings.rtc)
    try:
        times = {"VP8": _encode_s(vpx.Vp8Encoder())}
        if settings.rtc.h264:
            times["H264"] = _encode_s(h264.H264Encoder())
    finally:
        installed.undo()
    said = ", ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in times.items())
    said += " per 512x512 picture (40 ms are there)"
    if times["VP8"] > SLOW_ENCODE_S:
        return Finding("encoders", "warn", said, "use a smaller session.size, or fewer sessions")
    return Finding("encoders", "ok", said)


def _encode_s(encoder: Any) -> float:
    """Median seconds of a frame of moving noise over a gradient."""
    import av

    noise = np.random.default_rng(0)
    base = np.tile(np.linspace(40, 200, 512), (768, 1))
    times = []
    for index in range(FRAMES):
        moved = np.roll(base, 3 * index, axis=1) + noise.integers(0, 4, (768, 512))
        frame = av.VideoFrame.from_ndarray(moved.astype(np.uint8), format="yuv420p")
        frame.pts, frame.time_base = index * 3600, Fraction(1, 90_000)
        begun = time.perf_counter()
        encoder.encode(frame)
        times.append(time.perf_counter() - begun)
    return float(np.median(times))


def avatars(settings: Settings) -> Finding:
    """Whether every avatar loads."""
    from engines.avatars.bundle import AvatarError
    from server.backend import avatar_store

    store = avatar_store(settings)
    names, damaged = store.names(), []
    for name in names:
        try:
            store.load(name)
        except AvatarError as error:
            damaged.append(f"{name}: {error}")
    if not names:
        return Finding("avatars", "fail", "there is none", "reinstall, or set avatars.folders")
    if damaged:
        return Finding("avatars", "fail", "; ".join(damaged), "fit them again or remove them")
    return Finding("avatars", "ok", ", ".join(names))


def frame_time(settings: Settings) -> Finding:
    """Lip model and picture on one thread, and how many sessions that allows.

    With the models that ship: those that the settings name might have to be fetched first.
    """
    from engines.render.nets import BadRendererWeights
    from server.backend import avatar_store, percentile, usable_cores
    from server.drawing import drawing_of, measure
    from server.models import motion_model

    store = avatar_store(settings)
    if not store.names():
        return Finding("frame time", "fail", "no avatar to draw", "see avatars above")
    motion = motion_model(replace(settings, emotion=EmotionSettings()))
    lips = percentile(motion_steps_s(motion), 0.5)
    try:
        drawing = drawing_of(settings.render)
    except (SettingsError, BadRendererWeights):
        return Finding("frame time", "fail", "nothing to draw with", "see renderer above")
    avatar = store.load(settings.avatars.default or store.names()[0])
    costs = measure(motion, avatar, drawing.factory)
    steps = costs.steps_of(0)
    p50, p95 = percentile(steps, 0.5), percentile(steps, 0.95)
    counted = 0 if drawing.counted_at_best else len(costs.efforts) - 1
    workers = max(1, settings.server.workers)
    machine = Machine(
        usable_cores(),
        sustained_s(costs.steps_of(counted)),
        workers,
        costs.encode_s or ENCODE_S_512,
        len(engine_devices(settings)) if workers > 1 else 1,
    )
    ways = ", ".join(
        f"{name} {1000 * cost:.1f}" for name, cost in zip(costs.efforts, costs.draws_s, strict=True)
    )
    said = (
        f"lips and motion {lips * 1000:.1f} ms, whole frame p50 {p50 * 1000:.1f}, "
        f"p95 {p95 * 1000:.1f} ms of processor time at 512x512; "
        f"a picture by rung: {ways} ms; encoded in {costs.encode_s * 1000:.1f} ms; "
        f"room for {_sessions(machine, settings)}"
    )
    if p95 + codec_s(512, machine) > FRAME_S:
        remedy = "use session.size 256 or a faster processor: it will hold pictures (12.5 fps)"
        return Finding("frame time", "warn", said, remedy)
    return Finding("frame time", "ok", said)


def motion_steps_s(motion: Motion) -> list[float]:
    """Processor seconds of each step of the motion model, over noise."""
    noise = np.random.default_rng(0)
    state, times = motion.new_state(0), []
    for index in range(FRAMES):
        samples = noise.normal(0, 0.1, FRAME_SAMPLES).astype(np.float32)
        begun = time.thread_time()
        motion.step(state, AudioWindow(index * FRAME_SAMPLES, 0, samples, motion.lookahead))
        times.append(time.thread_time() - begun)
    return times


def _sessions(machine: Machine, settings: Settings) -> str:
    size = settings.session.size
    admitted = room(size, machine, settings.session.max_sessions)
    return f"{admitted} session{'s' if admitted != 1 else ''} of {size}x{size}"


def browser(settings: Settings) -> Finding:
    """Chromium, which only the browser tests need."""
    given = os.environ.get("CHROMIUM")
    found = given or next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        said = "no Chromium found: browser tests are skipped"
        return Finding("chromium", "warn", said, "apt-get install chromium (only for tests)")
    return Finding("chromium", "ok", Path(found).name)


CHECKS: tuple[tuple[str, Check], ...] = (
    ("python", python),
    ("packages", layout),
    ("libraries", libraries),
    ("cores", cores),
    ("onnx runtime", runtime),
    ("gpu", gpu),
    ("tensorrt", tensorrt),
    ("back-end", backend),
    ("plans", plans),
    ("tcp port", tcp_port),
    ("udp ports", udp_ports),
    ("ice servers", ice_servers),
    ("encoders", encoders),
    ("nvenc", nvenc),
    ("avatars", avatars),
    ("models", models),
    ("renderer", renderer),
    ("frame time", frame_time),
    ("chromium", browser),
    ("virtual camera", virtual_camera),
)
"""In the order they are told."""
