// The pattern that was compared, and where a model looked.
const startSimilar = async () => {
  const element = document.querySelector("#pattern");
  if (!element) return;
  if (typeof DecompressionStream === "undefined") throw new Error("this browser is too old to unpack the pattern (2023 or later is needed)");
  const { head, numbers } = unpack(await inflate("packed-data"));
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const Plotly = await loadPlotly();
  const layout = (more) => ({
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 50, r: 16, t: 10, b: 48 }, font: { family: css("sans"), color: css("ink"), size: 13 }, showlegend: false,
    modebar: { bgcolor: "rgba(0,0,0,0)", color: css("soft"), activecolor: css("accent") },
    xaxis: { title: { text: "2θ [°]" }, gridcolor: css("grid"), zeroline: false }, yaxis: { gridcolor: css("grid"), zeroline: false, showticklabels: false }, ...more,
  });
  const options = { responsive: true, displaylogo: false, displayModeBar: "hover" };
  const draw = () => {
    const [x, y, at, high] = ["x", "y", "peaks", "heights"].map((name) => numbers(head.pattern[name]));
    Plotly.react(element, [
      { type: "scattergl", mode: "lines", x, y, line: { color: css("obs"), width: 1.2 }, hovertemplate: "%{x:.2f}°<extra></extra>" },
      { type: "scattergl", mode: "markers", x: at, y: high, marker: { symbol: "triangle-down", size: 8, color: css("calc") }, hovertemplate: "peak at %{x:.3f}°<extra></extra>" },
    ], layout({}), options);
    if (!head.attention) return;
    const [ax, ay, weight] = ["x", "y", "weight"].map((name) => numbers(head.attention[name]));
    Plotly.react(document.querySelector("#attention"), [
      { type: "heatmap", x: ax, y: [0.5], z: [weight], dy: 1.1, zmin: 0, zmax: 1, colorscale: [[0, "rgba(209,67,27,0)"], [1, "rgba(209,67,27,0.75)"]], showscale: false, hovertemplate: "%{x:.2f}°: %{z:.2f}<extra></extra>" },
      { type: "scatter", mode: "lines", x: ax, y: ay, line: { color: css("obs"), width: 1.2 }, hoverinfo: "skip" },
    ], layout({ yaxis: { range: [-0.05, 1.05], showticklabels: false, showgrid: false, zeroline: false } }), options);
  };
  draw();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  document.documentElement.dataset.ready = "yes";
};

startSimilar().catch((error) => {
  const note = document.createElement("p");
  note.className = "trouble";
  note.textContent = `The pattern cannot be shown: ${error.message}.`;
  document.querySelector("main").append(note);
  console.error(error);
});
