// Numbers and the drawing library travel compressed; this brings them back.
const inflate = async (id) => {
  const node = document.getElementById(id);
  const binary = atob(node.textContent.trim());
  node.textContent = "";
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

// Layout: length of the header, the header (JSON), then for each array its length and four byte
// planes of the folded differences.
const unpack = (bytes) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headLength = view.getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + headLength)));
  const arrays = [];
  for (let at = 4 + headLength; at < bytes.length; ) {
    const n = view.getUint32(at, true);
    const start = at + 4;
    const out = new Float64Array(n);
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const k = start + i;
      const folded = bytes[k] + 256 * (bytes[k + n] + 256 * (bytes[k + 2 * n] + 256 * bytes[k + 3 * n]));
      sum += folded % 2 ? -(folded + 1) / 2 : folded / 2;
      out[i] = sum;
    }
    arrays.push(out);
    at = start + 4 * n;
  }
  const numbers = ({ a, step, root }) =>
    root ? arrays[a].map((v) => Math.sign(v) * (v * step) ** 2) : arrays[a].map((v) => v * step);
  return { head, numbers };
};

const loadPlotly = async () => {
  const script = document.createElement("script");
  script.textContent = new TextDecoder().decode(await inflate("packed-plotly"));
  document.head.append(script);
  return window.Plotly;
};
