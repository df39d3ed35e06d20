"""What viewers are told: that the face is made by a computer, where it says so, who agreed.

Pure; runs on the event loop.
Never tells the words of a consent or who gave it: only that there is one, and since when.
"""

from __future__ import annotations

from engines.render.mark import MarkStyle
from server.schemas import ConsentReply, Disclosure, MarkReply
from server.settings_disclosure import DisclosureSettings


def mark_style(settings: DisclosureSettings) -> MarkStyle | None:
    """How the mark is drawn; None where the server's owner has switched it off."""
    if not settings.mark:
        return None
    return MarkStyle(settings.text, settings.corner, settings.size, settings.opacity)


def disclosure_of(settings: DisclosureSettings, consent_given: str | None) -> Disclosure:
    """The disclosure of one session; `consent_given`: when, of an avatar made of a user's photo."""
    style = mark_style(settings)
    mark = None
    if style is not None:
        mark = MarkReply(
            text=style.text, corner=style.corner, size=style.size, opacity=style.opacity
        )
    consent = None if consent_given is None else ConsentReply(given=consent_given)
    return Disclosure(mark=mark, consent=consent)
