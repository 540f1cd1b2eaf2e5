import { Button, Menu, Table } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { DeleteEndpoint, EditEndpoint, NewEndpoint, RotateSecret } from '../actions/Webhook';
import { type EndpointFragment, WebhookEndpointsDocument } from '../gql/documents';
import { When } from '../lib/time';
import { FORMATS } from '../lib/words';
import { Empty, RowMenu } from '../parts/bits';
import { Made, type MadeText } from '../parts/Made';
import { List, Page, usePaged } from '../parts/Paged';
import { useTitle } from '../lib/title';

const COLUMNS = ['Endpoint', 'Payload', 'Events', 'Customers', 'Status', { time: 'Made' }];
export const WEBHOOKS = { additionalTypenames: ['WebhookEndpoint', 'WebhookDelivery', 'ReplayWebhookDeliveryPayload'] };

type Deed = 'edit' | 'rotate' | 'delete';

/** Where events are sent to. */
export function Webhooks() {
  useTitle('Webhooks');
  const [creating, setCreating] = useState(false);
  const [picked, setPicked] = useState<{ endpoint: EndpointFragment; deed: Deed } | null>(null);
  const [secret, setSecret] = useState<MadeText | null>(null);
  const handOver = (text: string | null) => setSecret({ text });
  const paged = usePaged('webhooks', 50, WebhookEndpointsDocument, { order: 'NEWEST_FIRST' }, WEBHOOKS);
  return (
    <>
      <div className="page-head">
        <h1>Webhooks</h1>
        <div className="tools">
          {paged.copy}
          <Button onClick={() => setCreating(true)}>New webhook</Button>
        </div>
      </div>
      <Page
        of={paged}
        list={({ webhookEndpoints }) => webhookEndpoints}
        what="webhooks"
        none={<Empty title="No webhooks">Every event can be sent to an address of yours, signed, in order, at least once.</Empty>}
      >
        {(endpoints) => (
          <List label="Webhooks" columns={COLUMNS} withActions>
            {endpoints.map((endpoint) => (
              <Row key={endpoint.id} endpoint={endpoint}>
                {endpoint.deletedAt === null && (
                  <RowMenu name={endpoint.url}>
                    <Menu.Item onClick={() => setPicked({ endpoint, deed: 'edit' })}>Edit</Menu.Item>
                    <Menu.Item onClick={() => setPicked({ endpoint, deed: 'rotate' })}>Rotate secret</Menu.Item>
                    <Menu.Item className="danger" onClick={() => setPicked({ endpoint, deed: 'delete' })}>
                      Delete
                    </Menu.Item>
                  </RowMenu>
                )}
              </Row>
            ))}
          </List>
        )}
      </Page>
      {creating && <NewEndpoint close={() => setCreating(false)} made={handOver} />}
      {picked !== null && deedOf(picked, () => setPicked(null), handOver)}
      {secret !== null && (
        <Made title="The secret" text={secret.text} lost="Rotate the secret of this webhook." close={() => setSecret(null)} />
      )}
    </>
  );
}

function deedOf(
  { endpoint, deed }: { endpoint: EndpointFragment; deed: Deed },
  close: () => void,
  made: (secret: string | null) => void,
): ReactNode {
  switch (deed) {
    case 'edit':
      return <EditEndpoint endpoint={endpoint} close={close} />;
    case 'rotate':
      return <RotateSecret endpoint={endpoint} close={close} made={made} />;
    case 'delete':
      return <DeleteEndpoint endpoint={endpoint} close={close} />;
  }
}

function Row({ endpoint, children }: { endpoint: EndpointFragment; children: ReactNode }) {
  const { eventTypes, customerIds } = endpoint;
  return (
    <Table.Tr>
      <Table.Th scope="row" className="name-cell">
        <Link href={`/console/webhooks/${endpoint.id}`}>{endpoint.url}</Link>
        <span className="sub">{endpoint.description}</span>
      </Table.Th>
      <Table.Td>{FORMATS[endpoint.format]}</Table.Td>
      <Table.Td>{eventTypes === null ? <span className="dim">All</span> : eventTypes.join(', ')}</Table.Td>
      <Table.Td>{customerIds === null ? <span className="dim">All</span> : customerIds.length}</Table.Td>
      <Table.Td>
        <EndpointStatus endpoint={endpoint} />
      </Table.Td>
      <Table.Td>
        <When at={endpoint.createdAt} dayOnly />
        <span className="sub">{endpoint.createdBy}</span>
      </Table.Td>
      <Table.Td className="row-actions">{children}</Table.Td>
    </Table.Tr>
  );
}

export function EndpointStatus({ endpoint }: { endpoint: EndpointFragment }) {
  if (endpoint.deletedAt !== null) return <span className="status bad">Deleted</span>;
  return endpoint.enabled ? <span className="status good">Enabled</span> : <span className="status over">Off</span>;
}
