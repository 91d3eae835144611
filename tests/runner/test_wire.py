"""The wire returns the values that were sent, and raises WireError for invalid data, in bounded time and memory."""

import json
import random
import socket
import subprocess
import sys
import threading
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autograder.runner.wire import (
    ALLOWED,
    AT_ONCE,
    HEADER,
    MAX_BYTES,
    MAX_JSON,
    Wire,
    WireClosed,
    WireError,
    WireFull,
    WireTimeout,
    decode,
    encode,
)
from tests.fuzz import targets
from tests.fuzz.mutators import change_message
from tests.fuzz.seeds import answer
from tests.within import within

DTYPES = st.sampled_from(sorted(ALLOWED.values(), key=str))
ARRAYS = DTYPES.flatmap(lambda dtype: arrays(dtype, array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


class Refused(Exception):
    """An invalid value was sent or received."""


def refuse(value: object) -> dict[str, object]:
    raise Refused(type(value))


def same(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray):
        return (
            isinstance(other, np.ndarray)
            and one.dtype == other.dtype
            and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        )
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))  # type: ignore[arg-type]
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return one == other or (one != one and other != other)


def receive(raw: bytes, timeout: float = 2.0) -> object:
    ours, theirs = socket.socketpair()

    def send() -> None:
        try:
            theirs.sendall(raw)
        except OSError:
            pass
        theirs.close()

    thread = threading.Thread(target=send)
    thread.start()
    try:
        message, arrived = Wire(ours).receive(timeout)
        return decode(message.get("value"), arrived, refuse)
    finally:
        ours.close()
        thread.join()


@given(VALUES)
def test_what_is_sent_arrives(value: object) -> None:
    ours, theirs = socket.socketpair()
    sent: list[np.ndarray] = []
    message = {"value": encode(value, sent, refuse)}
    thread = threading.Thread(target=lambda: Wire(theirs).send(message, sent))
    thread.start()
    got, arrived = Wire(ours).receive(5)
    thread.join()
    ours.close()
    theirs.close()
    assert same(value, decode(got["value"], arrived, refuse))


@settings(max_examples=60)
@given(st.lists(st.integers(-3, 3).map(lambda more: AT_ONCE + more) | st.integers(0, 3 * AT_ONCE), max_size=4))
def test_messages_that_arrive_together_are_read_one_by_one(sizes: list[int]) -> None:
    """The messages may be read ahead, up to any byte."""
    ours, theirs = socket.socketpair()
    contents = [np.arange(size, dtype=np.int32).view(np.uint8)[:size].copy() for size in sizes]

    def send() -> None:
        sender = Wire(theirs)
        for number, content in enumerate(contents):
            sender.send({"number": number}, [content, content[:0], content[:9]])
        sender.close()

    thread = threading.Thread(target=send)
    thread.start()
    reader = Wire(ours)
    for number, content in enumerate(contents):
        message, arrived = reader.receive(5)
        assert message == {"number": number}
        for got, sent in zip(arrived, (content, content[:0], content[:9]), strict=True):
            np.testing.assert_array_equal(got, sent)
    with pytest.raises(WireClosed):
        reader.receive(5)
    thread.join()
    reader.close()


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_random_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(WireError):
        receive(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["array", "float", "dtype", "list", "tuple", "dict", "handle", "x"]), inner, max_size=2
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300)
@given(JSON, JSON)
def test_random_json_is_refused_or_a_value(value: object, described: object) -> None:
    text = json.dumps({"arrays": described, "message": {"value": value}}).encode()
    count = len(described) if isinstance(described, list) else 0
    try:
        receive(HEADER.pack(len(text), count) + text)
    except (WireError, Refused):
        pass


def framed(text: str, count: int = 0, tail: bytes = b"") -> bytes:
    return HEADER.pack(len(text.encode()), count) + text.encode() + tail


def one_array(dtype: object, shape: object, tail: bytes = b"") -> bytes:
    envelope = {"arrays": [[dtype, shape]], "message": {"value": {"array": 0}}}
    return framed(json.dumps(envelope), 1, tail)


