"""Options as the user types them, turned into what the workflows take."""

from __future__ import annotations

import re

from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError


def elements_from_text(text: str, *, option: str) -> tuple[str, ...]:
    """Element symbols from a list such as ``Zn,C,H,N`` or ``Zn C H N``.

    Parameters
    ----------
    text:
        The list, separated by commas, semicolons or blanks; ``zn`` is read as ``Zn``.
    option:
        Name of the option, for the message.

    Returns
    -------
    :
        The symbols in the order given, each once.

    Raises
    ------
    ConfigError
        A word is no element.
    """
    import gemmi

    found: list[str] = []
    for word in re.split(r"[\s,;]+", text.strip()):
        if not word:
            continue
        symbol = word[:1].upper() + word[1:].lower()
        if not word.isalpha() or gemmi.Element(symbol).name != symbol or symbol == "X":
            raise ConfigError(
                f"{option}: {word!r} is no element; write symbols with commas, such as Zn,C,H,N"
            )
        if symbol not in found:
            found.append(symbol)
    return tuple(found)


def words_from_text(text: str) -> tuple[str, ...]:
    """Words of a list such as ``pcu,fcu``, each once.

    Parameters
    ----------
    text:
        The list, separated by commas, semicolons or blanks.
    """
    return tuple(dict.fromkeys(word for word in re.split(r"[\s,;]+", text.strip()) if word))


def radiation_from_options(wavelength: str, *, neutron: bool) -> Radiation | None:
    """The radiation that the user named, or ``None`` to take what the file says.

    Parameters
    ----------
    wavelength:
        A name such as ``CuKa1``, or a number [Å]; may be empty.
    neutron:
        Whether the radiation is neutrons.

    Returns
    -------
    :
        The radiation, or ``None`` when nothing was named.

    Raises
    ------
    ConfigError
        The name is unknown, the number is out of range, or neutrons come without a wavelength.
    """
    from porescope.diffraction.radiation import radiation_from_name

    if not wavelength:
        if neutron:
            raise ConfigError("--neutron needs the wavelength too, such as --wavelength 2.0785")
        return None
    return radiation_from_name(wavelength, kind="neutron" if neutron else "xray")


def range_from_option(limits: tuple[float, float] | None) -> tuple[float, float] | None:
    """Check the two angles of ``--range``.

    Parameters
    ----------
    limits:
        The lower and the upper angle [°], or ``None``.

    Returns
    -------
    :
        The same.

    Raises
    ------
    ConfigError
        The first is not smaller, or they are no scattering angles.
    """
    if limits is None:
        return None
    low, high = limits
    if not 0.0 <= low < high <= 180.0:
        raise ConfigError(
            f"--range: expected two angles 2θ in degrees, the smaller first; got {low:g} {high:g}"
        )
    return low, high
