import { useState } from 'react';
import { useLocation } from 'wouter';
import { CreateCustomerDocument } from '../gql/documents';
import { Action, Consequences } from './Action';
import { Check, given, TextField } from './fields';

export function NewCustomer({ close }: { close: () => void }) {
  const [, go] = useLocation();
  const [name, setName] = useState('');
  const [externalId, setExternalId] = useState('');
  return (
    <Action
      title="New customer"
      confirm="Create customer"
      done={`Created ${name}`}
      mutation={CreateCustomerDocument}
      answer={(data) => data.createCustomer}
      carriedOut={(data) => {
        const id = data.createCustomer?.customer?.id;
        if (id !== undefined) go(`/console/customers/${id}`);
      }}
      build={() => {
        const check = new Check();
        const input = { name: check.text('name', name), externalId: given(externalId) };
        return check.faults.length > 0 ? check.faults : input;
      }}
      consequences={() => (
        <Consequences>
          <li>
            The customer <strong>{name}</strong> is created, without any credit.
          </li>
          {externalId !== '' && (
            <li>
              Your own id for it, <code>{externalId}</code>, is taken from then on.
            </li>
          )}
        </Consequences>
      )}
      close={close}
    >
      <TextField path="name" label="Name" value={name} set={setName} required />
      <TextField
        path="externalId"
        label="External id"
        description="Your own id for this customer."
        value={externalId}
        set={setExternalId}
      />
    </Action>
  );
}
