import { SegmentedControl, Table } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { max } from 'd3-array';
import { scaleLinear, scaleTime } from 'd3-scale';
import { area, curveStepAfter, line } from 'd3-shape';
import { type PointerEvent, useMemo, useRef, useState } from 'react';
import { useQuery } from 'urql';
import { CreditWindowsDocument, GrantWindowsDocument } from '../../gql/documents';
import { useInAddress } from '../../lib/address';
import { useAll } from '../../lib/all';
import { grouped, pixelValue, type Unit, withUnit } from '../../lib/decimal';
import { POINTS, type Series, SeriesDocument } from '../../lib/series';
import { daysFrom, shortTime, utcTime, When } from '../../lib/time';
import { instants, spansIn, type Upcoming, upcomingIn, type Windows } from '../../lib/upcoming';
import { Amount, Scroll } from '../../parts/bits';
import { CopyGraphql } from '../../parts/CopyGraphql';
import { useFollowed } from '../../parts/Following';
import { Loaded } from '../../parts/Loaded';

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

interface Point {
  at: string;
  posted: string;
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
  state,
  days,
  windows,
  isWhole,
}: Props & { days: number; windows: Windows; isWhole: boolean }) {
  const { now, from, until, asked } = useMemo(() => {
    const at = new Date(asOf).getTime();
    const start = at - days * DAY_MS;
    const end = at + days * DAY_MS;
    return { now: at, from: start, until: end, asked: instants(spansIn(windows), start, at, end, POINTS) };
  }, [windows, days, state]);
  const variables = useMemo(
    () => ({
      id: customerId,
      creditTypeId: unit.id,
      ...Object.fromEntries(asked.map((at, index) => [`at${index}`, at])),
    }),
    [customerId, unit.id, asked],
  );
  const result = useQuery({ query: SeriesDocument, variables, requestPolicy: 'network-only' });
  // What is drawn goes together with what it was asked for: the last that was answered.
  const drawn = useRef<{ points: Point[]; from: number; now: number; until: number } | null>(null);
  const [{ data, fetching, stale }] = result;
  if (data?.customer && !fetching && !stale) drawn.current = { points: pointsOf(data, asked), from, now, until };
  const upcoming = upcomingIn(windows, new Date(now).toISOString());
  return (
    <Loaded result={[{ ...result[0], data: drawn.current ?? undefined }, result[1]]} rows={8}>
      {(picture) => (
        <div className="chart-columns">
          <div>
            <Picture {...picture} upcoming={upcoming} unit={unit} />
            <div className="chart-foot">
              <CopyGraphql document={SeriesDocument} variables={variables} />
            </div>
          </div>
          <Ahead points={picture.points} upcoming={upcoming} unit={unit} isWhole={isWhole} />
        </div>
      )}
    </Loaded>
  );
}

function pointsOf(series: Series, asked: string[]): Point[] {
  return asked.flatMap((at, index) => {
    const point = series.customer?.[`p${index}`];
    return point === undefined ? [] : [{ at, posted: point.posted }];
  });
}

const HEIGHT = 250;
const EDGE = { top: 14, right: 12, bottom: 40, left: 68 };

