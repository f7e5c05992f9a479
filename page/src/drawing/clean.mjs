/**
 * What leaves the drawing frame: an SVG that is well-formed XML, has a size, and neither runs nor fetches anything.
 *
 * Mermaid's strict mode removes scripts already; this also takes links and what lies outside, since the picture is
 * exported, and an SVG file is a document that browsers open.
 */
const ACTIVE =
  'script, iframe, object, embed, audio, video, img, link, meta, base, form, input, button, handler, listener, ' +
  'animate, animateMotion, animateTransform, set, discard';
const LINKING = /^(xlink:)?href$|^src$|^(form)?action$|^target$/i;
const INSIDE = /^(#|data:image\/(png|jpeg|gif|webp|svg\+xml)[;,])/i;
const TEXT = /^(aria-|data-)|^(id|class|d|points|title)$/i; // nothing in them is a style
const OUTSIDE_IN_STYLE = /@import[^;]*;?|url\(\s*(?!["']?(#|data:image\/))[^)]*\)/gi;
const OTHER_FETCHING = /(?<![\w-])(-webkit-)?(image-set|image|src|cross-fade)\s*\(/gi;
const ESCAPED = /\\(?:([\da-f]{1,6})\s?|([^\n\da-f]))/gi;

/**
 * @param {string} text Mermaid's SVG, as HTML
 * @returns {{svg: string, width: number, height: number, title: string, description: string}}
 */
export function clean(text) {
  // A document of its own, in which nothing is loaded or run.
  const svg = new DOMParser().parseFromString(text, 'text/html').querySelector('svg');
  for (const element of svg.querySelectorAll(ACTIVE)) element.remove();
  for (const element of [svg, ...svg.querySelectorAll('*')]) cleanAttributes(element);
  for (const style of svg.querySelectorAll('style'))
    style.textContent = withoutOutside(style.textContent);
  const [width, height] = giveSize(svg);
  return {
    svg: new XMLSerializer().serializeToString(svg),
    width,
    height,
    title: svg.querySelector(':scope > title')?.textContent ?? '',
    description: svg.querySelector(':scope > desc')?.textContent ?? '',
  };
}

function cleanAttributes(element) {
  for (const { name, value } of [...element.attributes]) {
    const links = LINKING.test(name) && !(INSIDE.test(value.trim()) && element.localName !== 'a');
    if (links || /^on/i.test(name)) element.removeAttribute(name);
    else if (/[(@\\]/.test(value) && !TEXT.test(name)) element.setAttribute(name, withoutOutside(value));
  }
}

/** A style, or an attribute that is one (`fill`, `filter`, …), that fetches nothing: also where names are escaped. */
function withoutOutside(style) {
  const readable = style.replace(ESCAPED, (whole, code, letter) => {
    const meant = letter ?? String.fromCodePoint(Math.min(parseInt(code, 16), 0x10ffff));
    return /[\w@(:/-]/.test(meant) ? meant : whole;
  });
  return readable.replace(OUTSIDE_IN_STYLE, '').replace(OTHER_FETCHING, 'none(');
}

/** Mermaid leaves the size to the page around it; a picture needs its own. */
function giveSize(svg) {
  const box = svg.viewBox.baseVal;
  const [width, height] = box?.width && box?.height ? [box.width, box.height] : [800, 600];
  svg.setAttribute('width', width);
  svg.setAttribute('height', height);
  svg.style.removeProperty('max-width');
  return [width, height];
}
