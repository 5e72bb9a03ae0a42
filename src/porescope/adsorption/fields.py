"""The force fields that come with the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from porescope.adsorption.field_text import field_from_text
from porescope.adsorption.force_field import ForceField
from porescope.adsorption.text_tables import plain
from porescope.errors import ConfigError


@cache
def _fields() -> dict[str, ForceField]:
    folder = files("porescope.adsorption").joinpath("data/force_fields")
    found = {}
    for item in sorted(folder.iterdir(), key=lambda each: each.name):
        if item.name.endswith(".csv"):
            field = field_from_text(item.read_text(encoding="utf-8"))
            found[field.name] = field
    return found


def field_names() -> tuple[str, ...]:
    """Names of the packaged force fields."""
    return tuple(_fields())


def field_named(name: str) -> ForceField:
    """A packaged force field.

    Parameters
    ----------
    name:
        Its name; case, blanks and hyphens do not matter.

    Raises
    ------
    ConfigError
        Where there is none of that name, with the names that there are.
    """
    for known, field in _fields().items():
        if plain(known) == plain(name):
            return field
    raise ConfigError(
        f"there is no force field {name!r}; known ones: {', '.join(field_names())}. "
        "A field of your own can be given as a file"
    )
