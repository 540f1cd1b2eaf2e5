import { SegmentedControl, Table } from '@mantine/core';
import { useMemo, useRef, useState } from 'react';
import { useQuery } from 'urql';
import { CreditWindowsDocument, GrantWindowsDocument } from '../../gql/documents';
import { useInAddress } from '../../lib/address';
import { useAll } from '../../lib/all';
import { grouped, type Unit } from '../../lib/decimal';
import { POINTS, type Series, seriesOf } from '../../lib/series';
import { daysFrom, When } from '../../lib/time';
import { instants, spansIn, type Upcoming, upcomingIn, type Windows } from '../../lib/upcoming';
import { Amount, Scroll } from '../../parts/bits';
import { CopyGraphql } from '../../parts/CopyGraphql';
import { useFollowed } from '../../parts/Following';
import { Loaded } from '../../parts/Loaded';
import { type Drawn, Picture, type Point } from './Picture';

const DAY_MS = 86_400_000;
const RANGES = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: '1 year' },
];

interface Props {
  customerId: string;
  unit: Unit;
  /** The customer's present; on a test clock that is another than ours. */
  asOf: string;
  /** Changes when the books do. */
  state: string;
}

/** The balance as it was, and as time alone will change it. */
export function Chart(props: Props) {
  const [range, setRange] = useInAddress('range', '90');
  return (
    <section className="section chart-section" aria-label="Balance over time">
      <div className="section-head">
        <h2>
          Balance over time <span className="dim">{props.unit.name}</span>
        </h2>
        <SegmentedControl
          size="xs"
          aria-label="How far back and ahead"
          data={RANGES}
          value={range}
          onChange={setRange}
        />
      </div>
      <Reaching key={range} {...props} days={Number(range) || 90} />
    </section>
  );
}

/** Looks up all windows that reach into the chart, or begin later. */
function Reaching({ days, ...props }: Props & { days: number }) {
  const { beat } = useFollowed();
  // While the page is open, the chart begins where it began.
  const [from] = useState(() => daysFrom(new Date(props.asOf).getTime(), -days));
  const filter = { creditTypeIds: [props.unit.id] };
  const grants = useAll(
    GrantWindowsDocument,
    { id: props.customerId, filter: { ...filter, notExpiringBefore: from } },
    ({ customer }) => customer?.creditGrants,
    `${props.state} ${beat}`,
  );
  const credits = useAll(
    CreditWindowsDocument,
    { id: props.customerId, filter: { ...filter, endsAfter: from } },
    ({ customer }) => customer?.credits,
    `${props.state} ${beat}`,
  );
  const [granted, credited] = [grants[0].data, credits[0].data];
  const windows = useMemo(
    () => ({ grants: granted?.nodes ?? [], credits: credited?.nodes ?? [] }),
    [granted, credited],
  );
  return (
    <Loaded result={grants} rows={8}>
      {({ isWhole }) => (
        <Loaded result={credits} rows={8}>
          {(some) => (
            <Points {...props} days={days} windows={windows} isWhole={isWhole && some.isWhole} />
          )}
        </Loaded>
      )}
    </Loaded>
  );
}

