/** Filters that need no button, and scenarios that fit the kind of job. */

for (const form of document.querySelectorAll('form[data-auto]')) {
  form.addEventListener('change', (event) => {
    if (event.target.tagName === 'SELECT') form.requestSubmit();
  });
  // A URL that is handed on has only what was chosen in it.
  form.addEventListener('formdata', ({ formData }) => {
    for (const [name, value] of [...formData]) if (value === '') formData.delete(name);
  });
}

/** Scenarios of the chosen kind only. */
const kinds = document.querySelector('[data-kind]');
const scenarios = document.querySelector('[data-scenarios]');
if (kinds !== null && scenarios !== null) {
  const all = JSON.parse(scenarios.dataset.scenarios);
  const offer = () => {
    const names = ['', ...(all[kinds.value] ?? [])];
    scenarios.replaceChildren(...names.map((name) => new Option(name || 'as Gemini would', name)));
  };
  kinds.addEventListener('change', offer);
  offer();
}
