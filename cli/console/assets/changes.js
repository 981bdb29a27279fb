/** Sends changes with the page's token, and says what became of them. */

const token = document.querySelector('meta[name="console-token"]')?.content ?? '';
const toast = document.getElementById('toast');

let hiding;

function show(text, isBad) {
  clearTimeout(hiding);
  toast.textContent = text;
  toast.classList.toggle('bad', isBad);
  hiding = setTimeout(() => {
    toast.textContent = '';
  }, 12_000);
}

async function change(body, button) {
  button.disabled = true;
  try {
    const response = await fetch('/changes', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-console-token': token },
      body: JSON.stringify(body),
    });
    const { message } = await response.json();
    show(message, !response.ok);
  } catch {
    show('The console does not answer. Is the command still running?', true);
  } finally {
    button.disabled = false;
  }
}

function read(input) {
  if ('boolean' in input.dataset) return input.checked;
  if ('number' in input.dataset) return input.value === '' ? undefined : Number(input.value);
  if ('json' in input.dataset) return JSON.parse(input.value);
  if (input.type === 'radio' && !input.checked) return undefined;
  return input.value === '' ? undefined : input.value;
}

function valuesOf(form) {
  const values = {};
  for (const input of form.elements) {
    if (!input.name) continue;
    const value = read(input);
    if (value !== undefined) values[input.name] = value;
  }
  return values;
}

addEventListener('click', ({ target }) => {
  const button = target.closest?.('[data-change], [data-shortcuts]');
  if (button?.dataset.change !== undefined) void change(JSON.parse(button.dataset.change), button);
  else if (button !== null && button !== undefined) document.getElementById('shortcuts').showModal();
});

addEventListener('submit', (event) => {
  const kind = event.target.dataset.changeForm;
  if (kind === undefined) return;
  event.preventDefault();
  try {
    const values = valuesOf(event.target);
    void change(kind === 'switches' ? { kind, switches: values } : { kind, ...values }, event.submitter);
  } catch {
    show('A value is not JSON: write texts in quotes, and nothing as null.', true);
  }
});
