# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The fast layers in compiled loops: pictures to columns and back, convolution without columns, and max pooling.

`fast_layers.py` uses this module if it is built. Build it in this folder with `python setup.py build_ext --inplace`.
The file has four sections, in the order in which to read them:

1. Columns. `im2col.py` describes each function and does the same in NumPy. A `.pyx` of your own needs these four.
2. Convolution without columns: the same products, but the columns are never written down.
3. Max pooling.
4. Fast, but not a lesson: the innermost loop in C for several kinds of processor, and threads.

The loops below check no index: the functions check every size before the loops run.
"""

import os

import numpy as np

from cython cimport floating
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset


# ---- 1. Columns ------------------------------------------------------------------------------------------------------

cdef Py_ssize_t _places(Py_ssize_t size, Py_ssize_t field, Py_ssize_t padding, Py_ssize_t stride) except -1:
    """Return the number of places that a window of size `field` takes along an axis."""
    if field < 1 or stride < 1 or padding < 0:
        raise ValueError("field sizes and the stride must be positive, and the padding must not be negative")
    if size + 2 * padding < field:
        raise ValueError(f"a window of {field} pixels does not fit into {size} pixels padded by {padding}")
    return (size + 2 * padding - field) // stride + 1


cdef inline Py_ssize_t _first(Py_ssize_t shift, Py_ssize_t stride) noexcept nogil:
    """Return the first place whose pixel, `place * stride + shift`, is not in the padding before the picture."""
    return (stride - 1 - shift) // stride if shift < 0 else 0


cdef inline Py_ssize_t _last(Py_ssize_t shift, Py_ssize_t stride, Py_ssize_t size, Py_ssize_t places) noexcept nogil:
    """Return one more than the last place whose pixel is not in the padding behind the picture."""
    if shift >= size:
        return 0
    return min(places, (size - 1 - shift) // stride + 1)


cdef void _gather(
    const floating[:, :, :, ::1] x, floating[:, :, :, :, :, ::1] cols, Py_ssize_t padding, Py_ssize_t stride
) noexcept nogil:
    """Copy each place's pixels to `cols`, which holds zeros before and keeps them for pixels in the padding."""
    cdef Py_ssize_t c, i, j, n, row, column, shift, low, high
    cdef const floating *source
    cdef floating *target
    for c in range(cols.shape[0]):
        for i in range(cols.shape[1]):
            for j in range(cols.shape[2]):
                shift = j - padding
                low, high = _first(shift, stride), _last(shift, stride, x.shape[3], cols.shape[5])
                if low >= high:
                    continue
                for n in range(cols.shape[3]):
                    for row in range(
                        _first(i - padding, stride), _last(i - padding, stride, x.shape[2], cols.shape[4])
                    ):
                        source = &x[n, c, row * stride + i - padding, low * stride + shift]
                        target = &cols[c, i, j, n, row, low]
                        if stride == 1:  # neighbours lie side by side, so the compiler copies many at a time
                            for column in range(high - low):
                                target[column] = source[column]
                        else:
                            for column in range(high - low):
                                target[column] = source[column * stride]


cdef void _scatter(
    const floating[:, :, :, :, :, ::1] cols, floating[:, :, :, ::1] x, Py_ssize_t padding, Py_ssize_t stride
) noexcept nogil:
    """Add each place's numbers to the pixels that they belong to; drop the numbers that belong to the padding."""
    cdef Py_ssize_t c, i, j, n, row, column, shift, low, high
    cdef const floating *source
    cdef floating *target
    for n in range(cols.shape[3]):
        for c in range(cols.shape[0]):
            for i in range(cols.shape[1]):
                for j in range(cols.shape[2]):
                    shift = j - padding
                    low, high = _first(shift, stride), _last(shift, stride, x.shape[3], cols.shape[5])
                    if low >= high:
                        continue
                    for row in range(
                        _first(i - padding, stride), _last(i - padding, stride, x.shape[2], cols.shape[4])
                    ):
                        source = &cols[c, i, j, n, row, low]
                        target = &x[n, c, row * stride + i - padding, low * stride + shift]
                        if stride == 1:
                            for column in range(high - low):
                                target[column] += source[column]
                        else:
                            for column in range(high - low):
                                target[column * stride] += source[column]


def im2col_6d_cython(x, Py_ssize_t HH, Py_ssize_t WW, Py_ssize_t pad, Py_ssize_t stride):
    """See `im2col.im2col_6d`."""
    x = np.ascontiguousarray(x)
    if x.ndim != 4:
        raise ValueError(f"pictures have shape (N, C, H, W), not {x.shape}")
    N, C, H, W = x.shape
    cols = np.zeros((C, HH, WW, N, _places(H, HH, pad, stride), _places(W, WW, pad, stride)), dtype=x.dtype)
    if cols.size == 0:
        return cols
    if x.dtype == np.float32:
        _gather[float](x, cols, pad, stride)
    elif x.dtype == np.float64:
        _gather[double](x, cols, pad, stride)
    else:
        raise TypeError(f"pictures are float32 or float64, not {x.dtype}")
    return cols


def col2im_6d_cython(
    cols, Py_ssize_t N, Py_ssize_t C, Py_ssize_t H, Py_ssize_t W,
    Py_ssize_t HH, Py_ssize_t WW, Py_ssize_t pad, Py_ssize_t stride,
):
    """See `im2col.col2im_6d`."""
    shape = (C, HH, WW, N, _places(H, HH, pad, stride), _places(W, WW, pad, stride))
    cols = np.ascontiguousarray(cols)
    if cols.shape != shape:
        raise ValueError(f"columns have shape {cols.shape}, {shape} is expected")
    x = np.zeros((N, C, H, W), dtype=cols.dtype)
    if cols.size == 0:
        return x
    if cols.dtype == np.float32:
        _scatter[float](cols, x, pad, stride)
    elif cols.dtype == np.float64:
        _scatter[double](cols, x, pad, stride)
    else:
        raise TypeError(f"columns are float32 or float64, not {cols.dtype}")
    return x


def im2col_cython(x, Py_ssize_t field_height, Py_ssize_t field_width, Py_ssize_t padding, Py_ssize_t stride):
    """See `im2col.im2col`."""
    cols = im2col_6d_cython(x, field_height, field_width, padding, stride)
    C, HH, WW = cols.shape[:3]
    return cols.transpose(0, 1, 2, 4, 5, 3).reshape(C * HH * WW, -1)


def col2im_cython(
    cols, Py_ssize_t N, Py_ssize_t C, Py_ssize_t H, Py_ssize_t W,
    Py_ssize_t field_height, Py_ssize_t field_width, Py_ssize_t padding, Py_ssize_t stride,
):
    """See `im2col.col2im`."""
    rows, columns = _places(H, field_height, padding, stride), _places(W, field_width, padding, stride)
    shape = (C * field_height * field_width, rows * columns * N)
    if cols.shape != shape:
        raise ValueError(f"columns have shape {cols.shape}, {shape} is expected")
    cols = cols.reshape(C, field_height, field_width, rows, columns, N).transpose(0, 1, 2, 5, 3, 4)
    return col2im_6d_cython(cols, N, C, H, W, field_height, field_width, padding, stride)