@pytest.mark.parametrize(
    "raw",
    [
        HEADER.pack(MAX_JSON + 1, 0),
        HEADER.pack(10, 2**31),
        framed("[" * 200_000 + "]" * 200_000),
        framed('{"arrays": [], "message": ' + "{" * 5000 + "}" * 5000 + "}"),
        framed('{"arrays": [], "message": {"value": ' + "9" * 100_000 + "}}"),
        framed('{"arrays": [], "message": {"value": NaN}}'),
        framed('{"arrays": [], "message": 3}'),
        framed('{"arrays": [], "message": {}, "more": 1}'),
        one_array("|O", [1], b"12345678"),
        one_array("<U8", [1], b"1" * 32),
        one_array("V8", [1], b"12345678"),
        one_array("<f8", [-1, 8], b"12345678"),
        one_array("<f8", [2**40, 2**40]),
        one_array("<f8", [1] * 40, b"12345678"),
        one_array("<f8", [True], b"12345678"),
        one_array("<f8", [1.0], b"12345678"),
        one_array("<f8", "8", b"12345678"),
        one_array("<f8", [2], b"12345678"),  # truncated
        framed('{"arrays": [], "message": {"value": {"array": 0}}}'),
        framed('{"arrays": [["<f8",[0]]], "message": {"value": {"list": [{"array": 0}, {"array": 0}]}}}', 1),
        framed('{"arrays": [], "message": {"value": {"dtype": "|O"}}}'),
        framed('{"arrays": [], "message": {"value": {"dict": [[[], 1]]}}}'),
        framed('{"arrays": [], "message": {"value": {"tuple": 3}}}'),
        framed('{"arrays": [], "message": {"value": {"float": "1_0x"}}}'),
        framed('{"arrays": [], "message": {"value": {"float": [1]}}}'),
        framed('{"arrays": [], "message": {"value": {"float": 3}}}'),
        framed('{"arrays": [], "message": {"value": {"float": "nan", "x": 1}}}'),
        framed('{"arrays": [], "message": {"value": ' + "9" * 4000 + "}}"),
        framed('{"arrays": [], "message": {"value": -9223372036854775809}}'),
        framed('{"arrays": [], "message": {"value": {"dict": [[18446744073709551616, 1]]}}}'),
        framed('{"arrays": [], "message": {"value": {"list": ["half of a character: \\ud800"]}}}'),
        framed('{"arrays": [], "message": {"value": {"dict": [["\\udfff", 1]]}}}'),
        framed('{"arrays": [], "message": {"value": [' + "[]," * 200_000 + "[]]}}"),
        one_array("<f8", [0, 2**29, 2**29, 2**29]),  # empty, but still too large for NumPy's indices
        one_array("|b1", [4], b"\x00\x01\x02\x01"),  # 2 is neither true nor false
    ],
)
def test_lies_are_refused(raw: bytes) -> None:
    with pytest.raises(WireError):
        receive(raw)


