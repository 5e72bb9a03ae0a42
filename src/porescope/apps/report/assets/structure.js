// One unit cell in three dimensions: balls, sticks and the edges of the cell.
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const norm = (a) => Math.sqrt(dot(a, a)) || 1;
const scaled = (a, s) => [a[0] * s, a[1] * s, a[2] * s];
const added = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
const cartesian = (lattice, f) =>
  [0, 1, 2].map((k) => f[0] * lattice[0][k] + f[1] * lattice[1][k] + f[2] * lattice[2][k]);

// A sphere from an octahedron, its faces split as often as wanted.
const sphere = (splits) => {
  let points = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]];
  let faces = [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]];
  for (let s = 0; s < splits; s++) {
    const known = new Map();
    const middle = (i, j) => {
      const key = i < j ? `${i},${j}` : `${j},${i}`;
      if (!known.has(key)) {
        const m = added(points[i], points[j]);
        points.push(scaled(m, 1 / norm(m)));
        known.set(key, points.length - 1);
      }
      return known.get(key);
    };
    faces = faces.flatMap(([a, b, c]) => {
      const [ab, bc, ca] = [middle(a, b), middle(b, c), middle(c, a)];
      return [[a, ab, ca], [b, bc, ab], [c, ca, bc], [ab, bc, ca]];
    });
  }
  return { points, faces };
};

class Mesh {
  constructor() {
    Object.assign(this, { x: [], y: [], z: [], i: [], j: [], k: [] });
  }
  vertex(p) {
    this.x.push(p[0]);
    this.y.push(p[1]);
    this.z.push(p[2]);
    return this.x.length - 1;
  }
  face(a, b, c) {
    this.i.push(a);
    this.j.push(b);
    this.k.push(c);
  }
  ball(centre, radius, shape) {
    const first = this.x.length;
    for (const p of shape.points) this.vertex(added(centre, scaled(p, radius)));
    for (const [a, b, c] of shape.faces) this.face(first + a, first + b, first + c);
  }
  stick(from, to, radius, sides) {
    const axis = added(to, scaled(from, -1));
    const helper = Math.abs(axis[0]) < 0.8 * norm(axis) ? [1, 0, 0] : [0, 1, 0];
    const u = cross(axis, helper);
    const v = cross(axis, u);
    const [su, sv] = [scaled(u, radius / norm(u)), scaled(v, radius / norm(v))];
    const first = this.x.length;
    for (let s = 0; s < sides; s++) {
      const angle = (2 * Math.PI * s) / sides;
      const around = added(scaled(su, Math.cos(angle)), scaled(sv, Math.sin(angle)));
      this.vertex(added(from, around));
      this.vertex(added(to, around));
    }
    for (let s = 0; s < sides; s++) {
      const [a, b] = [first + 2 * s, first + 2 * ((s + 1) % sides)];
      this.face(a, b, a + 1);
      this.face(b, b + 1, a + 1);
    }
  }
}

const cellEdges = (lattice) => {
  const corners = [];
  for (let n = 0; n < 8; n++) corners.push([n & 1, (n >> 1) & 1, (n >> 2) & 1]);
  const [x, y, z] = [[], [], []];
  for (const p of corners)
    for (let axis = 0; axis < 3; axis++) {
      if (p[axis]) continue;
      const q = [...p];
      q[axis] = 1;
      for (const end of [p, q]) {
        const r = cartesian(lattice, end);
        x.push(r[0]);
        y.push(r[1]);
        z.push(r[2]);
      }
      x.push(null);
      y.push(null);
      z.push(null);
    }
  return { x, y, z };
};

// Atoms of the cell, with those on a face, edge or corner repeated on the opposite ones.
const drawnAtoms = (s, numbers) => {
  const frac = numbers(s.frac);
  const kind = numbers(s.kind);
  const atoms = [];
  const near = 0.015;
  for (let n = 0; n < kind.length; n++) {
    const f = [frac[3 * n], frac[3 * n + 1], frac[3 * n + 2]].map((v) => v - Math.floor(v + near));
    const choices = f.map((v) => (Math.abs(v) < near ? [0, 1] : [0]));
    for (const i of choices[0])
      for (const j of choices[1])
        for (const k of choices[2]) atoms.push({ n, kind: kind[n], f: [f[0] + i, f[1] + j, f[2] + k] });
  }
  return { atoms, frac };
};

