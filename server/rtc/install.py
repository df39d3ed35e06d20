"""Applies every process-wide hardening of aiortc once, from the settings.

Runs on the main thread before the first peer.
Never leaves half of them in place: on a fault, or on `undo`, all are taken back.
"""

from __future__ import annotations

import logging

from server.rtc import (
    addresses,
    audio_level,
    bitrate,
    consent,
    datagrams,
    encoding,
    h264,
    jitter,
    keyframes,
    reports,
)
from server.rtc.patches import Patch
from server.settings import RtcSettings

log = logging.getLogger(__name__)

_installed: list[Installed] = []


class Installed:
    """What `install` did; one at a time in a process."""

    def __init__(self, settings: RtcSettings, undo: list[Patch]) -> None:
        self.settings = settings
        self._undo = undo

    def undo(self) -> None:
        """Restore aiortc as it came. Idempotent."""
        while self._undo:
            self._undo.pop().apply()
        if self in _installed:
            _installed.remove(self)


def install(settings: RtcSettings) -> Installed:
    """Harden aiortc by `settings`; the same settings again do nothing, others replace them.

    Raises IncompatibleLibrary, naming the private name that the installed version lacks.
    """
    if _installed:
        if _installed[0].settings == settings:
            return _installed[0]
        _installed[0].undo()
    done: list[Patch] = []
    installed = Installed(settings, done)
    try:
        jitter.check()
        for patch in _patches(settings):
            done.append(patch.apply())
    except BaseException:
        installed.undo()
        raise
    _installed.append(installed)
    log.debug("aiortc hardened: %d names replaced", len(done))
    return installed


def _patches(settings: RtcSettings) -> list[Patch]:
    return [
        *audio_level.patches(),
        *bitrate.patches(settings.video_bitrate),
        *h264.patches(settings.video_bitrate, settings.h264),
        *consent.patches(settings.consent_interval_s, settings.consent_failures),
        *keyframes.patches(),
        *encoding.patches(),
        *reports.patches(),
        *datagrams.patches(),
        *addresses.patches(settings.bind_addresses, settings.udp_ports),
    ]
