"""Lets `pip install` build the Cython extension, and go on without it where that is not possible.
See cs231n/setup.py for building the extension by hand."""

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext


class BuildIfPossible(build_ext):
    """Builds the extension. Without a compiler, or if the source has an error, the package works without it."""

    def build_extension(self, extension):
        try:
            super().build_extension(extension)
        except Exception as error:
            print(f"The extension {extension.name} is not built ({error}): NumPy does its work.")

    def copy_extensions_to_source(self):
        """Copy what was built beside its source; nothing if it was not built."""
        self.extensions = [one for one in self.extensions if self._is_built(one)]
        super().copy_extensions_to_source()

    def _is_built(self, extension):
        import os

        return os.path.exists(
            os.path.join(self.build_lib, self.get_ext_filename(self.get_ext_fullname(extension.name)))
        )


setup(
    ext_modules=[Extension("cs231n.im2col_cython", ["cs231n/im2col_cython.pyx"])],
    cmdclass={"build_ext": BuildIfPossible},
)
