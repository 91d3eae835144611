"""Right answers by a wrong way: the second solution is the first one, or gradients come from brute force.

They cost nothing and are flagged for a person. Loops, recomputed sums, and accepted solutions are not.
"""

from pathlib import Path

import pytest

from autograder.course import Course
from autograder.judge import ways
from autograder.judge.context import Context
from autograder.judge.extension import Extension
from autograder.judge.fixtures import fixtures_of
from autograder.judge.session import collect, taken_in
from autograder.sample import students
from tests.assignment2 import ACCEPTED, ASSIGNED

from .conftest import Judge, append

PARTS = (1, 2, 3, 4)
ALIASED = ("closures", "in_place", "reuse")
"""Accepted solutions whose second gradient of batch normalisation is the first one: right, and flagged."""
ALT = "batchnorm_backward_alt"
ALIASES = {
    "alias": "\nbatchnorm_backward_alt = batchnorm_backward\n",
    "wrapper": "\ndef batchnorm_backward_alt(dout, cache):\n    return batchnorm_backward(dout, cache)\n",
    "partial": "\nfrom functools import partial\nbatchnorm_backward_alt = partial(batchnorm_backward)\n",
    "helper": """
def _gradients(dout, cache):
    return batchnorm_backward(dout, cache)

def batchnorm_backward_alt(dout, cache):
    dx, dgamma, dbeta = _gradients(dout, cache)
    return dx, dgamma, dbeta
""",
    "both-through-a-helper": """
_helper = batchnorm_backward

def batchnorm_backward(dout, cache):
    return _helper(dout, cache)

def batchnorm_backward_alt(dout, cache):
    return _helper(dout, cache)
""",
    "with-noise": """
def batchnorm_backward_alt(dout, cache):
    return tuple(gradient * (1 + 3e-16) for gradient in batchnorm_backward(dout, cache))
""",
    "lambda": "\nbatchnorm_backward_alt = lambda *inputs: batchnorm_backward(*inputs)\n",
}
"""Forms of the alias: what is appended to the layers."""
KEEP = """
_forward = batchnorm_forward

def batchnorm_forward(x, gamma, beta, bn_param):
    out, cache = _forward(x, gamma, beta, bn_param)
    return out, (x.copy(), np.array(gamma), np.array(beta), bn_param.get("eps", 1e-5), cache)

def batchnorm_backward_alt(dout, cache, _alt=batchnorm_backward_alt):
    return _alt(dout, cache[-1])

def _plain(x, gamma, beta, eps):
    centred = x - x.mean(axis=0)
    return gamma * centred / np.sqrt((centred * centred).mean(axis=0) + eps) + beta
"""
"""A forward pass whose cache holds its inputs."""
DIFFERENCES = """
def batchnorm_backward(dout, cache):
    inputs, eps = [np.array(one, dtype=float) for one in cache[:3]], cache[3]
    found = []
    for one in inputs:
        gradient = np.zeros_like(one)
        for place in np.ndindex(one.shape):
            before, step = one[place], 1e-5 * max(1.0, np.abs(one).max())
            one[place] = before + step
            up = FORWARD
            one[place] = before - step
            down = FORWARD
            one[place] = before
            gradient[place] = ((up - down) * dout).sum() / (2 * step)
        found.append(gradient)
    return tuple(found)
"""
"""Central differences, one number at a time."""
BRUTE = {
    "calls-forward": DIFFERENCES.replace("FORWARD", 'batchnorm_forward(*inputs, {"mode": "train", "eps": eps})[0]'),
    "copied-forward": DIFFERENCES.replace("FORWARD", "_plain(*inputs, eps)"),
    "complex-steps": """
def batchnorm_backward(dout, cache):
    inputs, eps = [np.array(one, dtype=complex) for one in cache[:3]], cache[3]
    found = []
    for one in inputs:
        gradient = np.zeros(one.shape)
        for place in np.ndindex(one.shape):
            one[place] += 1e-30j
            gradient[place] = (_plain(*inputs, eps).imag * dout).sum() / 1e-30
            one[place] = one[place].real
        found.append(gradient)
    return tuple(found)
""",
    "complex-steps-of-rows": """
def batchnorm_backward(dout, cache):
    x, gamma, beta, eps, inner = cache
    dx = np.zeros(x.shape)
    for row in range(len(x)):
        z = x.astype(complex)
        z[row] += 1e-30j
        dx[row] = (_plain(z, gamma, beta, eps).imag * dout).sum(axis=0) / 1e-30
    return dx, (dout * (_plain(x, gamma, beta, eps) - beta) / gamma).sum(axis=0), dout.sum(axis=0)
""",
    "at-once": """
def batchnorm_backward(dout, cache):
    x, gamma, beta, eps, inner = cache
    steps = 1e-5 * max(1.0, np.abs(x).max()) * np.eye(x.size).reshape(x.size, *x.shape)
    size = steps.max()

    def out(z):
        centred = z - z.mean(axis=1, keepdims=True)
        return gamma * centred / np.sqrt((centred * centred).mean(axis=1, keepdims=True) + eps)

    dx = ((out(x + steps) - out(x - steps)) * dout).sum(axis=(1, 2)).reshape(x.shape) / (2 * size)
    return dx, (dout * (_plain(x, gamma, beta, eps) - beta) / gamma).sum(axis=0), dout.sum(axis=0)
""",
}
"""Forms of brute force: the backward pass that is appended to the layers, behind `KEEP`."""
UNITS = """
def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for gradient, at in ((dx, 0), (dw, 1)):
        for place in np.ndindex(gradient.shape):
            unit = np.zeros_like(gradient)
            unit[place] = 1
            given = [unit, w] if at == 0 else [x, unit]
            gradient[place] = (conv_forward_naive(*given, 0 * b, conv_param)[0] * dout).sum()
    return dx, dw, dout.sum(axis=(0, 2, 3))
"""
"""A convolution's gradients by unit vectors, which are exact: a convolution is linear."""
HONEST = {
    "sums-again-in-a-loop": """
def batchnorm_backward(dout, cache):
    hat, centred, std, gamma = cache
    dx = np.zeros_like(dout)
    for row in range(len(dout)):
        dgamma, dbeta = (dout * hat).sum(axis=0), dout.sum(axis=0)
        dx[row] = gamma / std * (dout[row] - (dbeta + hat[row] * dgamma) / len(dout))
    return dx, dgamma, dbeta
""",
    "shared-sums": """
def _sums(dout, hat):
    return (dout * hat).sum(axis=0), dout.sum(axis=0)

def batchnorm_backward_alt(dout, cache):
    hat, _, std, gamma = cache
    dgamma, dbeta = _sums(dout, hat)
    return gamma / std * (dout - (dbeta + hat * dgamma) / len(dout)), dgamma, dbeta
""",
    "decorated": """
def _told(function):
    def called(*inputs):
        return function(*inputs)
    return called

batchnorm_forward, batchnorm_backward = _told(batchnorm_forward), _told(batchnorm_backward)
batchnorm_backward_alt = _told(batchnorm_backward_alt)
""",
}
"""Ways that are slow or unusual, and right."""


