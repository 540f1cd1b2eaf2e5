import { type ReactNode, useState } from 'react';
import {
  CaptureHoldDocument,
  type DrawdownRowFragment,
  ReleaseHoldDocument,
  type RestoreExpired,
  ReverseDrawdownDocument,
} from '../gql/documents';
import { add, isNegative, isZero, subtract, withUnit } from '../lib/decimal';
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

/** What the three have in common: which drawdown, how much of it, and why. */
function useSettling({ drawdown, subject }: Props, most: string) {
  const [amount, setAmount] = useState(most);
  const [reason, setReason] = useState('');
  const unit = drawdown.creditType;
  const whole = { id: drawdown.id, customerId: subject.id, reason: given(reason) };
  const part = () => {
    const check = new Check();
    const input = { ...whole, amount: check.amount('amount', amount, unit) };
    if (check.faults.length === 0 && isNegative(subtract(most, input.amount))) {
      check.fault('amount', `must be at most ${withUnit(most, unit)}`);
    }
    return check.faults.length > 0 ? check.faults : input;
  };
  return {
    unit,
    balance: balanceIn(subject, unit),
    whole,
    part,
    amountField: (description: string) => (
      <AmountField path="amount" label="Amount" value={amount} set={setAmount} unit={unit} required description={description} />
    ),
    reasonField: <TextField path="reason" label="Reason" value={reason} set={setReason} long />,
  };
}

/** From one amount to another, with their unit. */
function Becomes({ what, before, after, unit }: { what: string; before: string; after: string; unit: Props['drawdown']['creditType'] }): ReactNode {
  return <Change what={what} before={withUnit(before, unit)} after={withUnit(after, unit)} />;
}

function Release(props: Props) {
  const { drawdown, close } = props;
  const { unit, balance, whole, reasonField } = useSettling(props, drawdown.applied);
  return (
    <Action
      title="Release a hold"
      confirm="Release hold"
      done="Released the hold"
      mutation={ReleaseHoldDocument}
      answer={(data) => data.releaseDrawdown}
      build={() => whole}
      consequences={() => (
        <Consequences>
          <li>
            <strong>{withUnit(drawdown.applied, unit)}</strong> are held no longer. What was held of a
            window that has ended meanwhile expires at once.
          </li>
          <Becomes what="Held" before={balance.held} after={subtract(balance.held, drawdown.applied)} unit={unit} />
        </Consequences>
      )}
      close={close}
    >
      {reasonField}
    </Action>
  );
}

function Capture(props: Props) {
  const { drawdown, close } = props;
  const { unit, balance, part, amountField, reasonField } = useSettling(props, drawdown.applied);
  return (
    <Action
      title="Capture a hold"
      confirm="Capture hold"
      done="Captured the hold"
      mutation={CaptureHoldDocument}
      answer={(data) => data.captureDrawdown}
      build={part}
      consequences={({ amount }) => {
        const rest = subtract(drawdown.applied, amount ?? drawdown.applied);
        return (
          <Consequences>
            <Becomes
              what="Balance"
              before={balance.posted}
              after={subtract(balance.posted, amount ?? drawdown.applied)}
              unit={unit}
            />
            {!isNegative(rest) && !isZero(rest) && (
              <li>
                The rest of the hold, <strong>{withUnit(rest, unit)}</strong>, is released.
              </li>
            )}
          </Consequences>
        );
      }}
      close={close}
    >
      {amountField(`At most the ${withUnit(drawdown.applied, unit)} that are held.`)}
      {reasonField}
    </Action>
  );
}

const IF_EXPIRED: Record<RestoreExpired, { label: string; said: string }> = {
  FORFEIT: { label: 'It expires again', said: 'expires again at once' },
  EXTEND_30_DAYS: { label: 'It can be used for 30 more days', said: 'can be used for 30 more days' },
};

function Reverse(props: Props) {
  const { drawdown, close } = props;
  const left = subtract(drawdown.applied, drawdown.reversed);
  const { unit, balance, part, amountField, reasonField } = useSettling(props, left);
  const [ifExpired, setIfExpired] = useState<RestoreExpired>('FORFEIT');
  return (
    <Action
      title="Reverse a drawdown"
      confirm="Reverse drawdown"
      done="Reversed the drawdown"
      mutation={ReverseDrawdownDocument}
      answer={(data) => data.reverseDrawdown}
      build={() => {
        const input = part();
        return Array.isArray(input) ? input : { ...input, ifExpired };
      }}
      consequences={({ amount }) => (
        <Consequences>
          <li>
            <strong>{withUnit(amount ?? left, unit)}</strong> go back to where they came from, last slice first.
          </li>
          <Becomes what="Balance, at most" before={balance.posted} after={add(balance.posted, amount ?? left)} unit={unit} />
          <li>What goes back to a window that has ended {IF_EXPIRED[ifExpired].said}.</li>
        </Consequences>
      )}
      close={close}
    >
      {amountField(`At most ${withUnit(left, unit)}.`)}
      <ChoiceField
        path="ifExpired"
        label="Where the window has ended"
        value={ifExpired}
        set={(value) => setIfExpired(value as RestoreExpired)}
        choices={Object.entries(IF_EXPIRED).map(([value, { label }]) => ({ value, label }))}
      />
      {reasonField}
    </Action>
  );
}
