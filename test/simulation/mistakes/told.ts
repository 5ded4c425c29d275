import type { Edit, Mistake } from './catalogue';

const events = (name: string, find: string, replace: string): Edit => ({ file: `events/${name}.ts`, find, replace });

/** Mistakes with what is told of the ledger. */
export const told: readonly Mistake[] = (
  [
    {
      name: 'a checkpoint before the bus has answered',
      edits: [
        events(
          'outbox/service',
          '    const done = await this.publishDecided(decided.map(({ one }) => one), this.settings.region, deadlineMs);',
          '    void this.publishDecided(decided.map(({ one }) => one), this.settings.region, deadlineMs).catch(() => ' +
            'undefined);\n    const done: DecidedResult = { published: 0 };',
        ),
      ],
    },
    {
      name: 'refused entries of an accepted request overlooked',
      edits: [
        events(
          'publishing/publish.service',
          '    results = await ports.put(batch.map(({ entry }) => entry), Math.max(1, deadlineMs - ports.nowMs()));',
          '    results = (await ports.put(batch.map(({ entry }) => entry), Math.max(1, deadlineMs - ports.nowMs()))).map(() => ({ ' +
            "kind: 'accepted' }));",
        ),
      ],
    },
    {
      name: 'an event ID made anew with every publication',
      edits: [
        events(
          'outbox/service',
          '    const spans = sent.map(({ event }) => this.begin(event!));',
          '    const spans = sent.map(({ event }) => this.begin({ ...event!, id: ' +
            "`evt_${this.ports.nonce()}`.replace(/[^A-Za-z0-9._:-]/g, '-') }));",
        ),
      ],
    },
    {
      name: "a payment's events put in order by clocks",
      edits: [
        events(
          'outbox/domain',
          '    subject: paymentIdOf(decided.payment),\n    sequence,',
          '    subject: paymentIdOf(decided.payment),\n    sequence: own.at as number,',
        ),
      ],
    },
    {
      name: 'a sweep that trusts a lost region to come back',
      edits: [
        events(
          'outbox/sweep.service',
          '    if (silentMs <= this.settings.silentAfterMs && resumedAt <= hint.seenAt) {\n      return silentMs <= ' +
            "this.settings.aliveWithinMs ? { kind: 'dropped' } :",
          "    if (silentMs >= 0 || resumedAt > 0) {\n      return silentMs >= 0 ? { kind: 'dropped' } :",
        ),
      ],
    },
    {
      name: 'duplicates told by a read, without a conditional write',
      edits: [
        events(
          'consumers/aws',
          "        ConditionExpression: 'attribute_not_exists(#pk)',\n        ExpressionAttributeNames: { '#pk': partitionKey " +
            '},\n        ReturnValuesOnConditionCheckFailure',
          '        ReturnValuesOnConditionCheckFailure',
        ),
        events(
          'consumers/aws',
          '    const stored = await this.put(claim);',
          '    const { Item: there } = await this.client.send(new GetItemCommand({ TableName: this.tableName, Key: ' +
            'eventKey(claim.event.id) }));\n    const stored = there ?? await this.put(claim);',
        ),
      ],
    },
    {
      name: 'an event that another attempt is at work on taken for a duplicate',
      edits: [events('consumers/service', "return { kind: 'running', settled: false };", "return { kind: 'running', settled: true };")],
    },
    {
      name: 'older events left out where they were to be delivered',
      edits: [events('consumers/service', "if (this.settings.stale !== 'SKIP' || subject", 'if (subject')],
    },
    {
      name: 'an event marked as done before its handler has run',
      edits: [
        events(
          'consumers/service',
          '    const { span, trace } = this.begin(event, replayed);\n',
          '    await inbox.finish(claim, nowMs());\n    const { span, trace } = this.begin(event, replayed);\n',
        ),
      ],
    },
  ] satisfies Mistake[]
).map((mistake): Mistake => ({ payments: 30, ...mistake, events: true }));
