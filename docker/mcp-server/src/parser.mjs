/**
 * The child process that runs Mermaid. A diagram that needs too much memory or time here does not harm the server.
 *
 * Messages in: `{code}`. Messages out: `{ready: true}` once, then `{diagnosis}` for each.
 */
process.on('disconnect', () => process.exit(0));
for (const method of ['debug', 'error', 'info', 'log', 'warn']) console[method] = () => {};
const { diagnose } = await import('./diagnosis.mjs');
await diagnose('flowchart TD\nA-->B'); // the first diagram takes longer, so no caller should wait for it
process.on('message', async ({ code }) => process.send({ diagnosis: await diagnose(code) }));
process.send({ ready: true });
