/**
 * Says in plain sentences what is wrong with a malformed request, in place of the schema library's list of issues.
 */
const INVALID_PARAMS = -32602;

const KINDS = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  object: 'a JSON object',
  record: 'a JSON object',
  array: 'a list',
  null: 'null',
};
const MOST_TOLD = 5;

/**
 * Make a server answer malformed requests in plain sentences, with every transport.
 *
 * @param {import('@modelcontextprotocol/server').McpServer} server
 */
export function explain({ server }) {
  const connect = server.connect.bind(server);
  server.connect = (transport) => {
    const send = transport.send.bind(transport);
    transport.send = (message, options) => send(reword(message), options);
    return connect(transport);
  };
}

/** The answer, with sentences in place of issues of a schema. */
function reword(message) {
  if (message.error) {
    const described = describeIssues(message.error.message);
    if (!described) return message;
    return { ...message, error: { ...message.error, code: INVALID_PARAMS, message: described } };
  }
  if (!message.result?.isError) return message;
  // Wrong arguments of a tool. The caller, often a model, can correct them.
  const content = message.result.content.map((part) => ({
    ...part,
    text: part.text?.replace(/^Input validation error: Invalid arguments for tool \S+: (\w+): /, 'The argument `$1` '),
  }));
  return { ...message, result: { ...message.result, content } };
}

/** The list of issues in a message as sentences; null if there is none. A caller's own words may look like one. */
function describeIssues(message) {
  try {
    const issues = JSON.parse(message.slice(message.indexOf('[')));
    return Array.isArray(issues) && issues.every((issue) => issue.code && issue.path) ? describe(issues) : null;
  } catch {
    return null;
  }
}

function describe(issues) {
  const told = issues.slice(0, MOST_TOLD).map(({ path, expected, message }) => {
    const field = `\`${path.join('.') || 'params'}\``;
    const received = /received (\w+)$/.exec(message)?.[1];
    if (!expected || !received) return `${field} is not of a form that is accepted.`;
    if (received === 'undefined') return `${field} is missing: ${KINDS[expected] ?? expected} is needed.`;
    return `${field} must be ${KINDS[expected] ?? expected}; ${KINDS[received] ?? received} was sent.`;
  });
  return told.join(' ');
}
