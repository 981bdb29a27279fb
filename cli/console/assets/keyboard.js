/** The shortcuts that the dialog lists. */

let isGoing = false;

function move(by) {
  const rows = [...document.querySelectorAll('a.row')];
  const now = rows.indexOf(document.activeElement);
  const next = rows[now < 0 ? (by > 0 ? 0 : rows.length - 1) : now + by];
  next?.focus();
  next?.closest('tr')?.scrollIntoView({ block: 'nearest' });
  return next !== undefined;
}

addEventListener('keydown', (event) => {
  const { target, key } = event;
  const isTyping = target.matches?.('input, select, textarea') ?? false;
  if (key === 'Escape' && isTyping) return target.blur();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  if (isGoing) {
    isGoing = false;
    document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.click();
    return;
  }
  const onRow = target.matches?.('a.row') ?? false;
  if (key === 'g') isGoing = true;
  else if (key === '/' && document.querySelector('[data-search]')) {
    event.preventDefault();
    document.querySelector('[data-search]').select();
  } else if (key === '?') document.getElementById('shortcuts').showModal();
  else if (key === 'n' || key === 'p' || (onRow && (key === 'ArrowDown' || key === 'ArrowUp'))) {
    if (move(key === 'n' || key === 'ArrowDown' ? 1 : -1)) event.preventDefault();
  }
});