function Picture({
  points,
  upcoming,
  unit,
  from,
  now,
  until,
}: {
  points: Point[];
  upcoming: Upcoming[];
  unit: Unit;
  from: number;
  now: number;
  until: number;
}) {
  const { ref, width } = useElementSize();
  const [over, setOver] = useState<Point | null>(null);
  const right = Math.max(width, 260) - EDGE.right;
  const floor = HEIGHT - EDGE.bottom;
  const x = scaleTime().domain([from, until]).range([EDGE.left, right]);
  const top = max(points, ({ posted }) => pixelValue(posted)) ?? 0;
  const y = scaleLinear()
    .domain([0, top > 0 ? top * 1.08 : 1])
    .range([floor, EDGE.top]);
  const place = (at: string) => x(new Date(at));
  const past = points.filter(({ at }) => new Date(at).getTime() <= now);
  const ahead = points.filter(({ at }) => new Date(at).getTime() >= now);
  const shape = area<Point>()
    .curve(curveStepAfter)
    .x(({ at }) => place(at))
    .y0(floor)
    .y1(({ posted }) => y(pixelValue(posted)));
  const outline = line<Point>()
    .curve(curveStepAfter)
    .x(({ at }) => place(at))
    .y(({ posted }) => y(pixelValue(posted)));
  const hover = (event: PointerEvent<SVGSVGElement>) => {
    const at = x.invert(event.clientX - event.currentTarget.getBoundingClientRect().left).getTime();
    const before = points.filter((point) => new Date(point.at).getTime() <= at);
    setOver(before.at(-1) ?? null);
  };
  const current = past.at(-1);
  return (
    <div ref={ref} className="chart">
      <svg
        width={Math.max(width, 260)}
        height={HEIGHT}
        role="img"
        aria-label={`Balance now ${withUnit(current?.posted ?? '0', unit)}, at the end of the chart ${withUnit(points.at(-1)?.posted ?? '0', unit)}`}
        onPointerMove={hover}
        onPointerLeave={() => setOver(null)}
      >
        <Axes x={x} y={y} floor={floor} right={right} />
        <path className="chart-past" d={shape(past) ?? ''} />
        <path className="chart-ahead" d={shape(ahead) ?? ''} />
        <path className="chart-line" d={outline(past) ?? ''} />
        <path className="chart-line dashed" d={outline(ahead) ?? ''} />
        <line className="chart-now" x1={x(now)} x2={x(now)} y1={EDGE.top} y2={floor} />
        <text className="chart-label" x={x(now) + 4} y={EDGE.top + 8}>
          now
        </text>
        {upcoming
          .filter(({ at }) => new Date(at).getTime() < until)
          .map((event, index) => (
            <Mark key={index} event={event} x={place(event.at)} y={floor + 8} unit={unit} />
          ))}
        {over !== null && (
          <g className="chart-over">
            <line x1={place(over.at)} x2={place(over.at)} y1={EDGE.top} y2={floor} />
            <circle cx={place(over.at)} cy={y(pixelValue(over.posted))} r="3.5" />
          </g>
        )}
      </svg>
      <p className="chart-read" title={over === null ? undefined : utcTime(over.at)}>
        {over === null ? (
          <>
            <span className="key past" /> was <span className="key ahead" /> by time alone{' '}
            <span className="mark starts" /> starts <span className="mark expires" /> expires{' '}
            <span className="mark rolls" /> rolls over
          </>
        ) : (
          <>
            {shortTime(over.at)}: <strong>{withUnit(over.posted, unit)}</strong>
          </>
        )}
      </p>
    </div>
  );
}

function Axes({
  x,
  y,
  floor,
  right,
}: {
  x: ReturnType<typeof scaleTime<number, number>>;
  y: ReturnType<typeof scaleLinear<number, number>>;
  floor: number;
  right: number;
}) {
  const days = x.tickFormat();
  const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 2 });
  return (
    <g className="chart-axes" aria-hidden="true">
      {y.ticks(4).map((tick) => (
        <g key={tick}>
          <line x1={EDGE.left} x2={right} y1={y(tick)} y2={y(tick)} />
          <text x={EDGE.left - 8} y={y(tick) + 4} textAnchor="end">
            {short.format(tick)}
          </text>
        </g>
      ))}
      {x.ticks(Math.max(2, Math.round((right - EDGE.left) / 110))).map((tick) => (
        <text key={tick.getTime()} x={x(tick)} y={floor + 32} textAnchor="middle">
          {days(tick)}
        </text>
      ))}
    </g>
  );
}

function Mark({ event, x, y, unit }: { event: Upcoming; x: number; y: number; unit: Unit }) {
  const title = `${shortTime(event.at)}: ${withUnit(event.amount, unit)} ${event.what} (${event.name})`;
  return (
    <g className={`chart-mark ${event.what.split(' ')[0]}`} transform={`translate(${x},${y})`}>
      <title>{title}</title>
      {event.what === 'rolls over' ? (
        <circle r="4" />
      ) : (
        <path d={event.what === 'starts' ? 'M0,-5 L5,4 L-5,4 Z' : 'M0,5 L5,-4 L-5,-4 Z'} />
      )}
    </g>
  );
}

const SHOWN = 5;

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
      {upcoming.length === 0 ? (
        <p className="dim">Nothing will start, expire or roll over.</p>
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
      {!isWhole && <p className="dim">There is more than can be shown here; the lists below have all of it.</p>}
      {upcoming.length > SHOWN && (
        <button type="button" className="link" onClick={() => setAll(!all)}>
          {all ? 'Fewer' : `${upcoming.length - SHOWN} more`}
        </button>
      )}
    </div>
  );
}
