"""CSPNet: message passing between all atoms of a cell, blind to origin and orientation."""

from __future__ import annotations

from math import pi, sqrt

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class CspNet(nn.Module):
    """Atoms of a cell as one vector.

    DiffCSP's network (Jiao et al. 2023, https://arxiv.org/abs/2309.04475) without its outputs of
    coordinates and cells: atoms see one another through the Fourier features of the differences
    of their fractional coordinates, and the cell through the inner products of its vectors. So
    the result changes neither with rotations, nor with the origin, nor with the order of the
    atoms; it does change with the choice of the cell.

    A pair's first linear layer is worked out part by part, which is the same sum: what comes from
    one atom once per atom, what comes from the cell once per cell, and the sines and cosines of a
    pair once for both directions.

    Parameters
    ----------
    width:
        Numbers per atom.
    layers:
        Number of layers.
    frequencies:
        Frequencies of the Fourier features, from 0 up.
    layer_norm:
        Whether layers normalise their input, and the readout its.
    n_elements:
        Atomic numbers 1 to this one are known; atoms of any other start as zeros.
    pairs_at_once:
        Pairs of atoms worked on at once.
    """

    def __init__(
        self,
        *,
        width: int = 512,
        layers: int = 6,
        frequencies: int = 128,
        layer_norm: bool = True,
        n_elements: int = 100,
        pairs_at_once: int = 16384,
    ) -> None:
        super().__init__()
        self.pairs_at_once = pairs_at_once
        self.elements = nn.Embedding(n_elements, width)
        self.layers = nn.ModuleList(
            CspLayer(width=width, frequencies=frequencies, layer_norm=layer_norm)
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width) if layer_norm else nn.Identity()
        self.out = nn.Linear(width, width, bias=False)
        waves = 2.0 * pi * torch.arange(frequencies, dtype=torch.float32)
        self.register_buffer("waves", waves, persistent=False)
        self.waves: Tensor

    def forward(
        self,
        numbers: Int[Tensor, "atoms"],
        frac: Float[Tensor, "atoms 3"],
        batch: Int[Tensor, "atoms"],
        lattice: Float[Tensor, "crystals 3 3"],
    ) -> Float[Tensor, "crystals width"]:
        """One vector for each crystal.

        Parameters
        ----------
        numbers:
            Atomic numbers.
        frac:
            Fractional coordinates.
        batch:
            The crystal of each atom, rising.
        lattice:
            Cell vectors as rows [Å].
        """
        counts = torch.bincount(batch, minlength=len(lattice))
        pairs = pairs_of(counts)
        with torch.autocast(frac.device.type, enabled=False):
            angle = (frac.float()[:, :, None] * self.waves).flatten(1)
            sines, cosines = angle.sin(), angle.cos()
            gram = (lattice.float() @ lattice.float().mT).flatten(1)
        known = (numbers >= 1) & (numbers <= self.elements.num_embeddings)
        atoms = self.elements((numbers - 1).where(known, 0)) * known[:, None]
        share = 1.0 / counts[batch].to(atoms.dtype)[:, None]
        for layer in self.layers:
            assert isinstance(layer, CspLayer)
            atoms = layer(
                atoms, sines, cosines, gram[batch], pairs, share, pairs_at_once=self.pairs_at_once
            )
        atoms = self.norm(atoms).float() * share
        pooled = atoms.new_zeros(len(lattice), atoms.shape[1]).index_add(0, batch, atoms)
        return self.out(pooled)


