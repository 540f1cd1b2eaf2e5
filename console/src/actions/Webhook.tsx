import { MultiSelect, TagsInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useQuery } from 'urql';
import {
  CreateWebhookEndpointDocument,
  type CreateWebhookEndpointInput,
  CustomerNamesDocument,
  DeleteWebhookEndpointDocument,
  type EndpointFragment,
  ReplayWebhookDeliveryDocument,
  RotateWebhookSecretDocument,
  UpdateWebhookEndpointDocument,
  type UpdateWebhookEndpointInput,
  type WebhookDeliveriesQuery,
  type WebhookFormat,
} from '../gql/documents';
import { EVENT_TYPES, FORMATS } from '../lib/words';
import { Action, Change, Consequences, useFault } from './Action';
import { Check, CheckField, ChoiceField, given, TextField } from './fields';

interface Props {
  endpoint: EndpointFragment;
  close: () => void;
}

interface Secret {
  /** Takes the secret, which is shown once; null where that answer was lost. */
  made: (secret: string | null) => void;
}

export function NewEndpoint({ close, made }: Omit<Props, 'endpoint'> & Secret) {
  const [url, setUrl] = useState('');
  const [description, setDescription] = useState('');
  const [format, setFormat] = useState<WebhookFormat>('SCRIP');
  const [types, setTypes] = useState<string[]>([]);
  const [customers, setCustomers] = useState<string[]>([]);
  const build = (): CreateWebhookEndpointInput | Check['faults'] => {
    const check = new Check();
    if (url.trim() === '') check.fault('url', 'is required: https://…');
    const input = {
      url: url.trim(),
      description: given(description),
      format,
      eventTypes: types.length === 0 ? undefined : types,
      customerIds: customers.length === 0 ? undefined : customers,
    };
    return check.faults.length > 0 ? check.faults : input;
  };
  return (
    <Action
      title="New webhook"
      confirm="Create webhook"
      done="Created the webhook"
      mutation={CreateWebhookEndpointDocument}
      answer={(data) => data.createWebhookEndpoint}
      carriedOut={(data) => {
        made(data.createWebhookEndpoint?.secret ?? null);
      }}
      build={build}
      consequences={(input) => (
        <Consequences>
          <li>
            From now on <strong>{input.url}</strong> is told of {types.length === 0 ? 'all events' : types.join(', ')}
            {customers.length === 0 ? '' : `, of ${customers.length === 1 ? 'one customer' : `${customers.length} customers`} only`}, as {FORMATS[format]}.
          </li>
          <li>What happened before is not told. The secret of its signatures is shown once, after this.</li>
        </Consequences>
      )}
      close={close}
    >
      <TextField path="url" label="URL" value={url} set={setUrl} required placeholder="https://example.com/hooks" />
      <ChoiceField
        path="format"
        label="Payload"
        value={format}
        set={(value) => {
          setFormat(value as WebhookFormat);
          setTypes([]);
        }}
        choices={Object.entries(FORMATS).map(([value, label]) => ({ value, label }))}
      />
      <TypesField format={format} value={types} set={setTypes} />
      <CustomersField value={customers} set={setCustomers} description="None: of all." />
      <TextField path="description" label="Description" value={description} set={setDescription} long />
    </Action>
  );
}

export function EditEndpoint({ endpoint, close }: Props) {
  const [url, setUrl] = useState(endpoint.url);
  const [description, setDescription] = useState(endpoint.description ?? '');
  const [enabled, setEnabled] = useState(endpoint.enabled);
  const [types, setTypes] = useState(endpoint.eventTypes ?? []);
  const [customers, setCustomers] = useState(endpoint.customerIds ?? []);
  const build = (): UpdateWebhookEndpointInput | Check['faults'] => {
    const check = new Check();
    const input: UpdateWebhookEndpointInput = { id: endpoint.id };
    if (url.trim() !== endpoint.url) input.url = url.trim();
    if (description !== (endpoint.description ?? '')) input.description = description;
    if (enabled !== endpoint.enabled) input.enabled = enabled;
    if (types.join() !== (endpoint.eventTypes ?? []).join()) input.eventTypes = types.length === 0 ? ['*'] : types;
    if (customers.join() !== (endpoint.customerIds ?? []).join()) {
      if (customers.length === 0) check.fault('customerIds', 'can not become all customers again: make another webhook');
      input.customerIds = customers;
    }
    return check.faults.length > 0 ? check.faults : input;
  };
  return (
    <Action
      title="Edit webhook"
      confirm="Save changes"
      done="Changed the webhook"
      mutation={UpdateWebhookEndpointDocument}
      answer={(data) => data.updateWebhookEndpoint}
      build={build}
      consequences={(input) => <Edited input={input} endpoint={endpoint} />}
      close={close}
    >
      <TextField path="url" label="URL" value={url} set={setUrl} required />
      <CheckField
        label="Enabled"
        description="Off, nothing is sent, and what happens meanwhile is not noted for it."
        checked={enabled}
        set={setEnabled}
      />
      <TypesField format={endpoint.format} value={types} set={setTypes} />
      <CustomersField
        value={customers}
        set={setCustomers}
        description={endpoint.customerIds === null ? 'None: of all, as it is.' : undefined}
      />
      <TextField path="description" label="Description" value={description} set={setDescription} long />
    </Action>
  );
}

