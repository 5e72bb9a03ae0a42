"""Balls and sticks drawn as SVG and turned into small pictures.

Needs Chromium to turn a drawing into a picture, and Pillow to make it small.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "gallery"
SIZE = (760, 640)
"""Width and height of a picture [px]."""
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1.5",
]
LARGEST_KB = 150
"""Largest size of a picture [kB]."""

Ball = tuple[np.ndarray, float, str]
Stick = tuple[np.ndarray, np.ndarray, float, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Balls and sticks in space [Å]."""

    balls: list[Ball]
    """Centre, radius, colour."""
    sticks: list[Stick]
    """Two ends, width, colour."""


def joined(*scenes: Scene) -> Scene:
    """Several scenes as one."""
    return Scene(
        balls=[ball for scene in scenes for ball in scene.balls],
        sticks=[stick for scene in scenes for stick in scene.sticks],
    )


def halves(
    a: np.ndarray,
    b: np.ndarray,
    first: str,
    second: str,
    *,
    trims: tuple[float, float],
    width: float = 0.3,
) -> list[Stick]:
    """A stick in the colours of its ends, without what is inside the balls."""
    along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-9)
    a, b = a + trims[0] * along, b - trims[1] * along
    middle = 0.5 * (a + b)
    return [(a, middle, width, first), (middle, b, width, second)]


def mixed(colour: str, other: str, share: float) -> str:
    """A colour between two."""
    one, two = (np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)]) for c in (colour, other))
    return "#" + "".join(f"{round(x):02x}" for x in (1.0 - share) * one + share * two)


def turned(view: tuple[float, float]) -> np.ndarray:
    """Rows: right, up, towards the eye, for two angles in degrees."""
    around, above = np.radians(view)
    eye = np.array([np.cos(above) * np.sin(around), -np.cos(above) * np.cos(around), np.sin(above)])
    right = np.array([np.cos(around), np.sin(around), 0.0])
    return np.array([right, np.cross(eye, right), eye])


def drawn(scene: Scene, *, view: tuple[float, float], at: tuple[float, float, float, float]) -> str:
    """The scene as SVG in a rectangle (left, top, width, height), far things first and paler."""
    frame = turned(view)
    points = np.array([b[0] for b in scene.balls] + [e for s in scene.sticks for e in s[:2]])
    points = points @ frame.T
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    depth = float(np.ptp(points[:, 2])) or 1.0
    left, top, width, height = at

    def eased(place: np.ndarray) -> tuple[np.ndarray, float, float]:
        p = frame @ place - middle
        near = 1.0 / (1.0 - 0.25 * p[2] / max(np.ptp(points[:, 0]), 1.0))
        return p[:2] * near, near, float(np.clip(0.5 - p[2] / depth, 0.0, 1.0))

    rims = [(eased(place), radius) for place, radius, _ in scene.balls]
    low = np.min([p - 1.1 * near * radius for (p, near, _), radius in rims], axis=0)
    high = np.max([p + 1.1 * near * radius for (p, near, _), radius in rims], axis=0)
    zoom = 0.97 * min(width / (high - low)[0], height / (high - low)[1])
    half = 0.5 * (low + high) * np.array([1.0, -1.0])
    centre = np.array([left + 0.5 * width, top + 0.5 * height]) - zoom * half
    parts: list[tuple[float, str]] = []
    for place, radius, colour in scene.balls:
        p, near, far = eased(place)
        x, y = centre + zoom * p * np.array([1.0, -1.0])
        r, tint = zoom * near * radius, mixed(colour, "#ffffff", 0.5 * far)
        parts.append((far, ball_text(x, y, r, tint)))
    for a, b, thick, colour in scene.sticks:
        (p, near, far), (q, _, other) = eased(a), eased(b)
        x, y = centre + zoom * p * np.array([1.0, -1.0])
        u, v = centre + zoom * q * np.array([1.0, -1.0])
        tint = mixed(mixed(colour, "#ffffff", 0.5 * 0.5 * (far + other)), "#000000", 0.12)
        text = (
            f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{u:.1f}" y2="{v:.1f}" stroke="{tint}" '
            f'stroke-width="{zoom * near * thick:.2f}" stroke-linecap="round"/>'
        )
        parts.append((0.5 * (far + other), text))
    parts.sort(key=lambda part: -part[0])
    return "\n".join(text for _, text in parts)


def ball_text(x: float, y: float, r: float, tint: str) -> str:
    """A ball with a dark rim and a light spot."""
    rim, spot = mixed(tint, "#000000", 0.35), mixed(tint, "#ffffff", 0.55)
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.2f}" fill="{tint}" stroke="{rim}" '
        f'stroke-width="{0.09 * r:.2f}"/>'
        f'<circle cx="{x - 0.3 * r:.1f}" cy="{y - 0.32 * r:.1f}" r="{0.3 * r:.2f}" fill="{spot}"/>'
    )


def picture(name: str, body: str, *, size: tuple[int, int] = SIZE) -> None:
    """Render SVG with Chromium, with few colours."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise SystemExit("the pictures need Chromium to render; install it and run again")
    width, height = size
    with tempfile.TemporaryDirectory() as temporary:
        page, shot = Path(temporary) / "page.html", Path(temporary) / "shot.png"
        page.write_text(
            f'<html><body style="margin:0;overflow:hidden;background:white"><svg width="{width}" '
            f'height="{height}" xmlns="http://www.w3.org/2000/svg">{body}</svg></body></html>',
            encoding="utf-8",
        )
        subprocess.run(
            [
                browser,
                *FLAGS,
                f"--user-data-dir={temporary}/profile",
                f"--window-size={width},{height}",
                f"--screenshot={shot}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=300,
        )
        PICTURES.mkdir(parents=True, exist_ok=True)
        out = PICTURES / f"{name}.png"
        Image.open(shot).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
            out, optimize=True
        )
    kilobytes = out.stat().st_size / 1024
    print(f"{out} {kilobytes:.0f} kB")
    if kilobytes > LARGEST_KB:
        raise SystemExit(f"{out} has {kilobytes:.0f} kB; at most {LARGEST_KB} are wanted")
