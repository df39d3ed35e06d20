"""The settings as a table: for docs/settings.md and for `synchrorama settings`.

Pure text from the tree; runs wherever it is called.
Never prints a credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from server.settings import SECTIONS, IceServer, Settings
from server.settings_load import env_name, flag_name

HEADER = (
    "# Settings\n\n"
    "Flags win over environment variables, they over the settings file, it over the defaults. An\n"
    "unknown key or a wrong value stops the start with a message that says what was wanted. The\n"
    "file is TOML with one table per section, named by `--config FILE` or `SYNCHRORAMA_CONFIG`:\n\n"
    '```toml\n[server]\nport = 9000\n\n[rtc]\nudp_ports = "40000-40100"\n```\n\n'
    "This page is written by `synchrorama settings --markdown`; a test compares the two.\n"
)


def show(value: object) -> str:
    """A value as it could be given on the command line; credentials are masked."""
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return ",".join(f"{key}={item}" for key, item in value.items())
    if isinstance(value, tuple):
        if all(isinstance(item, int) for item in value):
            return "-".join(map(str, value))
        return ",".join(_show_item(item) for item in value)
    return str(value)


def _show_item(item: object) -> str:
    if isinstance(item, IceServer):
        return "+".join(item.urls) + (" (with credential)" if item.credential else "")
    return str(item)


def rows(settings: Settings) -> list[tuple[str, str, str]]:
    """Key, value as text and help of every setting, in the order of the tree."""
    return [
        (f"{name}.{item.name}", show(getattr(getattr(settings, name), item.name)), _help(item))
        for name, kind in SECTIONS.items()
        for item in fields(kind)
    ]


def _help(item: object) -> str:
    text: str = item.metadata["help"]  # type: ignore[attr-defined]
    return text


def markdown() -> str:
    """The page docs/settings.md."""
    parts = [HEADER]
    for name, kind in SECTIONS.items():
        summary = (kind.__doc__ or "").splitlines()[0]
        parts.append(f"\n## {name}\n\n{summary}\n\n")
        parts.append("| key | flag | environment | default | meaning |\n|---|---|---|---|---|\n")
        for key, value, text in rows(Settings()):
            if key.startswith(f"{name}."):
                default = f"`{value}`" if value else ""
                parts.append(
                    f"| `{key}` | `{flag_name(key)}` | `{env_name(key)}` | {default} | {text} |\n"
                )
    return "".join(parts)