const structureView = (Plotly, report, element) => {
  const { head, numbers } = report;
  let current = null;
  let zoom = 1;

  const traces = (s) => {
    const colour = colours();
    const edges = cellEdges(s.lattice);
    const out = [
      { type: "scatter3d", mode: "lines", ...edges, line: { color: colour.soft, width: 2 }, hoverinfo: "skip", showlegend: false },
    ];
    const ends = [0, 1, 2].map((k) => scaled(s.lattice[k], 1 + 1.1 / norm(s.lattice[k])));
    out.push({
      type: "scatter3d", mode: "text", x: ends.map((e) => e[0]), y: ends.map((e) => e[1]), z: ends.map((e) => e[2]),
      text: ["a", "b", "c"], textfont: { color: colour.ink, size: 15 }, hoverinfo: "skip", showlegend: false,
    });
    if (!s.kind) return out;
    const { atoms, frac } = drawnAtoms(s, numbers);
    const heavy = atoms.length > 900;
    const shape = sphere(heavy ? 1 : 2);
    const sides = heavy ? 5 : 8;
    // Large cells are seen from afar: draw thicker.
    const girth = Math.min(Math.max(Math.sqrt(Math.max(...s.lattice.map(norm)) / 13), 0.9), 1.7);
    const meshes = s.elements.map(() => new Mesh());
    const labels = s.elements.map(() => ({ x: [], y: [], z: [] }));
    const start = new Map();
    if (s.bonds) {
      const [bi, bj, shift] = [numbers(s.bonds.i), numbers(s.bonds.j), numbers(s.bonds.shift)];
      const push = (i, j, t) => {
        if (!start.has(i)) start.set(i, []);
        start.get(i).push([0, 1, 2].map((k) => frac[3 * j + k] + t[k] - frac[3 * i + k]));
      };
      for (let b = 0; b < bi.length; b++) {
        const t = [shift[3 * b], shift[3 * b + 1], shift[3 * b + 2]];
        push(bi[b], bj[b], t);
      }
    }
    for (const atom of atoms) {
      const e = s.elements[atom.kind];
      const centre = cartesian(s.lattice, atom.f);
      const mesh = meshes[atom.kind];
      mesh.ball(centre, e.radius * girth, shape);
      for (const step of start.get(atom.n) || []) {
        const half = cartesian(s.lattice, scaled(step, 0.5));
        mesh.stick(centre, added(centre, half), 0.11 * girth, sides);
      }
      const label = labels[atom.kind];
      label.x.push(centre[0]);
      label.y.push(centre[1]);
      label.z.push(centre[2]);
    }
    s.elements.forEach((e, n) => {
      const m = meshes[n];
      out.push({
        type: "mesh3d", x: m.x, y: m.y, z: m.z, i: m.i, j: m.j, k: m.k, color: e.colour, flatshading: false, hoverinfo: "skip",
        lighting: { ambient: 0.72, diffuse: 0.55, specular: 0.18, roughness: 0.6, fresnel: 0.05, vertexnormalsepsilon: 1e-12, facenormalsepsilon: 1e-12 },
        lightposition: { x: 12000, y: 7000, z: 9000 }, showlegend: false, name: e.symbol,
      });
    });
    return out;
  };

  const cameraAlong = (s, axis) => {
    const [a, b, c] = s.lattice;
    const [eye, up] = axis === 0 ? [a, c] : axis === 1 ? [b, c] : axis === 2 ? [c, b] : [null, c];
    const direction = eye || added(added(scaled(a, 1 / norm(a)), scaled(b, 0.32 / norm(b))), scaled(c, 0.26 / norm(c)));
    const size = 1.22 / norm(direction);
    return {
      projection: { type: "orthographic" }, center: { x: 0, y: 0, z: 0 },
      eye: { x: direction[0] * size, y: direction[1] * size, z: direction[2] * size },
      up: { x: up[0] / norm(up), y: up[1] / norm(up), z: up[2] / norm(up) },
    };
  };

  // Browsers print no WebGL: keep a still picture for paper.
  let timer = 0;
  const still = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      try {
        const url = await Plotly.toImage(element, { format: "png", width: 900, height: 640 });
        const picture = document.getElementById("structure-still");
        if (picture) picture.src = url;
      } catch {
        /* no picture on paper then */
      }
    }, 900);
  };

  // A parallel view is zoomed by the proportions of its box.
  const box = (drawn) => {
    const [low, high] = [[Infinity, Infinity, Infinity], [-Infinity, -Infinity, -Infinity]];
    for (const trace of drawn)
      ["x", "y", "z"].forEach((axis, k) => {
        for (const v of trace[axis])
          if (v !== null) {
            if (v < low[k]) low[k] = v;
            if (v > high[k]) high[k] = v;
          }
      });
    const sizes = low.map((v, k) => high[k] - v || 1);
    const unit = (2.3 * zoom) / norm(sizes);
    const axis = (k) => ({ visible: false, showspikes: false, range: [low[k], high[k]] });
    return {
      xaxis: axis(0), yaxis: axis(1), zaxis: axis(2), aspectmode: "manual",
      aspectratio: { x: sizes[0] * unit, y: sizes[1] * unit, z: sizes[2] * unit },
    };
  };

  const draw = (axis) => {
    if (!current) return;
    const colour = colours();
    const drawn = traces(current);
    Plotly.react(
      element, drawn,
      {
        margin: { l: 0, r: 0, t: 0, b: 0 }, paper_bgcolor: "rgba(0,0,0,0)", showlegend: false,
        font: { family: getComputedStyle(document.body).fontFamily, color: colour.ink },
        scene: { ...box(drawn), camera: cameraAlong(current, axis), dragmode: "orbit" },
      },
      { responsive: true, displaylogo: false, displayModeBar: false, scrollZoom: false },
    );
    still();
  };
  return {
    show(candidate) {
      current = candidate.structure;
      draw();
    },
    along(axis) {
      draw(axis);
    },
    nearer(factor) {
      zoom = Math.min(Math.max(zoom * factor, 0.3), 6);
      const { x, y, z } = element.layout.scene.aspectratio;
      Plotly.relayout(element, { "scene.aspectratio": { x: x * factor, y: y * factor, z: z * factor } });
    },
    redraw() {
      draw();
    },
  };
};
