"""What can go wrong with a voice, each with its own name, and with what to do about it.

Plain exceptions; raised on the event loop.
Never carries the text that was to be spoken, nor a key.
"""

from __future__ import annotations


class VoiceFault(Exception):
    """A text was not spoken, or not to its end."""

    code = "voice_fault"
    """For programs."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        """The next step."""


class TextTooLong(VoiceFault):
    """More characters than one call takes."""

    code = "text_too_long"


class UnknownVoice(VoiceFault):
    """The provider has no voice, or no language, of this name."""

    code = "unknown_voice"


class VoiceUnavailable(VoiceFault):
    """Not installed, not reachable, or out of order."""

    code = "voice_unavailable"


class VoiceDenied(VoiceFault):
    """401 or 403: the key is missing or wrong."""

    code = "voice_denied"


class VoiceBusy(VoiceFault):
    """429: too many requests."""

    code = "voice_busy"


class VoiceTimeout(VoiceFault):
    """Nothing came for too long."""

    code = "voice_timeout"


class VoiceCut(VoiceFault):
    """The sound ended before it was whole, or was none."""

    code = "voice_cut"
