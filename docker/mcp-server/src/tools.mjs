/**
 * What MCP clients get: two tools, and an example of each type as a resource.
 */
import { McpServer, ResourceNotFoundError, ResourceTemplate } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { CATALOGUE } from './catalogue.mjs';
import { ParserLostError, PoolBusyError } from './errors.mjs';
import { note } from './log.mjs';
import { explain } from './malformed.mjs';
import { MAX_CODE_LENGTH } from './settings.mjs';
import { Undecided } from './undecided.mjs';

const READ_ONLY = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const costly = new Undecided();
const MERMAID = 'text/vnd.mermaid';
const EXAMPLES = 'mermaid://examples';

const Diagram = z.object({
  // The limit is in the schema, but not checked by it: a diagram that is too long is undecided, not a wrong call.
  code: z
    .string({ error: 'must be a text: the Mermaid source.' })
    .meta({ maxLength: MAX_CODE_LENGTH })
    .describe('Mermaid source; a Markdown code fence around it is accepted'),
});

const Diagnosis = z.object({
  valid: z.boolean().nullable().describe('null when it could not be decided, for the reason given'),
  drawable: z
    .boolean()
    .nullable()
    .describe('false when Mermaid accepts the diagram but refuses to draw it; null where only drawing would tell'),
  reason: z.string().nullable().describe('why valid, or drawable, could not be decided, where that is known'),
  diagram_type: z
    .string()
    .nullable()
    .describe('what Mermaid calls the type; null when the beginning names none'),
  errors: z
    .array(
      z.object({
        message: z.string().describe('what is wrong, and what to do about it'),
        line: z.int().positive().nullable().describe('in the code as it was sent, from 1'),
        column: z.int().positive().nullable(),
        excerpt: z.string().nullable().describe('that line'),
        fix: z
          .object({
            line: z.int().positive(),
            column: z.int().positive(),
            remove: z.int().nonnegative().describe('so many characters there'),
            insert: z.string().describe('in their place'),
          })
          .nullable()
          .describe('a change with which the whole diagram is valid, where one is known; it was tried'),
      }),
    )
    .describe('empty when valid and drawable; mend the first, for it can cause the others'),
});

const Types = z.object({
  types: z.array(
    z.object({
      type: z.string(),
      keyword: z.string().describe('how such a diagram begins'),
      aliases: z.array(z.string()).describe('other beginnings'),
      description: z.string(),
      example: z.string().describe('the resource with an example'),
    }),
  ),
});

/**
 * Make an MCP server for one request.
 *
 * @param {{name: string, version: string}} identity
 * @param {import('./pool.mjs').ParserPool} pool
 * @param {string} caller who sent the request; the parsers are shared among callers
 */
export function createTools(identity, pool, caller) {
  const server = new McpServer(identity, {
    capabilities: { tools: { listChanged: false }, resources: { listChanged: false } },
    instructions:
      'Validate every Mermaid diagram before you show it; mend what validate_mermaid reports and validate ' +
      `again. valid: null means undecided: make the diagram smaller. An example of each type is at ${EXAMPLES}/{type}.`,
  });
  server.registerTool(
    'validate_mermaid',
    {
      title: 'Validate a Mermaid diagram',
      description:
        "Check a diagram with Mermaid's own parser: is it valid, of which type, where and why is it wrong.",
      inputSchema: Diagram,
      outputSchema: Diagnosis,
      annotations: READ_ONLY,
    },
    ({ code }, context) => validate(pool, code, { caller, signal: context.mcpReq.signal }),
  );
  server.registerTool(
    'list_diagram_types',
    {
      title: 'List the Mermaid diagram types',
      description: 'The types that validate_mermaid knows: how each begins and what it is for.',
      inputSchema: z.object({}),
      outputSchema: Types,
      annotations: READ_ONLY,
    },
    () =>
      structured({
        types: CATALOGUE.map(({ type, keyword, aliases, description }) => {
          return { type, keyword, aliases, description, example: `${EXAMPLES}/${type}` };
        }),
      }),
  );
  registerExamples(server);
  explain(server);
  return server;
}

function registerExamples(server) {
  const text = CATALOGUE.map(({ type, description, example }) => {
    return `## ${type}\n\n${description}\n\n\`\`\`mermaid\n${example}\n\`\`\`\n`;
  }).join('\n');
  server.registerResource(
    'examples',
    EXAMPLES,
    { title: 'An example of each Mermaid diagram type', mimeType: 'text/markdown' },
    (uri) => ({ contents: [{ uri: uri.href, mimeType: 'text/markdown', text }] }),
  );
  const template = new ResourceTemplate(`${EXAMPLES}/{type}`, {
    list: () => ({
      resources: CATALOGUE.map(({ type, description }) => {
        return { uri: `${EXAMPLES}/${type}`, name: type, title: description, mimeType: MERMAID };
      }),
    }),
    complete: {
      type: (begun) =>
        CATALOGUE.map(({ type }) => type).filter((type) =>
          type.toLowerCase().startsWith(begun.toLowerCase()),
        ),
    },
  });
  server.registerResource(
    'example',
    template,
    { title: 'An example of a type', mimeType: MERMAID },
    (uri, { type }) => {
      const found = CATALOGUE.find((entry) => entry.type === type);
      if (!found) throw new ResourceNotFoundError(uri.href);
      return { contents: [{ uri: uri.href, mimeType: MERMAID, text: found.example }] };
    },
  );
}

/**
 * Validate a diagram.
 *
 * @param {import('./pool.mjs').ParserPool} pool
 * @param {string} code
 * @param {{caller?: string, signal?: AbortSignal}} options
 * @returns the answer of the tool
 */
export async function validate(pool, code, options) {
  note({ tool: 'validate_mermaid', characters: code.length });
  if (code.length > MAX_CODE_LENGTH) {
    return report(undecided(`too long: ${code.length} characters, of which ${MAX_CODE_LENGTH} are allowed`));
  }
  const known = costly.find(code);
  if (known) return report(undecided(known));
  try {
    return report(await pool.parse(code, options));
  } catch (error) {
    if (error instanceof ParserLostError) {
      note({ lost: error.reason });
      if (error.reason !== 'starved') costly.add(code, LOSSES[error.reason]);
      return report(undecided(LOSSES[error.reason]));
    }
    if (error instanceof PoolBusyError) {
      note({ busy: error.message });
      return failed(`The validator is busy: ${error.message}. Try again in a second.`);
    }
    throw error;
  }
}

const LOSSES = {
  timeout: 'too large to decide in time',
  starved: 'the machine was too busy to decide; try again',
  memory: 'too large for the memory of a parser',
  crash: 'the parser crashed on it',
};

function undecided(reason) {
  return { valid: null, drawable: null, reason, diagram_type: null, errors: [] };
}

function report({ valid, drawable, reason = null, diagram_type: type, errors }) {
  note({ valid, drawable, ...(reason && { reason }), diagram_type: type });
  return structured({ valid, drawable, reason, diagram_type: type, errors: errors.map(wellFormed) });
}

/** The error without half characters, which a caller may have sent. Most JSON parsers refuse them. */
function wellFormed({ message, excerpt, ...place }) {
  return { message: message.toWellFormed(), ...place, excerpt: excerpt?.toWellFormed() ?? null };
}

function structured(value) {
  return { content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent: value };
}

function failed(text) {
  return { content: [{ type: 'text', text }], isError: true };
}
