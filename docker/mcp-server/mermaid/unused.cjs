// Replaces packages that Mermaid loads, but only calls for rendering. Every use of it returns itself.
const unused = new Proxy(function () {}, {
  get: (_target, key) => {
    if (key === '__esModule') return undefined;
    return key === Symbol.toPrimitive ? () => '' : unused;
  },
  apply: () => unused,
  construct: () => unused,
});

module.exports = unused;
