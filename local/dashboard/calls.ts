import type { Dashboards } from './dashboards';
import { sendJson, sendProblem, type Exchange } from '../http/answers';
import type { Route } from '../http/routes';

/** What the front door asks of dashboards. */
export type DashboardParts = Pick<Dashboards, 'list' | 'look'>;

/** The calls that are about dashboards: which there are, and what one shows at this moment. */
export function dashboardRoutes(dashboards: DashboardParts | undefined): readonly Route[] {
  return [
    { method: 'GET', path: '/_local/dashboards', answer: (exchange) => sendJson(exchange, 200, dashboards?.list() ?? []) },
    {
      method: 'GET',
      path: '/_local/dashboards/{name}',
      answer: (exchange, name) => {
        const view = dashboards?.look(name);
        return view ? sendJson(exchange, 200, view) : noDashboard(exchange, dashboards, name);
      },
    },
  ];
}

export function noDashboard(exchange: Exchange, dashboards: DashboardParts | undefined, name: string): void {
  const names = dashboards?.list().map((one) => one.name) ?? [];
  sendProblem(exchange, 'unknown_route', `There is no dashboard '${name.slice(0, 64)}' in this run: it has ${names.join(', ') || 'none'}.`);
}
