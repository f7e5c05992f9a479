/** The server-sent events of a diagram that a model writes, read from the answer to a POST. */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { Problem, request } from './api.mjs';

/**
 * Ask for a diagram, and report the events.
 *
 * @param {string} path below /api/v1
 * @param {object} body
 * @param {{attempt?: Function, token?: Function, validation?: Function}} tell the functions for the data of each kind of event
 * @param {AbortSignal} signal ends the request; the server then stops the model too
 * @returns {Promise<object>} the diagram
 * @throws {Problem} the request was refused, failed, or its connection broke
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

// The tags around a model's thoughts, as app/answer.py knows them; the closing one may be still to come.
const THOUGHTS =
  /^\s*([<[◁])(think(?:ing)?|thoughts?|reasoning|analysis|reflection)([>\]▷])[\s\S]*?(\1\/\2\3\s*|$)/i;

/** The diagram in a model's answer: without thoughts, sentences before a fence, and the fence. */
export function diagramIn(text) {
  const answer = text.replace(THOUGHTS, '');
  const opened = answer.match(/^[\s\S]*?```[^\n]*(\n|$)/);
  const code = opened ? answer.slice(opened[0].length) : answer;
  return code.replace(/\n?`{1,3}\s*$|\n```[\s\S]*$/, '').trimStart();
}
