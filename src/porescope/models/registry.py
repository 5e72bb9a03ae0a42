"""Every preset that can be trained or loaded, by name.

Reading the registry needs no torch: a preset's configuration is a plain dataclass, and its
network is imported only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from porescope.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from porescope.models.contrastive import Contrast
    from porescope.models.property_loss import PropertyFit


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One named model: where its configuration and its network live, and its version."""

    name: str
    family: str
    """What it is trained for; ``porescope train FAMILY``."""
    folder: str
    """Folder under ``porescope.models``."""
    config: str
    """Name of the configuration's class in ``config.py``."""
    network: str
    """Name of the network's class in ``network.py``."""
    version: int
    """Rises whenever older weights can no longer be read."""
    summary: str
    """One line for the command line and the docs."""


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="small",
            family="retrieval",
            folder="retrieval",
            config="RetrievalConfig",
            network="RetrievalNetwork",
            version=1,
            summary="peaks and ideal lines as sets, wavelength-free, at most 5 M parameters a side",
        ),
        Preset(
            name="xtalnet",
            family="retrieval",
            folder="retrieval_xtalnet",
            config="XtalnetConfig",
            network="XtalnetNetwork",
            version=1,
            summary="XtalNet's contrastive pretraining: peak transformer and CSPNet",
        ),
        Preset(
            name="xrd2mof",
            family="retrieval",
            folder="retrieval_xrd2mof",
            config="Xrd2mofConfig",
            network="Xrd2mofNetwork",
            version=1,
            summary="Xrd2Mof's extractor: pattern CNN, metal, linker graph, coarse-grained crystal",
        ),
        Preset(
            name="sites",
            family="property",
            folder="property",
            config="SitesConfig",
            network="SitesNetwork",
            version=1,
            summary="one pass over the crystal's atoms, read out at points within a window",
        ),
        Preset(
            name="x3mat",
            family="property",
            folder="property_x3mat",
            config="X3matConfig",
            network="X3matNetwork",
            version=1,
            summary="X(3)mat: an equivariant graph-attention network on each spherical window",
        ),
        Preset(
            name="cgcnn",
            family="property",
            folder="property_cgcnn",
            config="CgcnnConfig",
            network="CgcnnNetwork",
            version=1,
            summary="CGCNN: convolutions on the graph of the crystal's atoms",
        ),
        Preset(
            name="voxel",
            family="property",
            folder="property_voxel",
            config="VoxelConfig",
            network="VoxelNetwork",
            version=1,
            summary="a 3-D CNN on voxels of the cell",
        ),
        Preset(
            name="text",
            family="property",
            folder="property_text",
            config="TextConfig",
            network="TextNetwork",
            version=1,
            summary="a transformer on the text that names the framework (MOFormer)",
        ),
    )
}


def presets_of(family: str) -> dict[str, Preset]:
    """The presets of a family, by name."""
    return {name: preset for name, preset in PRESETS.items() if preset.family == family}


def preset_named(name: str, *, family: str | None = None) -> Preset:
    """The preset of a name.

    Parameters
    ----------
    name:
        Its name.
    family:
        What it must be trained for; anything by default.

    Raises
    ------
    ConfigError
        If there is none, or it is of another family; the message lists what there is.
    """
    fitting = PRESETS if family is None else presets_of(family)
    if name not in PRESETS:
        raise ConfigError(f"no preset is called {name!r}; choose one of {', '.join(fitting)}")
    if name not in fitting:
        raise ConfigError(
            f"preset {name!r} is trained for {PRESETS[name].family}; choose one of "
            f"{', '.join(fitting)}, or train it with: porescope train {PRESETS[name].family}"
        )
    return PRESETS[name]


def config_class(preset: Preset) -> type[Any]:
    """The class of the preset's configuration."""
    return getattr(import_module(f"porescope.models.{preset.folder}.config"), preset.config)


def config_from_dict(preset: Preset, values: dict[str, Any]) -> Any:
    """The preset's configuration with some values changed.

    Raises
    ------
    ConfigError
        If a key is unknown.
    """
    made = config_class(preset)
    known = [field.name for field in fields(made)]
    unknown = [key for key in values if key not in known]
    if unknown:
        raise ConfigError(
            f"preset {preset.name!r} has no setting {', '.join(map(repr, unknown))}; "
            f"it has {', '.join(known)}"
        )
    # What JSON holds as a list is a tuple in a frozen configuration.
    return made(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})


def network_class(preset: Preset) -> type[Any]:
    """The class of the preset's network.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    """
    module = _with_torch(f"porescope.models.{preset.folder}.network")
    return getattr(module, preset.network)


def build_model(preset: Preset, *, config: Any | None = None) -> Any:
    """A new network of the preset, its weights drawn from torch's global generator.

    It is a :class:`porescope.models.retrieval_model.RetrievalModel` or a
    :class:`porescope.models.property_model.PropertyModel`, as the preset's family says.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    """
    return network_class(preset)(config_class(preset)() if config is None else config)


def loss_of(preset: Preset) -> Callable[..., Contrast]:
    """The loss of a retrieval preset, as :func:`porescope.models.contrastive.contrast`."""
    return _with_torch(f"porescope.models.{preset.folder}.loss").contrast


def property_loss_of(preset: Preset) -> Callable[..., PropertyFit]:
    """The loss of a property preset, as :func:`porescope.models.property_loss.fit`."""
    return _with_torch(f"porescope.models.{preset.folder}.loss").fit


def _with_torch(name: str) -> ModuleType:
    """A module that needs torch."""
    if find_spec("torch") is None:
        raise MissingExtraError("torch", extra="ml")
    return import_module(name)
