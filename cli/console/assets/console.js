/** What a page does by itself. Without it everything can be read, and nothing is live. */
import './live.js';
import './changes.js';
import './forms.js';
import './keyboard.js';

document.documentElement.classList.add('scripted');

// Times are UTC; who hovers sees the local one, too.
addEventListener('mouseover', ({ target }) => {
  const time = target.closest?.('time[datetime]');
  if (time === null || time === undefined || time.dataset.local) return;
  time.dataset.local = 'told';
  time.title = `${time.dateTime}\n${new Date(time.dateTime).toLocaleString()} here`;
});
