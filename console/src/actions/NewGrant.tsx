import { useState } from 'react';
import { CreateGrantDocument, type CreateCreditGrantInput, type GrantCategory, type RolloverKind } from '../gql/documents';
import { add, isDecimal, isNegative, subtract, times, type Unit, withUnit } from '../lib/decimal';
import { fromField, When } from '../lib/time';
import { CATEGORIES } from '../lib/words';
import { Action, Change, Consequences } from './Action';
import { AmountField, Check, ChoiceField, given, ProductsField, TextField, TimeField, UnitField, useProducts, useUnits } from './fields';
import { balanceIn, emptyNow, nowOf, type Subject } from './subject';

const BLANK = {
  name: '',
  amount: '',
  unit: '',
  category: 'PROMOTIONAL',
  paid: '',
  priority: '50',
  effectiveAt: '',
  expiresAt: '',
  products: [] as string[],
  rollover: 'NONE',
  rolloverValue: '',
  rolloverUntil: '',
  reason: '',
  invoiceId: '',
};

export function NewGrant({ subject, unitId, close }: { subject: Subject; unitId: string | null; close: () => void }) {
  const [units, unitsAsked] = useUnits();
  const [form, setForm] = useState({ ...BLANK, unit: unitId ?? '' });
  const set = (name: keyof typeof BLANK) => (value: string | string[]) => setForm({ ...form, [name]: value });
  const unit = units.find(({ id }) => id === form.unit) ?? units[0];
  const build = (): CreateCreditGrantInput | Check['faults'] => {
    const check = new Check();
    const amount = check.amount('grantAmount.amount', form.amount, unit);
    const paid = form.category === 'PAID' ? check.optionalAmount('paidAmount.amount', form.paid, unit) : undefined;
    const input: CreateCreditGrantInput = {
      customerId: subject.id,
      name: check.text('name', form.name),
      grantAmount: { amount, creditTypeId: unit?.id },
      paidAmount: paid === undefined ? undefined : { amount: paid, creditTypeId: unit?.id },
      category: form.category as GrantCategory,
      priority: check.number('priority', form.priority),
      effectiveAt: fromField(form.effectiveAt),
      expiresAt: fromField(form.expiresAt),
      productIds: form.products.length === 0 ? undefined : form.products,
      reason: given(form.reason),
      invoiceId: form.category === 'PAID' ? given(form.invoiceId) : undefined,
    };
    check.window('expiresAt', input.effectiveAt ?? nowOf(subject).toISOString(), input.expiresAt);
    if (form.rollover !== 'NONE') {
      if (input.expiresAt === undefined) check.fault('expiresAt', 'is required: only what ends can roll over');
      const isShare = form.rollover === 'MAX_PERCENTAGE';
      const value = check.amount('rollover.value', form.rolloverValue, isShare ? undefined : unit, isShare ? 'price' : 'positive');
      if (isShare && isDecimal(value) && isNegative(subtract('1', value))) {
        check.fault('rollover.value', 'must be a share from 0 to 1, such as 0.25');
      }
      input.rollover = {
        kind: form.rollover as RolloverKind,
        value,
        priority: 50,
        expiresAt: check.time('rollover.expiresAt', form.rolloverUntil),
      };
    }
    return check.faults.length > 0 ? check.faults : input;
  };
  return (
    <Action
      title={`New grant for ${subject.name}`}
      confirm="Create grant"
      done={`Granted ${form.name}`}
      mutation={CreateGrantDocument}
      answer={(data) => data.createCreditGrant}
      awaits={[unitsAsked]}
      build={build}
      consequences={(input) => <Outcome input={input} unit={unit} subject={subject} />}
      close={close}
    >
      <TextField path="name" label="Name" value={form.name} set={set('name')} required placeholder="Growth pack" />
      <div className="pair">
        <AmountField path="grantAmount.amount" label="Amount" value={form.amount} set={set('amount')} unit={unit} required />
        <UnitField path="grantAmount.creditTypeId" value={unit?.id ?? ''} set={set('unit')} units={units} />
      </div>
      <div className="pair">
        <TimeField path="effectiveAt" label="Starts" value={form.effectiveAt} set={set('effectiveAt')} description={emptyNow(subject)} />
        <TimeField path="expiresAt" label="Expires" value={form.expiresAt} set={set('expiresAt')} description="Empty: never." />
      </div>
      <div className="pair">
        <ChoiceField
          path="category"
          label="Category"
          value={form.category}
          set={set('category')}
          choices={Object.entries(CATEGORIES).map(([value, label]) => ({ value, label }))}
        />
        <TextField path="priority" label="Priority" value={form.priority} set={set('priority')} description="Lower is used first." />
      </div>
      {form.category === 'PAID' && (
        <div className="pair">
          <AmountField path="paidAmount.amount" label="Price paid" value={form.paid} set={set('paid')} unit={unit} />
          <TextField path="invoiceId" label="Invoice" value={form.invoiceId} set={set('invoiceId')} />
        </div>
      )}
      <ProductsField path="productIds" label="Pays for" value={form.products} set={set('products')} />
      <ChoiceField
        path="rollover.kind"
        label="What is left when it expires"
        value={form.rollover}
        set={set('rollover')}
        choices={[
          { value: 'NONE', label: 'Expires' },
          { value: 'MAX_AMOUNT', label: 'Rolls over, up to an amount' },
          { value: 'MAX_PERCENTAGE', label: 'Rolls over, up to a share of the grant' },
        ]}
      />
      {form.rollover !== 'NONE' && (
        <div className="pair">
          <AmountField
            path="rollover.value"
            label="Up to"
            description={form.rollover === 'MAX_PERCENTAGE' ? 'A share from 0 to 1.' : undefined}
            value={form.rolloverValue}
            set={set('rolloverValue')}
            unit={form.rollover === 'MAX_AMOUNT' ? unit : undefined}
            required
          />
          <TimeField path="rollover.expiresAt" label="Then expires" value={form.rolloverUntil} set={set('rolloverUntil')} required />
        </div>
      )}
      <TextField path="reason" label="Reason" value={form.reason} set={set('reason')} long description="Stands in the books with the grant." />
    </Action>
  );
}

