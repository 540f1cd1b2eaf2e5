import { Table, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { BOOKS } from '../client';
import { type EventFilter, EventsDocument, type EventsQuery, type EventsQueryVariables } from '../gql/documents';
import { When } from '../lib/time';
import { Empty, Scroll } from '../parts/bits';
import { CopyGraphql } from '../parts/CopyGraphql';
import { Loaded } from '../parts/Loaded';
import { Pager, usePlace } from '../parts/Pager';

/** Who changed what, from what to what. */
export function Events() {
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
  const [typed, setTyped] = useState({ type: '', by: '' });
  const [{ type, by }] = useDebouncedValue(typed, 300);
  const whole: EventFilter = {
    ...filter,
    ...(type.trim() === '' ? {} : { types: type.split(',').map((one) => one.trim()) }),
    ...(by.trim() === '' ? {} : { createdBy: by.trim() }),
  };
  const place = usePlace(50, JSON.stringify(whole));
  const variables: EventsQueryVariables = { filter: whole, order: 'NEWEST_FIRST', ...place.variables };
  const result = useQuery({ query: EventsDocument, variables, context: BOOKS });
  return (
    <>
      <div className="filters">
        <TextInput
          label="Type"
          placeholder="credit_grant.voided"
          value={typed.type}
          onChange={(event) => setTyped({ ...typed, type: event.currentTarget.value })}
        />
        <TextInput
          label="By"
          placeholder="Name of a key"
          value={typed.by}
          onChange={(event) => setTyped({ ...typed, by: event.currentTarget.value })}
        />
        <div className="tools at-end">
          <CopyGraphql document={EventsDocument} variables={variables} />
        </div>
      </div>
      <Loaded result={result} rows={12}>
        {({ events }) =>
          events.nodes.length === 0 ? (
            <Empty title="No events">A type is written in full, such as credit_grant.created.</Empty>
          ) : (
            <>
              <List events={events.nodes} withCustomer={withCustomer} />
              <Pager page={events.pageInfo} go={place.go} what="events" />
            </>
          )
        }
      </Loaded>
    </>
  );
}

type Event = EventsQuery['events']['nodes'][number];

function List({ events, withCustomer }: { events: Event[]; withCustomer: boolean }) {
  return (
    <Scroll label="Events">
      <Table className="list">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Recorded</Table.Th>
            <Table.Th>Event</Table.Th>
            {withCustomer && <Table.Th>Customer</Table.Th>}
            <Table.Th>By</Table.Th>
            <Table.Th>What changed</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {events.map((event) => (
            <Table.Tr key={event.id}>
              <Table.Td>
                <When at={event.recordedAt} />
              </Table.Td>
              <Table.Td>
                <code>{event.type}</code>
              </Table.Td>
              {withCustomer && (
                <Table.Td>
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
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
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

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
