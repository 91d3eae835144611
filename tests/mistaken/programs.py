"""All mistaken programs."""

from . import batch_normalization, convolutional_networks, dropout, frequent, fully_connected_nets

PROGRAMS = (
    *fully_connected_nets.PROGRAMS,
    *batch_normalization.PROGRAMS,
    *dropout.PROGRAMS,
    *convolutional_networks.PROGRAMS,
    *frequent.PROGRAMS,
)