function Outcome({ input, unit, subject }: { input: CreateCreditGrantInput; unit: Unit | undefined; subject: Subject }) {
  if (unit === undefined) return null;
  const balance = balanceIn(subject, unit);
  const { amount } = input.grantAmount;
  const now = nowOf(subject).toISOString();
  const isLater = input.effectiveAt !== undefined && input.effectiveAt !== null && input.effectiveAt > now;
  const isOver = typeof input.expiresAt === 'string' && input.expiresAt <= now;
  return (
    <Consequences>
      <li>
        <strong>{subject.name}</strong> gets <strong>{withUnit(amount, unit)}</strong> as “{input.name}”.
      </li>
      {isLater && (
        <>
          <li>It can be spent from <When at={input.effectiveAt ?? now} /> on.</li>
          <Change what="Scheduled" before={withUnit(balance.scheduled, unit)} after={withUnit(add(balance.scheduled, amount), unit)} />
        </>
      )}
      {!isLater && !isOver && (
        <Change what="Available" before={withUnit(balance.available, unit)} after={withUnit(add(balance.available, amount), unit)} />
      )}
      {isOver && <li>Its window is over already: it starts and expires at once, and the balance stays as it is.</li>}
      <li>
        <Afterwards input={input} unit={unit} />
      </li>
      <Details input={input} unit={unit} />
    </Consequences>
  );
}

/** What else stands in the books with it. */
function Details({ input, unit }: { input: CreateCreditGrantInput; unit: Unit }) {
  const [products] = useProducts();
  const names = (input.productIds ?? []).map((id) => products.find((product) => product.id === id)?.name ?? id);
  return (
    <>
      <li>
        {CATEGORIES[input.category ?? 'PROMOTIONAL']}, priority {input.priority}
        {input.paidAmount && <>, paid with {withUnit(input.paidAmount.amount, unit)}</>}
        {input.invoiceId && <>, invoice {input.invoiceId}</>}.
      </li>
      <li>It pays for {names.length === 0 ? 'all products' : `${names.join(', ')} only`}.</li>
      {input.reason && <li>Reason: {input.reason}</li>}
    </>
  );
}

/** What becomes of the rest. */
function Afterwards({ input: { expiresAt, rollover }, unit }: { input: CreateCreditGrantInput; unit: Unit }) {
  if (typeof expiresAt !== 'string') return 'It never expires.';
  const end = <When at={expiresAt} />;
  if (!rollover) return <>What is left on {end} expires.</>;
  const cap =
    rollover.kind === 'MAX_AMOUNT'
      ? withUnit(rollover.value, unit)
      : `${times(rollover.value, '100')} % of it`;
  return (
    <>
      What is left on {end} rolls over, up to {cap}, until <When at={rollover.expiresAt} />; the rest expires.
    </>
  );
}
