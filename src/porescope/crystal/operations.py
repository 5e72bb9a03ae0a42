"""Symmetry operations: from text and to text, products, completion to a group."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
from jaxtyping import Float, Int

from porescope.errors import ConfigError

MAX_OPERATIONS = 1536
"""More operations than this in one cell are refused: eight times the 192 of F m -3 m."""

_TERM = re.compile(r"([+-]?)(?:(\d+(?:\.\d*)?|\.\d+)(?:/(\d+(?:\.\d*)?))?\*?)?([xyz])?")


def operation_from_text(text: str) -> tuple[Int[np.ndarray, "3 3"], Float[np.ndarray, "3"]]:
    """Rotation and translation of an operation such as ``-x, y+1/2, z``.

    Parameters
    ----------
    text:
        Three parts with x, y, z, integers, fractions and decimal numbers, in any order.

    Raises
    ------
    ConfigError
        Where the text is no operation that maps a lattice onto itself.
    """
    parts = re.sub(r"[\s'\"]", "", text).lower().split(",")
    if len(parts) != 3:
        raise ConfigError(f"expected an operation such as '-x, y+1/2, z', got {text!r}")
    rotation = np.zeros((3, 3), dtype=np.int64)
    translation = np.zeros(3)
    for row, part in enumerate(parts):
        end = 0
        while end < len(part):
            match = _TERM.match(part, end)
            if match is None or match.end() == end or not (match[2] or match[4]):
                raise ConfigError(f"expected an operation such as '-x, y+1/2, z', got {text!r}")
            end = match.end()
            value = _term_value(match, text)
            if match[4]:
                if value != round(value) or abs(value) > 3:
                    raise ConfigError(f"the operation {text!r} does not map a lattice onto itself")
                rotation[row, "xyz".index(match[4])] += round(value)
            else:
                translation[row] += value
    if round(abs(np.linalg.det(rotation))) != 1:
        raise ConfigError(f"the operation {text!r} does not map a lattice onto itself")
    return rotation, translation % 1.0


def _term_value(match: re.Match[str], text: str) -> float:
    """Signed number in front of one term; rounded decimals become the fractions they mean."""
    value = float(match[2] or 1.0)
    if match[3]:
        divisor = float(match[3])
        if divisor == 0.0:
            raise ConfigError(f"the operation {text!r} divides by zero")
        value /= divisor
    elif match[2] and "." in match[2]:
        digits = len(match[2].split(".")[1])
        nearest = round(value * 24.0) / 24.0
        if abs(value - nearest) < 1.01 * 10.0**-digits and digits >= 2:
            value = nearest
    if not np.isfinite(value):
        raise ConfigError(f"the operation {text!r} has a number that is too large")
    return -value if match[1] == "-" else value


def operation_text(rotation: Int[np.ndarray, "3 3"], *, translation: Float[np.ndarray, "3"]) -> str:
    """An operation as in a CIF, such as ``-x,y+1/2,z``."""
    parts = []
    for row, shift in zip(rotation.tolist(), translation.tolist(), strict=True):
        text = ""
        for count, axis in zip(row, "xyz", strict=True):
            if count:
                size = "" if abs(count) == 1 else f"{abs(count)}*"
                text += f"{'-' if count < 0 else '+'}{size}{axis}"
        shift -= np.floor(shift + 1e-9)
        fraction = Fraction(shift).limit_denominator(24)
        if abs(float(fraction) - shift) > 1e-7:
            text += f"+{shift:.10f}"
        elif fraction:
            text += f"+{fraction}"
        parts.append(text.removeprefix("+"))
    return ",".join(parts)


def snapped_fractions(
    translations: Float[np.ndarray, "ops 3"], *, tolerance: float
) -> tuple[Float[np.ndarray, "ops 3"], bool]:
    """Translations in [0, 1), as multiples of 1/24 where all are such within the tolerance.

    Returns
    -------
    :
        The translations, and whether all are multiples of 1/24.
    """
    nearest = np.rint(translations * 24.0) / 24.0
    if np.all(np.abs(translations - nearest) < tolerance):
        return nearest % 1.0, True
    inside = translations - np.floor(translations + 1e-9)
    return inside, False


def closed_operations(
    rotations: Int[np.ndarray, "ops 3 3"], *, translations: Float[np.ndarray, "ops 3"]
) -> tuple[Int[np.ndarray, "all 3 3"], Float[np.ndarray, "all 3"]]:
    """All products of the given operations, the identity first.

    Parameters
    ----------
    rotations, translations:
        Generators, or a complete list; repeated ones are dropped.

    Raises
    ------
    ConfigError
        Where the products do not end.
    """
    rotations = np.concatenate([np.eye(3, dtype=np.int64)[None], rotations])
    translations = np.concatenate([np.zeros((1, 3)), translations])
    rotations, translations = _distinct(rotations, translations)
    generators, shifts = rotations, translations
    n_old = 0
    while n_old < len(rotations):
        new, moved = rotations[n_old:], translations[n_old:]
        n_old = len(rotations)
        products = np.einsum("aij,bjk->abik", new, generators).reshape(-1, 3, 3)
        images = np.einsum("aij,bj->abi", new, shifts) + moved[:, None]
        if np.abs(products).max(initial=0) > 16:
            raise ConfigError("the symmetry operations do not form a group")
        rotations, translations = _distinct(
            np.concatenate([rotations, products]),
            np.concatenate([translations, images.reshape(-1, 3)]),
        )
        if len(rotations) > MAX_OPERATIONS:
            raise ConfigError("the symmetry operations do not form a group")
    return rotations, translations


def _distinct(
    rotations: Int[np.ndarray, "ops 3 3"], translations: Float[np.ndarray, "ops 3"]
) -> tuple[Int[np.ndarray, "kept 3 3"], Float[np.ndarray, "kept 3"]]:
    """Each operation once, in the order of first appearance."""
    rounded = np.rint(translations * 2400.0).astype(np.int64) % 2400
    keys = np.concatenate([rotations.reshape(len(rotations), 9), rounded], axis=1)
    _, first = np.unique(keys, axis=0, return_index=True)
    first.sort()
    return rotations[first], translations[first] - np.floor(translations[first] + 1e-9)
