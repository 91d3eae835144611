"""Registers the running Python environment in Jupyter, so that notebooks can choose it by name.
Run it as `python -m cs231n.kernel` inside the environment; it installs no packages. Given complete."""

import argparse
import re
import sys

DEFAULT_NAME = "cs231n"
DEFAULT_DISPLAY_NAME = "Python (cs231n)"


class KernelError(Exception):
    """A kernel cannot be registered or removed. The message is one sentence for the student."""


def install(name=DEFAULT_NAME, display_name=DEFAULT_DISPLAY_NAME):
    """Register the running environment for the current user, and return the folder of its kernel specification."""
    _check_name(name)
    try:
        from ipykernel.kernelspec import install as install_kernel
    except ImportError as error:
        raise KernelError(
            f"This environment ({sys.prefix}) has no ipykernel: run `{sys.executable} -m pip install ipykernel` first."
        ) from error
    try:
        return install_kernel(user=True, kernel_name=name, display_name=display_name)
    except OSError as error:
        raise KernelError(f"Jupyter's folder for kernels cannot be written: {error}.") from error


def remove(name=DEFAULT_NAME):
    """Remove a registered environment from Jupyter; the environment itself stays as it is."""
    _check_name(name)
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError as error:
        raise KernelError(f"This environment ({sys.prefix}) has no Jupyter, so there is nothing to remove.") from error
    try:
        return KernelSpecManager().remove_kernel_spec(name)
    except (NoSuchKernel, KeyError) as error:
        raise KernelError(f"Jupyter has no kernel named {name!r}: see `jupyter kernelspec list`.") from error
    except OSError as error:
        raise KernelError(f"The kernel {name!r} cannot be removed: {error}.") from error


def main(arguments=None):
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m cs231n.kernel", description=__doc__.splitlines()[0])
    parser.add_argument("--name", default=DEFAULT_NAME, help="the kernel's name in Jupyter (default: %(default)s)")
    parser.add_argument(
        "--display-name", default=DEFAULT_DISPLAY_NAME, help="what Jupyter's menu shows (default: %(default)s)"
    )
    parser.add_argument("--remove", action="store_true", help="remove the kernel instead")
    options = parser.parse_args(arguments)
    try:
        if options.remove:
            print(f"Removed {remove(options.name)}")
        else:
            print(f"Registered {sys.prefix} as {options.display_name!r}: {install(options.name, options.display_name)}")
    except KernelError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _check_name(name):
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise KernelError(f"A kernel's name consists of letters, digits, '.', '_' and '-'; {name!r} does not.")


if __name__ == "__main__":
    sys.exit(main())
