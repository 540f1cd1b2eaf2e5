import { ArchiveCustomerDocument } from '../gql/documents';
import { Action, Consequences } from './Action';
import type { Subject } from './subject';

export function ArchiveCustomer({ subject, close }: { subject: Subject; close: () => void }) {
  return (
    <Action
      title={`Archive ${subject.name}`}
      confirm="Archive customer"
      done={`Archived ${subject.name}`}
      danger
      mutation={ArchiveCustomerDocument}
      answer={(data) => data.archiveCustomer}
      build={() => ({ id: subject.id })}
      consequences={() => (
        <Consequences>
          <li>{subject.name} keeps its books, and what it has goes on to start and expire.</li>
          <li>It accepts no new grant, credit or drawdown from then on. This cannot be taken back.</li>
        </Consequences>
      )}
      close={close}
    >
      <p>An archived customer can be looked up, but nothing new can be written for it.</p>
    </Action>
  );
}
