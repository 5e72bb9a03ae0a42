"""Exact linear algebra on rational numbers, done modulo the Mersenne prime 2⁶¹ - 1.

Coordinates of a barycentric placement are rational. Two of them are equal if and only if their
residues are, but for a chance of one in 10¹⁸, and residues are one machine word each.
"""

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np

PRIME = np.uint64((1 << 61) - 1)
_LOW32 = np.uint64(0xFFFFFFFF)
_LOW29 = np.uint64((1 << 29) - 1)
_S3, _S29, _S32, _S61 = np.uint64(3), np.uint64(29), np.uint64(32), np.uint64(61)
_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)

# Everything below is compiled and unsigned; nothing checks its types.


@numba.njit(cache=True, inline="always")
@no_type_check
def add(a, b):
    s = a + b
    return s - PRIME if s >= PRIME else s


@numba.njit(cache=True, inline="always")
@no_type_check
def sub(a, b):
    return a - b if a >= b else a + PRIME - b


@numba.njit(cache=True)
@no_type_check
def mul(a, b):
    # Schoolbook on halves of 32 bits, with 2**61 = 1 and so 2**64 = 8.
    ah, al = a >> _S32, a & _LOW32
    bh, bl = b >> _S32, b & _LOW32
    mid = ah * bl + al * bh
    low = al * bl
    s = ((ah * bh) << _S3) + (mid >> _S29) + ((mid & _LOW29) << _S32)
    s += (low & PRIME) + (low >> _S61)
    s = (s & PRIME) + (s >> _S61)
    return s - PRIME if s >= PRIME else s


@numba.njit(cache=True)
@no_type_check
def inverse(a):
    # Fermat: a**(p - 2).
    found, base, power = _ONE, a, PRIME - _TWO
    while power > _ZERO:
        if power & _ONE:
            found = mul(found, base)
        base = mul(base, base)
        power >>= _ONE
    return found


@numba.njit(cache=True)
@no_type_check
def residue(value):
    # Of a signed integer.
    if value >= 0:
        return np.uint64(value) % PRIME
    return sub(_ZERO, np.uint64(-value) % PRIME)


@numba.njit(cache=True)
@no_type_check
def solved(matrix, right):
    # Gauss-Jordan in place; False where the matrix is singular.
    n, m = len(matrix), right.shape[1]
    for c in range(n):
        pivot = -1
        for r in range(c, n):
            if matrix[r, c] != _ZERO:
                pivot = r
                break
        if pivot < 0:
            return False
        if pivot != c:
            for k in range(n):
                matrix[c, k], matrix[pivot, k] = matrix[pivot, k], matrix[c, k]
            for k in range(m):
                right[c, k], right[pivot, k] = right[pivot, k], right[c, k]
        scale = inverse(matrix[c, c])
        for k in range(c, n):
            matrix[c, k] = mul(matrix[c, k], scale)
        for k in range(m):
            right[c, k] = mul(right[c, k], scale)
        for r in range(n):
            factor = matrix[r, c]
            if r == c or factor == _ZERO:
                continue
            for k in range(c, n):
                if matrix[c, k] != _ZERO:
                    matrix[r, k] = sub(matrix[r, k], mul(factor, matrix[c, k]))
            for k in range(m):
                right[r, k] = sub(right[r, k], mul(factor, right[c, k]))
    return True


@numba.njit(cache=True)
@no_type_check
def independent(vectors, n):
    # Whether the first n rows (of at most three columns) are linearly independent.
    d = vectors.shape[1]
    if n == 1:
        found = False
        for i in range(d):
            found |= vectors[0, i] != _ZERO
        return found
    if n == 2:
        for i in range(d):
            for j in range(i + 1, d):
                if mul(vectors[0, i], vectors[1, j]) != mul(vectors[0, j], vectors[1, i]):
                    return True
        return False
    total = _ZERO
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        minor = sub(mul(vectors[1, j], vectors[2, k]), mul(vectors[1, k], vectors[2, j]))
        total = add(total, mul(vectors[0, i], minor))
    return total != _ZERO


@numba.njit(cache=True)
@no_type_check
def product(left, form, right):
    # left . form . right
    total = _ZERO
    d = len(left)
    for i in range(d):
        part = _ZERO
        for j in range(d):
            part = add(part, mul(form[i, j], right[j]))
        total = add(total, mul(left[i], part))
    return total


@numba.njit(cache=True, inline="always")
@no_type_check
def mixed(x):
    # splitmix64 (Steele, Lea, Flood, https://doi.org/10.1145/2714064.2660195)
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
