// The parts of a browser that Mermaid's parsers use. The rest of the DOM is only used for rendering.
globalThis.window ??= globalThis;

// The flowchart's style check sets properties on `new Option().style` and reads them back.
globalThis.Option ??= class Option {
  style = {};
};
