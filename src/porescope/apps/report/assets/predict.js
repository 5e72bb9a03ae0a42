// The map of contributions: surfaces, slices, atoms, histogram.
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const colours = () => ({ ink: css("ink"), soft: css("soft") });
const VIRIDIS = [[0, "#440154"], [0.25, "#3b528b"], [0.5, "#21918c"], [0.75, "#5ec962"], [1, "#fde725"]];
const DIVERGING = [[0, "#2166ac"], [0.25, "#92c5de"], [0.5, "#f7f7f7"], [0.75, "#f4a582"], [1, "#b2182b"]];
const HIGH = "#e0632a", LOW = "#2f6fc4";

const startPredict = async () => {
  if (typeof DecompressionStream === "undefined") throw new Error("this browser is too old to unpack the map (2023 or later is needed)");
  const report = unpack(await inflate("packed-data"));
  const { head, numbers } = report;
  const Plotly = await loadPlotly();
  const one = (id) => document.getElementById(id);
  const options = { responsive: true, displaylogo: false, displayModeBar: false };
  const maps = head.maps.map((m) => {
    const values = numbers(m.values);
    return { ...m, values, sorted: Float64Array.from(values).sort() };
  });
  let map = maps[0];
  const lattice = head.structure.lattice;
  const figure = one("structure-figure");
  const view = structureView(Plotly, report, figure);
  const said = (v) => `${Number(v.toPrecision(3))}${map.unit ? ` ${map.unit}` : ""}`;
  const share = () => one("share").value / 100;
  // The level above which a share of all that is above zero lies; with sign -1, the same below zero.
  const levelOf = (sorted, sign) => {
    const n = sorted.length;
    const at = (k) => sign * sorted[sign > 0 ? n - 1 - k : k];
    let whole = 0;
    for (let k = 0; k < n && at(k) > 0; k++) whole += at(k);
    let sum = 0, k = 0;
    while (k < n - 1 && at(k) > 0 && sum < share() * whole) sum += at(k++);
    return { level: sign * at(k), cell: k / n };
  };

  const surface = (level, colour) => {
    const mesh = isosurface(map.values, map.shape, lattice, level);
    return {
      type: "mesh3d", ...mesh, color: colour, opacity: 0.42, flatshading: false, hoverinfo: "skip", showlegend: false,
      lighting: { ambient: 0.75, diffuse: 0.5, specular: 0.1, roughness: 0.7, fresnel: 0, vertexnormalsepsilon: 1e-12, facenormalsepsilon: 1e-12 },
    };
  };
  let n_base = 0;
  const drawSurface = async () => {
    const { level: high, cell } = levelOf(map.sorted, 1);
    const drawn = [surface(high, HIGH)];
    const keys = [`<li><i class="dot" style="background:${HIGH}"></i>above ${said(high)}</li>`];
    if (map.both) {
      const low = levelOf(map.sorted, -1).level;
      drawn.push({ ...surface(low, LOW) });
      keys.push(`<li><i class="dot" style="background:${LOW}"></i>below ${said(low)}</li>`);
    }
    if (one("by-contribution").checked && head.coloured.range) {
      const [a, b] = head.coloured.range;
      const stops = VIRIDIS.map(([t, c]) => `${c} ${100 * t}%`).join(",");
      keys.push(`<li>atoms, mean ${Number(a.toPrecision(3))}<span class="scale" style="background:linear-gradient(90deg,${stops})"></span>${Number(b.toPrecision(3))}</li>`);
    } else {
      for (const e of head.structure.elements) keys.push(`<li><i class="dot" style="background:${e.colour}"></i>${e.symbol}</li>`);
    }
    one("colours").innerHTML = keys.join("");
    const percent = 100 * cell;
    one("share-said").textContent = `${one("share").value} %, in ${percent < 1 ? percent.toFixed(1) : Math.round(percent)} % of the cell`;
    if (figure.data.length > n_base) await Plotly.deleteTraces(figure, figure.data.slice(n_base).map((_, k) => n_base + k));
    await Plotly.addTraces(figure, drawn);
  };
  const drawStructure = async (axis) => {
    const coloured = one("by-contribution").checked && head.coloured.kind;
    view.show({ structure: coloured ? head.coloured : head.structure });
    if (axis !== undefined) view.along(axis);
    n_base = figure.data.length;
    await drawSurface();
  };

  const plain = (more) => ({
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 56, r: 16, t: 12, b: 48 }, font: { family: css("sans"), color: css("ink"), size: 13 }, showlegend: false, ...more,
  });
  const slice = one("slice");
  const kinds = head.structure.kind ? numbers(head.structure.kind) : [];
  const frac = head.structure.kind ? numbers(head.structure.frac) : [];
  const drawSlice = () => {
    const across = +one("across").value;
    const height = Math.min(one("height").value / 100, 0.9999);
    const [p, q] = [0, 1, 2].filter((k) => k !== across);
    const [u, v] = [lattice[p], lattice[q]];
    const e1 = scaled(u, 1 / norm(u));
    const rest = added(v, scaled(e1, -dot(v, e1)));
    const e2 = scaled(rest, 1 / norm(rest));
    const [v1, v2] = [dot(v, e1), dot(v, e2)];
    const [x0, x1] = [Math.min(0, v1), Math.max(norm(u), norm(u) + v1)];
    const step = Math.max(x1 - x0, v2) / 150;
    const xs = Array.from({ length: Math.floor((x1 - x0) / step) + 1 }, (_, n) => x0 + n * step);
    const ys = Array.from({ length: Math.floor(v2 / step) + 1 }, (_, n) => n * step);
    const z = ys.map((y) => xs.map((x) => {
      const t = y / v2;
      const s = (x - t * v1) / norm(u);
      if (s < -1e-9 || s > 1 + 1e-9 || t > 1 + 1e-9) return null;
      const f = [0, 0, 0];
      f[p] = Math.min(Math.max(s, 0), 1);
      f[q] = Math.min(t, 1);
      f[across] = height;
      return valueAt(map.values, map.shape, f);
    }));
    const normal = cross(lattice[p], lattice[q]);
    const thick = Math.abs(dot(normal, lattice[across])) / norm(normal);
    const marks = { x: [], y: [], text: [], color: [] };
    for (let n = 0; n < kinds.length; n++) {
      const f = [frac[3 * n], frac[3 * n + 1], frac[3 * n + 2]].map((w) => w - Math.floor(w));
      let away = f[across] - height;
      away -= Math.round(away);
      if (Math.abs(away) * thick > 1) continue;
      const element = head.structure.elements[kinds[n]];
      for (const a of f[p] < 0.01 ? [0, 1] : [0])
        for (const b of f[q] < 0.01 ? [0, 1] : [0]) {
          const [s, t] = [f[p] + a, f[q] + b];
          marks.x.push(s * norm(u) + t * v1);
          marks.y.push(t * v2);
          marks.text.push(element.symbol);
          marks.color.push(element.colour);
        }
    }
    const edge = Math.max(Math.abs(map.low), Math.abs(map.high));
    const names = ["a", "b", "c"];
    one("height-said").textContent = `${height.toFixed(2)} ${names[across]}`;
    const title = { text: "Å" };
    Plotly.react(slice, [
      { type: "heatmap", x: xs, y: ys, z, zsmooth: false, zmin: map.both ? -edge : map.low, zmax: map.both ? edge : map.high, colorscale: map.both ? DIVERGING : VIRIDIS, colorbar: { title: { text: map.unit || "ratio", side: "top" }, thickness: 14, outlinewidth: 0 }, hovertemplate: `%{z:.4g} ${map.unit}<extra></extra>` },
      { type: "scatter", mode: "lines", x: [0, norm(u), norm(u) + v1, v1, 0], y: [0, 0, v2, v2, 0], line: { color: css("soft"), width: 1.2 }, hoverinfo: "skip" },
      { type: "scatter", mode: "markers", x: marks.x, y: marks.y, text: marks.text, marker: { size: 9, color: marks.color, line: { color: "#ffffff", width: 1.2 } }, hovertemplate: "%{text}<extra></extra>" },
    ], plain({
      xaxis: { title: { text: `along ${names[p]} [Å]` }, showgrid: false, zeroline: false, constrain: "domain" },
      yaxis: { title, scaleanchor: "x", showgrid: false, zeroline: false, constrain: "domain" },
    }), options);
  };
  const drawHistogram = () => {
    const h = head.histogram;
    Plotly.react(one("histogram"), [{ type: "bar", x: h.centres, y: h.percent, width: h.width, marker: { color: css("accent") }, hovertemplate: `%{x:.4g}: %{y:.3g} % of the ${h.of}<extra></extra>` }], plain({
      bargap: 0,
      xaxis: { title: { text: `contribution${maps[0].unit ? ` [${maps[0].unit}]` : ""}` }, gridcolor: css("grid"), zeroline: false },
      yaxis: { title: { text: `share of the ${h.of} [%]` }, type: "log", dtick: 1, gridcolor: css("grid"), exponentformat: "none" },
      shapes: [{ type: "line", x0: h.value, x1: h.value, yref: "paper", y0: 0, y1: 1, line: { color: css("calc"), width: 1.5, dash: "dot" } }],
      annotations: [{ x: h.value, yref: "paper", y: 1, text: "mean", showarrow: false, xanchor: "left", yanchor: "top", xshift: 5, font: { color: css("calc"), size: 12 } }],
    }), options);
  };
  const all = async () => {
    await drawStructure();
    drawSlice();
    drawHistogram();
  };
  let waiting = 0;
  one("share").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(drawSurface, 60);
  });
  one("by-contribution").addEventListener("change", () => drawStructure());
  one("nearer").addEventListener("click", () => view.nearer(1.25));
  one("farther").addEventListener("click", () => view.nearer(0.8));
  document.querySelectorAll("[data-axis]").forEach((button) => button.addEventListener("click", () => drawStructure(+button.dataset.axis)));
  for (const id of ["across", "height"]) one(id).addEventListener("input", drawSlice);
  if (one("which")) one("which").addEventListener("change", () => {
    map = maps[+one("which").value];
    drawSurface();
    drawSlice();
  });
  await all();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  document.documentElement.dataset.ready = "yes";
};

startPredict().catch((error) => {
  const note = document.createElement("p");
  note.className = "trouble";
  note.textContent = `The map cannot be shown: ${error.message}.`;
  document.querySelector("main").append(note);
  console.error(error);
});
