"""Builds the Cython extension in place: run `python setup.py build_ext --inplace` in this folder.
It needs a C compiler: gcc or clang on Linux, Xcode's command line tools on macOS, Visual Studio Build Tools on
Windows."""

from Cython.Build import cythonize
from setuptools import Extension, setup

if __name__ == "__main__":
    setup(name="im2col_cython", ext_modules=cythonize([Extension("im2col_cython", ["im2col_cython.pyx"])]))
