"""From flags, environment and file to one Settings: flags win over environment over file.

Runs once at start-up, on the main thread.
Never guesses: an unknown key or a wrong value is a SettingsError that says what was wanted.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_type_hints

from server.settings import SECTIONS, IceServer, Settings, setting_keys
from server.settings_section import SettingsError

ENV_PREFIX = "SYNCHRORAMA_"
CONFIG_ENV = "SYNCHRORAMA_CONFIG"
OTHER_ENV = frozenset({CONFIG_ENV, "SYNCHRORAMA_DATA", "SYNCHRORAMA_TRACKER_PYTHON"})
"""Variables with our prefix that are not settings: the file itself, and the offline programs' data
folder and tracking interpreter."""

HINTS: Mapping[str, Any] = {
    f"{section}.{name}": hint
    for section, kind in SECTIONS.items()
    for name, hint in get_type_hints(kind).items()
    if f"{section}.{name}" in set(setting_keys())
}
"""Key -> declared type."""


def env_name(key: str) -> str:
    """`rtc.udp_ports` -> `SYNCHRORAMA_RTC_UDP_PORTS`."""
    return ENV_PREFIX + key.replace(".", "_").upper()


def flag_name(key: str) -> str:
    """`rtc.udp_ports` -> `--rtc-udp-ports`."""
    return "--" + key.replace(".", "-").replace("_", "-")


def load_settings(
    flags: Mapping[str, object] | None = None,
    env: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Settings:
    """Build the tree.

    `flags` maps keys (`section.name`) to text or values, None meaning not given; `env` is the
    whole environment; `file` a TOML file with one table per section (or named by
    SYNCHRORAMA_CONFIG). Raises SettingsError on an unknown key, a wrong value or a file that
    cannot be read.
    """
    env = env or {}
    if file is None and env.get(CONFIG_ENV):
        file = Path(env[CONFIG_ENV])
    values: dict[str, object] = {}
    if file is not None:
        values.update(_from_file(file))
    values.update(_from_env(env))
    for key, value in (flags or {}).items():
        if value is not None:
            _known(key, setting_keys(), f"flag {flag_name(key)}", flag_name)
            values[key] = value
    sections: dict[str, dict[str, object]] = {name: {} for name in SECTIONS}
    for key, value in values.items():
        section, name = key.split(".", 1)
        sections[section][name] = convert(key, value)
    built: dict[str, Any] = {name: kind(**sections[name]) for name, kind in SECTIONS.items()}
    return Settings(**built)


def _known(given: str, keys: list[str], what: str, spell: Callable[[str], str]) -> None:
    if given in keys:
        return
    near = difflib.get_close_matches(given, keys, n=1, cutoff=0.5)
    hint = f"; did you mean {spell(near[0])}?" if near else ""
    raise SettingsError(f"unknown setting: {what}{hint}")


def _from_env(env: Mapping[str, str]) -> dict[str, object]:
    by_name = {env_name(key): key for key in setting_keys()}
    values: dict[str, object] = {}
    for name, text in env.items():
        if not name.startswith(ENV_PREFIX) or name in OTHER_ENV:
            continue
        _known(name, list(by_name), f"environment variable {name}", lambda spelled: spelled)
        values[by_name[name]] = text
    return values


def _from_file(path: Path) -> dict[str, object]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"settings file {path}: {error.strerror}; check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"settings file {path} is not TOML: {error}") from error
    values: dict[str, object] = {}
    for section, table in tables.items():
        if not isinstance(table, dict):
            raise SettingsError(
                f"settings file {path}: {section!r} stands outside a table; wanted one of "
                + ", ".join(f"[{name}]" for name in SECTIONS)
            )
        for name, value in table.items():
            key = f"{section}.{name}"
            _known(key, setting_keys(), f"{key} in {path}", lambda spelled: spelled)
            values[key] = value
    return values


def convert(key: str, value: object) -> object:
    """Turn text (from flag or environment) or a TOML value into the type the key declares.

    Raises SettingsError naming the key, what it got and what it wanted.
    """
    hint = HINTS[key]
    optional = type(None) in getattr(hint, "__args__", ())
    if value is None or (optional and value == ""):
        return None
    wanted, read = _READERS[_kind(hint)]
    try:
        return read(value)
    except SettingsError:
        raise
    except (TypeError, ValueError, KeyError) as error:
        raise SettingsError(f"{key}: got {value!r}, wanted {wanted}") from error


def _kind(hint: Any) -> str:
    text = str(hint).replace(" | None", "")
    for mark, kind in (
        ("IceServer", "ice"),
        ("Mapping", "rates"),
        ("tuple[str", "names"),
        ("tuple[int", "range"),
    ):
        if mark in text:
            return kind
    if "Literal" in text:
        return "str"
    for plain in (bool, float, int, str):
        if plain.__name__ in text:
            return plain.__name__
    raise AssertionError(f"no reader for settings of type {hint}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError("not a whole number")
    return int(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("not a number")
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError("not finite")
    return number


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "yes": True, "on": True, "1": True}.get(_text(value).lower()) or {
        "false": False,
        "no": False,
        "off": False,
        "0": False,
    }[_text(value).lower()]


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(_text(item) for item in value)
    return tuple(part.strip() for part in _text(value).split(",") if part.strip())


def _range(value: object) -> tuple[int, int]:
    parts = value if isinstance(value, list | tuple) else _text(value).split("-")
    first, last = (_integer(part) for part in parts)
    return first, last


def _rates(value: object) -> Mapping[int, int]:
    if isinstance(value, Mapping):
        given = {_integer(size): _integer(rate) for size, rate in value.items()}
    else:
        pairs = [part.split("=") for part in _names(value)]
        given = {int(size): int(rate) for size, rate in pairs}
    default: Mapping[int, int] = Settings().rtc.video_bitrate
    return {**default, **given}


def _ice(value: object) -> tuple[IceServer, ...]:
    if isinstance(value, str) and not value.lstrip().startswith("["):
        return tuple(IceServer(urls=(url,)) for url in _names(value))
    rows = json.loads(value) if isinstance(value, str) else value
    if not isinstance(rows, list | tuple):
        raise TypeError("not a list")
    return tuple(row if isinstance(row, IceServer) else _ice_row(row) for row in rows)


def _ice_row(row: Mapping[str, object]) -> IceServer:
    if not isinstance(row, Mapping) or not set(row) <= {"urls", "username", "credential"}:
        raise TypeError("not a row of urls, username, credential")
    return IceServer(
        urls=_names(row["urls"]),
        username=None if row.get("username") is None else _text(row["username"]),
        credential=None if row.get("credential") is None else _text(row["credential"]),
    )


_READERS: Mapping[str, tuple[str, Callable[[Any], object]]] = {
    "str": ("text", _text),
    "int": ("a whole number", _integer),
    "float": ("a number", _number),
    "bool": ("true or false", _switch),
    "names": ("a list, or text separated by commas", _names),
    "range": ("FIRST-LAST, as 40000-40100", _range),
    "rates": ("SIZE=RATE pairs, as 256=500000,512=1200000", _rates),
    "ice": (
        "URLs separated by commas, or a list of {urls, username, credential}",
        _ice,
    ),
}
