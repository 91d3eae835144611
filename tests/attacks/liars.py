"""Attacks of classes 1 and 2: objects that lie in comparisons and conversions, arrays that are not plain arrays."""

from .attack import Attack

EVERY_LEVEL = (3, 2, 1)


def returning(code: str) -> str:
    """Return a module whose ``affine_forward`` tells the witness and returns the value of ``code``."""
    return f"\nimport numpy as np\n\n\ndef affine_forward(x, w, b):\n    reached()\n    return {code}, (x, w, b)\n"


EQUAL = """
class Equal:
    __eq__ = __le__ = __ge__ = lambda self, other: True
    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __bool__ = lambda self: True
    __hash__ = None
    __float__ = lambda self: 0.0
    __array__ = lambda self, *a, **k: FACTS
    __getattr__ = lambda self, name: self
    __call__ = lambda self, *a, **k: self
    __sub__ = __rsub__ = __abs__ = lambda self, *a: self
"""

SAME_CLASS = """
import numpy as np


class Worn:
    __class__ = property(lambda self: np.ndarray)
    dtype, size, ndim = np.dtype("f8"), 20, 2

    def __init__(self, shape):
        self.shape = shape

    def __array__(self, *args, **kwargs):
        reached("asked for an array")
        return np.full(self.shape, Equal(), dtype=object)
"""

NUMBER = """
class Number(float):
    __eq__ = __le__ = __ge__ = lambda self, other: True
    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __hash__ = float.__hash__
    __repr__ = __str__ = lambda self: '0, "arrays": []'
    shape = property(lambda self: (5, 4))


class Whole(int):
    __eq__ = __le__ = __ge__ = __lt__ = __gt__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = int.__hash__
    __repr__ = __str__ = __format__ = lambda self, *a: "0"
    __abs__ = __sub__ = __rsub__ = lambda self, *a: Whole(0)
"""

PAIR = """
class Pair(tuple):
    __len__ = lambda self: 2
    __iter__ = lambda self: iter((Equal(), Equal()))
    __getitem__ = lambda self, key: Equal()
    __eq__ = lambda self, other: True
    __hash__ = tuple.__hash__


def affine_forward(x, w, b):
    reached()
    return Pair()
"""

CHANGING = """
import numpy as np


class Changing(np.ndarray):
    asked = 0

    @property
    def dtype(self):
        Changing.asked += 1
        reached("asked for its dtype")
        return np.dtype("f8" if Changing.asked % 2 else "O")

    shape = property(lambda self: (10**9, Changing.asked))
    nbytes = size = property(lambda self: 0)


def affine_forward(x, w, b):
    reached()
    return np.zeros((len(x), w.shape[1])).view(Changing), (x, w, b)
"""

WORDS = """
from autograder.checks.code_under_test import CodeError


class Words(str):
    __getitem__ = lambda self, part: Words("<b>so sorry</b>\\x1b[2J" * 20_000)
    __len__ = lambda self: 3
    __contains__ = lambda self, part: True
    __eq__ = lambda self, other: True
    __hash__ = str.__hash__


def affine_forward(x, w, b):
    reached()
    raise CodeError("missing", Words("x"), Words("y"))
"""

LATE_TUPLE = """
def affine_forward(x, w, b):
    reached()
    return (part for part in (Equal(), (x, w, b)))
"""

FUNCTIONS = """
import numpy as np


class Array(np.ndarray):
    __array_priority__ = 1e9

    def __array_function__(self, function, types, args, kwargs):
        reached(f"asked for {function.__name__}")
        return True

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        reached(f"asked for {ufunc.__name__}")
        return np.zeros(())

    def __array_finalize__(self, source):
        reached("made")


def affine_forward(x, w, b):
    return np.full((len(x), w.shape[1]), 7.0).view(Array), (x, w, b)
"""

METHODS = """
import numpy as np


class Array(np.ndarray):
    reshape = astype = ravel = copy = view = lambda self, *a, **k: FACTS
    any = all = __eq__ = __bool__ = __le__ = lambda self, *a, **k: True
    __reduce__ = __reduce_ex__ = lambda self, *a: (exec, ("raise SystemExit(0)",))
    __class__ = np.ndarray


def affine_forward(x, w, b):
    reached()
    return np.full((len(x), w.shape[1]), 7.0).view(Array), (x, w, b)
"""

ZEROS = "np.zeros((len(x), w.shape[1]))"
RIGHT = "(x.reshape(len(x), -1) @ w + b)"
STRIDES = "np.lib.stride_tricks.as_strided"

