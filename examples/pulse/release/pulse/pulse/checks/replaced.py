"""Names that NumPy no longer has, and their replacements, as a student writes them after ``import numpy as np``."""

REPLACED = {
    "int": "int", "float": "float", "complex": "complex", "object": "object", "str": "str", "unicode": "str",
    "product": "np.prod", "cumproduct": "np.cumprod", "alltrue": "np.all", "sometrue": "np.any", "in1d": "np.isin",
    "row_stack": "np.vstack", "trapz": "np.trapezoid", "float_": "np.float64", "complex_": "np.complex128",
    "string_": "np.bytes_", "unicode_": "np.str_", "bool8": "np.bool_", "int0": "np.intp", "uint0": "np.uintp",
    "object0": "np.object_", "str0": "np.str_", "longfloat": "np.longdouble", "singlecomplex": "np.complex64",
    "cfloat": "np.complex128", "Inf": "np.inf", "Infinity": "np.inf", "infty": "np.inf", "PINF": "np.inf",
    "NINF": "-np.inf", "NaN": "np.nan", "NAN": "np.nan", "round_": "np.round", "rank": "np.ndim", "alen": "len",
    "asscalar": "the method item()", "lib.pad": "np.pad", "msort": "np.sort with axis=0", "asfarray": "np.asarray",
    "mat": "np.asmatrix", "issubclass_": "issubclass", "math": "the module math", "disp": "print",
    "bool": "bool", "long": "int",
}  # fmt: skip
