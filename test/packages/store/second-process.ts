// Run as a process by the tests of the embedded store: opens a directory, says what happened, waits for its end.
import { openEmbedded } from '@swarmscope/store/embedded.ts';

try {
  const store = await openEmbedded({ directory: process.argv[2]! });
  console.log('open');
  await store.close();
} catch (error) {
  console.log(String(error));
}
