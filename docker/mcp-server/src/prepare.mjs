/**
 * Prepares a checkout for running its sources: installs the locked packages, and bundles Mermaid.
 */
import path from 'node:path';
import { install, isInstalled } from '../install.mjs';
import { log } from './log.mjs';

const root = path.dirname(import.meta.dirname);

/**
 * Install and build what is missing or does not match the lock file. In the image, everything is there already.
 *
 * @throws {Error} when the packages cannot be installed
 */
export async function prepare() {
  if (!(await isInstalled())) {
    log('info', 'installing packages', { into: path.join(root, 'node_modules') });
    await install(['--prod']);
  }
  const { buildMermaid } = await import('../build.mjs');
  await buildMermaid();
}
