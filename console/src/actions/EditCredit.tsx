import { useState } from 'react';
import {
  type AccessScheduleEditInput,
  type CreditRowFragment,
  EditCreditDocument,
  type EditCreditInput,
  type SegmentInput,
  type SegmentPartsFragment,
  type SegmentUpdateInput,
} from '../gql/documents';
import { grouped, typedDecimal, type Unit, withUnit } from '../lib/decimal';
import { shortTime, toField, When } from '../lib/time';
import { Action, Change, Consequences } from './Action';
import { Check, ChoiceField, ProductsField, TextField, useProducts } from './fields';
import { type Line, lineOf, ScheduleEditor, segmentOf } from './Schedule';
import { nowOf, type Subject } from './subject';

interface Props {
  credit: CreditRowFragment;
  subject: Subject;
  close: () => void;
}

export function EditCredit({ credit, subject, close }: Props) {
  const [products] = useProducts();
  const { creditType: unit, segments } = credit.accessSchedule;
  const open = segments.filter(({ status }) => status !== 'VOIDED');
  const [name, setName] = useState(credit.name ?? '');
  const [description, setDescription] = useState(credit.description ?? '');
  const [priority, setPriority] = useState(String(credit.priority));
  const [product, setProduct] = useState(credit.product.id);
  const paid = credit.applicableProducts.map(({ id }) => id);
  const [pays, setPays] = useState(paid);
  const [lines, setLines] = useState<Line[]>(() => open.map(lineOf));
  const changed = lines.filter((line) => isChanged(line, open));
  const added = lines.filter(({ id }) => id === undefined);
  const pathOf = (line: Line) =>
    line.id === undefined
      ? `accessSchedule.add.${added.indexOf(line)}`
      : `accessSchedule.update.${changed.indexOf(line)}`;
  const build = (): EditCreditInput | Check['faults'] => {
    const check = new Check();
    const input: EditCreditInput = { id: credit.id };
    if (name !== (credit.name ?? '')) input.name = name;
    if (description !== (credit.description ?? '')) input.description = description;
    if (priority !== String(credit.priority)) input.priority = check.number('priority', priority);
    if (product !== credit.product.id) input.productId = product;
    if (pays.join() !== paid.join()) input.applicableProductIds = pays;
    const schedule = scheduleOf({ open, lines, changed, added, pathOf, check, unit });
    if (schedule !== undefined) input.accessSchedule = schedule;
    return check.faults.length > 0 ? check.faults : input;
  };
  return (
    <Action
      title={`Edit “${credit.name ?? credit.product.name}”`}
      confirm="Save changes"
      done="Changed the credit"
      mutation={EditCreditDocument}
      answer={(data) => data.editCredit}
      build={build}
      consequences={(input) => <Outcome input={input} credit={credit} unit={unit} />}
      close={close}
    >
      <TextField path="name" label="Name" value={name} set={setName} />
      <ScheduleEditor lines={lines} set={setLines} unit={unit} pathOf={pathOf} now={nowOf(subject)} />
      <div className="pair">
        <ChoiceField
          path="productId"
          label="Booked under"
          value={product}
          set={setProduct}
          choices={[credit.product, ...products.filter(({ id }) => id !== credit.product.id)].map((one) => ({
            value: one.id,
            label: one.name,
          }))}
        />
        <TextField path="priority" label="Priority" value={priority} set={setPriority} description="Lower is used first." />
      </div>
      <ProductsField path="applicableProductIds" label="Pays for" value={pays} set={setPays} />
      <TextField path="description" label="Description" value={description} set={setDescription} long />
    </Action>
  );
}

/** Fields know minutes, segments microseconds: a time that still reads the same was not changed. */
function isChanged(line: Line, segments: SegmentPartsFragment[]): boolean {
  const segment = segments.find(({ id }) => id === line.id);
  return segment !== undefined && Object.keys(differences(line, segment)).length > 0;
}

