// A page of the team's own: replace it. It shows that site and API are one origin for the browser.
const element = (id) => document.getElementById(id);

element('where').textContent = `This is ${location.pathname}`;

element('account').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const query = new URLSearchParams({ accountId: form.get('accountId') });
  const answer = await fetch(`/api/v1/transactions?${query}`, { headers: { Authorization: `Bearer ${form.get('token')}` } });
  const body = await answer.json();
  element('problem').textContent = answer.ok ? '' : `${body.title}: ${body.detail}`;
  element('lines').replaceChildren(...(answer.ok ? body.items.map(line) : []));
});

function line({ type, amount, currency, paymentId, region }) {
  const row = document.createElement('tr');
  for (const text of [type, amount, currency, paymentId, region]) {
    const cell = document.createElement('td');
    cell.textContent = text;
    row.append(cell);
  }
  return row;
}
