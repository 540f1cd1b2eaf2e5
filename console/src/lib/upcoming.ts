import type { CreditWindowFragment, GrantWindowFragment } from '../gql/documents';
import { isZero, smaller, subtract, times } from './decimal';

/** Something that time alone will do. */
export interface Upcoming {
  at: string;
  what: 'starts' | 'expires' | 'rolls over';
  name: string;
  amount: string;
}

/** The window of something that was or will be spent from. */
export interface Span {
  from: string;
  until: string | null;
}

/** What there is in one credit type. */
export interface Windows {
  grants: GrantWindowFragment[];
  credits: CreditWindowFragment[];
}

/** All windows that are not voided. */
export function spansIn({ grants, credits }: Windows): Span[] {
  return [
    ...grants
      .filter(({ status }) => status !== 'VOIDED')
      .flatMap((grant) => [
        { from: grant.effectiveAt, until: grant.expiresAt },
        ...(grant.rollover === null ? [] : [{ from: grant.effectiveAt, until: grant.rollover.expiresAt }]),
      ]),
    ...credits
      .flatMap((credit) => credit.accessSchedule.segments)
      .filter(({ status }) => status !== 'VOIDED')
      .map((segment) => ({ from: segment.startingAt, until: segment.endingBefore })),
  ];
}

/** What is scheduled to start, to expire and to roll over, by time. */
export function upcomingIn({ grants, credits }: Windows, now: string): Upcoming[] {
  const all: Upcoming[] = [];
  const window = (
    name: string,
    { from, until }: Span,
    left: string,
    rollover: { cap: string; until: string } | null,
  ) => {
    if (from > now) all.push({ at: from, what: 'starts', name, amount: left });
    if (until === null || until <= now || isZero(left)) return;
    const rolled = rollover === null ? '0' : smaller(left, rollover.cap);
    const rest = subtract(left, rolled);
    if (rollover !== null && !isZero(rolled)) {
      all.push({ at: until, what: 'rolls over', name, amount: rolled });
      all.push({ at: rollover.until, what: 'expires', name, amount: rolled });
    }
    if (!isZero(rest)) all.push({ at: until, what: 'expires', name, amount: rest });
  };
  for (const grant of grants) {
    if (grant.status === 'VOIDED') continue;
    window(grant.name, { from: grant.effectiveAt, until: grant.expiresAt }, grant.remaining, rolloverOf(grant));
  }
  for (const credit of credits) {
    for (const segment of credit.accessSchedule.segments) {
      if (segment.status === 'VOIDED') continue;
      const name = credit.name ?? credit.product.name;
      window(name, { from: segment.startingAt, until: segment.endingBefore }, segment.remaining, null);
    }
  }
  return all.sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
}

/** The most that rolls over, to the last digit, where a share is rounded down; and until when. */
function rolloverOf({ rollover, grantAmount }: GrantWindowFragment): { cap: string; until: string } | null {
  if (rollover === null) return null;
  const { value, expiresAt: until } = rollover;
  if (rollover.kind === 'MAX_AMOUNT') return { cap: value, until };
  const [whole = '0', fraction = ''] = times(grantAmount.amount, value).split('.');
  const kept = fraction.slice(0, grantAmount.creditType.scale);
  return { cap: kept === '' ? whole : `${whole}.${kept}`, until };
}

interface Stretch {
  from: number;
  now: number;
  until: number;
}

/**
 * The instants whose balance the chart asks for, `count` before now and `count` after: every start and
 * end in sight, as many of them evenly where there are more; what is left of the past, evenly. Where
 * not all windows are known, the time ahead is asked for evenly, too.
 */
export function instants(spans: Span[], { from, now, until }: Stretch, isWhole: boolean, count: number): string[][] {
  const edges = new Set<string>();
  for (const span of spans) {
    for (const at of [span.from, span.until]) {
      const time = at === null ? Number.NaN : new Date(at).getTime();
      if (at !== null && time > from && time < until) edges.add(at);
    }
  }
  const sorted = [...edges].sort(byTime);
  const coming = sorted.filter((at) => new Date(at).getTime() > now);
  const ahead = isWhole ? evenly(coming, count - 2) : grid(now, until, count - 1).slice(1);
  const behind = evenly(sorted.filter((at) => new Date(at).getTime() <= now), count / 3);
  const present = new Date(now).toISOString();
  return [
    [...grid(from, now, count - behind.length - 1), ...behind, present].sort(byTime),
    [present, ...ahead, new Date(until).toISOString()],
  ];
}

/** So many instants from the one on, before the other, at even distances. */
function grid(from: number, until: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => new Date(from + ((until - from) * index) / count).toISOString());
}

function byTime(one: string, other: string): number {
  return new Date(one).getTime() - new Date(other).getTime();
}

/** At most so many of them, the first and the last among them. */
function evenly(all: string[], most: number): string[] {
  if (all.length <= most) return all;
  const places = Array.from({ length: Math.floor(most) }, (_, index) => Math.round((index * (all.length - 1)) / (most - 1)));
  return [...new Set(places)].flatMap((place) => all[place] ?? []);
}
