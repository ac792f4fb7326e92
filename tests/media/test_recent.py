"""Arrays in memory, up to a number of bytes."""

from __future__ import annotations

import numpy as np

from boostvsod.media.recent import Recent

TEN = np.zeros(10, np.uint8)


def test_what_was_not_used_for_longest_goes_first() -> None:
    recent: Recent[str] = Recent(30, 9)
    for key in ("a", "b", "c"):
        recent.put(key, TEN)
    assert recent.get("a") is TEN
    recent.put("d", TEN)
    assert [recent.get(key) is not None for key in "abcd"] == [True, False, True, True]
    assert recent.bytes == 30


def test_an_array_in_place_of_another_counts_once() -> None:
    recent: Recent[int] = Recent(30, 9)
    for size in (10, 20, 30):
        recent.put(0, np.zeros(size, np.uint8))
    assert recent.bytes == 30
    assert recent.get(0) is not None
    recent.put(1, np.zeros(40, np.uint8))
    assert recent.bytes == 0
    assert recent.get(1) is None


def test_it_is_full_if_another_array_would_make_one_go() -> None:
    recent: Recent[int] = Recent(30, 3)
    for key in range(2):
        assert not recent.is_full(10)
        recent.put(key, TEN)
    assert (recent.is_full(10), recent.is_full(11)) == (False, True)
    recent.put(2, TEN[:0])
    assert recent.is_full(0)


def test_some_arrays_stay_however_large_they_are() -> None:
    recent: Recent[int] = Recent(5, 9, least=2)
    for key in range(4):
        recent.put(key, TEN)
    assert [recent.get(key) is not None for key in range(4)] == [False, False, True, True]


def test_many_small_arrays_do_not_gather() -> None:
    recent: Recent[int] = Recent(1000, 3)
    for key in range(5):
        recent.put(key, TEN)
    assert [recent.get(key) is not None for key in range(5)] == [False, False, True, True, True]
