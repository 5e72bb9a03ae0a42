"""Values in a CIF: numbers with uncertainties, elements from symbols and labels."""

from __future__ import annotations

import re
from functools import lru_cache

import gemmi
import numpy as np
from jaxtyping import Float

from porescope.io.cif_blocks import unquoted

_NUMBER = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d{1,3})?)(?:\(\d*\.?\d*\)?)?(?:\s*\+/-.*)?,?"
)
_FRACTION = re.compile(r"([+-]?\d+)\s*/\s*(\d+)")
_MISSING = frozenset(("?", ".", ""))

# Two capital letters in an old label are an element, or an element and a name for the site.
# These are read as the first letter; where the file's formula settles it, the formula does.
_ONE_LETTER = frozenset(
    ("HO", "HE", "HF", "HG", "HS", "NB", "ND", "NE", "NO", "NP", "CF", "CM", "OS", "PO", "PA")
)


def number_from_text(raw: str) -> float | None:
    """A number as CIFs write it: quoted, with an uncertainty, or as a fraction.

    Returns
    -------
    :
        The number; NaN for ``?`` and ``.``; ``None`` where it is no number.
    """
    text = unquoted(raw).strip()
    if text in _MISSING:
        return float("nan")
    match = _NUMBER.fullmatch(text)
    if match:
        return float(match[1].replace("d", "e").replace("D", "e"))
    fraction = _FRACTION.fullmatch(text)
    if fraction and int(fraction[2]):
        return int(fraction[1]) / int(fraction[2])
    return None


def numbers_from_column(column: list[str]) -> tuple[Float[np.ndarray, "rows"], int | None]:
    """A column as numbers.

    Returns
    -------
    :
        The numbers, NaN where the file has none, and the first row that is no number at all.
    """
    try:
        # The fast way; "nan", "inf" and "1_0" are numbers to Python and none in a CIF.
        values = np.array(list(map(float, column)), dtype=np.float64)
        if np.all(np.isfinite(values)) and not any("_" in raw for raw in column):
            return values, None
    except ValueError:
        pass
    values = np.empty(len(column))
    for row, raw in enumerate(column):
        number = number_from_text(raw)
        if number is None or np.isinf(number):
            return values, row
        values[row] = number
    return values, None


@lru_cache(maxsize=4096)
def _atomic_number(symbol: str) -> int:
    """Atomic number of an exact symbol, deuterium and tritium included, or 0."""
    if symbol in ("D", "T"):
        return 1
    element = gemmi.Element(symbol)
    return element.atomic_number if element.name == symbol else 0


@lru_cache(maxsize=65536)
def element_from_type(raw: str) -> tuple[int, int]:
    """Atomic and mass number from a type symbol such as ``Zn2+``, ``O1-``, ``Cval`` or ``D``.

    Returns
    -------
    :
        Atomic number, 0 where there is no such element, and mass number, 0 for the natural
        mixture of isotopes.
    """
    text = unquoted(raw).strip()
    letters = re.match(r"\d*([A-Za-z]+)", text)
    if letters is None:
        return 0, 0
    word = letters[1]
    for length in (2, 1):
        symbol = word[:length].capitalize()
        if len(symbol) == length and (length == 1 or len(word) == 2 or word[1].islower()):
            number = _atomic_number(symbol)
            if number:
                return number, _mass_number(symbol)
    return 0, 0


@lru_cache(maxsize=65536)
def element_from_label(raw: str, known: frozenset[int] = frozenset()) -> tuple[int, int]:
    """Atomic and mass number from a site label such as ``Zn1``, ``C1A``, ``OW2`` or ``CL3``.

    Parameters
    ----------
    raw:
        The label.
    known:
        Atomic numbers in the formula that the file states; they settle ``CO1`` and the like.
    """
    text = unquoted(raw).strip()
    letters = re.match(r"[^A-Za-z]*([A-Za-z]+)", text)
    if letters is None:
        return 0, 0
    word = letters[1]
    two, one = word[:2].capitalize(), word[:1].upper()
    first = _atomic_number(one)
    second = _atomic_number(two) if len(word) > 1 else 0
    if known and (first in known) != (second in known):
        chosen = one if first in known else two
    elif second and (word[1].islower() or word[:2] not in _ONE_LETTER):
        chosen = two
    else:
        chosen = one
    number = _atomic_number(chosen)
    return number, _mass_number(chosen) if number else 0


def _mass_number(symbol: str) -> int:
    return {"D": 2, "T": 3}.get(symbol, 0)


def amounts_from_formula(formula: str) -> dict[int, float]:
    """Atomic numbers and amounts in a formula such as ``'C24 H12 O13 Zn4'``; empty if unclear."""
    amounts: dict[int, float] = {}
    text = re.sub(r"\s+", " ", unquoted(formula)).strip()
    for part in re.findall(r"\S+", re.sub(r"(?<=[\d.])(?=[A-Z])", " ", text)):
        match = re.fullmatch(r"([A-Z][a-z]?)(\d+\.?\d*|\.\d+)?,?", part)
        number = _atomic_number(match[1]) if match else 0
        if match is None or not number:
            return {}
        amounts[number] = amounts.get(number, 0.0) + float(match[2] or 1.0)
    return amounts
