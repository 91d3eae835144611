"""Says the cure for errors of code that was written for another machine: with its files, its pictures, a network."""

import re

CURES = {
    r"DatasetError|import name 'datasets'|No module named '[\w.]*\.datasets'|cifar-?10": (
        "There are no pictures where nets are built. Write the numbers themselves into the code, such as "
        "mean = [125.3, 123.0, 113.9], or keep them in a buffer of the net, which is saved with the weights."
    ),
    r"urlopen error|URLError|URL fetch failure|ConnectionError|gaierror|getaddrinfo|name resolution|service not known"
    r"|Network is unreachable|HTTPSConnectionPool|Max retries exceeded": (
        "There is no network where this is judged. Build the net without pretrained weights: the grader fills in the "
        "weights that save_model saved."
    ),
    r"(?:torchvision|timm|transformers)[\w.]* is not available": (
        "The grader has PyTorch or TensorFlow and NumPy, and nothing that is built upon them: write the net with the "
        "framework's own layers."
    ),
    r"FileNotFoundError|NotADirectoryError|No such file|File not found|cannot find the (?:file|path)"
    r"|[Uu]nable to (?:synchronously )?open file|\bNotFoundError|PermissionError": (
        "The files of your machine are not there. Take out the line that reads one: the grader fills in the weights "
        "that save_model saved, and a few numbers can stand in the code."
    ),
    r"set_visible_devices|set_memory_growth|list_physical_devices|\bGPU\b|\bgpus?\b|\bCUDA\b": (
        "There is no GPU where this is judged: ask whether there is one before you use it."
    ),
}
"""Regular expressions for the text of an error, with its type, and a sentence."""


def advice(text: str) -> str:
    """Return a sentence that says the cure for an error, or ""."""
    return next((cure for error, cure in CURES.items() if re.search(error, text)), "")
