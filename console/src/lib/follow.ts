import type { Client } from 'urql';
import { type EntryRowFragment, LedgerEntryAddedDocument } from '../gql/documents';

/** The pauses between tries, while there is no way through. */
const PAUSES_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000];

/** An account, and the number of its last entry that is known here. */
export interface Account {
  customerId: string;
  creditTypeId: string;
  sequence: string;
}

interface Listener {
  added: (entry: EntryRowFragment) => void;
  /** Nothing is heard until a next try succeeds. */
  lost: () => void;
}

/**
 * Follows an account from the last entry that is known: each entry is told once and in order. When the
 * way is lost it is tried again from the last entry that was heard, so none is missed meanwhile.
 */
export function follow(client: Client, account: Account, { added, lost }: Listener): () => void {
  const { customerId, creditTypeId } = account;
  let afterSequence = account.sequence;
  let failures = 0;
  let stop: () => void = () => undefined;
  const again = () => {
    stop();
    lost();
    const pause = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)];
    failures += 1;
    const timer = window.setTimeout(start, pause);
    stop = () => window.clearTimeout(timer);
  };
  const start = () => {
    const variables = { customerId, creditTypeId, afterSequence };
    const { unsubscribe } = client.subscription(LedgerEntryAddedDocument, variables).subscribe((result) => {
      const entry = result.data?.ledgerEntryAdded;
      if (result.error !== undefined || entry === undefined) {
        again();
      } else if (BigInt(entry.sequence) > BigInt(afterSequence)) {
        failures = 0;
        afterSequence = entry.sequence;
        added(entry);
      }
    });
    stop = unsubscribe;
  };
  start();
  return () => stop();
}
