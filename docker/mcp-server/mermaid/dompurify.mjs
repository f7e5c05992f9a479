// Stands in for dompurify, which needs a DOM: labels are parsed here but never shown, so there is nothing to
// sanitise.
export default {
  isSupported: true,
  addHook() {},
  removeHook() {},
  sanitize: (text) => String(text),
};
