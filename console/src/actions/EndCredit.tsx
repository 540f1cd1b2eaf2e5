import { useState } from 'react';
import {
  type CreditRowFragment,
  EndCreditDocument,
  ExpireGrantDocument,
  type GrantRowFragment,
} from '../gql/documents';
import { add, subtract, withUnit } from '../lib/decimal';
import { toField, When } from '../lib/time';
import { Action, Change, Consequences } from './Action';
import { Check, given, TextField, TimeField } from './fields';
import { balanceIn, nowOf, type Subject } from './subject';

/** Ends a grant now. */
export function EndGrant({ grant, subject, close }: { grant: GrantRowFragment; subject: Subject; close: () => void }) {
  const [reason, setReason] = useState('');
  const unit = grant.grantAmount.creditType;
  const balance = balanceIn(subject, unit);
  const lost = subtract(grant.remaining, grant.held);
  return (
    <Action
      title={`End “${grant.name}” now`}
      confirm="End grant"
      done={`Ended ${grant.name}`}
      danger
      mutation={ExpireGrantDocument}
      answer={(data) => data.expireCreditGrant}
      build={() => ({ id: grant.id, reason: given(reason) })}
      consequences={() => (
        <Consequences>
          <li>
            <strong>{withUnit(lost, unit)}</strong> expire now; what is held does when its hold is settled.
          </li>
          <Change
            what="Balance"
            before={withUnit(balance.posted, unit)}
            after={withUnit(subtract(balance.posted, lost), unit)}
          />
          {grant.rollover !== null && <li>Ended by hand, nothing of it rolls over.</li>}
        </Consequences>
      )}
      close={close}
    >
      <p>The grant ends at once, as if it had expired. To say that it should never have been, void it instead.</p>
      <TextField path="reason" label="Reason" value={reason} set={setReason} long />
    </Action>
  );
}

/** Ends a credit at an instant before its present end. */
export function EndCredit({ credit, subject, close }: { credit: CreditRowFragment; subject: Subject; close: () => void }) {
  const [end, setEnd] = useState(() => toField(nowOf(subject)));
  const [reason, setReason] = useState('');
  const { creditType: unit, segments } = credit.accessSchedule;
  const name = credit.name ?? credit.product.name;
  const balance = balanceIn(subject, unit);
  return (
    <Action
      title={`End “${name}”`}
      confirm="End credit"
      done={`Ended ${name}`}
      danger
      mutation={EndCreditDocument}
      answer={(data) => data.endCredit}
      build={() => {
        const check = new Check();
        const input = { id: credit.id, endingBefore: check.time('endingBefore', end), reason: given(reason) };
        return check.faults.length > 0 ? check.faults : input;
      }}
      consequences={({ endingBefore }) => {
        const at = new Date(endingBefore).getTime();
        const open = segments.filter(({ status }) => status !== 'VOIDED' && status !== 'EXPIRED');
        const gone = open.filter(({ startingAt }) => new Date(startingAt).getTime() >= at);
        const cut = open.filter(
          ({ startingAt, endingBefore: until }) =>
            new Date(startingAt).getTime() < at && (until === null || new Date(until).getTime() > at),
        );
        const lost = add(...cut.filter(({ status }) => status === 'ACTIVE').map(({ remaining }) => remaining));
        const isPast = at <= nowOf(subject).getTime();
        return (
          <Consequences>
            {gone.map((segment) => (
              <li key={segment.id}>
                The segment of {withUnit(segment.amount, unit)} from <When at={segment.startingAt} /> is removed.
              </li>
            ))}
            {cut.map((segment) => (
              <li key={segment.id}>
                The segment of {withUnit(segment.amount, unit)} ends <When at={endingBefore} />
                {segment.endingBefore !== null && (
                  <>
                    {' '}
                    instead of <When at={segment.endingBefore} />
                  </>
                )}
                .
              </li>
            ))}
            {gone.length + cut.length === 0 && <li>No segment reaches beyond that: this will be refused.</li>}
            {isPast && cut.length > 0 && (
              <Change
                what="Balance"
                before={withUnit(balance.posted, unit)}
                after={withUnit(subtract(balance.posted, lost), unit)}
              />
            )}
          </Consequences>
        );
      }}
      close={close}
    >
      <TimeField path="endingBefore" label="Ends" value={end} set={setEnd} required description="Earlier only." />
      <TextField path="reason" label="Reason" value={reason} set={setReason} long />
    </Action>
  );
}
