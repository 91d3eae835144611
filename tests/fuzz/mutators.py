"""Mutations that get past the first check: inside the JSON of a message or notebook, behind a tar's checksums.

libFuzzer itself makes plain noise.
"""

import copy
import json
import random
import zlib
from collections.abc import Callable
from typing import Any

from autograder.runner.wire import HEADER

ODD: list[Any] = [
    None, True, 0, -1, 1, 2**31, 2**63, 2**64, 10**400, 1e308, "", "x" * 3000, "\ud800", "\0\x1b[2J", "<script>x</script>",
    "nan", "<f8", "|b1", "|O", [], {}, [[]], [{}], {"a": 1}, [1] * 40, [0, 2**29, 2**29, 2**29], {"array": 0}, {"float": []},
    {"dict": [[1, 2]]}, {"tuple": [None]}, {"handle": 1, "type": "x"}, ["<f8", [2]],
]  # fmt: skip


def change_json(value: Any, chance: random.Random) -> Any:
    """Change one place of a JSON value: replace, delete, double, rename or move."""
    value = copy.deepcopy(value)
    places: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        one = pending.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in keys:
            places.append((one, key))
            pending.append(one[key])
    if not places:
        return chance.choice(ODD)
    holder, key = chance.choice(places)
    other, other_key = chance.choice(places)
    match chance.randrange(6):
        case 0:
            del holder[key]
        case 1:
            holder[key] = copy.deepcopy(other[other_key])
        case 2 if isinstance(holder, list):
            holder.insert(chance.randrange(len(holder) + 1), copy.deepcopy(holder[key]))
        case 2 | 3 if isinstance(holder, dict):
            holder[chance.choice([other_key, "x", "array", "cells", "outputs"])] = holder.pop(key)
        case 4 if isinstance(holder[key], int | float | str):
            holder[key] = [holder[key]]
        case _:
            holder[key] = copy.deepcopy(chance.choice(ODD))
    return value


def change_message(data: bytes, chance: random.Random, noise: Callable[[bytes], bytes]) -> bytes:
    """Change the content of a message and frame it anew."""
    try:
        length, count = HEADER.unpack(data[: HEADER.size])
        text, tail = data[HEADER.size :][:length], data[HEADER.size + length :]
        changed = json.dumps(change_json(json.loads(text), chance)).encode()
    except Exception:
        return noise(data)
    if chance.random() < 0.2:
        count = chance.choice([0, 1, 2, 256, 2**32 - 1])
    return HEADER.pack(len(changed), count) + changed + (noise(tail) if tail and chance.random() < 0.3 else tail)


def change_notebook(data: bytes, chance: random.Random, noise: Callable[[bytes], bytes]) -> bytes:
    """Change one to four places of a notebook."""
    try:
        value = json.loads(data)
        for _ in range(chance.randint(1, 4)):
            value = change_json(value, chance)
        return json.dumps(value).encode()
    except Exception:
        return noise(data)


def change_archive(data: bytes, chance: random.Random, noise: Callable[[bytes], bytes]) -> bytes:
    """Change an archive: inside the compression if it is gzipped, and with corrected checksums if it is a tar."""
    gzipped = data.startswith(b"\x1f\x8b")
    if gzipped:
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, 2**20)
        except zlib.error:
            return noise(data)
    changed = bytearray(noise(data))
    for start in range(0, len(changed) - 511, 512):
        if changed[start + 257 : start + 262] == b"ustar":
            if chance.random() < 0.1:
                changed[start + 156] = chance.choice(b"01234567xgLKSX")
            changed[start : start + 512] = signed(changed[start : start + 512])
    return zlib.compress(changed, 1, wbits=31) if gzipped else bytes(changed)


def signed(block: bytearray) -> bytes:
    """Return a tar header with the correct checksum."""
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


MUTATORS = {"wire": change_message, "notebook": change_notebook, "intake": change_archive}
