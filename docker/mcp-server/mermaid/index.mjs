// Mermaid as this server uses it: parsed, never rendered. build.mjs bundles this file into dist/mermaid.cjs.
import './browser.mjs';

export { default } from 'mermaid';