function Edited({ input, endpoint }: { input: UpdateWebhookEndpointInput; endpoint: EndpointFragment }) {
  const all = (list: readonly string[] | null | undefined) =>
    !list || list.length === 0 || list[0] === '*' ? 'all' : list.join(', ');
  const nothing = Object.keys(input).every((name) => name === 'id' || name === 'idempotencyKey');
  return (
    <Consequences>
      {nothing && <li>Nothing changes.</li>}
      {typeof input.url === 'string' && <Change what="URL" before={endpoint.url} after={input.url} />}
      {input.eventTypes !== undefined && (
        <Change what="Events" before={all(endpoint.eventTypes)} after={all(input.eventTypes)} />
      )}
      {input.customerIds !== undefined && (
        <Change
          what="Customers"
          before={endpoint.customerIds === null ? 'all' : endpoint.customerIds.length}
          after={input.customerIds?.length ?? 'all'}
        />
      )}
      {typeof input.description === 'string' && (
        <Change what="Description" before={endpoint.description ?? 'none'} after={input.description} />
      )}
      {input.enabled === true && <li>It is told of what happens from now on.</li>}
      {input.enabled === false && <li>Nothing is sent to it any more, and what happens is not noted for it.</li>}
    </Consequences>
  );
}

export function RotateSecret({ endpoint, close, made }: Props & Secret) {
  return (
    <Action
      title="Rotate the secret"
      confirm="Rotate secret"
      done="Rotated the secret"
      mutation={RotateWebhookSecretDocument}
      answer={(data) => data.rotateWebhookSecret}
      carriedOut={(data) => {
        made(data.rotateWebhookSecret?.secret ?? null);
      }}
      build={() => ({ id: endpoint.id })}
      consequences={() => (
        <Consequences>
          <li>A new secret is made, and shown once after this.</li>
          <li>For another day messages are signed with the old one as well; then it is worth nothing.</li>
        </Consequences>
      )}
      close={close}
    >
      <p>
        What is sent to <strong>{endpoint.url}</strong> will be signed with another secret.
      </p>
    </Action>
  );
}

export function DeleteEndpoint({ endpoint, close }: Props) {
  return (
    <Action
      title="Delete webhook"
      confirm="Delete webhook"
      done="Deleted the webhook"
      danger
      mutation={DeleteWebhookEndpointDocument}
      answer={(data) => data.deleteWebhookEndpoint}
      build={() => ({ id: endpoint.id })}
      consequences={() => (
        <Consequences>
          <li>
            <strong>{endpoint.url}</strong> is told nothing more, not even what was still to be told. This cannot be taken
            back.
          </li>
        </Consequences>
      )}
      close={close}
    >
      <p>To stop for a while only, edit it and switch it off.</p>
    </Action>
  );
}

export type Delivery = NonNullable<WebhookDeliveriesQuery['webhookDeliveries']>['nodes'][number];

export function Replay({ delivery, close }: { delivery: Delivery; close: () => void }) {
  return (
    <Action
      title="Replay a delivery"
      confirm="Replay"
      done="It will be told once more"
      mutation={ReplayWebhookDeliveryDocument}
      // Done twice, it is told once: what is still to be told is not replayed.
      keyed={false}
      answer={(data) => data.replayWebhookDelivery}
      build={() => ({
        endpointId: delivery.endpointId,
        eventId: delivery.eventId,
        customerId: delivery.customer?.id,
      })}
      consequences={() => (
        <Consequences>
          <li>
            The event <code>{delivery.eventType}</code> is sent once more, with the same id <code>{delivery.eventId}</code>, as
            if for the first time.
          </li>
        </Consequences>
      )}
      close={close}
    >
      <p>{delivery.failure ?? 'The endpoint took it; a receiver that keeps ids will know it again.'}</p>
    </Action>
  );
}

interface ListProps {
  value: string[];
  set: (value: string[]) => void;
}

/** What it is told of: types are offered, and others can be typed. */
function TypesField({ format, value, set }: ListProps & { format: WebhookFormat }) {
  return (
    <TagsInput
      label="Events"
      description="None: all that there are in this form."
      data={EVENT_TYPES[format]}
      value={value}
      error={useFault('eventTypes')}
      clearable
      clearButtonProps={{ 'aria-label': 'All events' }}
      mb="sm"
      onChange={set}
    />
  );
}

/** Of whom it is told: customers are found by name or external id. */
function CustomersField({ value, set, description }: ListProps & { description: string | undefined }) {
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed.trim(), 250);
  const [found] = useQuery({
    query: CustomerNamesDocument,
    variables: { filter: search === '' ? { archived: false } : { search } },
  });
  const [picked] = useQuery({
    query: CustomerNamesDocument,
    variables: { filter: { ids: value } },
    pause: value.length === 0,
  });
  const known = new Map([...(found.data?.customers.nodes ?? []), ...(picked.data?.customers.nodes ?? [])].map((one) => [one.id, one]));
  const labelOf = (id: string) => known.get(id)?.name ?? id;
  const ids = [...new Set([...known.keys(), ...value])];
  return (
    <MultiSelect
      label="Customers"
      description={description}
      data={ids.map((id) => ({ value: id, label: labelOf(id) }))}
      value={value}
      error={useFault('customerIds')}
      searchable
      onSearchChange={setTyped}
      // Found by the server, by external id too.
      filter={({ options }) => options}
      clearable
      clearButtonProps={{ 'aria-label': 'No customer' }}
      mb="sm"
      onChange={set}
    />
  );
}
