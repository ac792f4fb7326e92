"""Arrays that were used lately, kept in memory up to a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray

Key = TypeVar("Key", bound=Hashable)
Array = NDArray[Any]


class Recent(Generic[Key]):
    """At most `count` arrays and `most` bytes, but always `least` arrays. What was not used for longest goes first.

    Several threads may use it at once. Nobody may change an array that is in it.
    """

    def __init__(self, most: int, count: int, least: int = 0) -> None:
        self.most, self.count, self.least = most, count, least
        self.bytes = 0
        self._arrays: OrderedDict[Key, Array] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Array | None:
        """The array of a key; None if it was dropped or never there."""
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
            return self._arrays.get(key)

    def put(self, key: Key, array: Array) -> None:
        """Keep an array, in place of an earlier one of the same key."""
        with self._lock:
            self._drop(key)
            self._arrays[key] = array
            self.bytes += array.nbytes
            while self._is_too_full() and len(self._arrays) > self.least:
                self._drop(next(iter(self._arrays)))

    def is_full(self, size: int) -> bool:
        """Whether another array of `size` bytes would make an older one go."""
        return self.bytes + size > self.most or len(self._arrays) >= self.count

    def _is_too_full(self) -> bool:
        return self.bytes > self.most or len(self._arrays) > self.count

    def _drop(self, key: Key) -> None:
        array = self._arrays.pop(key, None)
        self.bytes -= 0 if array is None else array.nbytes
