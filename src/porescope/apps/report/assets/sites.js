// Contributions over a set of structures, and predictions against known values.
const startSites = async () => {
  const [spread, parity] = ["spread", "parity"].map((id) => document.getElementById(id));
  if (!spread && !parity) return;
  if (typeof DecompressionStream === "undefined") throw new Error("this browser is too old to unpack the drawings (2023 or later is needed)");
  const { head, numbers } = unpack(await inflate("packed-data"));
  const Plotly = await loadPlotly();
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const options = { responsive: true, displaylogo: false, displayModeBar: false };
  const unit = head.unit ? ` [${head.unit}]` : "";
  const layout = (more) => ({
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 64, r: 16, t: 12, b: 52 }, font: { family: css("sans"), color: css("ink"), size: 13 }, showlegend: false, hovermode: "closest", ...more,
  });
  const axis = (text) => ({ title: { text }, gridcolor: css("grid"), zeroline: false });
  const draw = () => {
    if (spread && head.spread) {
      const s = head.spread;
      const percent = numbers(s.percent);
      const empty = new Set(s.empty);
      const z = s.y.map((_, row) => s.x.map((_, column) => (empty.has(column) || percent[row * s.x.length + column] <= 0 ? null : Math.log10(percent[row * s.x.length + column]))));
      const ticks = [-1, 0, 1, 2];
      Plotly.react(spread, [
        { type: "heatmap", x: s.x, y: s.y, z, zmin: -0.5, zmax: 2, colorscale: [[0, css("accent-soft")], [1, css("accent")]], colorbar: { title: { text: "% of places", side: "top" }, thickness: 14, outlinewidth: 0, tickvals: ticks, ticktext: ticks.map((t) => `${10 ** t}`) }, hoverongaps: false, hovertemplate: "%{x:.4g}: contribution %{y:.4g}<extra></extra>" },
        { type: "scatter", mode: "markers", x: numbers(s.mean_x), y: numbers(s.mean_y), marker: { size: 5, color: css("calc"), line: { color: css("card"), width: 0.6 } }, hovertemplate: "mean %{y:.4g}<extra></extra>" },
      ], layout({ xaxis: axis(`${head.against}${unit}`), yaxis: axis(`contribution${unit}`) }), options);
    }
    if (parity && head.parity) {
      const [x, y] = [numbers(head.parity.known), numbers(head.parity.said)];
      const both = [...x, ...y];
      const ends = [Math.min(...both), Math.max(...both)];
      Plotly.react(parity, [
        { type: "scatter", mode: "lines", x: ends, y: ends, line: { color: css("soft"), width: 1, dash: "dot" }, hoverinfo: "skip" },
        { type: "scatter", mode: "markers", x, y, text: head.parity.names, marker: { size: 7, color: css("accent"), opacity: 0.75 }, hovertemplate: "%{text}: known %{x:.4g}, predicted %{y:.4g}<extra></extra>" },
      ], layout({ xaxis: axis(`known value${unit}`), yaxis: { ...axis(`predicted value${unit}`) } }), options);
    }
  };
  draw();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  document.documentElement.dataset.ready = "yes";
};

startSites().catch((error) => {
  const note = document.createElement("p");
  note.className = "trouble";
  note.textContent = `The drawings cannot be shown: ${error.message}.`;
  document.querySelector("main").append(note);
  console.error(error);
});
