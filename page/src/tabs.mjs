/** Tabs according to the ARIA practices: arrow keys move, and only the selected tab is in the tab order. */
const tabs = [...document.querySelectorAll('[role=tab]')];

function choose(chosen) {
  for (const tab of tabs) {
    const on = tab === chosen;
    tab.setAttribute('aria-selected', String(on));
    tab.tabIndex = on ? 0 : -1;
    document.getElementById(tab.getAttribute('aria-controls')).hidden = !on;
  }
}

for (const [at, tab] of tabs.entries()) {
  tab.addEventListener('click', () => choose(tab));
  tab.addEventListener('keydown', ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (!step) return;
    const other = tabs.at((at + step) % tabs.length);
    choose(other);
    other.focus();
  });
}
