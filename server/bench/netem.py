"""A network namespace with a bad link, made and removed by the run (Linux, root, `tc netem`).

Runs in the bench's process; every command is `ip` or `tc` with a deadline.
Never leaves a namespace or a device behind, and touches none that it did not make.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from server.bench.link import Conditions

DEADLINE_S = 10.0
HERE, THERE = "10.231.77.1", "10.231.77.2"
"""Both ends; nothing outside is reached by them."""


class NoNetem(Exception):
    """Not on this machine; the message says what was refused."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """Where the server runs."""

    name: str
    address: str = THERE

    @property
    def prefix(self) -> tuple[str, ...]:
        """Words before a command that is to run inside."""
        return ("ip", "netns", "exec", self.name)


def shaping(device: str, given: Conditions) -> tuple[str, ...]:
    """The `tc` command that makes what leaves `device` suffer."""
    words = ["tc", "qdisc", "add", "dev", device, "root", "netem"]
    words += ["delay", f"{given.delay_ms:g}ms", f"{given.jitter_ms:g}ms"]
    words += ["loss", f"{given.loss * 100:g}%"]
    if given.kbit:
        words += ["rate", f"{given.kbit:g}kbit"]
    return tuple(words)


@contextmanager
def namespace(given: Conditions) -> Iterator[Namespace]:
    """A namespace whose only link is as `given` in both directions. Raises NoNetem."""
    if os.geteuid() != 0:
        raise NoNetem("network namespaces need root")
    missing = [program for program in ("ip", "tc") if shutil.which(program) is None]
    if missing:
        raise NoNetem(f"{missing[0]} is not installed (package iproute2)")
    mark = secrets.token_hex(3)
    made = Namespace(f"bench-{mark}")
    near, far = f"bn{mark}", f"bf{mark}"
    with ExitStack() as stack:
        _do("ip", "netns", "add", made.name)
        # With the namespace its end of the pair goes, and with that the other.
        stack.callback(_do, "ip", "netns", "delete", made.name)
        _do("ip", "link", "add", near, "type", "veth", "peer", "name", far)
        stack.callback(_gone, near)
        _do("ip", "link", "set", far, "netns", made.name)
        _do("ip", "address", "add", f"{HERE}/30", "dev", near)
        _do("ip", "link", "set", near, "up")
        _do(*made.prefix, "ip", "address", "add", f"{THERE}/30", "dev", far)
        _do(*made.prefix, "ip", "link", "set", far, "up")
        _do(*made.prefix, "ip", "link", "set", "lo", "up")
        _do(*shaping(near, given))
        _do(*made.prefix, *shaping(far, given))
        yield made


def _gone(device: str) -> None:
    if os.path.exists(f"/sys/class/net/{device}"):
        _do("ip", "link", "delete", device)


def _do(*words: str) -> None:
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoNetem(f"{' '.join(words)}: {error}") from error
    if done.returncode != 0:
        raise NoNetem(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
