/** The editor of a diagram's code. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState } from '@codemirror/state';
import { EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { colours, look } from './editor-look.mjs';
import { mermaid } from './language.mjs';

const host = document.getElementById('code');
// In a shadow root CodeMirror adds its styles as objects. The page's policy would refuse style elements.
const root = host.attachShadow({ mode: 'open', delegatesFocus: true });
const writable = new Compartment();
const listeners = [];
let telling = true;

const view = new EditorView({
  parent: root,
  root,
  state: EditorState.create({
    extensions: [
      lineNumbers(),
      lintGutter(),
      history(),
      drawSelection(),
      highlightActiveLine(),
      bracketMatching(),
      indentUnit.of('  '),
      mermaid,
      syntaxHighlighting(colours),
      look,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': 'Mermaid code', 'aria-describedby': 'errors' }),
      writable.of([]),
      // Tab indents. Escape and then Tab leaves the editor; that is CodeMirror's default.
      keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
      EditorView.updateListener.of(({ docChanged }) => {
        if (docChanged && telling) for (const listener of listeners) listener(getCode());
      }),
    ],
  }),
});

/** The code in the editor. */
export const getCode = () => view.state.doc.toString();

/** Call this with the code whenever the user has changed it. */
export const onEdit = (listener) => listeners.push(listener);

/** Replace the code in the editor. The listeners are not called, since it is not an edit of the user. */
export function setCode(code) {
  if (code === getCode()) return;
  telling = false;
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: code } });
  telling = true;
}

/** Show code while a model writes it, scrolled to its end. */
export function showWriting(code) {
  setCode(code);
  view.scrollDOM.scrollTop = view.scrollDOM.scrollHeight;
}

/** Let the user edit the code, or not. */
export function setWritable(can) {
  view.dispatch({ effects: writable.reconfigure(can ? [] : [EditorState.readOnly.of(true)]) });
  host.classList.toggle('is-writing', !can);
}

/** Mark errors `[{message, line, column}]` at their lines, counted from 1; those without a line at the first line. */
export function markErrors(errors) {
  view.dispatch(setDiagnostics(view.state, errors.map(diagnostic)));
}

/** Move the cursor there, and focus the editor. */
export function goTo(line, column) {
  const at = position(line, column);
  view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
  view.focus();
}

export const focusEditor = () => view.focus();

function diagnostic({ message, line, column }) {
  const at = position(line, column);
  const end = view.state.doc.lineAt(at).to;
  const from = at === end ? view.state.doc.lineAt(at).from : at;
  return { from, to: end, severity: 'error', message };
}

function position(line, column) {
  const { doc } = view.state;
  const at = doc.line(Math.min(Math.max(line ?? 1, 1), doc.lines));
  return Math.min(at.from + Math.max((column ?? 1) - 1, 0), at.to);
}
