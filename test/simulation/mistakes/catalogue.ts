import { homeLeaving } from './home-leaving';
import { leaving } from './leaving';
import { openLoad } from './open-load';
import { provisional } from './provisional';
import { told } from './told';
import { Mode } from '../run';
import { TableKind } from '../world';

/** One exact text of a shipped file, found once, and what stands in its place. */
export interface Edit {
  /** Below `src/`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A mistake that a team could make, planted on purpose: the simulation must find it. */
export interface Mistake {
  readonly name: string;
  readonly edits?: readonly Edit[];
  readonly table?: TableKind;
  /** Whether what was decided is published. @default false */
  readonly events?: boolean;
  /** Whether the release before is at work beside it, in a region after the other. @default false */
  readonly rolling?: boolean;
  /** @default all */
  readonly modes?: readonly Mode[];
  /** Whether the exhaustive exploration finds it too, or the name of the scenario that does. @default false */
  readonly explored?: boolean | string;
  /** Payments per seed. @default 200 */
  readonly payments?: number;
}

const ledger = (name: string, find: string, replace: string): Edit => ({ file: `ledger/${name}.service.ts`, find, replace });

const put = 'return answerClaim(attempt, item, await claimKey(attempt, item));';
/** What is wrong with the claim alone is planted where the hold waits for it. */
const behind = ledger('protocol/authorise', 'if (goesBeside(attempt)) return authoriseBeside(attempt, command, currencyOf, beside);', '');
/** Puts the claim whatever is there, as a plain PutItem would. */
const overwrite = `  await attempt.create(item);
  await attempt.change({
    pk: item.pk, require: [], set: Object.entries(item).filter(([name]) => name !== 'pk').map(([name, value]) => [[name], value] as const),
    remove: [['outcome'], ['reason'], ['closedBy'], ['closeType'], ['pending']],
  });
`;

const claims: readonly Mistake[] = [
  {
    name: 'a claim without a condition',
    edits: [behind, ledger('protocol/authorise', put, `${overwrite}  return answerClaim(attempt, item, { item, mine: true });`)],
  },
  { name: 'conditional writes on an eventually consistent table, without a home region', table: 'EVENTUAL' },
  {
    name: 'read, then write: idempotency by a read of the nearest replica',
    edits: [
      behind,
      ledger(
        'protocol/authorise',
        put,
        `  const there = await attempt.retrying((store) => store.read(item.pk, false));
  if (!there) {
${overwrite}  }
  return answerClaim(attempt, item, there ? { item: there, mine: false } : { item, mine: true });`,
      ),
    ],
  },
  {
    name: 'an SDK resend taken for a duplicate',
    edits: [
      ledger('protocol/authorise', '|| put.found?.nonce === claim.nonce', ''),
      ledger('protocol/provisional', 'mine: found.nonce === item.nonce', 'mine: false'),
    ],
  },
  {
    name: 'a stored answer forgotten after a day',
    edits: [
      ledger(
        'protocol/authorise',
        '  const claim = paymentOf(found);\n  return answer(',
        `  if ((found.at as number) < attempt.ports.nowMs() - 86_400_000) {
${overwrite}    return answer(attempt, paymentOf(item), { replayed: false, nonce: item.nonce as string });
  }
  const claim = paymentOf(found);
  return answer(`,
      ),
    ],
  },
  {
    name: 'a fingerprint without the amount',
    edits: [
      ledger(
        'protocol/authorise',
        "{ call: 'POST /payments', accountId, amount, currency, reference }",
        "{ call: 'POST /payments', accountId, currency, reference }",
      ),
    ],
  },
  {
    name: 'keys shared by all tenants',
    edits: [{ file: 'kernel/fingerprint.ts', find: "digest(['key', tenant, idempotencyKey])", replace: "digest(['key', idempotencyKey])" }],
  },
];

const decisions: readonly Mistake[] = [
  {
    name: 'a decline not recorded on the account',
    edits: [
      ledger(
        'protocol/authorise',
        '  let sure = confirmed.slice(0, bounds.settleAtMost);',
        `  if (bounds.settleAtMost > 0) return { kind: 'decided', decision: { status: 'DECLINED', reason }, stored: false };
  let sure = confirmed.slice(0, bounds.settleAtMost);`,
      ),
    ],
  },
  {
    name: 'a hold over the entry that is there',
    edits: [ledger('protocol/authorise', "    { test: 'absent', path: ['entries', claim.id] },\n", '')],
  },
  {
    name: 'a hold without looking at the balance',
    edits: [ledger('protocol/authorise', ", { test: 'atLeast', path: ['available'], value: Math.max(0, more) }]", ']')],
  },
  {
    name: "an answer made from the helper's own state",
    edits: [
      ledger(
        'protocol/authorise',
        'payment: paymentAfter(claim, decided.decision, []) };',
        'payment: { ...paymentAfter(claim, decided.decision, []), region: attempt.settings.region } };',
      ),
    ],
  },
  {
    name: 'an unknown outcome answered as declined',
    edits: [
      ledger(
        'protocol/authorise',
        '  return hold(attempt, claim, standing);\n',
        `  return hold(attempt, claim, standing)
    .catch(() => ({ kind: 'decided', decision: { status: 'DECLINED', reason: 'insufficient_funds' }, stored: false }) as Decided);\n`,
      ),
    ],
  },
  {
    name: 'a GET that completes what it finds undecided',
    edits: [
      ledger(
        'protocol/reading',
        '  if (!payment?.outcome) return unknownPayment(paymentId);',
        `  if (!payment?.outcome) {
    const pk = \`k#\${paymentId.slice(4)}\`;
    const claim = await attempt.strongRead(pk);
    if (!claim) return unknownPayment(paymentId);
    const declined = [[['outcome'], 'DECLINED'], [['reason'], 'insufficient_funds']];
    await attempt.change({ pk, require: [{ test: 'absent', path: ['outcome'] }], set: declined });
    return getPayment(attempt, paymentId);
  }`,
      ),
    ],
  },
  {
    name: 'only an eventual read before "no such account"',
    edits: [{ file: 'ledger/protocol/service.ts', find: ' ?? (await attempt.strongRead(account))', replace: '' }],
  },
];

const moves: readonly Mistake[] = [
  {
    name: 'an entry deleted at capture or void',
    edits: [
      ledger(
        'protocol/closing',
        "    set: [[['entries', payment.id], encodeEntry({ kind: 'closed', amount: payment.amount, closure: wanted })]],",
        "    remove: [['entries', payment.id]],",
      ),
    ],
  },
  {
    name: 'a refused move not stored',
    edits: [
      ledger(
        'protocol/finish',
        "  return storeDecision(attempt, claim, [[['outcome'], 'REFUSED'], [['code'], code], [['detail'], detail]]);",
        "  return Promise.resolve({ status: 'REFUSED', code, detail });",
      ),
    ],
  },
  {
    name: 'a refund applied twice',
    edits: [
      ledger(
        'protocol/refund',
        "    require: newEntry(claim),\n    set: [[['entries', claim.id], encodeEntry(entry)]],",
        "    require: [],\n    set: [[['entries', claim.id], encodeEntry(entry)]],",
      ),
    ],
  },
  {
    name: 'refunds of one payment side by side',
    edits: [ledger('protocol/refund', "      { test: 'absent', path: ['pending'] }, { test: 'absent', path: ['moves', claim.id] },\n", '')],
  },
  {
    name: "a refund refused by the payment's own item, which lags behind the account",
    edits: [
      ledger(
        'protocol/refund',
        '      const open = await uncaptured(attempt, claim, payment);\n',
        '      const open = await refuseUncaptured(attempt, claim) as Driven | PaymentItem;\n',
      ),
    ],
  },
  {
    name: 'a capture beyond what was authorised',
    edits: [ledger('protocol/move', 'if (claim.amount! > payment.amount) {', 'if (claim.amount! > 2 * payment.amount) {')],
  },
  { name: 'an answer that shows later moves', edits: [ledger('protocol/finish', '.filter((other) => other.order <= own.order)', '')] },
  {
    name: 'payments read from the nearest replica',
    edits: [
      ledger(
        'protocol/find',
        'const item = await attempt.retrying((store) => store.read(keyItemPk(id), strong));',
        'const item = await attempt.retrying((store) => store.read(keyItemPk(id), false));',
      ),
    ],
  },
];

const trimming: readonly Mistake[] = [
  {
    name: 'an entry trimmed without the watermark',
    edits: [ledger('protocol/trim', "    set: [[['trimmedThrough'], throughAfter(account, ripe)]],\n", '')],
  },
  {
    name: 'an entry trimmed before its completion was read',
    edits: [ledger('protocol/trim', 'await inTurns(open, (candidate) => completed(attempt, candidate, seen));', 'new Set(open);')],
  },
  {
    name: 'a claim behind the watermark held all the same',
    edits: [
      ledger(
        'protocol/authorise',
        "{ test: 'below', path: ['trimmedThrough'], value: entryDateOf(claim) },\n    { test: 'fewer'",
        "{ test: 'fewer'",
      ),
    ],
  },
];

const homes: readonly Mistake[] = (
  [
    {
      name: 'a lease that is ignored: the home writes until it reads that it is none',
      // Who never renews a lease is also slow to answer; what counts is the money.
      modes: ['SAFETY'],
      edits: [
        ledger(
          'homes/authority',
          'if (record.leaseUntil < attempt.ports.nowMs() + this.settings.requestMs) { throw',
          'if (record.epoch < 0) { throw',
        ),
        ledger(
          'homes/authority',
          'if (!copy || attempt.ports.nowMs() - copy.readAt >= this.timesOf(copy.record).refreshMs) { copy =',
          'if (!copy) { copy =',
        ),
        ledger(
          'homes/authority',
          'tries < 2 && this.isShort(copy.record, attempt.ports.nowMs())',
          'tries < 2 && copy.record.home === this.region && copy.record.leaseUntil === 0',
        ),
        ledger(
          'homes/authority',
          'untilMs: Math.min(record.leaseUntil, readAt + refreshMs + requestMs)',
          'untilMs: readAt + refreshMs + requestMs + 9e9',
        ),
      ],
    },
    {
      name: 'a takeover before the lease has ended',
      // Homes change hands hundreds of times: a run takes seconds, and few of these are needed where there is much to lose.
      modes: ['SAFETY'],
      payments: 120,
      edits: [ledger('homes/authority', '    if (now <= free) return', '    if (now < 0 * free) return')],
    },
    {
      name: 'items not keyed by epoch',
      edits: [{ file: 'ledger/homes/carry.domain.ts', find: '=> `${pk}@${epoch}`;', replace: '=> `${pk}@${Math.min(epoch, 1)}`;' }],
    },
    {
      name: 'a drain that trusts one watermark item',
      edits: [
        ledger(
          'operator/relocate',
          '    return { missing, older, compared: this.compared, sample };',
          `    if (missing + older < pks.length) this.open.clear();
    return { missing, older, compared: this.compared, sample };`,
        ),
      ],
    },
    {
      name: 'a drain that does not wait for what the old home has under way',
      edits: [ledger('operator/relocate', '    await this.sleep(quietMs + slackMs);\n', '')],
    },
    {
      name: 'a planned move that compares nothing again that was written during it',
      edits: [ledger('operator/relocate', '    for (const pk of noted) this.open.set(pk, undefined);\n', '')],
    },
    {
      name: 'a page of the journal read while the home still writes it',
      edits: [ledger('operator/relocate', '    await this.sleep(quietAt - this.now());\n', '')],
    },
    {
      name: 'an entry trimmed in a new epoch before what it names was carried over',
      edits: [
        ledger('protocol/trim', 'isPlainCopy(own) ? Infinity : (own.writtenAt as number)', 'own.writtenAt as number'),
        ledger('protocol/trim', 'await takeOver(attempt, [...seen.values()].filter(isPlainCopy));', ''),
      ],
    },
  ] satisfies Mistake[]
).map((mistake): Mistake => ({ payments: 60, ...mistake, table: 'HOME' }));

export const mistakes: readonly Mistake[] = [
  ...claims,
  ...decisions,
  ...moves,
  ...trimming,
  ...homes,
  ...told,
  ...provisional,
  ...leaving,
  ...homeLeaving,
  ...openLoad,
];
