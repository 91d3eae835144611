"""Which arguments of assignment 2's layers make sense: the smallest cases of mistakes have no others."""

from typing import Any

import numpy as np
import pytest

from autograder.assignments.assignment2.kit.judge.possible import possible

X, W = np.arange(2.0 * 3 * 5 * 4).reshape(2, 3, 5, 4), np.ones((2, 3, 3, 2))
ROWS = np.arange(6.0).reshape(3, 2)


def norm(x: Any, channels: int, **settings: Any) -> dict[str, Any]:
    return {"x": x, "gamma": np.ones(channels), "beta": np.zeros(channels), **settings}


def conv(stride: int, pad: int, w: Any = W) -> dict[str, Any]:
    return {"x": X, "w": w, "b": np.zeros(2), "conv_param": {"stride": stride, "pad": pad}}


def pool(height: int, width: int, stride: int) -> dict[str, Any]:
    return {"x": X, "pool_param": {"pool_height": height, "pool_width": width, "stride": stride}}


@pytest.mark.parametrize(
    ("function", "arguments", "fits"),
    [
        ("layers.affine_forward", {"x": X}, True),
        ("layers.conv_forward_naive", conv(1, 0), True),
        ("layers.conv_forward_naive", conv(2, 0), True),
        ("layers.conv_forward_naive", conv(3, 0), False),
        ("fast_layers.conv_forward_fast", conv(0, 0), False),
        ("layers.conv_forward_naive", conv(1, 0, np.ones((2, 3, 6, 2))), False),
        ("layers.conv_forward_naive", conv(1, 1, np.ones((2, 3, 6, 2))), True),
        ("layers.conv_forward_naive", conv(1, 0, np.ones((2, 1, 3, 2))), False),
        ("layers.max_pool_forward_naive", pool(3, 2, 2), True),
        ("layers.max_pool_forward_naive", pool(2, 2, 2), False),
        ("layers.max_pool_forward_naive", {"x": X, "pool_param": {}}, False),
        ("layers.batchnorm_forward", norm(ROWS, 2, bn_param={"mode": "train"}), True),
        ("layers.batchnorm_forward", norm(ROWS[:1], 2, bn_param={"mode": "train"}), False),
        ("layers.batchnorm_forward", norm(ROWS[:1], 2, bn_param={"mode": "test"}), True),
        ("layers.batchnorm_forward", norm(0 * ROWS, 2, bn_param={"mode": "train"}), False),
        ("layers.batchnorm_forward", norm(ROWS, 3, bn_param={"mode": "train"}), False),
        ("layers.spatial_batchnorm_forward", norm(X[:1], 3, bn_param={"mode": "train"}), True),
        ("layers.spatial_batchnorm_forward", norm(X[:1, :, :1, :1], 3, bn_param={"mode": "train"}), False),
        ("layers.layernorm_forward", norm(ROWS, 2, ln_param={}), True),
        ("layers.layernorm_forward", norm(ROWS[:, :1], 1, ln_param={}), False),
        ("layers.spatial_groupnorm_forward", norm(X, 3, G=3, gn_param={}), True),
        ("layers.spatial_groupnorm_forward", norm(X, 3, G=2, gn_param={}), False),
        ("layers.spatial_groupnorm_forward", norm(X, 3, G=0, gn_param={}), False),
        ("classifiers.cnn.ThreeLayerConvNet", {"input_dim": (3, 4, 6), "filter_size": 3}, True),
        ("classifiers.cnn.ThreeLayerConvNet", {"input_dim": (3, 4, 5), "filter_size": 3}, False),
    ],
)
def test_what_makes_sense(function: str, arguments: dict[str, Any], fits: bool) -> None:
    assert possible(function, arguments) is fits
