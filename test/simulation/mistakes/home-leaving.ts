import type { Edit, Mistake } from './catalogue';

const carry = (find: string, replace: string): Edit => ({ file: 'ledger/homes/carry.domain.ts', find, replace });
const arrivals = (find: string, replace: string): Edit => ({ file: 'ledger/homes/arrivals.service.ts', find, replace });

const strangers = (find: string, replace: string): Edit => ({ file: 'ledger/protocol/strangers.service.ts', find, replace });

const lostKey = 'epochs: a key for two accounts';
const leavesAndIsCaptured = 'epochs: a hold that leaves, and is captured then';
const threeHomes = 'epochs: three homes, and a hold that leaves';

/** Mistakes with entries that leave their accounts where copies follow: the home after a lost one shows them. */
export const homeLeaving: readonly Mistake[] = (
  [
    {
      name: "a payment's own closure that counts in the next epoch though its account has not taken it",
      edits: [carry('if (dueAt === undefined) return true;', 'if (id !== "") return true;')],
    },
    {
      name: "a payment's own closure that counts in no next epoch, once its entry has gone",
      edits: [carry('if (dueAt === undefined) return true;', 'if (id !== "") return dueAt === undefined;')],
    },
    {
      name: 'a closing move that counts in the next epoch by the date of its payment',
      edits: [
        carry(
          'move.appliedAt === undefined ? trimmed(move.paymentAt) && isCloser(move, others)',
          'trimmed(move.paymentAt) ? isCloser(move, others)',
        ),
      ],
    },
  ] satisfies Omit<Mistake, 'table'>[]
).map((mistake): Mistake => ({ ...mistake, table: 'HOME', modes: ['SAFETY'], explored: leavesAndIsCaptured }));

/** The same that only show when items arrive in one of many orders: chance does not find them soon. */
export const homeLeavingByOrder: readonly Mistake[] = (
  [
    {
      name: 'an entry that goes before other regions have it',
      edits: [
        {
          file: 'ledger/protocol/trim.service.ts',
          find: 'arrived?.ids.has(candidate.id) === true && asked.includes(candidate)',
          replace: 'asked.includes(candidate)',
        },
      ],
    },
    { name: 'an entry named as arrived by its key, whatever it says', edits: [arrivals('codes[id] === code', 'codes[id] !== undefined')] },
    {
      name: 'an entry named as arrived without what is behind it',
      edits: [
        arrivals('.filter(({ behind }) => behind.every(isHere))', '.filter(({ behind }) => behind.every(isHere) || keys.length > 0)'),
      ],
    },
    {
      name: 'an item named as arrived in whatever version',
      edits: [arrivals('(versions.get(keyOf(id)) ?? -1) >= version', 'versions.has(keyOf(id)) && version > 0')],
    },
    {
      name: 'a closure that counts in the next epoch by the date of its payment',
      edits: [carry('own.trimmed(own.move.appliedAt)', 'own.trimmed(by.account.openedAt as number)')],
    },
    {
      name: 'a hold whose key another account has, and that no look gives back',
      explored: lostKey,
      edits: [strangers('if (account.carriedFrom === undefined) return;', 'if (account.pk !== undefined) return;')],
    },
    {
      name: 'an entry that goes with the hold that is given back',
      explored: 'epochs: three homes, and a key for two accounts',
      edits: [
        strangers("set: [[['entries', id], encodeEntry({ kind: 'declined', reason: holdLostReason })]],", "remove: [['entries', id]],"),
      ],
    },
    {
      name: "a look that completes another account's payment",
      explored: lostKey,
      edits: [
        {
          file: 'ledger/protocol/trim.service.ts',
          find: 'const ours = candidates.filter((candidate) => !strangers.includes(candidate));',
          replace: 'const ours = candidates;',
        },
      ],
    },
    {
      name: 'a refund that counts in the next epoch by its payment alone',
      explored: 'epochs: a payment captured and refunded at once',
      edits: [carry('return own !== undefined && own.trimmed(entryDateOf(own.move));', 'return own !== undefined;')],
    },
    {
      name: 'an item that counts in an epoch whose account comes from another one',
      explored: threeHomes,
      edits: [
        {
          file: 'ledger/homes/line.domain.ts',
          find: 'marksOf(account).some(([left]) => left === epoch);',
          replace: 'marksOf(account).length > 0 || epoch > 0;',
        },
      ],
    },
    {
      name: 'what became of a claim in an epoch that its account never was in',
      explored: threeHomes,
      edits: [carry('return reclaim(claimOf(item), by.account, by.others);', 'return reclaim(item, by.account, by.others);')],
    },
  ] satisfies Omit<Mistake, 'table'>[]
).map((mistake): Mistake => ({ explored: leavesAndIsCaptured, ...mistake, table: 'HOME' }));