class CspLayer(nn.Module):
    """One round of messages between all pairs of atoms, each atom to itself included."""

    def __init__(self, *, width: int, frequencies: int, layer_norm: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width) if layer_norm else nn.Identity()
        self.to_atom = nn.Linear(width, width, bias=False)
        self.from_atom = nn.Linear(width, width, bias=False)
        self.cell = nn.Linear(9, width)
        self.sines = nn.Linear(3 * frequencies, width, bias=False)
        self.cosines = nn.Linear(3 * frequencies, width, bias=False)
        self.message = nn.Linear(width, width)
        self.update = nn.Sequential(
            nn.Linear(2 * width, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
        )
        # The parts of the first layer are one linear layer, and start as one.
        reach = 1.0 / sqrt(2 * width + 9 + 6 * frequencies)
        for part in (self.to_atom, self.from_atom, self.cell, self.sines, self.cosines):
            nn.init.uniform_(part.weight, -reach, reach)
        nn.init.uniform_(self.cell.bias, -reach, reach)

    def forward(
        self,
        atoms: Float[Tensor, "atoms width"],
        sines: Float[Tensor, "atoms waves"],
        cosines: Float[Tensor, "atoms waves"],
        gram: Float[Tensor, "atoms 9"],
        pairs: Int[Tensor, "2 pairs"],
        share: Float[Tensor, "atoms 1"],
        *,
        pairs_at_once: int,
    ) -> Float[Tensor, "atoms width"]:
        """Atoms after the round.

        Parameters
        ----------
        atoms:
            Features of the atoms.
        sines, cosines:
            Of 2π times frequency times coordinate.
        gram:
            Inner products of the vectors of each atom's cell [Å²].
        pairs:
            Each pair of different atoms of one crystal once.
        share:
            One over the number of atoms of each atom's crystal.
        pairs_at_once:
            Pairs worked on at once.
        """
        normed = self.norm(atoms)
        with torch.autocast(atoms.device.type, enabled=False):
            cell = self.cell(gram)  # hundreds of Å²: bfloat16 would blur the cell by half a percent
        to, source = self.to_atom(normed) + cell, self.from_atom(normed)
        itself = to + source + self.cosines(torch.ones_like(cosines[:1]))
        total = self._message_of(itself).float()
        for part in pairs.split(pairs_at_once, dim=1):
            inputs = (to, source, sines, cosines, part)
            if torch.is_grad_enabled():
                total = total + checkpoint(self._between, *inputs, use_reentrant=False)
            else:
                total = total + self._between(*inputs)
        return atoms + self.update(torch.cat([normed, (total * share).to(normed.dtype)], dim=1))

    def _message_of(self, before: Float[Tensor, "any width"]) -> Float[Tensor, "any width"]:
        return nn.functional.silu(self.message(nn.functional.silu(before)))

    def _between(
        self,
        to: Float[Tensor, "atoms width"],
        source: Float[Tensor, "atoms width"],
        sines: Float[Tensor, "atoms waves"],
        cosines: Float[Tensor, "atoms waves"],
        pairs: Int[Tensor, "2 pairs"],
    ) -> Float[Tensor, "atoms width"]:
        """Sum of the messages that each atom gets over these pairs, both ways."""
        i, j = pairs
        sine_i, sine_j = sines.index_select(0, i), sines.index_select(0, j)
        cosine_i, cosine_j = cosines.index_select(0, i), cosines.index_select(0, j)
        sine = (sine_j * cosine_i).addcmul_(cosine_j, sine_i, value=-1.0)
        cosine = (cosine_j * cosine_i).addcmul_(sine_j, sine_i)
        odd, even = self.sines(sine), self.cosines(cosine)
        to, source = to.to(even.dtype), source.to(even.dtype)
        forth = to.index_select(0, i) + source.index_select(0, j) + even + odd
        back = to.index_select(0, j) + source.index_select(0, i) + even - odd
        total = sines.new_zeros(to.shape)
        total = total.index_add(0, i, self._message_of(forth).float())
        return total.index_add(0, j, self._message_of(back).float())


def pairs_of(counts: Int[Tensor, "crystals"]) -> Int[Tensor, "2 pairs"]:
    """Each pair of different atoms of one crystal once, atoms counted through the batch.

    Parameters
    ----------
    counts:
        Number of atoms of each crystal.
    """
    parts, start = [torch.zeros(2, 0, dtype=torch.long, device=counts.device)], 0
    for count in counts.tolist():
        parts.append(torch.triu_indices(count, count, 1, device=counts.device) + start)
        start += count
    return torch.cat(parts, dim=1)
