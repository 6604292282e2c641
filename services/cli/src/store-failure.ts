// What a store refuses or cannot do, as one sentence.
import type { StoreError } from '@swarmscope/store/store.ts';
import { Failure } from './failure.ts';

/** The first line of what it says, with ClickHouse's name for it. */
export function storeFailure(error: StoreError): Failure {
  const [line = 'the store failed'] = error.message.split('\n');
  return new Failure(error.symbol === '' || line.includes(error.symbol) ? line : `${line} (${error.symbol})`);
}
