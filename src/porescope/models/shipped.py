"""Weights that come with the package, by name; needs no torch."""

from __future__ import annotations

from pathlib import Path

from porescope.errors import ConfigError

WEIGHTS = Path(__file__).parent / "weights"
"""Folder of the shipped weights: ``NAME.safetensors`` and ``NAME.json``."""
DEFAULT = "small"
"""Weights that are used where nothing else is said."""


def shipped_names() -> tuple[str, ...]:
    """Names of the weights that come with this installation."""
    return tuple(sorted(path.stem for path in WEIGHTS.glob("*.safetensors")))


def weights_file(name: str | Path = DEFAULT) -> Path:
    """File of some weights.

    Parameters
    ----------
    name:
        Name of shipped weights, or a checkpoint file, with or without its suffix.

    Raises
    ------
    ConfigError
        Where there are none; the message lists what there is.
    """
    text = str(name)
    shipped = WEIGHTS / f"{text}.safetensors"
    if Path(text).name == text and shipped.is_file():
        return shipped
    own = Path(text).expanduser()
    own = own if own.suffix == ".safetensors" else own.with_name(own.name + ".safetensors")
    if own.is_file():
        return own
    known = ", ".join(shipped_names())
    has = f"it has {known}" if known else "it has none"
    raise ConfigError(
        f"there are no weights {text!r} in this installation ({has}) and no such file; train them "
        "with: porescope train retrieval"
    )
