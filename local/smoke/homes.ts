import type { Setting } from './setting';
import { Client } from '../callers/client';

/** Tenants asked for before giving up: homes are told by hash, so that two in a row are at home in one region now and then. */
const mostTenants = 64;

/** Payments through every region for accounts of every home. */
export async function homes(setting: Setting): Promise<void> {
  const { client, figures, regions, run } = setting;
  figures.heading('accounts with a home region');
  const anonymous = client.as('');
  const clients = new Map<string, Client>();
  for (let count = 0; count < mostTenants && clients.size < regions.length; count += 1) {
    const token = await anonymous.once({ path: `/_local/token?tenant=${run}-home-${count}` });
    const tenant = client.as(token.text);
    await tenant.call({
      method: 'PUT',
      path: '/api/v1/accounts/home',
      body: { currency: 'USD', balance: 10_000 },
      region: regions[count % regions.length],
    });
    const home = await homeOf(tenant, 'home', regions[0]);
    if (!clients.has(home)) clients.set(home, tenant);
  }
  figures.check('tenants at home in each region', clients.size === regions.length, [...clients.keys()].join(', '));
  let paid = 0;
  let replayed = 0;
  for (const [home, tenant] of clients) {
    for (const region of regions) {
      const call = { path: '/api/v1/payments', body: { accountId: 'home', amount: 100, currency: 'USD' }, key: `${run}-home-${region}` };
      const first = await tenant.call({ ...call, region });
      if (first.status === 201 && first.body.region === home && first.headers['x-served-by-region'] === region) paid += 1;
      const again = await tenant.call({ ...call, region: regions.find((other) => other !== region) ?? region });
      if (again.text === first.text && again.headers['idempotency-replayed'] === 'true') replayed += 1;
    }
  }
  const all = clients.size * regions.length;
  figures.check('payments of each home, entered in each region', paid === all, `${paid} of ${all}`);
  figures.check('replays in the other region, same answer', replayed === all, `${replayed} of ${all}`);
}

/** Region that writes for an account now, as one region knows it; a copy of a new account takes its time. */
export async function homeOf(client: Client, accountId: string, region: string): Promise<string> {
  for (const deadline = Date.now() + 10_000; ;) {
    const { status, body } = await client.call({ path: `/api/v1/accounts/${accountId}`, region });
    if (status === 200) return body.homeRegion;
    if (Date.now() > deadline) throw new Error(`GET /accounts/${accountId} in ${region}: ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
