"""How far right answers may lie from the reference's, relative to the largest expected magnitude.

Written by ``python -m autograder.validate.spread``, which says how they are chosen. Measured on correct code in
13 styles, 1 seeds, one thread and two.
"""

RTOL64 = 1e-06
"""The largest deviation: 4.6e-11, batchnorm_numeric in the style loops."""
RTOL32 = 0.001
"""The largest deviation: 6.5e-07, batchnorm_numeric in the style float32."""
