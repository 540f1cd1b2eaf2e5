import { Button, NativeSelect, Table } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import { type Delivery, Replay } from '../actions/Webhook';
import { WebhookDeliveriesDocument, WebhookEndpointsDocument, type WebhookDeliveryStatus } from '../gql/documents';
import { useInAddress } from '../lib/address';
import { useAll } from '../lib/all';
import { useAskAgain } from '../lib/await';
import { When } from '../lib/time';
import { DELIVERIES, FORMATS } from '../lib/words';
import { Empty } from '../parts/bits';
import { List, Page, usePaged } from '../parts/Paged';
import { EndpointStatus, WEBHOOKS } from './Webhooks';
import { useTitle } from '../lib/title';

const STATUSES = Object.keys(DELIVERIES) as WebhookDeliveryStatus[];
const COLUMNS = ['Event', 'Customer', 'Status', { amount: 'Attempts' }, 'Last answer', { time: 'Recorded' }, { time: 'Settled' }];

/** What an endpoint is to be told, or was. */
export function Deliveries({ id }: { id: string }) {
  useTitle('Deliveries', 'Webhooks');
  const [chosen, choose] = useInAddress('status', '', 'deliveries');
  const status = STATUSES.find((value) => value === chosen);
  const [replaying, setReplaying] = useState<Delivery | null>(null);
  const asked = { endpointId: id, order: 'NEWEST_FIRST' as const, status: status === undefined ? undefined : [status] };
  const paged = usePaged('deliveries', 50, WebhookDeliveriesDocument, asked, WEBHOOKS);
  const [{ data }, ask] = paged.result;
  const again = () => ask({ requestPolicy: 'network-only' });
  const isPending = data?.webhookDeliveries?.nodes.some((delivery) => delivery.status === 'PENDING') ?? false;
  useAskAgain(isPending, ask);
  return (
    <>
      <nav aria-label="Path" className="crumbs">
        <Link href="/console/webhooks">Webhooks</Link> <span aria-hidden="true">/</span>
      </nav>
      <div className="page-head">
        <Head id={id} />
        <div className="tools">
          {paged.copy}
          <Button variant="default" onClick={again}>
            Refresh
          </Button>
        </div>
      </div>
      <div className="filters">
        <NativeSelect
          label="Status"
          data={[{ value: '', label: 'All' }, ...STATUSES.map((value) => ({ value, label: DELIVERIES[value].word }))]}
          value={status ?? ''}
          onChange={(event) => choose(event.currentTarget.value)}
        />
      </div>
      <Page
        of={paged}
        list={({ webhookDeliveries }) => webhookDeliveries}
        what="deliveries"
        none={<Empty title={status === 'DEAD' ? 'Nothing was given up' : 'No deliveries'} />}
      >
        {(deliveries) => (
          <List label="Deliveries" columns={COLUMNS} withActions>
            {deliveries.map((delivery) => (
              <Row key={delivery.eventId} delivery={delivery} replay={() => setReplaying(delivery)} />
            ))}
          </List>
        )}
      </Page>
      {replaying !== null && <Replay delivery={replaying} close={() => setReplaying(null)} />}
    </>
  );
}

function Head({ id }: { id: string }) {
  const [{ data }] = useAll(WebhookEndpointsDocument, { first: 100 }, ({ webhookEndpoints }) => webhookEndpoints, id);
  const endpoint = data?.nodes.find((one) => one.id === id);
  if (endpoint === undefined) return <h1>Webhook</h1>;
  return (
    <div>
      <h1 className="address">{endpoint.url}</h1>
      <p className="facts">
        <EndpointStatus endpoint={endpoint} />
        <span>{FORMATS[endpoint.format]}</span>
        {endpoint.description !== null && <span>{endpoint.description}</span>}
      </p>
    </div>
  );
}

function Row({ delivery, replay }: { delivery: Delivery; replay: () => void }) {
  const { word, tone } = DELIVERIES[delivery.status];
  return (
    <Table.Tr>
      <Table.Th scope="row">
        <code>{delivery.eventType}</code>
        <span className="sub">{delivery.eventId}</span>
      </Table.Th>
      <Table.Td className="free">
        {delivery.customer !== null && (
          <Link href={`/console/customers/${delivery.customer.id}`}>{delivery.customer.name}</Link>
        )}
      </Table.Td>
      <Table.Td>
        <span className={`status ${tone}`}>{word}</span>
        {delivery.nextAttemptAt !== null && (
          <span className="sub">
            next <When at={delivery.nextAttemptAt} />
          </span>
        )}
      </Table.Td>
      <Table.Td className="number">{delivery.attempts}</Table.Td>
      <Table.Td>
        {delivery.answer}
        {delivery.failure !== null && <span className="sub reason">{delivery.failure}</span>}
      </Table.Td>
      <Table.Td>
        <When at={delivery.createdAt} />
      </Table.Td>
      <Table.Td>{delivery.settledAt !== null && <When at={delivery.settledAt} />}</Table.Td>
      <Table.Td className="row-actions">
        {delivery.status !== 'PENDING' && (
          <Button variant="subtle" className="quiet" aria-label={`Replay ${delivery.eventType} ${delivery.eventId}`} onClick={replay}>
            Replay
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
