import { storeContract } from './store-contract';
import { DynamoStore } from '../../src/ledger/aws';
import { startEngine, Engine } from '../../tools/engine';

let engine: Engine;
let count = 0;

beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

describe('the store on a real engine', () => {
  storeContract(
    () => new DynamoStore(engine.client, engine.tableName),
    () => `d${(count += 1)}`,
  );

  it('says that nothing is known when the engine does not answer', async () => {
    const gone = await startEngine();
    const store = new DynamoStore(gone.client, gone.tableName);
    await gone.close();
    await expect(store.read('a#x', true)).rejects.toMatchObject({ name: 'StoreFault', fault: 'unknown' });
  });

  it('does not call a missing table a passing fault', async () => {
    const store = new DynamoStore(engine.client, 'no-such-table');
    await expect(store.read('a#x', true)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});
