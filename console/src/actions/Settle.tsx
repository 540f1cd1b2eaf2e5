import { useState } from 'react';
import {
  CaptureHoldDocument,
  type DrawdownRowFragment,
  ReleaseHoldDocument,
  type RestoreExpired,
  ReverseDrawdownDocument,
} from '../gql/documents';
import { add, isNegative, subtract, withUnit } from '../lib/decimal';
import { Action, Change, Consequences } from './Action';
import { AmountField, Check, ChoiceField, given, TextField } from './fields';
import { balanceIn, type Subject } from './subject';

export type HoldDeed = 'release' | 'capture' | 'reverse';

interface Props {
  drawdown: DrawdownRowFragment;
  subject: Subject;
  close: () => void;
}

/** Lets a hold go, posts it, or gives back what was posted. */
export function Settle({ deed, ...props }: Props & { deed: HoldDeed }) {
  switch (deed) {
    case 'release':
      return <Release {...props} />;
    case 'capture':
      return <Capture {...props} />;
    case 'reverse':
      return <Reverse {...props} />;
  }
}

function Release({ drawdown, subject, close }: Props) {
  const [reason, setReason] = useState('');
  const unit = drawdown.creditType;
  const balance = balanceIn(subject, unit);
  return (
    <Action
      title="Release a hold"
      confirm="Release hold"
      done="Released the hold"
      mutation={ReleaseHoldDocument}
      answer={(data) => data.releaseDrawdown}
      build={() => ({ id: drawdown.id, customerId: subject.id, reason: given(reason) })}
      consequences={() => (
        <Consequences>
          <li>
            <strong>{withUnit(drawdown.applied, unit)}</strong> are held no longer. What was held of a
            window that has ended meanwhile expires at once.
          </li>
          <Change
            what="Held"
            before={withUnit(balance.held, unit)}
            after={withUnit(subtract(balance.held, drawdown.applied), unit)}
          />
        </Consequences>
      )}
      close={close}
    >
      <TextField path="reason" label="Reason" value={reason} set={setReason} long />
    </Action>
  );
}

function Capture({ drawdown, subject, close }: Props) {
  const [amount, setAmount] = useState(drawdown.applied);
  const [reason, setReason] = useState('');
  const unit = drawdown.creditType;
  const balance = balanceIn(subject, unit);
  return (
    <Action
      title="Capture a hold"
      confirm="Capture hold"
      done="Captured the hold"
      mutation={CaptureHoldDocument}
      answer={(data) => data.captureDrawdown}
      build={() => {
        const check = new Check();
        const input = {
          id: drawdown.id,
          customerId: subject.id,
          amount: check.amount('amount', amount),
          reason: given(reason),
        };
        return check.faults.length > 0 ? check.faults : input;
      }}
      consequences={(input) => {
        const taken = input.amount ?? drawdown.applied;
        const rest = subtract(drawdown.applied, taken);
        return (
          <Consequences>
            <Change
              what="Balance"
              before={withUnit(balance.posted, unit)}
              after={withUnit(subtract(balance.posted, taken), unit)}
            />
            {!isNegative(rest) && (
              <li>
                The rest of the hold, <strong>{withUnit(rest, unit)}</strong>, is released.
              </li>
            )}
          </Consequences>
        );
      }}
      close={close}
    >
      <AmountField
        path="amount"
        label="Amount"
        value={amount}
        set={setAmount}
        unit={unit}
        required
        description={`At most the ${withUnit(drawdown.applied, unit)} that are held.`}
      />
      <TextField path="reason" label="Reason" value={reason} set={setReason} long />
    </Action>
  );
}

function Reverse({ drawdown, subject, close }: Props) {
  const left = subtract(drawdown.applied, drawdown.reversed);
  const [amount, setAmount] = useState(left);
  const [ifExpired, setIfExpired] = useState<string>('FORFEIT');
  const [reason, setReason] = useState('');
  const unit = drawdown.creditType;
  const balance = balanceIn(subject, unit);
  return (
    <Action
      title="Reverse a drawdown"
      confirm="Reverse drawdown"
      done="Reversed the drawdown"
      mutation={ReverseDrawdownDocument}
      answer={(data) => data.reverseDrawdown}
      build={() => {
        const check = new Check();
        const input = {
          id: drawdown.id,
          customerId: subject.id,
          amount: check.amount('amount', amount),
          ifExpired: ifExpired as RestoreExpired,
          reason: given(reason),
        };
        return check.faults.length > 0 ? check.faults : input;
      }}
      consequences={(input) => (
        <Consequences>
          <li>
            <strong>{withUnit(input.amount ?? left, unit)}</strong> go back to where they came from, last slice
            first.
          </li>
          <Change
            what="Balance, at most"
            before={withUnit(balance.posted, unit)}
            after={withUnit(add(balance.posted, input.amount ?? left), unit)}
          />
          <li>
            {input.ifExpired === 'FORFEIT'
              ? 'What goes back to a window that has ended expires again at once.'
              : 'What goes back to a window that has ended can be used for 30 more days.'}
          </li>
        </Consequences>
      )}
      close={close}
    >
      <AmountField
        path="amount"
        label="Amount"
        value={amount}
        set={setAmount}
        unit={unit}
        required
        description={`At most ${withUnit(left, unit)}.`}
      />
      <ChoiceField
        path="ifExpired"
        label="Where the window has ended"
        value={ifExpired}
        set={setIfExpired}
        choices={[
          { value: 'FORFEIT', label: 'It expires again' },
          { value: 'EXTEND_30_DAYS', label: 'It can be used for 30 more days' },
        ]}
      />
      <TextField path="reason" label="Reason" value={reason} set={setReason} long />
    </Action>
  );
}
