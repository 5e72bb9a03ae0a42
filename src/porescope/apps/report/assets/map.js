// The map of the library: every card a point, coloured by what is chosen.
const PALETTE = ["#0b6e6e", "#d1431b", "#a07d1c", "#5c6d86", "#7d4f9e", "#3f8f3a", "#b0487a", "#2b6cb0", "#8a5a2b", "#4aa3a3", "#c98a8a", "#6b7f2a"];
const SCALE = [[0, "#3a4f9a"], [0.3, "#0b6e6e"], [0.6, "#7fb069"], [1, "#f2c14e"]];
const one = (selector) => document.querySelector(selector);

const startMap = async () => {
  if (typeof DecompressionStream === "undefined") throw new Error("this browser is too old to unpack the map (2023 or later is needed)");
  const { head, numbers } = unpack(await inflate("packed-data"));
  const [x, y] = [numbers(head.x), numbers(head.y)];
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const safe = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const colours = head.colours.map((c) => {
    if (c.names) {
      const codes = numbers(c.codes);
      return { ...c, codes, text: (i) => c.names[codes[i]] || "–" };
    }
    const values = numbers(c.packed);
    c.missing.forEach((i) => { values[i] = NaN; });
    return { ...c, values, text: (i) => (Number.isNaN(values[i]) ? "–" : `${values[i].toPrecision(3)} ${c.unit}`) };
  });
  const words = head.names.map((name, i) => `${name} ${head.ids[i]} ${head.formulas[i]}`.toLowerCase());
  const label = (i) => `<b>${safe(head.names[i])}</b>${head.ids[i] ? ` ${safe(head.ids[i])}` : ""}<br>${safe(head.formulas[i])}<br>${colours.map((c) => `${c.title}: ${safe(c.text(i))}`).join("<br>")}`;
  const labels = Array.from({ length: head.n }, (_, i) => label(i));
  const Plotly = await loadPlotly();
  const element = one("#scatter");
  const select = one("#by-colour");
  select.append(...colours.map((c, k) => Object.assign(document.createElement("option"), { value: k, textContent: c.unit ? `${c.title} [${c.unit}]` : c.title })));

  const points = (rows, marker, more = {}) => ({
    type: "scattergl", mode: "markers", x: rows.map((i) => x[i]), y: rows.map((i) => y[i]), text: rows.map((i) => labels[i]),
    hovertemplate: "%{text}<extra></extra>", showlegend: false, ...more, marker: { size: head.n > 5000 ? 4 : 7, opacity: 0.75, ...marker },
  });
  const all = Array.from({ length: head.n }, (_, i) => i);

  const coloured = (c) => {
    if (c.names) {
      const shown = c.names.map((name, k) => [name, k]).filter(([name]) => name).slice(0, PALETTE.length);
      const place = new Map(shown.map(([, k], at) => [k, at]));
      const groups = [...shown.map(() => []), []];
      all.forEach((i) => groups[place.has(c.codes[i]) ? place.get(c.codes[i]) : shown.length].push(i));
      const traces = shown.map(([name], at) => points(groups[at], { color: PALETTE[at] }, { name: safe(name), showlegend: true }));
      return [points(groups[shown.length], { color: css("line") }, { name: "others", showlegend: true }), ...traces];
    }
    const known = all.filter((i) => !Number.isNaN(c.values[i]));
    const sorted = known.map((i) => c.values[i]).sort((a, b) => a - b);
    const at = (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
    return [
      points(all.filter((i) => Number.isNaN(c.values[i])), { color: css("line") }),
      points(known, {
        color: known.map((i) => c.values[i]), colorscale: SCALE, cmin: at(0.03), cmax: at(0.95),
        colorbar: { title: { text: `${c.title} [${c.unit}]`, side: "right", font: { size: 12 } }, thickness: 12, outlinewidth: 0, tickfont: { size: 11 } },
      }),
    ];
  };

  const draw = () => {
    const traces = coloured(colours[+select.value]);
    const typed = one("#search").value.trim().toLowerCase();
    const hits = typed.length > 1 ? all.filter((i) => words[i].includes(typed)) : [];
    one("#found").textContent = typed.length > 1 ? `${hits.length} found` : "";
    const ring = (rows, colour, size) => points(rows, { size, opacity: 1, color: "rgba(0,0,0,0)", line: { width: 2, color: colour } });
    if (hits.length) traces.push(ring(hits, css("ink"), 11));
    if (head.query) {
      const { name, rows } = head.query;
      traces.push(ring(rows, css("calc"), 13));
      traces.push({
        type: "scattergl", mode: "markers", x: [head.query.x], y: [head.query.y], showlegend: false, hovertemplate: `<b>${safe(name)}</b><br>what was asked for<extra></extra>`,
        marker: { symbol: "star", size: 20, color: css("calc"), line: { width: 1.5, color: css("card") } },
      });
    }
    const axis = { showticklabels: false, showgrid: false, zeroline: false, showline: false };
    const layout = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 8, r: 8, t: 8, b: 8 }, xaxis: axis, yaxis: { ...axis, scaleanchor: "x" },
      font: { family: css("sans"), color: css("ink"), size: 13 }, hoverlabel: { align: "left" }, dragmode: "pan", legend: { font: { size: 12 }, itemsizing: "constant" },
      uirevision: "kept", modebar: { bgcolor: "rgba(0,0,0,0)", color: css("soft"), activecolor: css("accent") },
    };
    Plotly.react(element, traces, layout, { responsive: true, displaylogo: false, scrollZoom: true, displayModeBar: "hover", modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] });
  };
  select.addEventListener("change", draw);
  one("#search").addEventListener("input", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
  document.documentElement.dataset.ready = "yes";
};

startMap().catch((error) => {
  const note = document.createElement("p");
  note.className = "trouble";
  note.textContent = `The map cannot be shown: ${error.message}.`;
  one("main").append(note);
  console.error(error);
});
