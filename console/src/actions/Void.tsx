import { useState } from 'react';
import { useQuery } from 'urql';
import {
  type CreditRowFragment,
  CreditUseDocument,
  type GrantRowFragment,
  GrantUseDocument,
  VoidCreditDocument,
  VoidGrantDocument,
} from '../gql/documents';
import { add, isZero, subtract, type Unit, withUnit } from '../lib/decimal';
import { Action, Change, Consequences } from './Action';
import { CheckField, given, TextField } from './fields';
import { balanceIn, type Subject } from './subject';

export function VoidGrant({ grant, subject, close }: { grant: GrantRowFragment; subject: Subject; close: () => void }) {
  const [reason, setReason] = useState('');
  const [remainderOnly, setRemainderOnly] = useState(false);
  const [releaseKey, setReleaseKey] = useState(false);
  const used = useQuery({ query: GrantUseDocument, variables: { id: grant.id }, requestPolicy: 'network-only' });
  const isUsed = (used[0].data?.creditGrant?.used.nodes.length ?? 0) > 0;
  const unit = grant.grantAmount.creditType;
  const lost = grant.status === 'ACTIVE' ? grant.remaining : '0';
  return (
    <Action
      title={`Void “${grant.name}”`}
      confirm="Void grant"
      done={`Voided ${grant.name}`}
      danger
      mutation={VoidGrantDocument}
      answer={(answered) => answered.voidCreditGrant}
      awaits={[used]}
      build={() => ({
        id: grant.id,
        reason: given(reason),
        remainderOnly,
        releaseUniquenessKey: releaseKey,
      })}
      consequences={() => (
        <Written
          lost={lost}
          scheduled={grant.status === 'SCHEDULED' ? grant.remaining : '0'}
          held={grant.held}
          unit={unit}
          subject={subject}
          keepsUse={isUsed && remainderOnly}
        />
      )}
      close={close}
    >
      <p>A void says that this grant should not have existed. It stays in the books, as voided.</p>
      {isUsed && <Remainder what="grant" checked={remainderOnly} set={setRemainderOnly} />}
      <CheckField
        label="Let another grant take its uniqueness key"
        checked={releaseKey}
        set={setReleaseKey}
      />
      <TextField path="reason" label="Reason" value={reason} set={setReason} long />
    </Action>
  );
}

export function VoidCredit({ credit, subject, close }: { credit: CreditRowFragment; subject: Subject; close: () => void }) {
  const [reason, setReason] = useState('');
  const [remainderOnly, setRemainderOnly] = useState(false);
  const used = useQuery({ query: CreditUseDocument, variables: { id: credit.id }, requestPolicy: 'network-only' });
  const isUsed = (used[0].data?.credit?.used.nodes.length ?? 0) > 0;
  const { creditType: unit, segments } = credit.accessSchedule;
  const name = credit.name ?? credit.product.name;
  const left = (status: string) =>
    add(...segments.filter((segment) => segment.status === status).map(({ remaining }) => remaining));
  return (
    <Action
      title={`Void “${name}”`}
      confirm="Void credit"
      done={`Voided ${name}`}
      danger
      mutation={VoidCreditDocument}
      answer={(answered) => answered.voidCredit}
      awaits={[used]}
      build={() => ({ id: credit.id, reason: given(reason), remainderOnly })}
      consequences={() => (
        <Written
          lost={left('ACTIVE')}
          scheduled={left('SCHEDULED')}
          held={credit.held}
          unit={unit}
          subject={subject}
          keepsUse={isUsed && remainderOnly}
        />
      )}
      close={close}
    >
      <p>A void says that this credit should not have existed. It stays in the books, as voided.</p>
      {isUsed && <Remainder what="credit" checked={remainderOnly} set={setRemainderOnly} />}
      <TextField path="reason" label="Reason" value={reason} set={setReason} long />
    </Action>
  );
}

function Remainder({ what, checked, set }: { what: string; checked: boolean; set: (checked: boolean) => void }) {
  return (
    <CheckField
      label="Void only what is left"
      description={`This ${what} was used. Without this the void is refused; reverse its drawdowns first.`}
      checked={checked}
      set={set}
    />
  );
}

/** What a void writes off. */
function Written({
  lost,
  scheduled,
  held,
  unit,
  subject,
  keepsUse,
}: {
  lost: string;
  scheduled: string;
  held: string;
  unit: Unit;
  subject: Subject;
  keepsUse: boolean;
}) {
  const balance = balanceIn(subject, unit);
  return (
    <Consequences>
      <li>
        {isZero(lost) ? (
          'Nothing is written off.'
        ) : (
          <>
            <strong>{withUnit(lost, unit)}</strong> will be written off.
          </>
        )}
      </li>
      <Change
        what="Balance"
        before={withUnit(balance.posted, unit)}
        after={withUnit(subtract(balance.posted, lost), unit)}
      />
      {!isZero(scheduled) && (
        <li>
          <strong>{withUnit(scheduled, unit)}</strong> that have not started never will.
        </li>
      )}
      {keepsUse && <li>What was used stays used.</li>}
      {!isZero(held) && (
        <li>
          {withUnit(held, unit)} of it are held: the void will be refused until the hold is released or captured.
        </li>
      )}
    </Consequences>
  );
}
