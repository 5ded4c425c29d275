import type { Edit, Mistake } from './catalogue';
import { homeLeavingByOrder } from './home-leaving';
import { leavingByOrder } from './leaving';
import { movesBeside } from './moves-beside';

const ledger = (name: string, find: string, replace: string): Edit => ({ file: `ledger/protocol/${name}.ts`, find, replace });
const outbox = (find: string, replace: string): Edit => ({ file: 'events/outbox/domain.ts', find, replace });

const fence = 'for (const item of await Promise.all(missing.map((pk) => fence(attempt, pk)))) claims.set(item.pk, item);';

/** Mistakes with holds that are sent beside their claims. */
export const provisional: readonly Mistake[] = (
  [
    {
      name: 'an orphan taken for a hold',
      edits: [ledger('entries.domain', 'return entry.nonce === owner.nonce ? {', "return owner.nonce !== '' ? {")],
    },
    {
      name: 'an entry confirmed by a claim of another nonce',
      edits: [ledger('provisional.service', 'isPayment(claim) && claim.nonce === entry.nonce', 'isPayment(claim)')],
    },
    {
      name: 'a payment accepted by its claim, whatever became of its hold',
      edits: [ledger('authorise.service', 'if (isHeld) return {', 'if (isHeld || claim.amount > 0) return {')],
    },
    {
      name: 'a payment accepted by its hold, whatever became of its claim',
      edits: [
        ledger(
          'authorise.service',
          "if (put.kind === 'written' || put.found?.nonce === claim.nonce) {",
          "if (isHeld || put.kind === 'written' || put.found?.nonce === claim.nonce) {",
        ),
      ],
    },
    {
      name: 'a decline against the funds of orphans',
      edits: [
        ledger(
          'provisional.service',
          'if (most < needed) return { freed: false, confirmed: [] };',
          'if (most >= 0) return { freed: false, confirmed: [] };',
        ),
      ],
    },
    {
      name: 'an orphan told by a claim that is not there yet',
      edits: [
        ledger('provisional.service', fence, ''),
        ledger('provisional.service', 'const claim = claims.get(keyItemPk(entry.id))!;', 'const claim = claims.get(keyItemPk(entry.id));'),
        ledger('provisional.service', 'return isPayment(claim) &&', 'return claim && isPayment(claim) &&'),
      ],
    },
    {
      name: 'an orphan told by an old copy of its key, without a strong read',
      edits: [
        ledger(
          'provisional.service',
          'for (const item of await attempt.retrying((store) => store.readMany(pks))) claims.set(item.pk, item);',
          `for (const pk of pks) {
      const item = await attempt.retrying((store) => store.read(pk, false));
      if (item) claims.set(pk, item);
    }`,
        ),
        ledger('provisional.service', fence, "for (const pk of missing) claims.set(pk, { pk, kind: 'FENCE' });"),
      ],
    },
    {
      name: 'an orphan given back twice',
      edits: [ledger('provisional.service', 'require: orphans.map(unchanged),\n    add:', 'require: [],\n    add:')],
    },
    {
      name: "a hold in an orphan's place, whose funds stay held",
      edits: [ledger('authorise.service', 'const more = claim.amount - (orphan?.amount ?? 0);', 'const more = claim.amount;')],
    },
    {
      name: "a hold in an orphan's place behind the watermark",
      explored: false,
      edits: [
        ledger('authorise.service', "value: code },\n  { test: 'below', path: ['trimmedThrough'], value: at },\n];", 'value: code },\n];'),
      ],
    },
    {
      name: 'provisional entries trimmed before they are resolved',
      edits: [
        ledger(
          'provisional.service',
          'const claim = claims.get(keyItemPk(entry.id))!;',
          'const claim = claims.get(keyItemPk(entry.id))!;\n    if (claim.outcome === undefined) return [];',
        ),
      ],
    },
    {
      name: 'an orphan told as a payment',
      events: true,
      payments: 60,
      edits: [
        outbox(
          'return claim || nowMs - only.writtenAt >= proviso.waitMs ? claims : undefined;',
          'return claim || nowMs - only.writtenAt >= proviso.waitMs ? claim !== undefined && isPayment(claim) : undefined;',
        ),
      ],
    },
    {
      name: 'a hold passed over whose claim came late',
      events: true,
      payments: 60,
      edits: [
        outbox('nowMs - only.claimedAt < proviso.lateMs', 'nowMs > 0'),
        outbox('nowMs - only.writtenAt >= proviso.waitMs', 'nowMs > 0'),
      ],
    },
  ] satisfies Mistake[]
).map((mistake: Mistake): Mistake => ({ explored: !mistake.events, ...mistake }));

/** Mistakes that show in one order out of very many: chance does not find them soon, going through all orders does. */
export const foundByOrder: readonly Mistake[] = [
  ...homeLeavingByOrder,
  {
    name: 'a nonce used again behind a fence',
    explored: 'two attempts of one payment, and a look after the account',
    edits: [
      ledger(
        'provisional.service',
        'const fresh = { ...claim, nonce: attempt.ports.nonce() };',
        'const fresh = { ...claim, nonce: claim.nonce };',
      ),
    ],
  },
  ...movesBeside,
  ...leavingByOrder,
];
