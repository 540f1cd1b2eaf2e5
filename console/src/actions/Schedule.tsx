import { Button, Fieldset } from '@mantine/core';
import { useState } from 'react';
import type { SegmentPartsFragment } from '../gql/documents';
import { typedDecimal, type Unit } from '../lib/decimal';
import { fromField, monthsLater, toField } from '../lib/time';
import type { SegmentStatus } from '../gql/documents';
import { Status } from '../parts/bits';
import type { Check } from './fields';
import { AmountField, TextField, TimeField } from './fields';

/** One line of the editor. */
export interface Line {
  key: number;
  /** Of a segment that exists. */
  id?: string;
  status?: SegmentStatus;
  amount: string;
  from: string;
  until: string;
}

let lastKey = 0;

export function blankLine(from: Date, until?: Date, amount = ''): Line {
  lastKey += 1;
  return { key: lastKey, amount, from: toField(from), until: until === undefined ? '' : toField(until) };
}

export function lineOf(segment: SegmentPartsFragment): Line {
  lastKey += 1;
  return {
    key: lastKey,
    id: segment.id,
    status: segment.status,
    amount: segment.amount,
    from: toField(segment.startingAt),
    until: segment.endingBefore === null ? '' : toField(segment.endingBefore),
  };
}

/** The segment that a line describes; faults go to the path. */
export function segmentOf(line: Line, path: string, check: Check, unit: Unit | undefined) {
  const segment = {
    amount: check.amount(`${path}.amount`, line.amount, unit),
    startingAt: check.time(`${path}.startingAt`, line.from),
    endingBefore: fromField(line.until),
  };
  check.window(`${path}.endingBefore`, segment.startingAt, segment.endingBefore);
  return segment;
}

/** The schedule of a credit: a line for each segment, and a quick way to many. */
export function ScheduleEditor({
  lines,
  set,
  unit,
  pathOf,
  now,
}: {
  lines: Line[];
  set: (lines: Line[]) => void;
  unit: Unit | undefined;
  pathOf: (line: Line) => string;
  /** The customer's present. */
  now: Date;
}) {
  const change = (line: Line, part: Partial<Line>) =>
    set(lines.map((other) => (other.key === line.key ? { ...other, ...part } : other)));
  const next = () => {
    const last = lines.at(-1);
    const from = last === undefined || last.until === '' ? now : new Date(last.until);
    return blankLine(from, monthsLater(from, 1), last?.amount ?? '');
  };
  return (
    <Fieldset legend="Schedule" className="schedule" mb="sm">
      {lines.map((line, index) => (
        <div key={line.key} className="schedule-line" role="group" aria-label={`Segment ${index + 1}`}>
          <div className="schedule-head">
            <span>
              Segment {index + 1} {line.status !== undefined && <Status status={line.status} />}
            </span>
            <Button
              variant="subtle"
              color="gray"
              className="quiet"
              aria-label={`Remove segment ${index + 1}`}
              onClick={() => set(lines.filter((other) => other !== line))}
            >
              Remove
            </Button>
          </div>
          <div className="triple">
            <AmountField
              path={`${pathOf(line)}.amount`}
              label="Amount"
              value={line.amount}
              set={(amount) => change(line, { amount })}
              unit={unit}
              required
            />
            <TimeField
              path={`${pathOf(line)}.startingAt`}
              label="Starts"
              value={line.from}
              set={(from) => change(line, { from })}
              required
            />
            <TimeField
              path={`${pathOf(line)}.endingBefore`}
              label="Ends"
              value={line.until}
              set={(until) => change(line, { until })}
            />
          </div>
        </div>
      ))}
      <div className="schedule-foot">
        <Button variant="default" onClick={() => set([...lines, next()])}>
          Add a segment
        </Button>
        <Repeat last={lines.at(-1)} add={(more) => set([...lines, ...more])} />
      </div>
    </Fieldset>
  );
}

/** The last line again, month by month. */
function Repeat({ last, add }: { last: Line | undefined; add: (lines: Line[]) => void }) {
  const [months, setMonths] = useState('11');
  if (last === undefined || typedDecimal(last.amount) === '') return null;
  const repeat = () => {
    const count = Math.min(60, Math.max(0, Number.parseInt(months, 10) || 0));
    const from = new Date(last.from);
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    add(
      numbers.map((number) =>
        blankLine(monthsLater(from, number), monthsLater(from, number + 1), last.amount),
      ),
    );
  };
  return (
    <div className="repeat">
      <TextField path="" label="Repeat the last monthly, times" value={months} set={setMonths} />
      <Button variant="default" onClick={repeat}>
        Repeat
      </Button>
    </div>
  );
}
