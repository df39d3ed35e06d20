"""What a figure was measured on, and what the processes used meanwhile.

Runs in the bench's process; reads the system, changes nothing.
Never names a user, a host or a path.
"""

from __future__ import annotations

import platform
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from server.bench.needs import need

PACKAGES = (
    "synchrorama-live",
    "aiortc",
    "aioice",
    "av",
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "uvicorn",
    "uvloop",
    "playwright",
)
MIB = 1024 * 1024
LOOK_S = 1.0
"""How long the machine is looked at. The load average would still tell of the run before."""
LOOPS = 9
LOOP_LENGTH = 300_000


def machine() -> dict[str, Any]:
    """Processor, cores, memory, system, and which share of all cores is busy now."""
    psutil = need("psutil")
    return {
        "cpu": cpu_name(Path("/proc/cpuinfo")),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 1024**3, 1),
        # Without what follows the version: builders put names there.
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "busy_before": round(psutil.cpu_percent(interval=LOOK_S) / 100, 3),
    }


@dataclass(frozen=True, slots=True)
class Clocks:
    """Seconds of all cores since the machine started."""

    worked_s: float
    stolen_s: float
    """That work of this machine waited while its host ran others (Linux's *steal*; 0 elsewhere)."""

    def stolen_until(self, later: Clocks) -> float:
        """The share the host took of what this machine asked for between two looks."""
        stolen_s = later.stolen_s - self.stolen_s
        wanted_s = later.worked_s - self.worked_s + stolen_s
        return max(0.0, stolen_s / wanted_s) if wanted_s > 0 else 0.0


def clocks() -> Clocks:
    """Now. Raises BenchError without psutil."""
    times = need("psutil").cpu_times()
    # Guests and niced work are counted in `user` and `nice`; waiting for disks is no work.
    worked_s = sum(
        getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq")
    )
    return Clocks(worked_s, getattr(times, "steal", 0.0))


def loop_ms() -> float:
    """Processor time of a fixed loop of this Python: how fast this machine is at this moment.

    A core of a shared host slows by a half, with nothing stolen, when others use what it shares
    with them: the other thread of the core, the caches.
    """
    taken_s = []
    for _ in range(LOOPS):
        before_s = time.thread_time()
        total = 0
        for number in range(LOOP_LENGTH):
            total += number * number
        taken_s.append(time.thread_time() - before_s)
    return round(median(taken_s) * 1000, 1)


def cpu_name(info: Path) -> str:
    """The processor's name from Linux's cpuinfo, else what Python knows."""
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def versions(browser: str = "") -> dict[str, str]:
    """Installed versions of the packages that matter, and the browser's."""
    found: dict[str, str] = {"chromium": browser} if browser else {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def commit() -> str | None:
    """Short name of the commit that is measured, `+` where files were changed; None: no clone."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    words = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a group of processes used between two looks."""

    cores: float
    """CPU seconds a second."""
    rss_mib: float
    """Resident memory at the second look."""


class Meter:
    """CPU and memory of groups of processes: the server, and the browsers that we started."""

    def __init__(self, server_pid: int | None) -> None:
        self._psutil: Any = need("psutil")
        self._server_pid = server_pid
        self._start_s = 0.0
        self._busy: dict[str, float] = {}
        self._clocks = Clocks(0.0, 0.0)
        self.stolen = 0.0
        """Between `start` and `stop`: as `Clocks.stolen_until`."""

    def start(self) -> None:
        """Begin a measurement."""
        self._start_s = time.monotonic()
        self._clocks = clocks()
        self._busy = {name: self._cpu_s(group) for name, group in self._groups().items()}

    def stop(self) -> dict[str, Usage]:
        """What each group used since `start`."""
        elapsed_s = time.monotonic() - self._start_s
        self.stolen = self._clocks.stolen_until(clocks())
        found: dict[str, Usage] = {}
        for name, group in self._groups().items():
            used_s = self._cpu_s(group) - self._busy.get(name, 0.0)
            found[name] = Usage(used_s / elapsed_s if elapsed_s > 0 else 0.0, self._rss_mib(group))
        return found

    def server_rss_mib(self) -> float | None:
        """Resident memory of the server, where it is ours to look at."""
        group = self._groups().get("server")
        return self._rss_mib(group) if group else None

    def _groups(self) -> dict[str, list[Any]]:
        mine = self._psutil.Process()
        groups: dict[str, list[Any]] = {"bench": [mine]}
        children = mine.children(recursive=True)
        groups["browser"] = [child for child in children if "chrom" in self._name(child)]
        if self._server_pid is not None:
            server = self._psutil.Process(self._server_pid)
            groups["server"] = [server, *server.children(recursive=True)]
        return {name: group for name, group in groups.items() if group}

    def _name(self, process: Any) -> str:
        try:
            return str(process.name()).lower()
        except self._psutil.Error:
            return ""  # ended between the listing and this look

    def _cpu_s(self, group: Iterable[Any]) -> float:
        total = 0.0
        for process in group:
            try:
                times = process.cpu_times()
            except self._psutil.Error:
                continue
            total += times.user + times.system
        return total

    def _rss_mib(self, group: Iterable[Any]) -> float:
        total = 0
        for process in group:
            try:
                total += process.memory_info().rss
            except self._psutil.Error:
                continue
        return total / MIB
