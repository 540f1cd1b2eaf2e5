import { max } from 'd3-array';
import { scaleLinear, scaleTime } from 'd3-scale';
import { area, curveStepAfter, line } from 'd3-shape';
import { useElementSize } from '@mantine/hooks';
import { type KeyboardEvent, type PointerEvent, useState } from 'react';
import { pixelValue, type Unit, withUnit } from '../../lib/decimal';
import { shortTime, utcTime } from '../../lib/time';
import type { Upcoming } from '../../lib/upcoming';

/** The balance from an instant on. */
export interface Point {
  at: string;
  posted: string;
}

/** What is drawn: the balance up to now, and from now on by time alone. */
export interface Drawn {
  past: Point[];
  ahead: Point[];
  from: number;
  now: number;
  until: number;
}

const HEIGHT = 280;
const EDGE = { top: 14, right: 12, bottom: 40, left: 68 };

/** A drawing of it, to be read with the pointer or with the arrow keys. */
export function Picture({
  past,
  ahead,
  from,
  now,
  until,
  upcoming,
  unit,
}: Drawn & { upcoming: Upcoming[]; unit: Unit }) {
  const { ref, width } = useElementSize();
  const [over, setOver] = useState<number | null>(null);
  const points = [...past, ...ahead.slice(1)];
  const right = Math.max(width, 260) - EDGE.right;
  const floor = HEIGHT - EDGE.bottom;
  const x = scaleTime().domain([from, until]).range([EDGE.left, right]);
  const top = max(points, ({ posted }) => pixelValue(posted)) ?? 0;
  const y = scaleLinear()
    .domain([0, top > 0 ? top * 1.08 : 1])
    .range([floor, EDGE.top]);
  const place = (at: string) => x(new Date(at));
  const hover = (event: PointerEvent<SVGSVGElement>) => {
    const at = x.invert(event.clientX - event.currentTarget.getBoundingClientRect().left).getTime();
    const before = points.findLastIndex((point) => new Date(point.at).getTime() <= at);
    setOver(before < 0 ? null : before);
  };
  const step = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    setOver(Math.min(points.length - 1, Math.max(0, (over ?? past.length - 1) + by)));
  };
  const read = over === null ? undefined : points[over];
  const said = `Balance now ${withUnit(past.at(-1)?.posted ?? '0', unit)}, at the end of the chart ${withUnit(points.at(-1)?.posted ?? '0', unit)}`;
  return (
    <div
      ref={ref}
      className="chart"
      role="group"
      aria-label="Chart; the arrow keys read it out"
      tabIndex={0}
      onKeyDown={step}
      onBlur={() => setOver(null)}
    >
      <svg
        width={Math.max(width, 260)}
        height={HEIGHT}
        role="img"
        aria-label={said}
        onPointerMove={hover}
        onPointerLeave={() => setOver(null)}
      >
        <Axes x={x} y={y} floor={floor} right={right} />
        <Curve past={past} ahead={ahead} place={place} y={y} floor={floor} />
        <line className="chart-now" x1={x(now)} x2={x(now)} y1={EDGE.top} y2={floor} />
        <text className="chart-label" x={x(now) + 4} y={EDGE.top + 8}>
          now
        </text>
        {upcoming
          .filter(({ at }) => new Date(at).getTime() < until)
          .map((event, index) => (
            <Mark key={index} event={event} x={place(event.at)} y={floor + (event.what === 'rolls over' ? 17 : 7)} unit={unit} />
          ))}
        {read !== undefined && (
          <g className="chart-over">
            <line x1={place(read.at)} x2={place(read.at)} y1={EDGE.top} y2={floor} />
            <circle cx={place(read.at)} cy={y(pixelValue(read.posted))} r="3.5" />
          </g>
        )}
      </svg>
      <Reading point={read} unit={unit} />
    </div>
  );
}

function Curve({
  past,
  ahead,
  place,
  y,
  floor,
}: Pick<Drawn, 'past' | 'ahead'> & { place: (at: string) => number; y: (value: number) => number; floor: number }) {
  const shape = area<Point>()
    .curve(curveStepAfter)
    .x(({ at }) => place(at))
    .y0(floor)
    .y1(({ posted }) => y(pixelValue(posted)));
  const outline = line<Point>()
    .curve(curveStepAfter)
    .x(({ at }) => place(at))
    .y(({ posted }) => y(pixelValue(posted)));
  // What lasted for less than a pixel would only be a spike.
  const seen = (points: Point[]) =>
    points.filter(({ at }, index) => {
      const next = points[index + 1];
      return next === undefined || place(next.at) - place(at) >= 0.5;
    });
  return (
    <>
      <path className="chart-past" d={shape(seen(past)) ?? ''} />
      <path className="chart-ahead" d={shape(seen(ahead)) ?? ''} />
      <path className="chart-line" d={outline(seen(past)) ?? ''} />
      <path className="chart-line dashed" d={outline(seen(ahead)) ?? ''} />
    </>
  );
}

/** The point that is looked at; else what the signs mean. */
function Reading({ point, unit }: { point: Point | undefined; unit: Unit }) {
  return (
    <p className="chart-read" role="status" title={point === undefined ? undefined : utcTime(point.at)}>
      {point === undefined ? (
        <>
          <span className="key past" /> was <span className="key ahead" /> by time alone{' '}
          <span className="mark starts" /> starts <span className="mark expires" /> expires{' '}
          <span className="mark rolls" /> rolls over
        </>
      ) : (
        <>
          {shortTime(point.at)}: <strong>{withUnit(point.posted, unit)}</strong>
        </>
      )}
    </p>
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
