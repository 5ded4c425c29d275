/* What htmx does not do by itself. Without this file the page still works, only less smoothly. */
(() => {
  const notice = document.getElementById('notice');
  const connection = document.getElementById('connection');
  const said = document.getElementById('trace-panel');

  const connected = (word, state) => {
    connection.textContent = word;
    connection.dataset.state = state;
  };
  const complain = (text) => {
    notice.textContent = text;
    notice.hidden = text === '';
  };

  connected('connecting', 'waiting');
  document.addEventListener('htmx:sseOpen', () => connected('live', 'live'));
  document.addEventListener('htmx:sseError', () => connected('connection lost, trying again', 'lost'));
  document.addEventListener('htmx:sseClose', (event) => {
    if (event.detail.type === 'message') connected('the run has ended', 'lost');
  });

  // What was typed and not yet sent is the reader's, whatever the server has meanwhile.
  document.addEventListener('input', (event) => {
    event.target.dataset.typed = 'yes';
  });
  document.addEventListener(
    'submit',
    (event) => {
      for (const field of event.target.elements) delete field.dataset.typed;
      complain('');
    },
    true,
  );
  if (window.Idiomorph) {
    Idiomorph.defaults.callbacks.beforeNodeMorphed = (old) =>
      !(['INPUT', 'SELECT'].includes(old.tagName) && (old.dataset.typed || old === document.activeElement));
    Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) => !(name === 'open' && element.tagName === 'DETAILS');
  }

  document.addEventListener('htmx:responseError', (event) => {
    let text = `The front door answered ${event.detail.xhr.status}.`;
    try {
      text = JSON.parse(event.detail.xhr.responseText).detail ?? text;
    } catch {
      /* not one of its own answers */
    }
    complain(text);
  });
  document.addEventListener('htmx:sendError', () => complain('The front door does not answer: the run has ended, or is about to.'));

  // A trace that was asked for is brought into view and said; one that only grows is not.
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a.payment');
    if (!link) return;
    said.dataset.asked = 'yes';
  });
  document.addEventListener('htmx:afterSettle', (event) => {
    if (event.target.id !== 'trace-panel' || !said.dataset.asked) return;
    delete said.dataset.asked;
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    document.getElementById('trace').scrollIntoView({ block: 'nearest', behavior: still ? 'auto' : 'smooth' });
    const words = document.getElementById('trace-said');
    if (words) document.getElementById('trace-live').textContent = words.dataset.said;
  });
})();