ATTACKS = (
    Attack(1, "equal-to-everything", "to compare equal to everything", EQUAL + returning("Equal()"), levels=EVERY_LEVEL),
    Attack(1, "array-of-equals", "to compare equal to everything, element by element", EQUAL + returning("np.full((len(x), w.shape[1]), Equal())"), levels=EVERY_LEVEL),
    Attack(1, "worn-class", "to pass for an array by its __class__", EQUAL + SAME_CLASS + returning("Worn((len(x), w.shape[1]))"), levels=EVERY_LEVEL),
    Attack(1, "lying-float", "to bring its own comparison methods in a subclass of float", NUMBER + returning("Number(1.0)"), levels=EVERY_LEVEL),
    Attack(1, "lying-int", "to bring its own comparison methods, and its own text, in a subclass of int", NUMBER + returning("Whole(10**400)"), levels=EVERY_LEVEL),
    Attack(1, "lying-pair", "to unpack into objects that equal everything", EQUAL + PAIR, levels=EVERY_LEVEL),
    Attack(1, "changing-array", "to change its dtype and shape each time they are read", CHANGING, levels=EVERY_LEVEL),
    Attack(1, "lying-words", "to flood and steer the report with a subclass of str in an error of the grader's own type", WORDS, levels=EVERY_LEVEL, shows=r"\?\[2J"),
    Attack(1, "late-tuple", "to return a generator in place of a pair", EQUAL + LATE_TUPLE, levels=EVERY_LEVEL),
    Attack(2, "array-function", "to override NumPy's functions in a subclass of array", FUNCTIONS, levels=EVERY_LEVEL),
    Attack(2, "array-methods", "to override an array's methods, and to run code when it is pickled", METHODS, levels=EVERY_LEVEL),
    Attack(2, "all-masked", "to hide every wrong number behind a mask", returning(f"np.ma.masked_all_like({ZEROS} + 7)"), levels=EVERY_LEVEL),
    Attack(2, "object-dtype", "to send Python objects over the wire", returning(f"{RIGHT}.astype(object)"), levels=EVERY_LEVEL, shows="NumPy array of dtype object"),
    Attack(2, "structured-dtype", "to send records over the wire", returning(f"{RIGHT}.view([('out', 'f8')])"), levels=EVERY_LEVEL),
    Attack(2, "string-dtype", "to send numbers as text", returning(f"{RIGHT}.astype('U32')"), levels=EVERY_LEVEL),
    Attack(2, "void-dtype", "to send a void dtype with metadata", returning("np.zeros((len(x), w.shape[1]), np.dtype('V8', metadata={'f8': FACTS}))"), levels=EVERY_LEVEL),
    Attack(2, "complex", "to send complex numbers, whose imaginary part would be lost", returning(f"{RIGHT} + 1j"), levels=EVERY_LEVEL),
    Attack(2, "long-double", "to send numbers that the judge may read differently", returning(f"{ZEROS}.astype(np.longdouble)"), levels=EVERY_LEVEL),
    Attack(2, "thousand-billion", "to have a view of 10**12 elements copied", returning("np.broadcast_to(np.float64(0), (10**6, 10**6))"), levels=EVERY_LEVEL, shows="memory"),
    Attack(2, "beyond-its-end", "to return memory beyond the end of an array", returning(f"{STRIDES}(np.zeros(1), (len(x), w.shape[1]), (2**40, 2**36))"), levels=EVERY_LEVEL, shows="crashed|ended"),
    Attack(2, "alias-of-input", "to return the input itself, so that the input seems unchanged", returning(f"{STRIDES}(x, (len(x), w.shape[1]), (8, 8))"), levels=EVERY_LEVEL),
    Attack(2, "tiny", "to return numbers whose squares underflow where the judge divides by them", returning(f"{ZEROS} + 1e-200"), levels=EVERY_LEVEL, shows="wrong in"),
    Attack(2, "huge", "to make the judge's own sums overflow", returning(f"{ZEROS} + 1.7e308"), levels=EVERY_LEVEL, shows="wrong in"),
    Attack(2, "memory-map", "to map a file of the judge and return it", "\nimport numpy as np\n\n\ndef affine_forward(x, w, b):\n    attempt('map the gradebook', lambda: bytes(np.memmap(FACTS['gradebook'], np.uint8, 'r')))\n    return np.zeros((len(x), w.shape[1])), (x, w, b)\n"),
)  # fmt: skip
