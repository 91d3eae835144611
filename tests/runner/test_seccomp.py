"""The filter of system calls does what its tables say, on both architectures; an interpreter here runs it."""

import ctypes
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.runner import seccomp
from autograder.runner.seccomp import ALLOW, ALLOWED, ARCHITECTURES, CONDITIONS, KILL, NO_PERMISSION, NO_SYSTEM_CALL

PID = 4321
NUMBERS = st.integers(0, 2**32 - 1) | st.integers(0, seccomp.HIGHEST + 20)
MACHINES = st.sampled_from(sorted(ARCHITECTURES))
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
OTHER_NAMES = {"newfstatat": "fstatat"}


def decide(
    machine: str, number: int, *arguments: int, processes: bool = False, removes: bool = False, audit: int | None = None
) -> int:
    """Run the filter, and return the kernel's action for a system call."""
    program = seccomp.assemble(machine, PID, processes, removes)
    words = {0: number, 4: ARCHITECTURES[machine][0] if audit is None else audit}
    words |= {16 + 8 * place: value & 0xFFFFFFFF for place, value in enumerate(arguments)}
    place, accumulator = 0, 0
    while True:
        operation, if_true, if_false, operand = program[place]
        place += 1
        if operation == seccomp.RETURN:
            return operand
        if operation == seccomp.LOAD:
            accumulator = words.get(operand, 0)
            continue
        if operation == seccomp.AND:
            accumulator &= operand
            continue
        holds = {
            seccomp.JUMP_EQUAL: accumulator == operand,
            seccomp.JUMP_GREATER: accumulator > operand,
            seccomp.JUMP_SET: bool(accumulator & operand),
        }[operation]
        place += if_true if holds else if_false


@given(MACHINES, NUMBERS, st.booleans())
def test_what_is_in_no_table_is_refused(machine: str, number: int, processes: bool) -> None:
    column = ARCHITECTURES[machine][1]
    tables = {**ALLOWED, **seccomp.CHANNELS, **(seccomp.STARTING if processes else {})}
    known = {numbers[column] for numbers in tables.values()} - {-1}
    if number not in known:
        younger = number > seccomp.HIGHEST or number == seccomp.CLONE3[column]
        expected = NO_SYSTEM_CALL if younger else NO_PERMISSION
        assert decide(machine, number, processes=processes) == expected


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_channels_between_runners_seem_to_be_absent(machine: str) -> None:
    column = ARCHITECTURES[machine][1]
    for name, numbers in seccomp.CHANNELS.items():
        expected = NO_SYSTEM_CALL if name == "flock" else seccomp.NO_SUPPORT
        assert decide(machine, numbers[column], processes=True, removes=True) == expected
        assert name not in ALLOWED


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_what_is_allowed_without_conditions_is_allowed(machine: str) -> None:
    column = ARCHITECTURES[machine][1]
    for name, numbers in ALLOWED.items():
        if numbers[column] >= 0 and name not in (*CONDITIONS, "clone"):
            assert decide(machine, numbers[column]) == ALLOW, name


