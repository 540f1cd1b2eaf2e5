import { Alert, Skeleton, Table } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useQuery } from 'urql';
import {
  DrawDownDocument,
  type DrawDownInput,
  PreviewDrawdownDocument,
  type PreviewDrawdownQuery,
  type RefusalFragment,
  type ShortfallPolicy,
} from '../gql/documents';
import { grouped, isZero, subtract, type Unit, withUnit } from '../lib/decimal';
import { fromField, When } from '../lib/time';
import { OUTCOMES } from '../lib/words';
import { Scroll } from '../parts/bits';
import { CopyGraphql } from '../parts/CopyGraphql';
import { messageOf } from '../parts/Loaded';
import { Action, Change, Consequences } from './Action';
import {
  AmountField,
  Check,
  CheckField,
  ChoiceField,
  ContractField,
  given,
  TextField,
  TimeField,
  UnitField,
  useProducts,
  useUnits,
} from './fields';
import { balanceIn, emptyNow, type Subject } from './subject';

const BLANK = {
  amount: '',
  unit: '',
  product: '',
  contract: '',
  onShortfall: 'REJECT',
  effectiveAt: '',
  holdExpiresAt: '',
  reason: '',
  invoiceId: '',
};

export function DrawDown({ subject, unitId, close }: { subject: Subject; unitId: string | null; close: () => void }) {
  const [units, unitsAsked] = useUnits();
  const [products] = useProducts();
  const [form, setForm] = useState({ ...BLANK, unit: unitId ?? '' });
  const [hold, setHold] = useState(false);
  const set = (name: keyof typeof BLANK) => (value: string) => setForm({ ...form, [name]: value });
  const unit = units.find(({ id }) => id === form.unit) ?? units[0];
  const build = (): DrawDownInput | Check['faults'] => {
    const check = new Check();
    const input: DrawDownInput = {
      customerId: subject.id,
      amount: check.amount('amount', form.amount, unit),
      creditTypeId: unit?.id,
      // The form's own takes its place.
      idempotencyKey: '',
      onShortfall: form.onShortfall as ShortfallPolicy,
      hold,
      holdExpiresAt: hold ? fromField(form.holdExpiresAt) : undefined,
      productId: given(form.product),
      contractId: given(form.contract),
      effectiveAt: fromField(form.effectiveAt),
      invoiceId: given(form.invoiceId),
      reason: given(form.reason),
    };
    return check.faults.length > 0 ? check.faults : input;
  };
  return (
    <Action
      title={`Draw down from ${subject.name}`}
      confirm={hold ? 'Hold' : 'Draw down'}
      done={hold ? 'Held' : 'Drawn down'}
      mutation={DrawDownDocument}
      answer={(data) => data.drawDown}
      awaits={[unitsAsked]}
      build={build}
      consequences={(input, judge) => <Preview input={input} unit={unit} subject={subject} judge={judge} />}
      close={close}
    >
      <div className="pair">
        <AmountField path="amount" label="Amount" value={form.amount} set={set('amount')} unit={unit} required />
        <UnitField path="creditTypeId" value={unit?.id ?? ''} set={set('unit')} units={units} />
      </div>
      <ChoiceField
        path="productId"
        label="What was used"
        description="Without a product only credit open to all products pays."
        value={form.product}
        set={set('product')}
        choices={[{ value: '', label: 'No product' }, ...products.map(({ id, name }) => ({ value: id, label: name }))]}
      />
      <ContractField customerId={subject.id} label="Contract" none="No contract" value={form.contract} set={set('contract')} />
      <ChoiceField
        path="onShortfall"
        label="Where credit is short"
        value={form.onShortfall}
        set={set('onShortfall')}
        choices={[
          { value: 'REJECT', label: 'Take nothing' },
          { value: 'PARTIAL', label: 'Take what there is' },
        ]}
      />
      <CheckField label="Hold only" description="Reserve it; capture or release it later." checked={hold} set={setHold} />
      {hold && (
        <TimeField
          path="holdExpiresAt"
          label="Hold lapses"
          value={form.holdExpiresAt}
          set={set('holdExpiresAt')}
          description="Empty: one hour from now."
        />
      )}
      <TimeField path="effectiveAt" label="Used at" value={form.effectiveAt} set={set('effectiveAt')} description={emptyNow(subject)} />
      <TextField path="reason" label="Reason" value={form.reason} set={set('reason')} long />
    </Action>
  );
}

