/** A diagram while a model writes it: server-sent events, read from the answer to a POST. */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { Problem, request } from './api.mjs';

/**
 * Ask for a diagram and tell what happens meanwhile.
 *
 * @param {string} path below /api/v1
 * @param {object} body
 * @param {{attempt?: Function, token?: Function, validation?: Function}} tell what is called with each event's data
 * @param {AbortSignal} signal ends it; the server then stops the model, too
 * @returns {Promise<object>} the diagram
 * @throws {Problem} it was refused, failed, or the connection broke
 */
export async function write(path, body, tell, signal) {
  const response = await request('POST', path, { body, signal, accept: 'text/event-stream' });
  if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) return response.json();
  const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()).getReader();
  try {
    for (;;) {
      const { value, done } = await events.read();
      if (done) break;
      signal.throwIfAborted();
      const data = JSON.parse(value.data);
      if (value.event === 'diagram') return data;
      if (value.event === 'problem') throw new Problem(data, data.retry_after);
      tell[value.event]?.(data);
    }
  } catch (error) {
    if (error.name === 'AbortError' || error instanceof Problem) throw error;
  } finally {
    events.cancel().catch(() => {});
  }
  throw new Problem({ title: 'The connection broke', detail: 'The diagram was not finished. Try again.' });
}

/** What of a model's answer is the diagram: without its thoughts, its sentences before a fence, and the fence. */
export function diagramIn(text) {
  const answer = text.replace(/^\s*<think>[\s\S]*?(<\/think>\s*|$)/, '');
  const opened = answer.match(/^[\s\S]*?```[^\n]*(\n|$)/);
  const code = opened ? answer.slice(opened[0].length) : answer;
  return code.replace(/\n?`{1,3}\s*$|\n```[\s\S]*$/, '').trimStart();
}