@given(MACHINES, st.sampled_from(sorted(CONDITIONS)), st.data())
def test_conditions_look_at_their_arguments(machine: str, name: str, data: st.DataObject) -> None:
    right = {
        place: [PID if value == seccomp.OWN_PROCESS else value for value in values]
        for place, values in CONDITIONS[name]
    }
    number = ALLOWED[name][ARCHITECTURES[machine][1]]
    arguments = [data.draw(st.sampled_from(right[place])) if place in right else 7 for place in range(6)]
    assert decide(machine, number, *arguments) == ALLOW
    place = data.draw(st.sampled_from(sorted(right)))
    arguments[place] = data.draw(st.integers(0, 2**64 - 1) | st.integers(0, 2000))
    expected = ALLOW if arguments[place] & 0xFFFFFFFF in right[place] else NO_PERMISSION
    assert decide(machine, number, *arguments) == expected


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (os.O_RDONLY, ALLOW),
        (os.O_WRONLY | os.O_CREAT | 0x200, ALLOW),
        (os.O_RDWR | 0x200, ALLOW),
        (os.O_RDONLY | 0x200, NO_PERMISSION),
        (3 | 0x200, NO_PERMISSION),
        (3, ALLOW),
        (os.O_RDWR | 0x410000, NO_PERMISSION),  # O_TMPFILE
    ],
)
def test_opening_empties_only_what_is_opened_for_writing(machine: str, flags: int, expected: int) -> None:
    column = ARCHITECTURES[machine][1]
    assert decide(machine, ALLOWED["openat"][column], 9, 9, flags) == expected
    if ALLOWED["open"][column] >= 0:
        assert decide(machine, ALLOWED["open"][column], 9, flags) == expected


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize(
    ("flags", "processes", "expected"),
    [
        (seccomp.CLONE_THREAD | 0x3D0F00, False, ALLOW),
        (17, False, NO_PERMISSION),
        (17, True, ALLOW),
        (0x10000000 | 17, True, NO_PERMISSION),  # a user namespace
        (0x10000000 | seccomp.CLONE_THREAD, True, NO_PERMISSION),
    ],
)
def test_clone_makes_threads_and_programs_never_namespaces(
    machine: str, flags: int, processes: bool, expected: int
) -> None:
    assert decide(machine, ALLOWED["clone"][ARCHITECTURES[machine][1]], flags, processes=processes) == expected


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_programs_are_started_only_where_that_is_wanted(machine: str) -> None:
    for numbers in seccomp.STARTING.values():
        number = numbers[ARCHITECTURES[machine][1]]
        if number >= 0:
            assert decide(machine, number) == NO_PERMISSION
            assert decide(machine, number, processes=True) == ALLOW


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_files_are_removed_only_where_that_is_wanted(machine: str) -> None:
    for numbers in seccomp.REMOVING.values():
        number = numbers[ARCHITECTURES[machine][1]]
        if number >= 0:
            assert decide(machine, number) == NO_PERMISSION
            assert decide(machine, number, removes=True) == ALLOW


@given(MACHINES, NUMBERS, st.integers(0, 2**32 - 1))
def test_calls_of_another_architecture_end_the_process(machine: str, number: int, audit: int) -> None:
    if audit != ARCHITECTURES[machine][0]:
        assert decide(machine, number, audit=audit) == KILL


def test_x32_calls_do_not_exist() -> None:
    assert decide("x86_64", 0x40000000) == NO_SYSTEM_CALL


@pytest.mark.parametrize("machine", HEADERS)
def test_numbers_are_the_kernels(machine: str) -> None:
    """They are compared with the C library's headers, if these are installed."""
    if not HEADERS[machine].is_file():
        pytest.skip(f"{HEADERS[machine]} is not installed")
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[machine].read_text())
    kernels = {name: int(number) for name, number in found}
    column = ARCHITECTURES[machine][1]
    for name, numbers in {
        **ALLOWED,
        **seccomp.CHANNELS,
        **seccomp.STARTING,
        **seccomp.REMOVING,
        "clone3": seccomp.CLONE3,
    }.items():
        assert numbers[column] == kernels.get(name, kernels.get(OTHER_NAMES.get(name, ""), -1)), name


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_the_kernel_takes_it() -> None:
    if platform.machine() not in ARCHITECTURES:
        pytest.skip("no table for this machine")
    code = (
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nlibc.prctl(38, 1, 0, 0, 0)\n"
        "from autograder.runner.seccomp import restrict\nassert restrict(False, False)\n"
        "open('/dev/null').close()\n"
        "try: os.getpriority(os.PRIO_PROCESS, 0); print('allowed')\nexcept PermissionError: print('refused')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "refused\n"), ended.stderr
    assert os.getpriority(os.PRIO_PROCESS, 0) is not None
    assert ctypes.sizeof(ctypes.c_void_p) == 8
