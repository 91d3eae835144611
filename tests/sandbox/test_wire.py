"""The wire gives back what was sent, and answers every kind of rubbish with a WireError, in bounded time and memory."""

import json
import socket
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autograder.sandbox.wire import (
    ALLOWED,
    HEADER,
    MAX_JSON,
    Wire,
    WireClosed,
    WireError,
    WireTimeout,
    decode,
    encode,
)

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


def refuse(value: object) -> dict[str, object]:
    raise TypeError(type(value))


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


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
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


@settings(deadline=None, max_examples=200)
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


@settings(deadline=None, max_examples=300)
@given(JSON, JSON)
def test_random_json_is_refused_or_a_value(value: object, described: object) -> None:
    text = json.dumps({"arrays": described, "message": {"value": value}}).encode()
    count = len(described) if isinstance(described, list) else 0
    try:
        receive(HEADER.pack(len(text), count) + text)
    except (WireError, TypeError):
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
        framed('{"arrays": [], "message": {"value": {"dtype": "|O"}}}'),
        framed('{"arrays": [], "message": {"value": {"dict": [[[], 1]]}}}'),
        framed('{"arrays": [], "message": {"value": {"tuple": 3}}}'),
        framed('{"arrays": [], "message": {"value": {"float": "1_0x"}}}'),
    ],
)
def test_lies_are_refused(raw: bytes) -> None:
    with pytest.raises(WireError):
        receive(raw)


def test_silence_ends_in_time() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"\x00")
    with pytest.raises(WireTimeout):
        Wire(ours).receive(0.2)
    theirs.close()
    with pytest.raises(WireClosed):
        Wire(ours).receive(0.2)


def test_depth_is_bounded_both_ways() -> None:
    deep: object = 1
    for _ in range(50):
        deep = [deep]
    with pytest.raises(WireError):
        encode(deep, [], refuse)
