/** The API key, kept for this tab: the browser forgets it when the tab is closed. */
const NAME = 'api-key';

export const key = {
  get value() {
    return sessionStorage.getItem(NAME) ?? '';
  },
  set value(text) {
    if (text) sessionStorage.setItem(NAME, text);
    else sessionStorage.removeItem(NAME);
  },
};
