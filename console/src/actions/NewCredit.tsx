import { useState } from 'react';
import { CreateCreditDocument, type CreateCreditInput } from '../gql/documents';
import { add, type Unit, withUnit } from '../lib/decimal';
import { When } from '../lib/time';
import { Action, Change, Consequences } from './Action';
import { Check, ChoiceField, ContractField, given, ProductsField, TextField, UnitField, useProducts, useUnits } from './fields';
import { blankLine, type Line, ScheduleEditor, segmentOf } from './Schedule';
import { balanceIn, nowOf, type Subject } from './subject';

const BLANK = { name: '', unit: '', product: '', contract: '', priority: '50', description: '', tags: '' };

export function NewCredit({ subject, unitId, close }: { subject: Subject; unitId: string | null; close: () => void }) {
  const [units, unitsAsked] = useUnits();
  const [products, productsAsked] = useProducts();
  const [form, setForm] = useState({ ...BLANK, unit: unitId ?? '' });
  const [pays, setPays] = useState<string[]>([]);
  const [lines, setLines] = useState<Line[]>(() => [blankLine(nowOf(subject))]);
  const set = (name: keyof typeof BLANK) => (value: string) => setForm({ ...form, [name]: value });
  const unit = units.find(({ id }) => id === form.unit) ?? units[0];
  const product = form.product === '' ? (products[0]?.id ?? '') : form.product;
  const pathOf = (line: Line) => `accessSchedule.segments.${lines.indexOf(line)}`;
  const build = (): CreateCreditInput | Check['faults'] => {
    const check = new Check();
    const tags = form.tags.split(',').map((tag) => tag.trim()).filter((tag) => tag !== '');
    const input: CreateCreditInput = {
      customerId: subject.id,
      contractId: given(form.contract),
      productId: product,
      priority: check.number('priority', form.priority),
      accessSchedule: {
        creditTypeId: unit?.id,
        segments: lines.map((line) => segmentOf(line, pathOf(line), check, unit)),
      },
      name: given(form.name),
      description: given(form.description),
      applicableProductIds: pays.length === 0 ? undefined : pays,
      applicableProductTags: tags.length === 0 ? undefined : tags,
    };
    return check.faults.length > 0 ? check.faults : input;
  };
  return (
    <Action
      title={`New credit for ${subject.name}`}
      confirm="Create credit"
      done="Created the credit"
      mutation={CreateCreditDocument}
      answer={(data) => data.createCredit}
      awaits={[unitsAsked, productsAsked]}
      build={build}
      consequences={(input) => <Outcome input={input} unit={unit} subject={subject} />}
      close={close}
    >
      <TextField path="name" label="Name" value={form.name} set={set('name')} />
      <div className="pair">
        <ChoiceField
          path="productId"
          label="Booked under"
          value={product}
          set={set('product')}
          choices={products.map(({ id, name }) => ({ value: id, label: name }))}
        />
        <UnitField path="accessSchedule.creditTypeId" value={unit?.id ?? ''} set={set('unit')} units={units} />
      </div>
      <ScheduleEditor lines={lines} set={setLines} unit={unit} pathOf={pathOf} now={nowOf(subject)} />
      <div className="pair">
        <TextField path="priority" label="Priority" value={form.priority} set={set('priority')} description="Lower is used first." />
        <ContractField customerId={subject.id} label="Level" none="Customer" value={form.contract} set={set('contract')} />
      </div>
      <ProductsField path="applicableProductIds" label="Pays for" value={pays} set={setPays} />
      <TextField
        path="applicableProductTags"
        label="Pays for products tagged"
        value={form.tags}
        set={set('tags')}
        description="Separated by commas; any of them admits."
      />
      <TextField path="description" label="Description" value={form.description} set={set('description')} long />
    </Action>
  );
}

function Outcome({ input, unit, subject }: { input: CreateCreditInput; unit: Unit | undefined; subject: Subject }) {
  if (unit === undefined) return null;
  const now = nowOf(subject).toISOString();
  const { segments } = input.accessSchedule;
  const isOver = (until: string | null | undefined) => typeof until === 'string' && until <= now;
  const active = segments.filter((segment) => segment.startingAt <= now && !isOver(segment.endingBefore));
  const later = segments.filter((segment) => segment.startingAt > now);
  const over = segments.filter((segment) => segment.startingAt <= now && isOver(segment.endingBefore));
  const balance = balanceIn(subject, unit);
  const sum = (some: typeof segments) => add(...some.map(({ amount }) => amount));
  return (
    <Consequences>
      <li>
        <strong>{subject.name}</strong> gets {segments.length} segments, <strong>{withUnit(sum(segments), unit)}</strong> in
        all.
      </li>
      {active.length > 0 && (
        <Change
          what="Available"
          before={withUnit(balance.available, unit)}
          after={withUnit(add(balance.available, sum(active)), unit)}
        />
      )}
      {later.length > 0 && (
        <Change
          what="Scheduled"
          before={withUnit(balance.scheduled, unit)}
          after={withUnit(add(balance.scheduled, sum(later)), unit)}
        />
      )}
      {segments.slice(0, 24).map((segment, index) => (
        <li key={index}>
          {withUnit(segment.amount, unit)} from <When at={segment.startingAt} />
          {typeof segment.endingBefore === 'string' ? (
            <>
              {' '}
              until <When at={segment.endingBefore} />
            </>
          ) : (
            ', without an end'
          )}
        </li>
      ))}
      {over.length > 0 && <li>{over.length} of them are over already: they start and expire at once.</li>}
    </Consequences>
  );
}
