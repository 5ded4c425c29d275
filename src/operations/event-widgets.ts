import { IWidget, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { PaymentsDashboardProps } from './dashboard-props';
import { RegionMetrics } from './region-metrics';
import { Graphs } from './widgets';
import { minute } from '../cdk/tuned-alarms';
import { consumerQueueName, meshDeadLetterQueueName, meshMetrics, meshStraysQueueName, outboxQueueName } from '../events/contract';
import { probeLatency } from '../events/mesh/alarms';

type Shown = Pick<PaymentsDashboardProps, 'mesh' | 'outbox' | 'consumers'>;

/** Events from their sending to their effect, for the parts that the system has. */
export function eventWidgets(graphs: Graphs, regions: readonly RegionMetrics[], shown: Shown): IWidget[] {
  const names = (shown.consumers ?? []).map(({ consumerName }) => consumerName);
  const ofConsumers = (metrics: (one: RegionMetrics, name: string) => Metric[]): Metric[] =>
    names.flatMap((name) => regions.flatMap((one) => metrics(one, name)));
  return [
    ...graphs.of('Events sent', 'a minute', shown.outbox ? regions.flatMap(sentMetrics) : []),
    ...graphs.of('Events received', 'a minute', ofConsumers(received)),
    ...graphs.of(
      'Events late: the way of a probe',
      'milliseconds, longest',
      shown.mesh ? regions.flatMap((one) => lateMetrics(one, regions)) : [],
    ),
    ...graphs.of(
      'Events dead: in dead-letter queues',
      'messages',
      regions.flatMap((one) => dead(one, shown, names)),
    ),
    ...graphs.of('Events not taken', 'a minute', [...(shown.mesh ? regions.map(givenUp) : []), ...ofConsumers(refusedMetrics)]),
    ...graphs.of('Consumers: age of the oldest event that waits', 'seconds', ofConsumers(age)),
  ];
}

function sentMetrics(one: RegionMetrics): Metric[] {
  return [
    one.own(meshMetrics.eventsPublished, { label: `${one.region} published` }),
    one.own(meshMetrics.swept, { label: `${one.region} published for a lost peer` }),
  ];
}

function received(one: RegionMetrics, name: string): Metric[] {
  return [
    ofConsumer(one, name, meshMetrics.consumed, 'done'),
    ofConsumer(one, name, meshMetrics.duplicates, 'duplicates'),
    ofConsumer(one, name, meshMetrics.outOfOrder, 'out of order'),
  ];
}

function refusedMetrics(one: RegionMetrics, name: string): Metric[] {
  return [ofConsumer(one, name, meshMetrics.setAside, 'set aside'), ofConsumer(one, name, meshMetrics.refused, 'refused')];
}

function ofConsumer(one: RegionMetrics, name: string, metricName: string, says: string): Metric {
  return one.own(metricName, { label: `${one.region} ${name}: ${says}` }, { [meshMetrics.consumerDimension]: name });
}

/** To a region, from each peer. */
function lateMetrics({ region, systemName }: RegionMetrics, regions: readonly RegionMetrics[]): Metric[] {
  return regions
    .filter((other) => other.region !== region)
    .map((peer) => probeLatency(systemName, region, peer.region, { region, label: `${peer.region} to ${region}` }));
}

function dead(one: RegionMetrics, { mesh, outbox }: Shown, names: readonly string[]): Metric[] {
  const { region, systemName } = one;
  return [
    ...(mesh
      ? [
          one.waiting(meshDeadLetterQueueName(systemName), `${region} mesh`),
          one.waiting(meshStraysQueueName(systemName), `${region} without an origin`),
        ]
      : []),
    ...(outbox ? [one.waiting(outboxQueueName(systemName, 'outbox-dlq'), `${region} outbox`)] : []),
    ...(outbox?.sweepDeadLetterQueue ? [one.waiting(outboxQueueName(systemName, 'sweep-dlq'), `${region} sweep`)] : []),
    ...names.map((name) => one.waiting(consumerQueueName(systemName, name, 'dlq'), `${region} ${name}`)),
  ];
}

function givenUp(one: RegionMetrics): Metric {
  return one.own(meshMetrics.publishFailures, { label: `${one.region} given up by publishers` });
}

function age(one: RegionMetrics, name: string): Metric[] {
  const { region, systemName } = one;
  const options = { statistic: Stats.MAXIMUM, period: minute, region, label: `${region} ${name}` };
  return [one.queue(consumerQueueName(systemName, name, 'queue')).metricApproximateAgeOfOldestMessage(options)];
}
