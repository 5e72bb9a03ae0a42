"""Presets by name; no torch is needed to read them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import pytest

from porescope.errors import ConfigError
from porescope.models.registry import PRESETS, config_class, config_from_dict, preset_named


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'large'; choose one of small, xtalnet, xrd2mof"):
        preset_named("large")


def test_unknown_settings_are_named_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no setting 'hue'; it has .*temperature"):
        config_from_dict(PRESETS["small"], {"hue": 1})
    assert config_from_dict(PRESETS["small"], {"channels": [8, 8, 8, 8]}).channels == (8, 8, 8, 8)


def test_the_configurations_need_no_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from porescope.models.registry import PRESETS, config_class\n"
        "for preset in PRESETS.values(): config_class(preset)()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_torch_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from porescope.errors import MissingExtraError\n"
        "from porescope.models.registry import PRESETS, build_model, loss_of\n"
        "def called(what, *given):\n"
        "    try: what(*given)\n"
        "    except MissingExtraError as error: assert 'porescope[ml]' in str(error)\n"
        "    else: raise SystemExit(f'{what} {given}')\n"
        "for name in ('models.inputs', 'models.checkpoint', 'training', 'nn'):\n"
        "    called(__import__, 'porescope.' + name)\n"
        "called(build_model, PRESETS['small'])\n"
        "called(loss_of, PRESETS['small'])\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("preset", list(PRESETS.values()), ids=list(PRESETS))
def test_every_configuration_is_frozen(preset) -> None:
    config = config_class(preset)()
    with pytest.raises(AttributeError):
        setattr(config, fields(config)[0].name, 2)