# ---- 2. Convolution without columns ----------------------------------------------------------------------------------
#
# Columns turn a convolution into the product `W @ cols`, but they take more time to write and to read than the product
# takes: a processor multiplies numbers faster than it fetches them from memory. So these functions never write the
# columns down. Row (c, i, j) of the columns holds pixels that lie side by side in the picture already, (i, j) further
# than the pixels of row (c, 0, 0). If the zeros around the picture are there, a row of the columns is a place to read
# from. The work is cut into bands, some rows of the output of one picture or a few small pictures; the pixels below a
# band are copied, with zeros around them, to a buffer that stays in the processor's cache.
#
# One loop, `multiply`, computes all three products of a convolution. It keeps a small tile of the product in registers:
#
#     tile[r, t] = sum over k of a[k, r] * b[offset[k] + t]
#
#     product     rows r      columns t       sum over k                  b
#     outputs     filters     places          taps (c, i, j)              pixels
#     dx          channels    pixels          taps (f, i, j), flipped     dout
#     dw          filters     taps (j, c)     places                      pixels, the channels of each side by side
#
# Every number that is fetched is used for a whole row or column of the tile. That is the secret of every fast product.
# Bands do not depend on each other, so several threads share them, and none of them needs Python.

cdef enum:
    BUFFER = 512 * 1024  # bytes for the pixels of a band: the second cache of most processors holds them
    PICTURES = 1536 * 1024  # bytes for several small pictures
    DEPTH = 256  # taps before the next filters take their turn: the first cache holds the tile's pixels so long
    PLACES = 192  # places before the next taps take their turn, for dw
    SPARE = 64  # numbers behind a buffer, because vectors read a little beyond its end
    MOST_VECTORS = 4
    MOST_PLACES = 64


cdef struct Job:
    # the pictures, and the windows that slide over them; the first window begins at pixel (top, left)
    const void *pictures
    Py_ssize_t n, channels, height, width
    Py_ssize_t tap_rows, tap_columns, stride, top, left
    # the outputs, and how far they lie apart: pictures, planes, rows, columns
    void *out
    const void *bias
    Py_ssize_t filters, rows, columns
    Py_ssize_t of_picture, of_plane, of_row, of_column
    # for dw instead of outputs
    const void *dout
    void *sums
    Py_ssize_t of_sum, shares, next_share
    bint by_filters
    # how the work is cut: a band is `band` rows of one picture, or `group` whole pictures
    const Kernel *kernel
    Py_ssize_t group, band, bands, units, next_unit, depth
    bint in_place
    # memory
    int threads
    char *buffers
    Py_ssize_t of_thread
    void *weights


cdef struct Tile:
    # neighbouring places as runs in one row: where their pixels lie, where their outputs go
    Py_ssize_t length, runs
    Py_ssize_t starts[MOST_PLACES]
    Py_ssize_t lengths[MOST_PLACES]
    Py_ssize_t sources[MOST_PLACES]
    Py_ssize_t outputs[MOST_PLACES]


cdef inline Py_ssize_t _ceil(Py_ssize_t a, Py_ssize_t b) noexcept nogil:
    return (a + b - 1) // b


cdef inline Py_ssize_t _buffer_rows(const Job *job) noexcept nogil:
    """Return the rows of pixels below a band."""
    return (job.band - 1) * job.stride + job.tap_rows


