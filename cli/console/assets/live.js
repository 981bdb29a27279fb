/** Keeps the regions of a page up to date, without taking the focus from anybody. */

const live = document.getElementById('live');

/** Rows that are new are marked; what has the focus keeps it, and what was opened stays open. */
function replace({ id, hash, html }) {
  const region = document.getElementById(id);
  if (region === null || region.dataset.hash === hash) return;
  const known = new Set([...region.querySelectorAll('tr[id]')].map((row) => row.id));
  const focused = region.contains(document.activeElement) ? placeOf(region, document.activeElement) : undefined;
  const open = [...region.querySelectorAll('details')].map((details) => details.open);
  region.innerHTML = html;
  region.dataset.hash = hash;
  for (const [index, details] of region.querySelectorAll('details').entries()) {
    if (open[index] !== undefined) details.open = open[index];
  }
  for (const row of known.size > 0 ? region.querySelectorAll('tr[id]') : []) {
    if (!known.has(row.id)) row.classList.add('fresh');
  }
  if (focused !== undefined) find(region, focused)?.focus({ preventScroll: true });
}

const FOCUSABLE = 'a[href], button, summary, [tabindex="0"]';

function placeOf(region, element) {
  return { href: element.getAttribute('href'), index: [...region.querySelectorAll(FOCUSABLE)].indexOf(element) };
}

function find(region, { href, index }) {
  const all = [...region.querySelectorAll(FOCUSABLE)];
  return all.find((element) => href !== null && element.getAttribute('href') === href) ?? all[index];
}

let stream;

function say(text, state) {
  if (live.textContent !== text) live.textContent = text;
  live.className = `live ${state}`;
}

function follow(url) {
  stream = new EventSource(url);
  stream.addEventListener('region', ({ data }) => {
    say('live', 'on');
    replace(JSON.parse(data));
  });
  stream.addEventListener('alive', () => say('live', 'on'));
  stream.addEventListener('away', ({ data }) => {
    say('cannot be read', 'away');
    live.title = JSON.parse(data).message;
  });
  stream.addEventListener('done', () => {
    rest();
    document.body.removeAttribute('data-live');
  });
  stream.addEventListener('error', () => say('not connected', 'away'));
}

function rest() {
  stream?.close();
  stream = undefined;
  say('', '');
}

/** A page that nobody sees asks for nothing, and holds no connection. */
function followWhileSeen() {
  const url = document.body.dataset.live;
  if (document.hidden) rest();
  else if (url !== undefined && stream === undefined) follow(url);
}

document.addEventListener('visibilitychange', followWhileSeen);
addEventListener('pagehide', rest);
addEventListener('pageshow', followWhileSeen);
followWhileSeen();
