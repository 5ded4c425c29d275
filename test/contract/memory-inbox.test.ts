import { inboxContract } from './inbox-contract';
import { MemoryInbox } from './memory-inbox';

let count = 0;
const inbox = new MemoryInbox();

describe('the inbox in memory', () => {
  inboxContract(
    () => inbox,
    () => `m${(count += 1)}`,
  );
});
