"""The force fields that come with the package."""

from __future__ import annotations

from functools import cache

from porescope.adsorption.field_text import field_from_text
from porescope.adsorption.force_field import ForceField
from porescope.adsorption.text_tables import packaged_texts, plain
from porescope.errors import ConfigError


@cache
def _fields() -> dict[str, ForceField]:
    fields = map(field_from_text, packaged_texts("force_fields"))
    return {field.name: field for field in fields}


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
