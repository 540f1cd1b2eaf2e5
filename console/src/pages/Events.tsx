import { Table, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { type EventFilter, EventsDocument, type EventsQuery } from '../gql/documents';
import { useInAddress, useTyped } from '../lib/address';
import { When } from '../lib/time';
import { Empty } from '../parts/bits';
import { EventSubject } from '../parts/EventSubject';
import { List, Page, usePaged } from '../parts/Paged';
import { useTitle } from '../lib/title';

/** Who changed what, from what to what. */
export function Events() {
  useTitle('Events');
  return (
    <>
      <div className="page-head">
        <h1>Events</h1>
      </div>
      <EventList filter={{}} withCustomer />
    </>
  );
}

export function EventList({ filter, withCustomer }: { filter: EventFilter; withCustomer: boolean }) {
  const [type, setType] = useInAddress('type', '', 'events');
  const [by, setBy] = useInAddress('by', '', 'events');
  const types = type.split(',').map((one) => one.trim()).filter((one) => one !== '');
  const paged = usePaged('events', 50, EventsDocument, {
    filter: {
      ...filter,
      ...(types.length === 0 ? {} : { types }),
      ...(by === '' ? {} : { createdBy: by }),
    },
    order: 'NEWEST_FIRST',
  });
  return (
    <>
      <div className="filters">
        <Filter label="Type" placeholder="credit_grant.voided" value={type} set={setType} />
        <Filter label="By" placeholder="Name of a key" value={by} set={setBy} />
        <div className="tools at-end">{paged.copy}</div>
      </div>
      <Page
        of={paged}
        list={({ events }) => events}
        what="events"
        rows={12}
        none={<Empty title="No events">A type is written in full, such as credit_grant.created.</Empty>}
      >
        {(events) => (
          <List label="Events" columns={[{ time: 'Recorded' }, 'Event', 'Of', withCustomer && 'Customer', 'By', 'What changed']}>
            {events.map((event) => (
              <Row key={event.id} event={event} withCustomer={withCustomer} />
            ))}
          </List>
        )}
      </Page>
    </>
  );
}

/** A text that filters, a moment after it was typed. */
function Filter({
  label,
  placeholder,
  value,
  set,
}: {
  label: string;
  placeholder: string;
  value: string;
  set: (value: string) => void;
}) {
  const [typed, type] = useTyped(value, set);
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={typed}
      onChange={(event) => type(event.currentTarget.value)}
    />
  );
}

type Event = EventsQuery['events']['nodes'][number];

function Row({ event, withCustomer }: { event: Event; withCustomer: boolean }) {
  return (
    <Table.Tr>
      <Table.Td>
        <When at={event.recordedAt} />
      </Table.Td>
      <Table.Td>
        <code>{event.type}</code>
      </Table.Td>
      <Table.Td className="free">
        <EventSubject event={event} />
      </Table.Td>
      {withCustomer && (
        <Table.Td className="free">
          {event.customer !== null && (
            <Link href={`/console/customers/${event.customer.id}`}>{event.customer.name}</Link>
          )}
        </Table.Td>
      )}
      <Table.Td className="dim">{event.createdBy}</Table.Td>
      <Table.Td>
        <Changes before={event.before} after={event.after} />
      </Table.Td>
    </Table.Tr>
  );
}

/** Field by field: what it was, what it is. */
function Changes({ before, after }: { before: unknown; after: unknown }) {
  const was = asObject(before);
  const is = asObject(after);
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return (
    <dl className="changes">
      {names.map((name) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {before !== null && name in was && <del>{shown(was[name])}</del>}
            {name in is && <ins>{shown(is[name])}</ins>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** An instant, as the API writes it. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function shown(value: unknown): ReactNode {
  if (typeof value === 'string' && INSTANT.test(value)) return <When at={value} />;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
