/**
 * The child process that runs Mermaid. A diagram can exhaust memory or time here without touching the server.
 *
 * Messages in: `{code}`. Messages out: `{ready: true}` once, then `{diagnosis}` for each.
 */
process.on('disconnect', () => process.exit(0));
for (const method of ['debug', 'error', 'info', 'log', 'warn']) console[method] = () => {};
const { diagnose } = await import('./diagnosis.mjs');
await diagnose('flowchart TD\nA-->B'); // the first one takes longer: no caller waits for it
process.on('message', async ({ code }) => process.send({ diagnosis: await diagnose(code) }));
process.send({ ready: true });
