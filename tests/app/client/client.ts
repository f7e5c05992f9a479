// A client as a front-end developer writes one: compiled strictly against the API's description.
import createClient from 'openapi-fetch';
import type { components, paths } from './api.js';

type Verdict = components['schemas']['Verdict'];

const client = createClient<paths>({ baseUrl: 'http://127.0.0.1:8000' });

export async function judge(code: string): Promise<Verdict> {
  const { data, error } = await client.POST('/api/v1/diagrams/validate', { body: { code } });
  if (error) throw new Error(`${error.title}: ${error.detail}`);
  return data;
}

export async function mend(code: string): Promise<string> {
  const fix = (await judge(code)).errors?.find((found) => found.fix)?.fix;
  if (!fix) return code;
  const lines = code.split('\n');
  const line = lines[fix.line - 1] ?? '';
  lines[fix.line - 1] = line.slice(0, fix.column - 1) + fix.insert + line.slice(fix.column - 1 + fix.remove);
  return lines.join('\n');
}

export async function newest(): Promise<string[]> {
  const { data, error } = await client.GET('/api/v1/diagrams', { params: { query: { limit: 5 } } });
  if (error) throw new Error(error.title);
  return data.items.map(({ id, title }) => `${id} ${title}`);
}
