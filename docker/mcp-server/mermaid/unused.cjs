// Stands in for packages that Mermaid loads but only calls while rendering: answers any use with itself.
const unused = new Proxy(function () {}, {
  get: (_target, key) => {
    if (key === '__esModule') return undefined;
    return key === Symbol.toPrimitive ? () => '' : unused;
  },
  apply: () => unused,
  construct: () => unused,
});

module.exports = unused;
