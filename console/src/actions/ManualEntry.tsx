import { useState } from 'react';
import { useQuery } from 'urql';
import {
  type AddManualLedgerEntryInput,
  AddManualEntryDocument,
  type CreditRowFragment,
  type GrantRowFragment,
  GrantUseDocument,
} from '../gql/documents';
import { add, grouped, isNegative, withUnit } from '../lib/decimal';
import { fromField, shortTime } from '../lib/time';
import { Action, Change, Consequences } from './Action';
import { AmountField, Check, ChoiceField, TextField, TimeField } from './fields';
import { balanceIn, type Subject } from './subject';

type Target = { grant: GrantRowFragment } | { credit: CreditRowFragment };

/** Adds to or takes from one segment, with a reason. */
export function ManualEntry({ of, subject, close }: { of: Target; subject: Subject; close: () => void }) {
  const [amount, setAmount] = useState('');
  const [reason, setReason] = useState('');
  const [effectiveAt, setEffectiveAt] = useState('');
  const [picked, setPicked] = useState<string | null>(null);
  const used = useQuery({
    query: GrantUseDocument,
    variables: { id: 'grant' in of ? of.grant.id : '' },
    pause: !('grant' in of),
    requestPolicy: 'network-only',
  });
  const open =
    'credit' in of
      ? of.credit.accessSchedule.segments.filter(({ status }) => status === 'ACTIVE' || status === 'DEPLETED')
      : [];
  const segmentId = 'grant' in of ? used[0].data?.creditGrant?.first.nodes[0]?.segmentId : (picked ?? open[0]?.id);
  const unit = 'grant' in of ? of.grant.grantAmount.creditType : of.credit.accessSchedule.creditType;
  const name = 'grant' in of ? of.grant.name : (of.credit.name ?? of.credit.product.name);
  const left = 'grant' in of ? of.grant.remaining : (open.find(({ id }) => id === segmentId)?.remaining ?? '0');
  const balance = balanceIn(subject, unit);
  const build = (): AddManualLedgerEntryInput | Check['faults'] => {
    const check = new Check();
    if (reason.trim() === '') check.fault('reason', 'is required: it stands in the books');
    const input = {
      segmentId: segmentId ?? '',
      amount: check.amount('amount', amount, unit, 'change'),
      reason,
      effectiveAt: fromField(effectiveAt),
    };
    return check.faults.length > 0 ? check.faults : input;
  };
  return (
    <Action
      title={`Manual entry on “${name}”`}
      confirm="Add entry"
      done="Added the entry"
      mutation={AddManualEntryDocument}
      answer={(answered) => answered.addManualLedgerEntry}
      awaits={'grant' in of ? [used] : []}
      build={build}
      consequences={(input) => (
        <Consequences>
          <Change what={`Left of “${name}”`} before={grouped(left)} after={grouped(add(left, input.amount))} />
          <Change
            what="Balance"
            before={withUnit(balance.posted, unit)}
            after={withUnit(add(balance.posted, input.amount), unit)}
          />
          {isNegative(add(left, input.amount)) && <li>That is more than is left: it will be refused.</li>}
          <li>An entry is never changed or removed; another one can take it back.</li>
        </Consequences>
      )}
      close={close}
    >
      {open.length > 1 && (
        <ChoiceField
          path="segmentId"
          label="Segment"
          value={segmentId ?? ''}
          set={setPicked}
          choices={open.map((segment) => ({
            value: segment.id,
            label: `${grouped(segment.remaining)} of ${grouped(segment.amount)} from ${shortTime(segment.startingAt)}`,
          }))}
        />
      )}
      <AmountField
        path="amount"
        label="Amount"
        value={amount}
        set={setAmount}
        unit={unit}
        required
        description="Positive adds, negative takes."
      />
      <TextField path="reason" label="Reason" value={reason} set={setReason} required long />
      <TimeField
        path="effectiveAt"
        label="True at"
        value={effectiveAt}
        set={setEffectiveAt}
        description="Empty: now. Inside the window, not in the future."
      />
    </Action>
  );
}
