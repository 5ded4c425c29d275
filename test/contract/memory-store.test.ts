import { storeContract } from './store-contract';
import { MemoryStore } from '../../tools/memory/memory-store';

let count = 0;
const store = new MemoryStore();

describe('the store in memory', () => {
  storeContract(
    () => store,
    () => `m${(count += 1)}`,
  );
});
