"""A Windows job object for a runner: it limits memory and processes, and ends the runner with all its processes.

It replaces the limits and control groups of other systems. A runner is a member before it receives its first message,
and it imports a submission only later. A job is not confinement: level 1 has none.
"""

import ctypes
from typing import Any

KILL_ON_CLOSE, PROCESS_MEMORY, ACTIVE_PROCESSES, PROCESS_TIME, JOB_MEMORY = 0x2000, 0x100, 0x8, 0x2, 0x200
NO_ERROR_BOX = 0x400
EXTENDED_LIMITS = 9
TICKS = 10_000_000
"""Units of 100 nanoseconds in a second."""


class Basic(ctypes.Structure):
    """``JOBOBJECT_BASIC_LIMIT_INFORMATION``."""

    _fields_ = (
        ("process_time", ctypes.c_int64), ("job_time", ctypes.c_int64), ("flags", ctypes.c_uint32),
        ("least_working_set", ctypes.c_size_t), ("most_working_set", ctypes.c_size_t),
        ("active_processes", ctypes.c_uint32), ("affinity", ctypes.c_size_t), ("priority", ctypes.c_uint32),
        ("scheduling", ctypes.c_uint32),
    )  # fmt: skip


class Extended(ctypes.Structure):
    """``JOBOBJECT_EXTENDED_LIMIT_INFORMATION``."""

    _fields_ = (
        ("basic", Basic), ("counters", ctypes.c_uint64 * 6), ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t), ("peak_process", ctypes.c_size_t), ("peak_job", ctypes.c_size_t),
    )  # fmt: skip


class Job:
    """A job object with limits.

    Parameters
    ----------
    memory : int
        Most bytes that all processes together may commit.
    cpu_seconds, processes : int
        Processor time of each process, in seconds; most processes at a time.
    kernel : object
        The library ``kernel32``; None loads it.

    Raises
    ------
    OSError
        If Windows refuses.
    """

    def __init__(self, memory: int, cpu_seconds: int, processes: int, kernel: Any = None) -> None:
        self._kernel = kernel or _kernel()
        self._handle = self._checked(self._kernel.CreateJobObjectW(None, None))
        limits = Extended(process_memory=memory, job_memory=memory)
        limits.basic.flags = (
            KILL_ON_CLOSE | PROCESS_MEMORY | JOB_MEMORY | ACTIVE_PROCESSES | PROCESS_TIME | NO_ERROR_BOX
        )  # fmt: skip
        limits.basic.active_processes = processes
        limits.basic.process_time = cpu_seconds * TICKS
        size = ctypes.sizeof(limits)
        try:
            self._checked(
                self._kernel.SetInformationJobObject(self._handle, EXTENDED_LIMITS, ctypes.byref(limits), size)
            )
        except OSError:
            self.end()
            raise

    def add(self, process_handle: int) -> None:
        """Add a process to the job, with all processes that it will start.

        Raises
        ------
        OSError
            If Windows refuses.
        """
        self._checked(self._kernel.AssignProcessToJobObject(self._handle, process_handle))

    def end(self) -> None:
        """End all processes of the job."""
        self._kernel.TerminateJobObject(self._handle, 1)
        self._kernel.CloseHandle(self._handle)

    def _checked(self, result: Any) -> Any:
        if not result:
            number = getattr(ctypes, "get_last_error", int)()
            raise OSError(f"Windows refuses a job object (error {number})")
        return result


def _kernel() -> Any:
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined, unused-ignore]
    kernel.CreateJobObjectW.restype = ctypes.c_void_p
    kernel.CreateJobObjectW.argtypes = (ctypes.c_void_p, ctypes.c_wchar_p)
    kernel.SetInformationJobObject.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32)
    kernel.AssignProcessToJobObject.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    kernel.TerminateJobObject.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
    kernel.CloseHandle.argtypes = (ctypes.c_void_p,)
    return kernel
