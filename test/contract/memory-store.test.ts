import { MemoryStore } from './memory-store';
import { storeContract } from './store-contract';

let count = 0;
const store = new MemoryStore();

describe('the store in memory', () => {
  storeContract(() => store, () => `m${count += 1}`);
});
