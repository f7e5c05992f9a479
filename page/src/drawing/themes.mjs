/** How Mermaid draws for this page: in the page's own colours. */
const LIGHT = {
  darkMode: false,
  background: '#ffffff',
  primaryColor: '#e3f1ed',
  primaryBorderColor: '#3d8f82',
  primaryTextColor: '#1d2524',
  secondaryColor: '#f6ecdc',
  secondaryBorderColor: '#c79a55',
  secondaryTextColor: '#1d2524',
  tertiaryColor: '#f4f5f2',
  tertiaryBorderColor: '#b9c2bc',
  tertiaryTextColor: '#1d2524',
  lineColor: '#59635f',
  textColor: '#1d2524',
  noteBkgColor: '#fbf5e6',
  noteBorderColor: '#d9b877',
  noteTextColor: '#1d2524',
  edgeLabelBackground: '#ffffff',
};
const DARK = {
  darkMode: true,
  background: '#191e1d',
  primaryColor: '#1f3a35',
  primaryBorderColor: '#4fae9b',
  primaryTextColor: '#e6ebe8',
  secondaryColor: '#3a2f1e',
  secondaryBorderColor: '#b58a4a',
  secondaryTextColor: '#e6ebe8',
  tertiaryColor: '#232a28',
  tertiaryBorderColor: '#56625d',
  tertiaryTextColor: '#e6ebe8',
  lineColor: '#9ba8a3',
  textColor: '#e6ebe8',
  noteBkgColor: '#39321f',
  noteBorderColor: '#8c7440',
  noteTextColor: '#e6ebe8',
  edgeLabelBackground: '#191e1d',
};

// The fills of what comes in many colours: mind maps, timelines, pies, branches.
const SERIES = {
  light: ['#cfe6df', '#f3dfbd', '#d8d9f0', '#f2d3d0', '#d3e5f4', '#e4e8c9', '#e9d7ec', '#d9ded9'],
  dark: ['#25574d', '#5c4726', '#3d3f6b', '#6a3a38', '#274b66', '#4c5428', '#56385c', '#3b4542'],
};

/** The series under the names that Mermaid has for it. */
function series(colours, ink) {
  const named = {};
  for (let at = 0; at < 12; at += 1) {
    const colour = colours[at % colours.length];
    Object.assign(named, { [`cScale${at}`]: colour, [`cScaleLabel${at}`]: ink, [`pie${at + 1}`]: colour });
    if (at < 8) Object.assign(named, { [`git${at}`]: colour, [`gitBranchLabel${at}`]: ink });
  }
  return named;
}

/** @param {'light'|'dark'} theme */
export function configuration(theme) {
  return {
    startOnLoad: false,
    securityLevel: 'strict',
    suppressErrorRendering: true,
    theme: 'base',
    themeVariables: theme === 'dark' ? { ...DARK, ...series(SERIES.dark, DARK.textColor) } : { ...LIGHT, ...series(SERIES.light, LIGHT.textColor) },
    fontFamily: 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
    // Labels as SVG's own text: other programs show nothing of HTML inside an SVG.
    htmlLabels: false,
    flowchart: { htmlLabels: false },
  };
}
