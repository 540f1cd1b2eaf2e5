import { useState } from 'react';
import { CreateCustomerTokenDocument } from '../gql/documents';
import { Action, Consequences } from './Action';
import { ChoiceField } from './fields';
import type { Subject } from './subject';

const TIMES = [
  { value: '900', label: '15 minutes' },
  { value: '3600', label: '1 hour' },
  { value: '86400', label: '1 day' },
];

/** A link with which the customer sees its own books, for a while. */
export function CustomerLink({
  subject,
  made,
  close,
}: {
  subject: Subject;
  made: (link: string | null) => void;
  close: () => void;
}) {
  const [seconds, setSeconds] = useState('3600');
  return (
    <Action
      title={`Link for ${subject.name}`}
      confirm="Make link"
      done="Made the link"
      mutation={CreateCustomerTokenDocument}
      answer={(data) => data.createCustomerToken}
      build={() => ({ customerId: subject.id, expiresIn: Number.parseInt(seconds, 10) })}
      consequences={() => (
        <Consequences>
          <li>
            Whoever has the link sees all of <strong>{subject.name}</strong> and nothing else, and can change nothing.
          </li>
          <li>It is good for {TIMES.find(({ value }) => value === seconds)?.label} and cannot be taken back before.</li>
        </Consequences>
      )}
      carriedOut={(data) => {
        const token = data.createCustomerToken?.token;
        made(typeof token === 'string' ? `${window.location.origin}/#key=${token}` : null);
      }}
      close={close}
    >
      <ChoiceField path="expiresIn" label="Good for" value={seconds} set={setSeconds} choices={TIMES} />
    </Action>
  );
}