function Points({
  customerId,
  unit,
  asOf,
  state: booksState,
  days,
  windows,
  isWhole,
}: Props & { days: number; windows: Windows; isWhole: boolean }) {
  const { now, from, until, asked } = useMemo(() => {
    const at = new Date(asOf).getTime();
    const start = at - days * DAY_MS;
    const end = at + days * DAY_MS;
    const stretch = { from: start, now: at, until: end };
    return { ...stretch, asked: instants(spansIn(windows), stretch, isWhole, POINTS) };
  }, [windows, isWhole, days, booksState]);
  const ids = { id: customerId, creditTypeId: unit.id };
  const past = useSeries(ids, asked[0]);
  const ahead = useSeries(ids, asked[1]);
  // What is drawn goes together with what it was asked for: the last that was answered.
  const drawn = useRef<Drawn | null>(null);
  if (past.points !== null && ahead.points !== null) {
    drawn.current = { past: past.points, ahead: ahead.points, from, now, until };
  }
  const upcoming = upcomingIn(windows, new Date(now).toISOString());
  const [state, again] = past.result;
  const error = state.error ?? ahead.result[0].error;
  return (
    <Loaded result={[{ ...state, error, data: drawn.current ?? undefined }, again]} rows={8}>
      {(picture) => (
        <div className="chart-columns">
          <div>
            <Picture {...picture} upcoming={upcoming} unit={unit} />
            {!isWhole && (
              <p className="dim">
                There are too many windows to look all of them up: ahead, the line is right at {POINTS} even points, and may
                move between them.
              </p>
            )}
            <div className="chart-foot">
              <CopyGraphql document={seriesOf(asked[1]?.length ?? 0)} variables={ahead.variables} />
            </div>
          </div>
          <Ahead points={picture.ahead} upcoming={upcoming} unit={unit} isWhole={isWhole} />
        </div>
      )}
    </Loaded>
  );
}

/** The balance at each of these instants; null while it is asked for. */
function useSeries(ids: { id: string; creditTypeId: string }, asked: string[] = []) {
  const variables = useMemo(
    () => ({ ...ids, ...Object.fromEntries(asked.map((at, index) => [`at${index}`, at])) }),
    [ids.id, ids.creditTypeId, asked],
  );
  const result = useQuery({ query: seriesOf(asked.length), variables, requestPolicy: 'network-only' });
  const [{ data, fetching, stale }] = result;
  const isAnswered = data?.customer !== undefined && data.customer !== null && !fetching && !stale;
  return { variables, result, points: isAnswered ? pointsOf(data, asked) : null };
}

function pointsOf(series: Series, asked: string[]): Point[] {
  return asked.flatMap((at, index) => {
    const point = series.customer?.[`p${index}`];
    return point === undefined ? [] : [{ at, posted: point.posted }];
  });
}

const SHOWN = 4;

/** The same in words: what comes, and the balance after it. */
function Ahead({
  points,
  upcoming,
  unit,
  isWhole,
}: {
  points: Point[];
  upcoming: Upcoming[];
  unit: Unit;
  isWhole: boolean;
}) {
  const [all, setAll] = useState(false);
  const shown = all ? upcoming : upcoming.slice(0, SHOWN);
  const after = (at: string) => points.find((point) => point.at === at)?.posted;
  return (
    <div className="ahead">
      <h3>Scheduled</h3>
      {!isWhole && (
        <p className="dim">Of the oldest windows only: there are more than can be looked up. The lists below have all.</p>
      )}
      {upcoming.length === 0 ? (
        <p className="dim">{isWhole ? 'Nothing will start, expire or roll over.' : 'Nothing of these will start, expire or roll over.'}</p>
      ) : (
        <Scroll label="What is scheduled">
          <Table className="list compact">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>When</Table.Th>
                <Table.Th>What</Table.Th>
                <Table.Th className="number">Amount</Table.Th>
                <Table.Th className="number">Balance then</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {shown.map((event, index) => (
                <Table.Tr key={index}>
                  <Table.Td>
                    <When at={event.at} dayOnly />
                  </Table.Td>
                  <Table.Td>
                    <span className={`mark ${event.what.split(' ')[0]}`} /> {event.what}
                    <span className="sub">{event.name}</span>
                  </Table.Td>
                  <Table.Td className="number">
                    <Amount value={event.amount} unit={unit} />
                  </Table.Td>
                  <Table.Td className="number dim">{grouped(after(event.at) ?? '') || '…'}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Scroll>
      )}
      {upcoming.length > SHOWN && (
        <button type="button" className="link" onClick={() => setAll(!all)}>
          {all ? 'Fewer' : `${upcoming.length - SHOWN} more`}
        </button>
      )}
    </div>
  );
}
