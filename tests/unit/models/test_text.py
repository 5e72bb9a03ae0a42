"""The text that names a framework, its tokens, and the transformer that reads them."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from porescope.crystal.structure import Crystal  # noqa: E402
from porescope.errors import ConfigError  # noqa: E402
from porescope.models.property_inputs import joined  # noqa: E402
from porescope.models.property_text.config import TextConfig  # noqa: E402
from porescope.models.property_text.network import TextNetwork, waves  # noqa: E402
from porescope.models.property_text.predict import text_of  # noqa: E402
from porescope.models.property_text.words import (  # noqa: E402
    END,
    N_FIXED,
    START,
    token_of,
    tokens_of,
    words_of,
)
from property_toys import some_frameworks  # noqa: E402

MOF_5 = "O=C(O)c1ccc(C(=O)O)cc1.[C]6[O]13[Zn]4{Zn4O(CO2)6}&&pcu.cat0"
SMALL = TextConfig(width=32, heads=4, feed_forward=32, layers=2, vocabulary=400)


def test_words() -> None:
    words = words_of(MOF_5)
    assert "".join(words) == MOF_5.replace("pcu.", "pcu")
    assert words[:8] == ["O", "=", "C", "(", "O", ")", "c", "1"]
    assert words[-4:] == ["{Zn4O(CO2)6}", "&&", "pcu", "cat0"]
    assert words_of("C[n+]1Brc%12&&rna,sql.cat1") == [
        *("C", "[n+]", "1", "Br", "c", "%12"),
        *("&&", "rna", "sql", "cat1"),
    ]


def test_tokens() -> None:
    fixed = [token_of(word, vocabulary=4021) for word in ("C", "c", "Cl", "[Zn]", "&&", "cat0")]
    assert len(set(fixed)) == 6
    assert all(END < token < N_FIXED for token in fixed)
    hashed = [token_of(word, vocabulary=4021) for word in ("pcu", "fcu", "{paddlewheel}")]
    assert len(set(hashed)) == 3
    assert all(N_FIXED <= token < 4021 for token in hashed)
    # Numbers that weights depend on; a change needs a new version of the preset.
    assert tokens_of("C[Zn]&&pcu.cat0", vocabulary=4021, longest=512) == FROZEN


FROZEN = [1, 4, 104, 74, 3698, 64, 2]


def test_a_text_that_is_too_long_keeps_its_net() -> None:
    tokens = tokens_of(MOF_5, vocabulary=4021, longest=10)
    whole = tokens_of(MOF_5, vocabulary=4021, longest=512)
    assert len(tokens) == 10
    assert tokens[0] == START
    assert tokens[:6] == whole[:6]
    assert tokens[-4:] == whole[-4:]
    assert tokens[-1] == END


def test_the_text_of_a_framework() -> None:
    first, second = some_frameworks(2)
    pieces, net = text_of(first).split("&&")
    assert "c1cnccn1" in pieces
    assert "[Mg]" in pieces
    assert net.endswith(".cat0")
    assert text_of(second) == text_of(first).replace("Mg", "Ca")
    assert text_of(first.supercell((2, 1, 1))) == text_of(first)


def test_what_cannot_be_taken_apart_has_its_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(crystal: Crystal) -> None:
        raise ConfigError("no bonds")

    monkeypatch.setattr("porescope.models.property_text.predict.take_apart", refuse)
    (crystal,) = some_frameworks(1)
    text = text_of(crystal)
    assert text.endswith("&&UNKNOWN.cat0")
    assert "[Mg]" in text
    assert text_of(crystal.supercell((2, 1, 1))) == text


def test_filled_up_places_are_not_read() -> None:
    torch.manual_seed(0)
    network = TextNetwork(SMALL).eval()
    short, long = network.prepare_text("C&&pcu.cat0"), network.prepare_text(MOF_5)
    with torch.no_grad():
        alone = network(short).mean
        beside = network(joined([short, long])).mean
        other = network(network.prepare_text("C&&dia.cat0")).mean
    torch.testing.assert_close(beside[:1], alone, rtol=1e-4, atol=1e-5)
    assert (other - alone).abs().max() > 1e-4


def test_the_order_of_words_matters() -> None:
    torch.manual_seed(0)
    network = TextNetwork(SMALL).eval()
    with torch.no_grad():
        one = network(network.prepare_text("CCO&&pcu.cat0")).mean
        two = network(network.prepare_text("COC&&pcu.cat0")).mean
    assert (one - two).abs().max() > 1e-5


def test_waves_tell_places_apart() -> None:
    made = waves(50, width=16)
    torch.testing.assert_close(made[0], torch.tensor([0.0, 1.0] * 8))
    seven = torch.tensor(7.0)
    torch.testing.assert_close(made[7, :2], torch.stack([seven.sin(), seven.cos()]))
    assert torch.cdist(made, made).add(torch.eye(50)).min() > 0.1


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="more than its"):
        replace(SMALL, vocabulary=N_FIXED)
    with pytest.raises(ConfigError, match="multiple of twice the heads"):
        replace(SMALL, width=36)
    with pytest.raises(ConfigError, match="at least 3 tokens"):
        replace(SMALL, longest=2)
