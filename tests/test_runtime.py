"""Threads of a run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace

import cv2
import pytest
import torch

from boostvsod.errors import DeviceError
from boostvsod.runtime import Runtime, decide
from boostvsod.workers import in_order, return_memory


@pytest.fixture
def two() -> Iterator[Runtime]:
    """A run with two threads. Afterwards the libraries have as many threads as before."""
    torch_threads, cv2_threads = torch.get_num_threads(), cv2.getNumThreads()
    yield Runtime(threads=2)
    torch.set_num_threads(torch_threads)
    cv2.setNumThreads(cv2_threads)


class Part:
    def __init__(self, concurrent: object) -> None:
        self.concurrent = concurrent


def test_jobs_run_side_by_side_with_one_thread_each(two: Runtime) -> None:
    met = threading.Barrier(2, timeout=20)

    def job(number: int) -> tuple[int, int, int]:
        met.wait()  # passes only if two jobs run at once
        return number, torch.get_num_threads(), cv2.getNumThreads()

    assert list(two.side_by_side(job, range(4))) == [(i, 1, 1) for i in range(4)]
    assert torch.get_num_threads() == cv2.getNumThreads() == 2


def test_an_error_in_a_job_gives_the_threads_back(two: Runtime) -> None:
    with pytest.raises(ZeroDivisionError):
        list(two.side_by_side(lambda number: 1 // number, [1, 0, 1]))
    assert torch.get_num_threads() == 2


def test_one_thread_and_gpus_work_in_order() -> None:
    here = threading.current_thread()
    for runtime in (Runtime(), Runtime(device="cuda", threads=2)):
        assert list(runtime.side_by_side(lambda _: threading.current_thread(), range(2))) == [here, here]


@pytest.mark.parametrize("others", [[False], ["yes"], [None], [True, False]])
def test_only_parts_that_allow_it_are_shared(two: Runtime, others: list[object]) -> None:
    assert two.mapper(Part(True), Part(True)) == two.side_by_side
    assert two.mapper(*map(Part, others)) is in_order
    assert two.mapper(object()) is in_order


@pytest.mark.parametrize(("cuda", "mps", "device"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")])
def test_auto_takes_a_gpu_if_there_is_one(cuda: bool, mps: bool, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert decide("auto").device == device
    assert decide("auto").precision == ("bf16" if cuda else decide("cpu").precision if not mps else "fp32")
    if not mps:
        with pytest.raises(DeviceError, match="finds no MPS device"):
            decide("mps")


@pytest.mark.parametrize("library", [None, object()], ids=["none", "without the function"])
def test_memory_is_returned_where_the_c_library_can(library: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: None) -> object:
        if library is None:
            raise OSError("there is no such library")
        return library

    return_memory()
    monkeypatch.setattr("ctypes.CDLL", load)
    return_memory()
    asked: list[int] = []
    monkeypatch.setattr("ctypes.CDLL", lambda name: SimpleNamespace(malloc_trim=asked.append))
    return_memory()
    assert asked == [0]
