"""Values of this program as bytes: JSON for what is small, arrays as they lie in memory.

What comes many times a second may have a layout of its own (`Brief`); JSON's cost is ten times it.
Pure. Only classes that are registered can be sent or received, and are checked by their own
constructors when they arrive. Never pickles.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

_HEAD = struct.Struct("<I")
_BRIEF = 0xFFFFFF00
"""More than any message is long."""
_DTYPES: dict[str, np.dtype[Any]] = {"f4": np.dtype("<f4"), "u1": np.dtype("u1")}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_CLASS, _ARRAY, _SET, _MAP = "@", "#", "=", "%"


class BadMessage(ValueError):
    """Bytes that are no message of this program; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Brief:
    """A registered class with a layout of its own."""

    kind: type
    pack: Callable[[Any], bytes]
    """Raises TypeError for what does not fit."""
    unpack: Callable[[bytes], Any]
    """Raises ValueError or struct.error for bytes that are none."""


class Wire:
    """Packs and unpacks values made of registered dataclasses, plain values and arrays.

    The first four bytes are the size of the JSON, or `_BRIEF` and the number of the layout.
    """

    def __init__(self, classes: tuple[type, ...], briefs: tuple[Brief, ...] = ()) -> None:
        """Raises ValueError for a class that is no dataclass, or two of one name."""
        kinds = (*classes, *(brief.kind for brief in briefs))
        self._classes = {kind.__name__: kind for kind in classes}
        if len({kind.__name__ for kind in kinds}) < len(kinds) or not all(map(is_dataclass, kinds)):
            raise ValueError("wanted dataclasses of different names")
        self._packs = {
            brief.kind: (_HEAD.pack(_BRIEF + number), brief.pack)
            for number, brief in enumerate(briefs)
        }
        self._unpacks = {_BRIEF + number: brief.unpack for number, brief in enumerate(briefs)}

    def pack(self, value: object) -> bytes:
        """Bytes of a value. Raises TypeError for what is not registered."""
        brief = self._packs.get(type(value))
        if brief is not None:
            return brief[0] + brief[1](value)
        arrays: list[NDArray[Any]] = []
        head = json.dumps(self._plain(value, arrays), separators=(",", ":")).encode()
        return b"".join([_HEAD.pack(len(head)), head, *(array.tobytes() for array in arrays)])

    def unpack(self, data: bytes | memoryview) -> Any:
        """The value of `pack`; sequences come back as tuples. Raises BadMessage."""
        view = memoryview(data)
        try:
            (size,) = _HEAD.unpack_from(view, 0)
            if (unpack := self._unpacks.get(size)) is not None:
                return unpack(bytes(view[_HEAD.size :]))
            reader = _Reader(self._classes, view[_HEAD.size + size :])
            value = reader.value(json.loads(bytes(view[_HEAD.size : _HEAD.size + size])))
        except (struct.error, ValueError, TypeError, KeyError, RecursionError) as error:
            raise BadMessage(f"not a message: {type(error).__name__}: {error}"[:200]) from error
        if reader.left:
            raise BadMessage(f"not a message: {reader.left} bytes too many")
        return value

    def _plain(self, value: object, arrays: list[NDArray[Any]]) -> object:
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.ndarray):
            if value.dtype not in _NAMES:
                raise TypeError(f"arrays of {value.dtype} are not sent")
            arrays.append(value)
            return {_ARRAY: [_NAMES[value.dtype], *value.shape]}
        if isinstance(value, tuple | list):
            return [self._plain(item, arrays) for item in value]
        if isinstance(value, frozenset):
            return {_SET: sorted(value)}
        if isinstance(value, Mapping):
            return {_MAP: {str(key): self._plain(item, arrays) for key, item in value.items()}}
        kind = type(value)
        if self._classes.get(kind.__name__) is not kind:
            raise TypeError(f"{kind.__name__} is not registered")
        told = {item.name: getattr(value, item.name) for item in fields(cast(Any, kind))}
        return {
            _CLASS: kind.__name__,
            **{name: self._plain(item, arrays) for name, item in told.items()},
        }


class _Reader:
    """Values of one message; its arrays are copies."""

    def __init__(self, classes: Mapping[str, type], blobs: memoryview) -> None:
        self._classes = classes
        self._blobs = blobs

    @property
    def left(self) -> int:
        return len(self._blobs)

    def value(self, tree: Any) -> Any:
        if isinstance(tree, list):
            return tuple(self.value(item) for item in tree)
        if not isinstance(tree, dict):
            return tree
        if _CLASS in tree:
            kind = self._classes[tree.pop(_CLASS)]
            return kind(**{name: self.value(item) for name, item in tree.items()})
        if _ARRAY in tree:
            return self._array(*tree[_ARRAY])
        if _SET in tree:
            return frozenset(tree[_SET])
        return {name: self.value(item) for name, item in tree[_MAP].items()}

    def _array(self, name: str, *shape: int) -> NDArray[Any]:
        dtype = _DTYPES[name]
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        if not 0 <= size <= len(self._blobs) or any(side < 0 for side in shape):
            raise ValueError(f"an array of {shape} is not whole")
        data = bytearray(self._blobs[:size])
        self._blobs = self._blobs[size:]
        whole: NDArray[Any] = np.frombuffer(data, dtype).reshape(shape)
        return whole
