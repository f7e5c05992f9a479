/**
 * What leaves the drawing frame: an SVG that is well-formed XML, has a size, and neither runs nor fetches anything.
 *
 * Mermaid's strict mode removes scripts already; this also takes links and what lies outside, since the picture is
 * exported, and an SVG file is a document that browsers open.
 */
const ACTIVE = 'script, iframe, object, embed, audio, video, img, link, meta, base, form, input, button, handler, listener';
const LINKING = /^(xlink:)?href$|^src$|^(form)?action$|^target$/i;
const INSIDE = /^(#|data:image\/(png|jpeg|gif|webp|svg\+xml)[;,])/i;
const OUTSIDE_IN_STYLE = /@import[^;]*;?|url\(\s*(?!["']?(#|data:image\/))[^)]*\)/gi;

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
    style.textContent = style.textContent.replace(OUTSIDE_IN_STYLE, '');
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
    else if (name === 'style') element.setAttribute(name, value.replace(OUTSIDE_IN_STYLE, ''));
  }
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
