"""Tokens of the text that names a framework.

The text is MOFid-like (Bucior et al. 2019, https://doi.org/10.1021/acs.cgd.9b01050): SMILES of the
organic pieces and formulas of the nodes in alphabetical order, joined by dots, then ``&&``, the
symbol of the net, and ``cat`` with the number of further interpenetrating nets::

    O=C(O)c1ccc(C(=O)O)cc1.[C]6[O]13[Zn]4{Zn4O(CO2)6}&&pcu.cat0
"""

from __future__ import annotations

import re
from zlib import crc32

import gemmi

SEPARATOR = "&&"
_SYMBOLS = (
    *"BCNOPSFIHbcnops",
    *("Cl", "Br", "(", ")", ".", "=", "#", "-", "+", "/", "\\", ":", "~", "@", "*", "$"),
    *(str(n) for n in range(10)),
    *(f"%{n}" for n in range(10, 30)),
    *(f"cat{n}" for n in range(10)),
    SEPARATOR,
)
_ELEMENTS = tuple(f"[{gemmi.Element(z).name}]" for z in range(1, 119))
FILL, START, END = 0, 1, 2
"""Tokens that fill up, begin and end a text."""
_FIXED = {token: 3 + place for place, token in enumerate((*_SYMBOLS, *_ELEMENTS))}
N_FIXED = 3 + len(_FIXED)
"""Number of tokens that have a place of their own."""
_PIECE = re.compile(r"\[[^\]]+\]|\{[^}]*\}|Cl|Br|%\d\d|\d|.")


def words_of(text: str) -> list[str]:
    """The text cut into tokens.

    Atoms in brackets, names of nodes in braces, elements, bonds, ring numbers and digits before
    ``&&``; symbols of nets and the number of nets after it.
    """
    pieces, separator, net = text.partition(SEPARATOR)
    words = _PIECE.findall(pieces)
    if separator:
        names, dot, nets = net.rpartition(".")
        words += [SEPARATOR, *(names if dot else net).split(","), *([nets] if dot else [])]
    return words


def token_of(word: str, *, vocabulary: int) -> int:
    """The number of a token: its own, or one that a hash gives it among those left."""
    fixed = _FIXED.get(word)
    if fixed is not None:
        return fixed
    return N_FIXED + crc32(word.encode()) % (vocabulary - N_FIXED)


def tokens_of(text: str, *, vocabulary: int, longest: int) -> list[int]:
    """Numbers of a text's tokens with a start and an end.

    A text that is too long loses tokens of its pieces from the end, not its net.

    Parameters
    ----------
    text:
        The text.
    vocabulary:
        Number of different tokens.
    longest:
        Largest number of tokens, start and end included.
    """
    words = words_of(text)
    if len(words) > longest - 2:
        begin = words.index(SEPARATOR) if SEPARATOR in words else len(words)
        net = words[begin:][: longest - 2]
        words = [*words[: longest - 2 - len(net)], *net]
    return [START, *(token_of(word, vocabulary=vocabulary) for word in words), END]