@pytest.mark.parametrize("size", [AT_ONCE // 2, 5 * AT_ONCE])
def test_a_message_without_room_is_read_and_not_kept(size: int) -> None:
    ours, theirs = socket.socketpair()
    large = np.zeros(size, np.uint8)

    def send() -> None:
        sender = Wire(theirs)
        for number in range(3):
            sender.send({"number": number}, [large, large[:5]])

    thread = threading.Thread(target=send)
    thread.start()
    reader = Wire(ours)
    with pytest.raises(WireFull) as full:
        reader.receive(5, room=size)
    assert size < full.value.needed < size + 2_000
    assert reader.receive(5)[0] == {"number": 1}
    assert reader.needed == full.value.needed
    assert reader.receive(5, room=full.value.needed)[0] == {"number": 2}
    thread.join()
    ours.close()
    theirs.close()


def test_silence_ends_in_time() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"\x00")
    with pytest.raises(WireTimeout):
        Wire(ours).receive(0.2)
    theirs.close()
    with pytest.raises(WireClosed):
        Wire(ours).receive(0.2)


@pytest.mark.parametrize("trickles", [False, True])
def test_who_waits_long_sleeps(trickles: bool) -> None:
    """The receiver also sleeps while a sender gives it one byte at a time."""
    ours, theirs = socket.socketpair()
    over = threading.Event()

    def send() -> None:
        theirs.sendall(HEADER.pack(4000, 0))
        while trickles and not over.wait(1e-3):
            theirs.sendall(b" ")

    thread = threading.Thread(target=send)
    thread.start()
    before = time.thread_time()
    with pytest.raises(WireTimeout):
        Wire(ours).receive(1)
    taken = time.thread_time() - before
    over.set()
    thread.join()
    ours.close()
    theirs.close()
    assert taken < 0.3


def test_a_message_cut_off_behind_another_is_refused() -> None:
    ours, theirs = socket.socketpair()
    whole = framed('{"arrays":[],"message":{}}')
    theirs.sendall(whole + whole[:-1])
    theirs.close()
    reader = Wire(ours)
    assert reader.receive(5) == ({}, [])
    with pytest.raises(WireClosed):
        reader.receive(5)
    ours.close()


@pytest.mark.parametrize("piece", [1, 100_000])
def test_an_answer_without_end_meets_the_deadline(piece: int) -> None:
    """A sender that never lets the reader wait gets no extra time."""
    ours, theirs = socket.socketpair()
    size = MAX_BYTES // 2

    def send() -> None:
        text = json.dumps({"arrays": [["|u1", [size]]], "message": {}}).encode()
        try:
            theirs.sendall(HEADER.pack(len(text), 1) + text)
            while True:
                theirs.sendall(bytes(piece))
                if piece > 1:
                    time.sleep(0.001)
        except OSError:
            pass

    thread = threading.Thread(target=send)
    thread.start()
    try:
        with within(2), pytest.raises(WireTimeout):
            Wire(ours).receive(0.3)
    finally:
        ours.close()
        thread.join()
        theirs.close()


def test_a_slow_reader_does_not_buy_time() -> None:
    """The time limit is for the message, not for each of its arrays."""
    ours, theirs = socket.socketpair()
    over = threading.Event()

    def read() -> None:
        while not over.wait(0.2):
            theirs.recv(2**20)

    thread = threading.Thread(target=read)
    thread.start()
    with within(3), pytest.raises(WireTimeout):
        Wire(ours).send({}, [np.zeros(2**17) for _ in range(60)], timeout=1.0)
    over.set()
    thread.join()
    ours.close()
    theirs.close()


def test_depth_is_bounded_both_ways() -> None:
    deep: object = 1
    for _ in range(50):
        deep = [deep]
    with pytest.raises(WireError):
        encode(deep, [], refuse)


@pytest.mark.parametrize(
    "value", [[1, {"a": (None, "x")}], np.arange(40.0).reshape(5, 8), {"a": [np.ones(3), np.ones(2)]}]
)
def test_a_message_cut_anywhere_is_refused(value: object) -> None:
    raw = answer(value)
    assert isinstance(receive(raw), type(value))  # the control
    for length in range(len(raw)):
        with pytest.raises(WireError):
            receive(raw[:length])


@settings(max_examples=400)
@given(VALUES, st.integers(0, 2**32), st.integers(1, 5))
def test_changed_answers_are_refused_or_proper_values(value: object, seed: int, changes: int) -> None:
    """A valid answer is changed inside its JSON or anywhere, and received like in `Remote.ask`."""
    chance = random.Random(seed)
    raw = answer(value)
    for _ in range(changes):
        raw = change_message(raw, chance, lambda part: flipped(part, chance))
    targets.wire(raw)
    targets.wire(flipped(raw, chance))


def flipped(raw: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + chance.randbytes(chance.randrange(3)) + raw[at + chance.randrange(3) :]


ANNOUNCING = """
import resource, socket, sys
from autograder.runner.wire import Wire, WireError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for raw in sys.argv[1:]:
    ours, theirs = socket.socketpair()
    theirs.sendall(bytes.fromhex(raw))
    theirs.close()
    try:
        Wire(ours).receive(5)
    except WireError:
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems report peak memory in other units")
def test_an_announcement_alone_costs_no_memory() -> None:
    """The sender announces 512 MB and sends 1,000 bytes."""
    raw = [one_array("<f8", shape, b"x" * 1000).hex() for shape in ([MAX_BYTES // 8], [2, MAX_BYTES // 16])]
    command = [sys.executable, "-c", ANNOUNCING, *raw]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    grown = [int(line) for line in said.split()]
    assert len(grown) == 2
    assert max(grown) < 20


def test_what_this_machine_has_no_memory_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*shape: object) -> None:
        raise MemoryError

    raw = one_array("<f8", [MAX_BYTES // 8])
    monkeypatch.setattr(np, "empty", none_left)
    with pytest.raises(WireError, match="too large for this machine"):
        receive(raw)


@pytest.mark.parametrize("piece", ["[],", "{},", '{"a":0},', "1e5,", '"\u00e9",', "[[[[[]]]]],"])
def test_json_of_small_pieces_costs_bounded_memory_and_time(piece: str) -> None:
    count = (MAX_JSON - 100) // len(piece.encode())
    raw = framed('{"arrays": [], "message": {"value": {"list": [' + piece * count + "0]}}}")
    assert MAX_JSON * 0.99 < len(raw) < MAX_JSON
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(WireError):
        receive(raw, 20)
    seconds, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * 2**20
    assert seconds < 5
