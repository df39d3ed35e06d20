"""The parser of each command: a short usage, its own options first, the settings' flags last.

Runs on the main thread, once.
Never prints pages where one line says what is wrong.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection
from pathlib import Path
from typing import NoReturn

from server.settings import SECTIONS, Settings
from server.settings_load import flag_name

ALIASES = {
    "server.host": "--host",
    "server.port": "--port",
    "server.workers": "--workers",
    "render.device": "--device",
    "render.precision": "--precision",
}
MISUSED = 2


class Parser(argparse.ArgumentParser):
    """Wrong use is told in a line, with where the rest stands; subparsers are of this kind too."""

    def error(self, message: str) -> NoReturn:
        """Leave with status 2."""
        self.exit(MISUSED, f"{self.prog}: {message}\nsee {self.prog} --help\n")


def add_settings(parser: argparse.ArgumentParser, shown: Collection[str] = ()) -> None:
    """A flag for each setting; the help shows those of the sections `shown`, by default all."""
    from server.settings_doc import rows

    told = shown or SECTIONS
    title = "settings, see docs/settings.md"
    text = "also by file and environment" + ("; the others are taken too" if shown else "")
    group = parser.add_argument_group(title, text)
    group.add_argument("--config", type=Path, metavar="FILE", help="a settings file (TOML)")
    for key, value, text in rows(Settings()):
        names = [flag_name(key), *([ALIASES[key]] if key in ALIASES else [])]
        words = (text + (f" [{value}]" if value else "")).replace("%", "%%")
        hidden = key.split(".")[0] not in told
        group.add_argument(
            *names,
            dest=f"set:{key}",
            metavar="VALUE",
            help=argparse.SUPPRESS if hidden else words,
        )