function differences(line: Line, segment: SegmentPartsFragment): Partial<Pick<Line, 'amount' | 'from' | 'until'>> {
  const until = segment.endingBefore === null ? '' : toField(segment.endingBefore);
  return {
    ...(typedDecimal(line.amount) === segment.amount ? {} : { amount: line.amount }),
    ...(line.from === toField(segment.startingAt) ? {} : { from: line.from }),
    ...(line.until === until ? {} : { until: line.until }),
  };
}

function scheduleOf({
  open,
  lines,
  changed,
  added,
  pathOf,
  check,
  unit,
}: {
  open: SegmentPartsFragment[];
  lines: Line[];
  changed: Line[];
  added: Line[];
  pathOf: (line: Line) => string;
  check: Check;
  unit: Unit;
}): AccessScheduleEditInput | undefined {
  const remove = open.filter(({ id }) => !lines.some((line) => line.id === id)).map(({ id }) => id);
  const update: SegmentUpdateInput[] = changed.map((line) => {
    const segment = open.find(({ id }) => id === line.id);
    const differs = segment === undefined ? {} : differences(line, segment);
    const whole = segmentOf(line, pathOf(line), check, unit);
    return {
      id: line.id ?? '',
      ...('amount' in differs ? { amount: whole.amount } : {}),
      ...('from' in differs ? { startingAt: whole.startingAt } : {}),
      ...('until' in differs ? { endingBefore: whole.endingBefore ?? null } : {}),
    };
  });
  const add: SegmentInput[] = added.map((line) => segmentOf(line, pathOf(line), check, unit));
  if (remove.length + update.length + add.length === 0) return undefined;
  return {
    ...(add.length === 0 ? {} : { add }),
    ...(update.length === 0 ? {} : { update }),
    ...(remove.length === 0 ? {} : { remove }),
  };
}

function Outcome({ input, credit, unit }: { input: EditCreditInput; credit: CreditRowFragment; unit: Unit }) {
  const { segments } = credit.accessSchedule;
  const of = (id: string) => segments.find((segment) => segment.id === id);
  const { add = [], update = [], remove = [] } = input.accessSchedule ?? {};
  const nothing = Object.keys(input).every((name) => name === 'id' || name === 'idempotencyKey');
  return (
    <Consequences>
      {nothing && <li>Nothing changes.</li>}
      {typeof input.name === 'string' && <Change what="Name" before={credit.name ?? 'none'} after={input.name} />}
      {typeof input.priority === 'number' && (
        <Change what="Priority" before={credit.priority} after={input.priority} />
      )}
      {input.productId !== undefined && <li>It is booked under another product from then on.</li>}
      {input.applicableProductIds !== undefined && <li>What it pays for changes, for later drawdowns only.</li>}
      {(add ?? []).map((segment, index) => (
        <li key={index}>
          A segment of <strong>{withUnit(segment.amount, unit)}</strong> is added, from <When at={segment.startingAt} />.
        </li>
      ))}
      {(update ?? []).map((segment) => {
        const was = of(segment.id);
        return (
          <li key={segment.id}>
            The segment from {was !== undefined && <When at={was.startingAt} />} changes:{' '}
            {[
              segment.amount ? `${grouped(was?.amount ?? '0')} → ${grouped(segment.amount)}` : null,
              segment.startingAt ? `starts ${shortTime(segment.startingAt)}` : null,
              segment.endingBefore === undefined
                ? null
                : segment.endingBefore === null
                  ? 'never ends'
                  : `ends ${shortTime(segment.endingBefore)}`,
            ]
              .filter(Boolean)
              .join(', ')}
          </li>
        );
      })}
      {(remove ?? []).map((id) => {
        const was = of(id);
        const isActive = was?.status === 'ACTIVE';
        return (
          <li key={id}>
            The segment of {withUnit(was?.amount ?? '0', unit)} is removed
            {isActive ? `: ${withUnit(was.remaining, unit)} are written off.` : '.'}
          </li>
        );
      })}
    </Consequences>
  );
}
