"""How far right answers may lie from the reference's, relative to the largest expected magnitude.

Written by ``python -m autograder.validate.spread``, which says how they are chosen. Measured on correct code
in 13 solutions, with 50 seeds, one thread and two.
"""

RTOL64 = 1e-06
"""The largest deviation: 1.0e-09, batchnorm_alt_numeric in the solution closures."""
RTOL32 = 0.001
"""The largest deviation: 1.7e-06, spatial_batchnorm_backward in the solution float32."""