def judged(judge: Judge, text: str, exercise: str) -> tuple[float, tuple[str, ...]]:
    """Return the share of the exercise's points that core tests give, and the flags."""
    verdict = judge(append("layers.py", text), exercise)
    (found,) = verdict.exercises
    assert all(test.outcome == "passed" for test in found.tests if test.kind == "core"), found
    return found.score / found.points, verdict.flags


@pytest.mark.parametrize("form", ALIASES)
def test_an_alias_costs_nothing_and_is_flagged(judge: Judge, form: str) -> None:
    share, flags = judged(judge, ALIASES[form], ALT)
    assert share == 1
    (flag,) = flags
    assert flag.startswith(f"{ALT}: ")
    assert "look whether" in flag


@pytest.mark.parametrize("form", BRUTE)
def test_brute_force_costs_nothing_and_is_flagged(judge: Judge, form: str) -> None:
    share, flags = judged(judge, KEEP + BRUTE[form], "batchnorm_backward")
    assert share >= 0.8  # it may miss special cases, as any solution
    (flag,) = flags
    assert "brute force" in flag


def test_unit_vectors_are_flagged(judge: Judge) -> None:
    _, flags = judged(judge, UNITS, "conv_backward_naive")
    assert "brute force" in flags[0]


@pytest.mark.parametrize("form", HONEST)
def test_an_honest_way_is_not_flagged(judge: Judge, form: str) -> None:
    verdict = judge(append("layers.py", HONEST[form]), "batchnorm_backward", ALT)
    assert all(one.score == one.points for one in verdict.exercises)
    assert verdict.flags == ()


def test_a_runner_that_says_nothing_or_nonsense_gets_no_flag(judge: Judge) -> None:
    liar = """
import sys
_weight = sys.modules["autograder.runner.weighing"].Weight
_weight.__init__ = lambda self, *a: vars(self).update(work="much", entered=[-1], step=2, over="no")
"""
    _, flags = judged(judge, liar + ALIASES["with-noise"], ALT)
    assert flags == ()  # nobody but the runner knows who calls whom


@pytest.mark.long
@pytest.mark.parametrize("name", ["reference", *(one.name for one in ACCEPTED if one.modules)])
def test_no_accepted_solution_is_flagged(course: Course, level: int, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "submission"
    students.solved(course, folder)
    for solution in ACCEPTED:
        if solution.name == name:
            solution.apply(folder)
    examined, flagged = 0, set()
    with taken_in(folder, ASSIGNED) as submission:
        for number in PARTS:
            part = course.parts[number - 1]
            found = ways.ways_in(test.module for test in collect(course, part))
            for function in [function for functions in found.values() for function in functions]:
                context = Context(course, part, submission, level, Extension())
                measured = ways.weigh(context, function, fixtures_of(course))
                assert measured is not None, "nothing was measured, which proves nothing"
                flagged |= {function.__name__ for _ in ways.findings(*measured, getattr(function, "way"))}  # noqa: B009
                context.close()
                examined += 1
    assert examined == 12
    assert flagged == ({"way_of_batchnorm_backward_alt"} if name in ALIASED else set())
