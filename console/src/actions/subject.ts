import type { CustomerQuery } from '../gql/documents';
import type { Unit } from '../lib/decimal';
import { shortTime } from '../lib/time';

/** Whose credit an action is about. */
export type Subject = NonNullable<CustomerQuery['customer']>;

/** What the customer has in a credit type, zero where there never was any. */
export function balanceIn(subject: Subject, unit: Unit | undefined) {
  const found = subject.balances.find(({ creditType }) => creditType.id === unit?.id);
  return {
    posted: found?.posted ?? '0',
    available: found?.available ?? '0',
    held: found?.held ?? '0',
    scheduled: found?.scheduled ?? '0',
  };
}

/** The customer's present: on a test clock that is what the clock shows. */
export function nowOf(subject: Subject): Date {
  return subject.testClock === null ? new Date() : new Date(subject.testClock.frozenTime);
}

/** What an empty field for a time means. */
export function emptyNow({ testClock }: Subject): string {
  return testClock === null ? 'Empty: now.' : `Empty: now, which is ${shortTime(testClock.frozenTime)} by the test clock.`;
}
