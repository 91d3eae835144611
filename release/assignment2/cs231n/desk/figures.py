"""Figures for notebooks: legible on a phone and in the dark, and described for readers who do not see them.

It needs matplotlib, which only notebooks import. The other commands of this folder do not import this module.
"""

import io
from typing import Any

LEGIBLE: dict[str, Any] = {
    "figure.figsize": (8, 5),
    "figure.dpi": 110,
    "figure.facecolor": "white",  # a dark page shows each figure as a white sheet
    "font.size": 15,
    "axes.titlesize": 15,
    "legend.fontsize": 13,
    "lines.linewidth": 2,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "image.interpolation": "nearest",
}
"""Settings of matplotlib: on a screen of 360 pixels, letters are about 9 pixels high if a figure is 8 inches wide."""


def legible() -> None:
    """Let the figures of this notebook be read on a phone and on a dark page."""
    import matplotlib.pyplot as plt

    plt.style.use(LEGIBLE)


def show(description: str) -> None:
    """Show the open figures, each with a description that a screen reader reads out.

    Parameters
    ----------
    description : str
        What the figure shows, in one or two sentences.
    """
    import matplotlib.pyplot as plt
    from IPython.display import display

    for number in plt.get_fignums():
        png = io.BytesIO()
        figure = plt.figure(number)
        figure.savefig(png, format="png", bbox_inches="tight")
        plt.close(figure)
        content = {"image/png": png.getvalue(), "text/plain": description}
        display(content, raw=True, metadata={"image/png": {"alt": description}})