/** Asks the server what the very same input would do, and shows it segment by segment. */
function Preview({
  input,
  unit,
  subject,
  judge,
}: {
  input: DrawDownInput;
  unit: Unit | undefined;
  subject: Subject;
  judge: (refusals: RefusalFragment[]) => void;
}) {
  const [{ data, error, fetching }] = useQuery({
    query: PreviewDrawdownDocument,
    variables: { input },
    requestPolicy: 'network-only',
  });
  const refusals = data?.previewDrawdown.userErrors;
  useEffect(() => {
    if (refusals !== undefined) judge(refusals);
  }, [refusals]);
  if (error !== undefined) {
    return (
      <Alert color="red" variant="outline" role="alert" title="No preview">
        {messageOf(error)}
      </Alert>
    );
  }
  if (fetching || data === undefined || unit === undefined) return <Skeleton height={120} aria-label="Loading" />;
  const { previewDrawdown: preview } = data;
  const balance = balanceIn(subject, unit);
  return (
    <>
      {preview.userErrors.length > 0 && (
        <Alert color="red" variant="outline" role="alert" title="This would be refused" mb="sm">
          {preview.userErrors.map(({ message }) => message).join('; ')}.
        </Alert>
      )}
      {preview.userErrors.length === 0 && (
        <Consequences>
          <li>
            <strong>{withUnit(preview.applied, unit)}</strong> are {input.hold === true ? 'held' : 'taken'}.
          </li>
          <Change
            what="Available"
            before={withUnit(balance.available, unit)}
            after={withUnit(subtract(balance.available, preview.applied), unit)}
          />
          {!isZero(preview.shortfall) && (
            <li>
              <strong>{withUnit(preview.shortfall, unit)}</strong> are not covered, for you to bill.
            </li>
          )}
        </Consequences>
      )}
      <Candidates candidates={preview.candidates} />
      {!subject.balances.some(({ creditType }) => creditType.id === unit.id) && (
        <p>This customer has no credit of this type.</p>
      )}
      <p className="dim">
        The preview itself: <CopyGraphql document={PreviewDrawdownDocument} variables={{ input }} />
      </p>
    </>
  );
}

type Candidate = PreviewDrawdownQuery['previewDrawdown']['candidates'][number];

function Candidates({ candidates }: { candidates: Candidate[] }) {
  // A refusal may come without a plan, which says nothing of what there is.
  if (candidates.length === 0) return null;
  return (
    <Scroll label="Which segments pay, and why others do not">
      <Table className="list compact">
        <Table.Thead>
          <Table.Tr>
            <Table.Th className="number">Order</Table.Th>
            <Table.Th>Credit</Table.Th>
            <Table.Th className="number">Available</Table.Th>
            <Table.Th className="number">Takes</Table.Th>
            <Table.Th>Why</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {candidates.map((candidate) => (
            <Table.Tr key={candidate.segmentId} className={isZero(candidate.takes) ? 'unused' : undefined}>
              <Table.Td className="number">{candidate.rank ?? ''}</Table.Td>
              <Table.Th scope="row">
                {candidate.creditGrant?.name ?? candidate.credit?.name ?? 'Credit'}
                {typeof candidate.creditGrant?.expiresAt === 'string' && (
                  <span className="sub">until <When at={candidate.creditGrant.expiresAt} /></span>
                )}
              </Table.Th>
              <Table.Td className="number">{grouped(candidate.available)}</Table.Td>
              <Table.Td className="number">{grouped(candidate.takes)}</Table.Td>
              <Table.Td>{OUTCOMES[candidate.outcome]}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}
