// What Mermaid's parsers read of a browser. Everything else of the DOM is only touched while rendering.
globalThis.window ??= globalThis;

// The flowchart's style check sets properties on `new Option().style` and reads them back.
globalThis.Option ??= class Option {
  style = {};
};