cdef void _cut(
    Job *job, Py_ssize_t size, Py_ssize_t tile, Py_ssize_t of_tile, Py_ssize_t of_place, Py_ssize_t numbers
) noexcept nogil:
    """Cut the work into bands for threads.

    Each `tile` places cost time `of_tile`, and each place costs time `of_place` and memory for so many `numbers`.
    """
    cdef Py_ssize_t width = _ceil(job.columns * job.stride + job.tap_columns, job.stride) * job.stride
    cdef Py_ssize_t of_row = job.channels * width * size, rows, places, time, best = 0, group
    cdef Py_ssize_t memory, columns = job.n * job.rows * job.columns * job.tap_rows * job.tap_columns * job.channels
    job.group, job.next_unit = 1, 0
    rows = BUFFER // of_row - job.tap_rows
    rows = max(1, min(rows // job.stride + 1, job.rows))
    if job.n < 2 * job.threads:
        rows = min(rows, _ceil(job.rows, _ceil(2 * job.threads, job.n)))
    job.bands = _ceil(job.rows, rows)
    job.band = _ceil(job.rows, job.bands)
    job.bands = _ceil(job.rows, job.band)
    if job.bands == 1:
        # small pictures fill a part of a tile: take as many at a time as take the busiest thread the least time
        for group in range(1, min(job.n, 32) + 1):
            places = group * job.rows * job.columns
            memory = group * of_row * _buffer_rows(job) + places * numbers * size
            if group > 1 and (memory > PICTURES or 8 * job.threads * memory > columns * size):
                break
            time = (_ceil(places, tile) * of_tile + places * of_place) * _ceil(_ceil(job.n, group), job.threads)
            if best == 0 or 32 * time < 31 * best:
                best, job.group = time, group
    job.units = _ceil(job.n, job.group) * job.bands
    job.threads = <int> min(job.threads, job.units)


cdef void _put_zeros_around(
    const Job *job, const floating *picture, floating *band, Py_ssize_t first, Py_ssize_t rows, Py_ssize_t width
) noexcept nogil:
    """Copy the pixels below a band. With stride s, a row's pixels 0, s, 2s ... come first, then 1, s + 1, 2s + 1 ...

    So neighbouring windows read neighbouring numbers, whatever the stride.
    """
    cdef Py_ssize_t c, y, phase, x, low, high, shift
    cdef const floating *source
    cdef floating *target
    for c in range(job.channels):
        target = band + c * _buffer_rows(job) * job.stride * width
        for y in range(first, first + rows):
            for phase in range(job.stride):
                shift = phase + job.left
                low, high = _first(shift, job.stride), _last(shift, job.stride, job.width, width)
                if y < 0 or y >= job.height or low >= high:
                    memset(target, 0, width * sizeof(floating))
                else:
                    source = picture + (c * job.height + y) * job.width + shift
                    memset(target, 0, low * sizeof(floating))
                    if job.stride == 1:
                        memcpy(target + low, source + low, (high - low) * sizeof(floating))
                    else:
                        for x in range(low, high):
                            target[x] = source[x * job.stride]
                    memset(target + high, 0, (width - high) * sizeof(floating))
                target += width


cdef inline Py_ssize_t _source(
    const Job *job, Py_ssize_t place, Py_ssize_t rows, Py_ssize_t width, Py_ssize_t of_picture
) noexcept nogil:
    """Return where the first pixel of a place lies in a band."""
    cdef Py_ssize_t row = place // job.columns
    return row // rows * of_picture + row % rows * job.stride * job.stride * width + place % job.columns


cdef void _find(
    const Job *job, Tile *tile, Py_ssize_t place, Py_ssize_t length, Py_ssize_t rows,
    Py_ssize_t width, Py_ssize_t of_picture,
) noexcept nogil:
    """Find the pixels and the outputs of the places from `place` on."""
    cdef Py_ssize_t t = 0, row, x
    tile.length, tile.runs = length, 0
    while t < length:
        row, x = (place + t) // job.columns, (place + t) % job.columns
        tile.starts[tile.runs] = t
        tile.lengths[tile.runs] = min(length - t, job.columns - x)
        tile.sources[tile.runs] = _source(job, place + t, rows, width, of_picture)
        tile.outputs[tile.runs] = row // rows * job.of_picture + row % rows * job.of_row + x * job.of_column
        t += tile.lengths[tile.runs]
        tile.runs += 1


cdef void _store(
    const Job *job, const Tile *tile, const floating *result, floating *out, Py_ssize_t filters, Py_ssize_t step,
    bint add,
) noexcept nogil:
    """Copy or add a tile to outputs that do not lie side by side."""
    cdef Py_ssize_t m, run, t
    cdef const floating *source
    cdef floating *target
    for m in range(filters):
        for run in range(tile.runs):
            source = result + m * step + tile.starts[run]
            target = out + m * job.of_plane + tile.outputs[run]
            for t in range(tile.lengths[run]):
                target[t * job.of_column] = source[t] + (target[t * job.of_column] if add else 0)


cdef void _compute_outputs(Job *job, const floating *pictures, int thread) noexcept nogil:
    """Compute the outputs of bands until none is left."""
    cdef const Kernel *kernel = job.kernel
    cdef Py_ssize_t size = kernel.lanes * kernel.vectors, taps = job.tap_rows * job.tap_columns
    cdef Py_ssize_t width = job.columns + (job.tap_columns - 1) // job.stride, of_channel, of_picture
    cdef Py_ssize_t unit, top, rows, group, places, place, low, depth, m, c, i, j, k, step
    cdef bint whole_vectors = job.columns % kernel.lanes == 0  # no vector of places crosses the end of a row
    cdef Tile tile
    # this thread's memory
    cdef char *memory = job.buffers + thread * job.of_thread
    cdef floating *packed = <floating *> memory
    cdef floating *result = packed + (job.depth * taps * size if not whole_vectors else 0) + SPARE
    cdef floating *zeros = result + kernel.rows * size
    cdef floating *buffer = zeros + kernel.rows
    cdef Py_ssize_t *offsets = <Py_ssize_t *> (memory + job.of_thread) - 2 * job.depth * taps
    cdef Py_ssize_t *packed_offsets = offsets + job.depth * taps
    cdef const Py_ssize_t *to_read = offsets if whole_vectors else packed_offsets
    cdef const void *vectors[MOST_VECTORS]
    cdef const floating *band
    cdef const floating *weights
    cdef const floating *bias
    cdef floating *out

    of_channel = job.height * job.width if job.in_place else _buffer_rows(job) * job.stride * width
    of_picture = job.channels * of_channel
    k = 0
    for c in range(job.depth):
        for i in range(job.tap_rows):
            for j in range(job.tap_columns):
                offsets[k] = c * of_channel + (i * job.stride + j % job.stride) * width + j // job.stride
                packed_offsets[k] = k * size
                k += 1
    memset(zeros, 0, kernel.rows * sizeof(floating))

    while True:
        unit = take(&job.next_unit)
        if unit >= job.units:
            return
        top = unit % job.bands * job.band
        rows = min(job.band, job.rows - top)
        i = unit // job.bands * job.group  # the first picture
        group = min(job.group, job.n - i)
        places = group * rows * job.columns
        out = <floating *> job.out + i * job.of_picture + top * job.of_row
        band = pictures + i * job.channels * job.height * job.width
        if job.in_place:
            band += top * job.columns
        else:
            for j in range(group):
                _put_zeros_around(
                    job, band + j * job.channels * job.height * job.width, buffer + j * of_picture,
                    top * job.stride + job.top, (rows - 1) * job.stride + job.tap_rows, width,
                )
            band = buffer
            memset(buffer + group * of_picture, 0, SPARE * sizeof(floating))

        # a few channels at a time, then a tile of places, then a few filters
        weights, low = <const floating *> job.weights, 0
        while low < job.channels:
            depth = min(job.depth, job.channels - low) * taps
            place = 0
            while place < places:
                _find(job, &tile, place, min(size, places - place), rows, width, of_picture)
                if whole_vectors:
                    for j in range(kernel.vectors):
                        k = j * kernel.lanes if j * kernel.lanes < tile.length else 0
                        vectors[j] = band + _source(job, place + k, rows, width, of_picture)
                else:
                    kernel.copy(
                        depth, offsets, band, packed, size, tile.runs, tile.sources, tile.starts, tile.lengths
                    )
                    for j in range(kernel.vectors):
                        vectors[j] = packed + j * kernel.lanes
                m = 0
                while m < job.filters:
                    i = min(kernel.rows, job.filters - m)
                    bias = <const floating *> job.bias + m if low == 0 and job.bias != NULL else zeros
                    if _side_by_side(job, &tile, size):
                        if low > 0:
                            bias = NULL
                        kernel.multiply(
                            depth, weights + m * depth, to_read, vectors,
                            out + m * job.of_plane + tile.outputs[0], job.of_plane, i, bias,
                        )
                    else:
                        kernel.multiply(depth, weights + m * depth, to_read, vectors, result, size, i, bias)
                        _store(job, &tile, result, out + m * job.of_plane, i, size, low > 0)
                    m += kernel.rows
                place += size
            weights += _ceil(job.filters, kernel.rows) * kernel.rows * depth
            band += depth // taps * of_channel
            low += job.depth


cdef inline bint _side_by_side(const Job *job, const Tile *tile, Py_ssize_t size) noexcept nogil:
    """Tell whether the outputs of a tile are neighbours in memory, and the tile is full."""
    return (
        tile.length == size and job.of_column == 1
        and tile.outputs[tile.runs - 1] - tile.outputs[0] == tile.starts[tile.runs - 1]
    )


cdef void _transpose(
    const floating *a, Py_ssize_t of_a, floating *b, Py_ssize_t of_b, Py_ssize_t rows, Py_ssize_t columns
) noexcept nogil:
    """Set b[j, i] to a[i, j]."""
    if sizeof(floating) == sizeof(float):
        transpose_float(<const float *> a, of_a, <float *> b, of_b, rows, columns)
    else:
        transpose_double(<const double *> a, of_a, <double *> b, of_b, rows, columns)


cdef floating _sum(const floating *a, Py_ssize_t n) noexcept nogil:
    if sizeof(floating) == sizeof(float):
        return sum_float(<const float *> a, n)
    return sum_double(<const double *> a, n)


cdef void _put_zeros_around_turned(
    const Job *job, const floating *picture, floating *band, Py_ssize_t first, Py_ssize_t rows, Py_ssize_t width
) noexcept nogil:
    """Copy the pixels below a band; here the channels of a pixel lie side by side."""
    cdef Py_ssize_t y, low, high
    low, high = _first(job.left, 1), _last(job.left, 1, job.width, width)
    for y in range(first, first + rows):
        if y < 0 or y >= job.height or low >= high:
            memset(band, 0, width * job.channels * sizeof(floating))
        else:
            memset(band, 0, low * job.channels * sizeof(floating))
            _transpose(
                picture + y * job.width + low + job.left, job.height * job.width,
                band + low * job.channels, job.channels, job.channels, high - low,
            )
            memset(band + high * job.channels, 0, (width - high) * job.channels * sizeof(floating))
        band += width * job.channels


cdef void _compute_gradients(Job *job, const floating *pictures, int thread) noexcept nogil:
    """Add up dw and db over the bands of shares until no share is left.

    What belongs to a share does not depend on which thread is faster, so that equal arguments give equal sums.
    """
    cdef const Kernel *kernel = job.kernel
    cdef Py_ssize_t width = (job.columns - 1) * job.stride + job.tap_columns, plane = job.rows * job.columns
    cdef Py_ssize_t of_picture = _buffer_rows(job) * width * job.channels
    cdef Py_ssize_t blocks = _ceil(job.tap_columns * job.channels, kernel.lanes), slots = job.tap_rows * blocks
    cdef Py_ssize_t most = job.group * job.band * job.columns, unit, top, rows, group, places, place, length
    cdef Py_ssize_t i, j, k, m, slot, share, low = 0, high = job.filters
    cdef char *memory = job.buffers + thread * job.of_thread
    cdef floating *panels = <floating *> memory
    cdef floating *buffer = panels + _ceil(job.filters, kernel.rows) * kernel.rows * most
    cdef Py_ssize_t *offsets = <Py_ssize_t *> (memory + job.of_thread) - most
    cdef floating *sums = NULL
    cdef floating *db = NULL
    cdef const floating *dout
    cdef const void *vectors[MOST_VECTORS]
    for i in range(job.group):
        for j in range(job.band):
            for k in range(job.columns):
                offsets[(i * job.band + j) * job.columns + k] = (
                    i * of_picture + (j * width + k) * job.stride * job.channels
                )
    unit = job.units
    while True:
        if unit >= job.units:
            share = take(&job.next_share)
            if share >= job.shares:
                return
            sums, unit = <floating *> job.sums, 0
            if job.by_filters:  # some filters, in all bands
                m = _ceil(_ceil(job.filters, kernel.rows), job.shares) * kernel.rows
                low, high = min(m * share, job.filters), min(m * (share + 1), job.filters)
            else:  # all filters, in every so many-th band
                sums += share * job.filters * (job.of_sum + 1)
                unit = share
            db = sums + job.filters * job.of_sum
        top = unit % job.bands * job.band
        rows = min(job.band, job.rows - top)
        i = unit // job.bands * job.group  # the first picture
        group = min(job.group, job.n - i)
        places = group * rows * job.columns
        length = rows * job.columns
        for j in range(group):
            _put_zeros_around_turned(
                job, pictures + (i + j) * job.channels * job.height * job.width, buffer + j * of_picture,
                top * job.stride + job.top, (rows - 1) * job.stride + job.tap_rows, width,
            )
        memset(buffer + group * of_picture, 0, SPARE * sizeof(floating))
        m = low
        while m < high:
            for j in range(group):
                dout = <const floating *> job.dout + ((i + j) * job.filters + m) * plane + top * job.columns
                for k in range(min(kernel.rows, job.filters - m)):
                    db[m + k] += _sum(dout + k * plane, length)
                if m + kernel.rows > job.filters:
                    memset(panels + m * places + j * length * kernel.rows, 0, length * kernel.rows * sizeof(floating))
                _transpose(
                    dout, plane, panels + m * places + j * length * kernel.rows, kernel.rows,
                    min(kernel.rows, job.filters - m), length,
                )
            m += kernel.rows

        # some places at a time, then a tile of taps, then a few filters
        place = 0
        while place < places:
            slot = 0
            while slot < slots:
                for j in range(kernel.vectors):
                    k = min(slot + j, slots - 1)
                    vectors[j] = buffer + k // blocks * width * job.channels + k % blocks * kernel.lanes
                m = low
                while m < high:
                    kernel.multiply(
                        min(PLACES, places - place), panels + m * places + place * kernel.rows, offsets + place,
                        vectors, sums + m * job.of_sum + slot * kernel.lanes, job.of_sum,
                        min(kernel.rows, job.filters - m), NULL,
                    )
                    m += kernel.rows
                slot += kernel.vectors
            place += PLACES
        unit += 1 if job.by_filters else job.shares


cdef void _add_sums(const Job *job, floating *dw, floating *db) noexcept nogil:
    """Add the sums of all shares."""
    cdef Py_ssize_t blocks = _ceil(job.tap_columns * job.channels, job.kernel.lanes), m, c, i, j, share
    cdef Py_ssize_t of_share = job.filters * (job.of_sum + 1), copies = 1 if job.by_filters else job.shares
    cdef const floating *sums
    cdef floating total
    for m in range(job.filters):
        for c in range(job.channels):
            for i in range(job.tap_rows):
                for j in range(job.tap_columns):
                    sums = <const floating *> job.sums + m * job.of_sum
                    sums += i * blocks * job.kernel.lanes + j * job.channels + c
                    total = 0
                    for share in range(copies):
                        total += sums[share * of_share]
                    dw[0] = total
                    dw += 1
        total = 0
        for share in range(copies):
            total += (<const floating *> job.sums)[share * of_share + job.filters * job.of_sum + m]
        db[m] = total


cdef void _outputs_float(void *job, int thread) noexcept nogil:
    _compute_outputs(<Job *> job, <const float *> (<Job *> job).pictures, thread)


cdef void _outputs_double(void *job, int thread) noexcept nogil:
    _compute_outputs(<Job *> job, <const double *> (<Job *> job).pictures, thread)


cdef void _gradients_float(void *job, int thread) noexcept nogil:
    _compute_gradients(<Job *> job, <const float *> (<Job *> job).pictures, thread)


cdef void _gradients_double(void *job, int thread) noexcept nogil:
    _compute_gradients(<Job *> job, <const double *> (<Job *> job).pictures, thread)


cdef void _pack(
    const Job *job, const floating *w, floating *packed,
    Py_ssize_t of_filter, Py_ssize_t of_channel, Py_ssize_t of_row, Py_ssize_t of_column,
) noexcept nogil:
    """Copy the weights in the order in which `multiply` reads them. The last arguments are the steps between them."""
    cdef Py_ssize_t low = 0, m, c, i, j, r, rows = job.kernel.rows, taps = job.tap_rows * job.tap_columns, depth
    while low < job.channels:
        depth = min(job.depth, job.channels - low)
        m = 0
        while m < job.filters:
            if m + rows > job.filters:
                memset(packed, 0, depth * taps * rows * sizeof(floating))
            if of_column == 1:  # the weights of a filter lie side by side
                _transpose(
                    w + m * of_filter + low * of_channel, of_filter, packed, rows,
                    min(rows, job.filters - m), depth * taps,
                )
                packed += depth * taps * rows
            else:
                for c in range(low, low + depth):
                    for i in range(job.tap_rows):
                        for j in range(job.tap_columns):
                            for r in range(min(rows, job.filters - m)):
                                packed[r] = w[
                                    (m + r) * of_filter + c * of_channel + i * of_row + j * of_column
                                ]
                            packed += rows
            m += rows
        low += job.depth


cdef bint _choose_rows_of_vectors(Job *job) noexcept nogil:
    """If windows are single pixels, without padding, then pixels can be read where they are.

    And it does not matter where a row ends: choose rows that vectors fill. Return True if this succeeds.
    """
    cdef Py_ssize_t pixels = job.height * job.width
    if not (
        job.tap_rows == job.tap_columns == job.stride == 1 and job.top == job.left == 0
        and job.rows == job.height and job.columns == job.width and job.of_column == 1
        and pixels % job.kernel.lanes == 0
    ):
        return False
    job.width = job.columns = job.of_row = job.kernel.lanes
    job.height = job.rows = pixels // job.kernel.lanes
    return True


cdef bint _outputs(
    Job *job, const floating *w, Py_ssize_t of_filter, Py_ssize_t of_channel, Py_ssize_t of_row, Py_ssize_t of_column
) noexcept nogil:
    """Compute the outputs of a convolution. Return False if there is not enough memory."""
    cdef const Kernel *kernel = choose_kernel(_instructions, sizeof(floating) == sizeof(double), job.filters <= 4)
    cdef Py_ssize_t taps = job.tap_rows * job.tap_columns, size = kernel.lanes * kernel.vectors, numbers
    cdef void *memory
    job.kernel, job.threads = kernel, _threads
    job.depth = _ceil(job.channels, _ceil(job.channels * taps, max(taps, DEPTH)))
    job.in_place = _choose_rows_of_vectors(job)
    _cut(job, sizeof(floating), size, size, 0, 0)
    numbers = kernel.rows * (size + 1) + 3 * SPARE
    if not job.in_place:
        numbers += job.group * job.channels * _buffer_rows(job) * job.stride * (
            job.columns + (job.tap_columns - 1) // job.stride
        )
    if job.columns % kernel.lanes:
        numbers += job.depth * taps * size
    job.of_thread = _ceil(numbers * sizeof(floating) + 2 * job.depth * taps * sizeof(Py_ssize_t), 64) * 64
    numbers = _ceil(job.filters, kernel.rows) * kernel.rows * job.channels * taps
    memory = malloc(job.threads * job.of_thread + numbers * sizeof(floating) + 64)
    if memory == NULL:
        return False
    job.buffers = <char *> memory + (64 - <size_t> memory % 64)
    job.weights = job.buffers + job.threads * job.of_thread
    _pack(job, w, <floating *> job.weights, of_filter, of_channel, of_row, of_column)
    parallel(_outputs_float if sizeof(floating) == sizeof(float) else _outputs_double, job, job.threads)
    free(memory)
    return True


cdef bint _forward(
    Job *job, const floating *x, const floating *w, const floating *b, floating *out
) noexcept nogil:
    cdef Py_ssize_t taps = job.tap_rows * job.tap_columns
    job.pictures, job.bias, job.out = x, b, out
    job.of_plane, job.of_row, job.of_column = job.rows * job.columns, job.columns, 1
    job.of_picture = job.filters * job.of_plane
    return _outputs(job, w, job.channels * taps, taps, job.tap_columns, 1)


cdef bint _backward_weights(
    Job *job, const floating *x, const floating *dout, floating *dw, floating *db
) noexcept nogil:
    cdef const Kernel *kernel = choose_kernel(_instructions, sizeof(floating) == sizeof(double), False)
    cdef Py_ssize_t blocks = _ceil(job.tap_columns * job.channels, kernel.lanes), numbers, sums
    cdef void *memory
    job.pictures, job.dout, job.kernel, job.threads = x, dout, kernel, _threads
    _cut(job, sizeof(floating), PLACES, 6, 1, job.filters + 2)
    job.of_sum = _ceil(job.tap_rows * blocks, kernel.vectors) * kernel.vectors * kernel.lanes
    # sums of its own for each share take much memory if there are many weights: then shares are filters
    job.by_filters = job.filters >= 2 * job.threads * kernel.rows and (
        16 * job.threads * job.filters > job.n * job.rows * job.columns
    )
    job.next_share, job.shares = 0, job.threads
    if job.threads > 1 and not job.by_filters:  # more shares than threads: the processors may not be equally busy
        job.shares = min(2 * job.threads, job.units)
    sums = (1 if job.by_filters else job.shares) * job.filters * (job.of_sum + 1) * sizeof(floating)
    numbers = _ceil(job.filters, kernel.rows) * kernel.rows * job.group * job.band * job.columns + SPARE
    numbers += job.group * _buffer_rows(job) * ((job.columns - 1) * job.stride + job.tap_columns) * job.channels
    job.of_thread = _ceil(
        numbers * sizeof(floating) + job.group * job.band * job.columns * sizeof(Py_ssize_t), 64
    ) * 64
    memory = malloc(job.threads * job.of_thread + sums + 64)
    if memory == NULL:
        return False
    job.buffers = <char *> memory + (64 - <size_t> memory % 64)
    job.sums = job.buffers + job.threads * job.of_thread
    memset(job.sums, 0, sums)
    parallel(_gradients_float if sizeof(floating) == sizeof(float) else _gradients_double, job, job.threads)
    _add_sums(job, dw, db)
    free(memory)
    return True


cdef bint _backward_pictures(
    const Job *forward, const floating *w, const floating *dout, floating *dx
) noexcept nogil:
    """Compute dx: a convolution of dout with flipped filters.

    With stride s, a window begins at every s-th pixel, so a pixel meets every s-th tap only: there are s * s kinds of
    pixels, and each has filters of its own.
    """
    cdef Job job
    cdef Py_ssize_t a, b, i, j, u, v, s = forward.stride, taps = forward.tap_rows * forward.tap_columns
    if s > 1:
        memset(dx, 0, forward.n * forward.channels * forward.height * forward.width * sizeof(floating))
    for a in range(min(s, forward.height)):
        i = (a - forward.top) % s
        for b in range(min(s, forward.width)):
            j = (b - forward.left) % s
            if i >= forward.tap_rows or j >= forward.tap_columns:
                continue  # these pixels lie below no window
            u, v = (forward.tap_rows - 1 - i) // s, (forward.tap_columns - 1 - j) // s
            memset(&job, 0, sizeof(Job))
            job.pictures, job.n, job.stride = dout, forward.n, 1
            job.channels, job.height, job.width = forward.filters, forward.rows, forward.columns
            job.tap_rows, job.tap_columns = u + 1, v + 1
            job.top, job.left = (a - forward.top) // s - u, (b - forward.left) // s - v
            job.filters, job.of_plane = forward.channels, forward.height * forward.width
            job.of_picture, job.of_row, job.of_column = job.filters * job.of_plane, forward.width * s, s
            job.rows, job.columns = _ceil(forward.height - a, s), _ceil(forward.width - b, s)
            job.out = dx + a * forward.width + b
            if not _outputs(
                &job, w + (i + s * u) * forward.tap_columns + j + s * v,
                taps, forward.channels * taps, -s * forward.tap_columns, -s,
            ):
                return False
    return True


cdef Job _describe(x, w, Py_ssize_t stride, Py_ssize_t pad) except *:
    """Check the sizes of a convolution and describe it."""
    cdef Job job
    memset(&job, 0, sizeof(Job))
    if x.ndim != 4 or w.ndim != 4 or x.shape[1] != w.shape[1]:
        raise ValueError(f"pictures (N, C, H, W) and filters (F, C, HH, WW) do not have shapes {x.shape} and {w.shape}")
    job.n, job.channels, job.height, job.width = x.shape
    job.filters, _, job.tap_rows, job.tap_columns = w.shape
    job.rows = _places(job.height, job.tap_rows, pad, stride)
    job.columns = _places(job.width, job.tap_columns, pad, stride)
    job.stride, job.top, job.left = stride, -pad, -pad
    return job


def _of_one_type(*arrays):
    """Return contiguous arrays of the type that NumPy would give their product."""
    dtype = np.result_type(*arrays)
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"pictures and filters are float32 or float64, not {dtype}")
    return [np.ascontiguousarray(array, dtype=dtype) for array in arrays]


def conv_forward_cython(x, w, b, Py_ssize_t stride, Py_ssize_t pad):
    """Return the outputs of `layers.conv_forward_naive`."""
    cdef Job job = _describe(x, w, stride, pad)
    x, w, b = _of_one_type(x, w, b)
    if b.size != job.filters:
        raise ValueError(f"{job.filters} filters need {job.filters} biases, not {b.size}")
    out = np.empty((job.n, job.filters, job.rows, job.columns), dtype=x.dtype)
    if out.size == 0 or x.size == 0:
        out[...] = b.reshape(-1, 1, 1)
    elif x.dtype == np.float32:
        _call_forward[float](&job, x.reshape(-1), w.reshape(-1), b.reshape(-1), out.reshape(-1))
    else:
        _call_forward[double](&job, x.reshape(-1), w.reshape(-1), b.reshape(-1), out.reshape(-1))
    return out


cdef int _call_forward(
    Job *job, const floating[::1] x, const floating[::1] w, const floating[::1] b, floating[::1] out
) except -1:
    cdef bint done
    with nogil:
        done = _forward(job, &x[0], &w[0], &b[0], &out[0])
    if not done:
        raise MemoryError
    return 0


def conv_backward_cython(dout, x, w, Py_ssize_t stride, Py_ssize_t pad):
    """Return dx, dw and db, as `layers.conv_backward_naive` does."""
    cdef Job job = _describe(x, w, stride, pad)
    shape = (job.n, job.filters, job.rows, job.columns)
    if dout.shape != shape:
        raise ValueError(f"dout has shape {dout.shape}, {shape} is expected")
    dout, x, w = _of_one_type(dout, x, w)
    dx, dw, db = np.empty_like(x), np.empty_like(w), np.empty(job.filters, dtype=x.dtype)
    if dout.size == 0 or x.size == 0:
        dx[...], dw[...], db[...] = 0, 0, dout.sum(axis=(0, 2, 3))
    elif x.dtype == np.float32:
        _call_backward[float](
            &job, dout.reshape(-1), x.reshape(-1), w.reshape(-1), dx.reshape(-1), dw.reshape(-1), db
        )
    else:
        _call_backward[double](
            &job, dout.reshape(-1), x.reshape(-1), w.reshape(-1), dx.reshape(-1), dw.reshape(-1), db
        )
    return dx, dw, db


cdef int _call_backward(
    Job *job, const floating[::1] dout, const floating[::1] x, const floating[::1] w,
    floating[::1] dx, floating[::1] dw, floating[::1] db,
) except -1:
    cdef bint done
    with nogil:
        done = _backward_weights(job, &x[0], &dout[0], &dw[0], &db[0])
        done = done and _backward_pictures(job, &w[0], &dout[0], &dx[0])
    if not done:
        raise MemoryError
    return 0


# ---- 3. Max pooling --------------------------------------------------------------------------------------------------

cdef struct Pooling:
    const void *x
    const void *dout
    void *out
    void *dx
    Py_ssize_t planes, height, width, rows, columns, window_height, window_width, stride
    Py_ssize_t next_plane


cdef inline void _keep_larger(
    const floating *pixels, floating *largest, Py_ssize_t columns, Py_ssize_t stride
) noexcept nogil:
    """Take each window's pixel if it is larger. Not a number stays not a number."""
    cdef Py_ssize_t column
    cdef floating pixel, before
    for column in range(columns):
        pixel, before = pixels[column * stride], largest[column]
        largest[column] = pixel if (pixel > before) | (pixel != pixel) else before


cdef inline void _add_to_largest(
    const floating *dout, const floating *largest, const floating *pixels, floating *gradients, Py_ssize_t columns,
    Py_ssize_t stride,
) noexcept nogil:
    """Add each window's gradient where its pixel is the largest."""
    cdef Py_ssize_t column
    for column in range(columns):
        gradients[column * stride] += dout[column] if pixels[column * stride] == largest[column] else 0


cdef inline void _add_to_largest_of_pairs(
    const floating *dout, const floating *largest, const floating *pixels, floating *gradients, Py_ssize_t columns
) noexcept nogil:
    """Do the same for windows of two columns that lie side by side."""
    cdef Py_ssize_t column
    cdef floating left, right
    for column in range(columns):
        left = right = dout[column]
        left = left if pixels[2 * column] == largest[column] else 0
        right = right if pixels[2 * column + 1] == largest[column] else 0
        gradients[2 * column] += left
        gradients[2 * column + 1] += right


cdef void _pool(Pooling *job, const floating *x, floating *out) noexcept nogil:
    """Find the largest pixels of all windows, in planes (one channel of one picture) until none is left."""
    cdef Py_ssize_t plane, row, column, i, j
    cdef const floating *pixels
    cdef floating *largest
    while True:
        plane = take(&job.next_plane)
        if plane >= job.planes:
            return
        for row in range(job.rows):
            largest = out + (plane * job.rows + row) * job.columns
            pixels = x + (plane * job.height + row * job.stride) * job.width
            for column in range(job.columns):
                largest[column] = pixels[column * job.stride]
            for i in range(job.window_height):
                for j in range(job.window_width):
                    if job.stride == 2:  # the compiler makes vectors of a stride that it knows
                        _keep_larger(pixels + j, largest, job.columns, 2)
                    else:
                        _keep_larger(pixels + j, largest, job.columns, job.stride)
                pixels += job.width


cdef void _pool_back(Pooling *job, const floating *x, floating *dx) noexcept nogil:
    """Add the gradient of each window to its largest pixels, and zero to the others."""
    cdef Py_ssize_t plane, row, i, j
    cdef const floating *pixels
    cdef const floating *largest
    cdef const floating *dout
    cdef floating *gradients
    while True:
        plane = take(&job.next_plane)
        if plane >= job.planes:
            return
        memset(dx + plane * job.height * job.width, 0, job.height * job.width * sizeof(floating))
        for row in range(job.rows):
            largest = <const floating *> job.out + (plane * job.rows + row) * job.columns
            dout = <const floating *> job.dout + (plane * job.rows + row) * job.columns
            for i in range(job.window_height):
                pixels = x + (plane * job.height + row * job.stride + i) * job.width
                gradients = dx + (plane * job.height + row * job.stride + i) * job.width
                if job.stride == job.window_width == 2:
                    _add_to_largest_of_pairs(dout, largest, pixels, gradients, job.columns)
                else:
                    for j in range(job.window_width):
                        _add_to_largest(dout, largest, pixels + j, gradients + j, job.columns, job.stride)


cdef void _pool_float(void *job, int thread) noexcept nogil:
    _pool(<Pooling *> job, <const float *> (<Pooling *> job).x, <float *> (<Pooling *> job).out)


cdef void _pool_double(void *job, int thread) noexcept nogil:
    _pool(<Pooling *> job, <const double *> (<Pooling *> job).x, <double *> (<Pooling *> job).out)


cdef void _pool_back_float(void *job, int thread) noexcept nogil:
    _pool_back(<Pooling *> job, <const float *> (<Pooling *> job).x, <float *> (<Pooling *> job).dx)


cdef void _pool_back_double(void *job, int thread) noexcept nogil:
    _pool_back(<Pooling *> job, <const double *> (<Pooling *> job).x, <double *> (<Pooling *> job).dx)


cdef Pooling _describe_pooling(x, Py_ssize_t height, Py_ssize_t width, Py_ssize_t stride) except *:
    """Check the sizes of max pooling and describe it."""
    cdef Pooling job
    memset(&job, 0, sizeof(Pooling))
    if x.ndim != 4:
        raise ValueError(f"pictures have shape (N, C, H, W), not {x.shape}")
    job.planes = x.shape[0] * x.shape[1]
    job.height, job.width = x.shape[2:]
    job.window_height, job.window_width, job.stride = height, width, stride
    job.rows, job.columns = _places(job.height, height, 0, stride), _places(job.width, width, 0, stride)
    return job


cdef int _call_pool(Pooling *job, const floating[::1] x, floating[::1] out) except -1:
    cdef int threads = <int> min(job.planes, _threads)
    job.x, job.out = &x[0], &out[0]
    with nogil:
        parallel(_pool_float if sizeof(floating) == sizeof(float) else _pool_double, job, threads)
    return 0


cdef int _call_pool_back(
    Pooling *job, const floating[::1] dout, const floating[::1] x, floating[::1] out, floating[::1] dx
) except -1:
    cdef int threads = <int> min(job.planes, _threads)
    job.dout, job.x, job.out, job.dx = &dout[0], &x[0], &out[0], &dx[0]
    with nogil:
        parallel(_pool_back_float if sizeof(floating) == sizeof(float) else _pool_back_double, job, threads)
    return 0


def max_pool_forward_cython(x, Py_ssize_t pool_height, Py_ssize_t pool_width, Py_ssize_t stride):
    """Return the outputs of `layers.max_pool_forward_naive`."""
    cdef Pooling job = _describe_pooling(x, pool_height, pool_width, stride)
    (x,) = _of_one_type(x)
    out = np.empty((*x.shape[:2], job.rows, job.columns), dtype=x.dtype)
    if out.size == 0:
        return out
    if x.dtype == np.float32:
        _call_pool[float](&job, x.reshape(-1), out.reshape(-1))
    else:
        _call_pool[double](&job, x.reshape(-1), out.reshape(-1))
    return out


def max_pool_backward_cython(dout, x, out, Py_ssize_t pool_height, Py_ssize_t pool_width, Py_ssize_t stride):
    """Return dx, as `layers.max_pool_backward_naive` does: pixels that are equally large all get the gradient."""
    cdef Pooling job = _describe_pooling(x, pool_height, pool_width, stride)
    shape = (*x.shape[:2], job.rows, job.columns)
    if dout.shape != shape or out.shape != shape:
        raise ValueError(f"dout and out have shapes {dout.shape} and {out.shape}, {shape} is expected")
    dout, x, out = _of_one_type(dout, x, out)
    dx = np.empty_like(x)
    if dx.size == 0:
        return dx
    if x.dtype == np.float32:
        _call_pool_back[float](&job, dout.reshape(-1), x.reshape(-1), out.reshape(-1), dx.reshape(-1))
    else:
        _call_pool_back[double](&job, dout.reshape(-1), x.reshape(-1), out.reshape(-1), dx.reshape(-1))
    return dx


# ---- 4. Fast, but not a lesson ---------------------------------------------------------------------------------------
#
# `multiply` is written once, as a macro, and compiled for each kind of processor: with vectors of 4, 8 or 16 float32,
# and with as many sums as fit into the processor's registers. The best one is chosen when the module is imported, so
# that no compiler needs to be told for which processor to compile. Threads are those of the system: OpenMP would need
# an option of the compiler, and would not work in a process that another one has forked from.

cdef extern from *:
    """
    #include <stddef.h>
    #include <stdlib.h>
    #include <string.h>

    typedef struct {
        Py_ssize_t rows, vectors, lanes;
        void (*multiply)(Py_ssize_t n, const void *a, const Py_ssize_t *offsets, const void *const *vectors,
                         void *out, Py_ssize_t step, Py_ssize_t rows, const void *bias);
        void (*copy)(Py_ssize_t n, const Py_ssize_t *offsets, const void *from, void *to, Py_ssize_t step,
                     Py_ssize_t runs, const Py_ssize_t *sources, const Py_ssize_t *targets, const Py_ssize_t *lengths);
    } Kernel;

    #if defined(__GNUC__)
    #define VECTOR(T, BYTES) T __attribute__((vector_size(BYTES), aligned(sizeof(T)), may_alias))
    #define LANES(T, BYTES) (BYTES / sizeof(T))
    #define UNROLL _Pragma("GCC unroll 32")
    #else
    #define VECTOR(T, BYTES) T
    #define LANES(T, BYTES) 1
    #define UNROLL
    #endif

    #define KERNEL(NAME, TARGET, T, BYTES, ROWS, VECTORS) \\
    typedef VECTOR(T, BYTES) vector_##NAME; \\
    TARGET static void multiply_##NAME( \\
        Py_ssize_t n, const void *a_, const Py_ssize_t *offsets, const void *const *vectors, \\
        void *out_, Py_ssize_t step, Py_ssize_t rows, const void *bias_ \\
    ) { \\
        vector_##NAME sum[ROWS][VECTORS]; \\
        const T *from[VECTORS], *a = (const T *)a_, *bias = (const T *)bias_; \\
        T *out = (T *)out_; \\
        UNROLL for (int j = 0; j < VECTORS; j++) { \\
            from[j] = (const T *)vectors[j]; \\
            UNROLL for (int i = 0; i < ROWS; i++) sum[i][j] = (vector_##NAME){0}; \\
        } \\
        for (Py_ssize_t k = 0; k < n; k++) { \\
            vector_##NAME x[VECTORS]; \\
            Py_ssize_t offset = offsets[k]; \\
            UNROLL for (int j = 0; j < VECTORS; j++) x[j] = *(const vector_##NAME *)(from[j] + offset); \\
            UNROLL for (int i = 0; i < ROWS; i++) { \\
                UNROLL for (int j = 0; j < VECTORS; j++) sum[i][j] += a[i] * x[j]; \\
            } \\
            a += ROWS; \\
        } \\
        UNROLL for (int i = 0; i < ROWS; i++) { \\
            if (i < rows) { \\
                UNROLL for (int j = 0; j < VECTORS; j++) { \\
                    vector_##NAME *to = (vector_##NAME *)(out + i * step) + j; \\
                    *to = bias ? sum[i][j] + bias[i] : sum[i][j] + *to; \\
                } \\
            } \\
        } \\
    } \\
    TARGET static void copy_##NAME( \\
        Py_ssize_t n, const Py_ssize_t *offsets, const void *from, void *to_, Py_ssize_t step, \\
        Py_ssize_t runs, const Py_ssize_t *sources, const Py_ssize_t *targets, const Py_ssize_t *lengths \\
    ) { \\
        T *to = (T *)to_; \\
        for (Py_ssize_t k = 0; k < n; k++, to += step) { \\
            for (Py_ssize_t r = 0; r < runs; r++) { \\
                const T *source = (const T *)from + offsets[k] + sources[r]; \\
                T *target = to + targets[r]; \\
                for (Py_ssize_t t = 0; t < lengths[r]; t += (Py_ssize_t)LANES(T, BYTES)) \\
                    *(vector_##NAME *)(target + t) = *(const vector_##NAME *)(source + t); \\
            } \\
        } \\
    } \\
    static const Kernel kernel_##NAME = \\
        {ROWS, VECTORS, (Py_ssize_t)LANES(T, BYTES), multiply_##NAME, copy_##NAME};

    KERNEL(float_0, , float, 16, 4, 2)
    KERNEL(double_0, , double, 16, 4, 2)
    #if defined(__GNUC__) && defined(__x86_64__)
    #define AVX2 __attribute__((target("avx2,fma")))
    #define AVX512 __attribute__((target("avx512f")))
    KERNEL(float_1, AVX2, float, 32, 4, 3)
    KERNEL(double_1, AVX2, double, 32, 4, 3)
    KERNEL(float_2, AVX512, float, 64, 8, 2)
    KERNEL(double_2, AVX512, double, 64, 8, 2)
    KERNEL(float_2_few, AVX512, float, 64, 4, 4)
    KERNEL(double_2_few, AVX512, double, 64, 4, 4)
    static int best_instructions(void) {
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f")) return 2;
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    }
    static const Kernel *choose_kernel(int instructions, int is_double, int few) {
        if (instructions == 2)
            return few ? (is_double ? &kernel_double_2_few : &kernel_float_2_few)
                       : (is_double ? &kernel_double_2 : &kernel_float_2);
        if (instructions == 1) return is_double ? &kernel_double_1 : &kernel_float_1;
        return is_double ? &kernel_double_0 : &kernel_float_0;
    }
    #else
    static int best_instructions(void) { return 0; }
    static const Kernel *choose_kernel(int instructions, int is_double, int few) {
        (void)instructions, (void)few;
        return is_double ? &kernel_double_0 : &kernel_float_0;
    }
    #endif

    #if defined(__clang__) || __GNUC__ >= 12
    #define PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
    #elif defined(__GNUC__)
    typedef int four_numbers __attribute__((vector_size(16)));
    #define PICK(a, b, i, j, k, l) __builtin_shuffle(a, b, (four_numbers){i, j, k, l})
    #endif

    #if defined(__GNUC__)
    typedef VECTOR(float, 16) four_floats;
    static void turn_4_by_4_float(const float *a, Py_ssize_t of_a, float *b, Py_ssize_t of_b) {
        four_floats p = *(const four_floats *)a, q = *(const four_floats *)(a + of_a);
        four_floats r = *(const four_floats *)(a + 2 * of_a), s = *(const four_floats *)(a + 3 * of_a);
        four_floats low = PICK(p, q, 0, 4, 1, 5), high = PICK(p, q, 2, 6, 3, 7);
        four_floats low_ = PICK(r, s, 0, 4, 1, 5), high_ = PICK(r, s, 2, 6, 3, 7);
        *(four_floats *)b = PICK(low, low_, 0, 1, 4, 5);
        *(four_floats *)(b + of_b) = PICK(low, low_, 2, 3, 6, 7);
        *(four_floats *)(b + 2 * of_b) = PICK(high, high_, 0, 1, 4, 5);
        *(four_floats *)(b + 3 * of_b) = PICK(high, high_, 2, 3, 6, 7);
    }
    #else
    static void turn_4_by_4_float(const float *a, Py_ssize_t of_a, float *b, Py_ssize_t of_b) {
        for (int i = 0; i < 4; i++) for (int j = 0; j < 4; j++) b[j * of_b + i] = a[i * of_a + j];
    }
    #endif
    static void turn_4_by_4_double(const double *a, Py_ssize_t of_a, double *b, Py_ssize_t of_b) {
        UNROLL for (int i = 0; i < 4; i++) UNROLL for (int j = 0; j < 4; j++) b[j * of_b + i] = a[i * of_a + j];
    }

    #define ROWS_OF(T) \\
    static void transpose_##T( \\
        const T *a, Py_ssize_t of_a, T *b, Py_ssize_t of_b, Py_ssize_t rows, Py_ssize_t columns \\
    ) { \\
        for (Py_ssize_t top = 0; top < rows; top += 16) { \\
            Py_ssize_t bottom = top + 16 < rows ? top + 16 : rows; \\
            for (Py_ssize_t left = 0; left < columns; left += 16) { \\
                Py_ssize_t right = left + 16 < columns ? left + 16 : columns, i = top; \\
                for (; i + 4 <= bottom; i += 4) { \\
                    Py_ssize_t j = left; \\
                    for (; j + 4 <= right; j += 4) \\
                        turn_4_by_4_##T(a + i * of_a + j, of_a, b + j * of_b + i, of_b); \\
                    for (; j < right; j++) \\
                        UNROLL for (int k = 0; k < 4; k++) b[j * of_b + i + k] = a[(i + k) * of_a + j]; \\
                } \\
                for (; i < bottom; i++) \\
                    for (Py_ssize_t j = left; j < right; j++) b[j * of_b + i] = a[i * of_a + j]; \\
            } \\
        } \\
    } \\
    typedef VECTOR(T, 32) some_##T; \\
    static T sum_##T(const T *a, Py_ssize_t n) { \\
        some_##T x = (some_##T){0}, y = x; \\
        T parts[LANES(T, 32)], sum = 0; \\
        const Py_ssize_t lanes = (Py_ssize_t)LANES(T, 32); \\
        for (; n >= 2 * lanes; n -= 2 * lanes, a += 2 * lanes) \\
            x += *(const some_##T *)a, y += *(const some_##T *)(a + lanes); \\
        x += y; \\
        memcpy(parts, &x, sizeof parts); \\
        for (int i = 0; i < lanes; i++) sum += parts[i]; \\
        while (n-- > 0) sum += *a++; \\
        return sum; \\
    }
    ROWS_OF(float)
    ROWS_OF(double)

    /* All of the work is done, by this thread if no other can be started. */
    #if defined(_WIN32)
    static Py_ssize_t take(Py_ssize_t *next) { return (*next)++; }
    static void parallel(void (*work)(void *, int), void *job, int threads) {
        (void)threads, work(job, 0);
    }
    #else
    #include <pthread.h>
    #include <sched.h>
    typedef struct { void (*work)(void *, int); void *job; int thread; } Part;
    static Py_ssize_t take(Py_ssize_t *next) { return __atomic_fetch_add(next, 1, __ATOMIC_RELAXED); }
    static void *do_part(void *part) {
        ((Part *)part)->work(((Part *)part)->job, ((Part *)part)->thread);
        return NULL;
    }
    /* A new thread must not wait for the processor that this one uses. Virtual machines often start it there, although
       another processor is idle or is only kept busy by NumPy's threads, which wait for their next product. */
    static int elsewhere(pthread_attr_t *attributes) {
    #if defined(__GLIBC__) && defined(CPU_COUNT)
        cpu_set_t allowed;
        if (sched_getaffinity(0, sizeof allowed, &allowed)) return 0;
        int here = sched_getcpu();
        if (here < 0 || here >= CPU_SETSIZE) return 0;
        CPU_CLR(here, &allowed);
        return CPU_COUNT(&allowed) && !pthread_attr_setaffinity_np(attributes, sizeof allowed, &allowed);
    #else
        return 0;
    #endif
    }
    static void parallel(void (*work)(void *, int), void *job, int threads) {
        Part parts[64];
        pthread_t others[64];
        pthread_attr_t attributes;
        int started = 1, placed = 0;
        if (threads > 1 && pthread_attr_init(&attributes)) threads = 1;
        if (threads > 1) placed = elsewhere(&attributes);
        for (; started < threads; started++) {
            Part *part = &parts[started];
            part->work = work, part->job = job, part->thread = started;
            if (placed && !pthread_create(&others[started], &attributes, do_part, part)) continue;
            if (pthread_create(&others[started], NULL, do_part, part)) break;
        }
        if (threads > 1) pthread_attr_destroy(&attributes);
        work(job, 0);
        while (--started > 0) pthread_join(others[started], NULL);
    }
    #endif
    """
    ctypedef struct Kernel:
        Py_ssize_t rows, vectors, lanes
        void (*multiply)(
            Py_ssize_t n, const void *a, const Py_ssize_t *offsets, const void *const *vectors,
            void *out, Py_ssize_t step, Py_ssize_t rows, const void *bias,
        ) noexcept nogil
        void (*copy)(
            Py_ssize_t n, const Py_ssize_t *offsets, const void *source, void *target, Py_ssize_t step,
            Py_ssize_t runs, const Py_ssize_t *sources, const Py_ssize_t *targets, const Py_ssize_t *lengths,
        ) noexcept nogil
    int best_instructions() noexcept nogil
    const Kernel *choose_kernel(int instructions, int is_double, int few) noexcept nogil
    void transpose_float(
        const float *a, Py_ssize_t of_a, float *b, Py_ssize_t of_b, Py_ssize_t rows, Py_ssize_t columns
    ) noexcept nogil
    void transpose_double(
        const double *a, Py_ssize_t of_a, double *b, Py_ssize_t of_b, Py_ssize_t rows, Py_ssize_t columns
    ) noexcept nogil
    float sum_float(const float *a, Py_ssize_t n) noexcept nogil
    double sum_double(const double *a, Py_ssize_t n) noexcept nogil
    Py_ssize_t take(Py_ssize_t *next) noexcept nogil
    void parallel(void (*work)(void *, int) noexcept nogil, void *job, int threads) noexcept nogil


INSTRUCTIONS = ("portable", "avx2", "avx512")

cdef int _instructions = best_instructions()
cdef int _threads = 1


def use(instructions=None, threads=None):
    """Choose the processor's instructions and the number of threads. Without an argument, nothing changes.

    Parameters
    ----------
    instructions : {"portable", "avx2", "avx512"}, optional
        If the processor does not have them, the best that it has.
    threads : int, optional
        At most 64. At first it is the number of processors, or the environment variable OMP_NUM_THREADS.

    Returns
    -------
    tuple of (str, int)
        What is used from now on.
    """
    global _instructions, _threads
    if instructions is not None:
        _instructions = min(INSTRUCTIONS.index(instructions), best_instructions())
    if threads is not None:
        _threads = max(1, min(threads, 64))
    return INSTRUCTIONS[_instructions], _threads


def _processors():
    """Return how many threads to use at first."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


use(threads=_processors())
