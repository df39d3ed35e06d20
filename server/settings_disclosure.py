"""The settings of the mark that every picture carries, and of what viewers are told.

Plain data, read by every thread.
Never reads a file, an environment variable or a flag itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engines.render.mark import CORNERS, Corner, MarkStyle
from server.settings_section import Section, SettingsError, option

_MARK = MarkStyle()


@dataclass(frozen=True)
class DisclosureSettings(Section):
    """How viewers are told that the face is made by a computer (EU AI Act, Article 50).

    In the European Union whoever shows such a picture must say so; see docs/api.md.
    """

    SECTION: ClassVar[str] = "disclosure"

    mark: bool = option(
        True,
        "Draw a visible mark into the picture itself, so that recordings carry it. Who switches "
        "it off must tell viewers in another way where the law asks for it.",
    )
    text: str = option(_MARK.text, "What the mark says: at most 32 characters.")
    corner: Corner = option(_MARK.corner, f"Where it is: {', '.join(CORNERS)}.", choices=CORNERS)
    size: float = option(
        _MARK.size,
        "Height of its letters as a share of the picture's side; never below 12 pixels.",
        low=0.02,
        high=0.12,
    )
    opacity: float = option(_MARK.opacity, "1: clearest.", low=0.4, high=1)

    def __post_init__(self) -> None:
        """Raises SettingsError on a mark that could not be read."""
        super().__post_init__()
        try:
            MarkStyle(self.text, self.corner, self.size, self.opacity)
        except ValueError as error:
            raise SettingsError(f"disclosure.{error}") from error
