import { Button, Switch, Table, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { NewCustomer } from '../actions/NewCustomer';
import { BOOKS } from '../client';
import { CustomersDocument, type CustomersQuery, type CustomersQueryVariables } from '../gql/documents';
import { grouped, isZero } from '../lib/decimal';
import { When } from '../lib/time';
import { Amount, Empty, Scroll } from '../parts/bits';
import { CopyGraphql } from '../parts/CopyGraphql';
import { Loaded } from '../parts/Loaded';
import { Pager, usePlace } from '../parts/Pager';
import { useMayWrite } from '../parts/Viewer';

export function Customers() {
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed.trim(), 250);
  const [archived, setArchived] = useState(false);
  const [creating, setCreating] = useState(false);
  const mayWrite = useMayWrite();
  const place = usePlace(25, `${search} ${archived}`);
  const variables: CustomersQueryVariables = {
    ...place.variables,
    filter: {
      ...(search === '' ? {} : { search }),
      ...(archived ? {} : { archived: false }),
    },
  };
  const result = useQuery({ query: CustomersDocument, variables, context: BOOKS });
  return (
    <>
      <div className="page-head">
        <h1>Customers</h1>
        <div className="tools">
          <CopyGraphql document={CustomersDocument} variables={variables} />
          {mayWrite && <Button onClick={() => setCreating(true)}>New customer</Button>}
        </div>
      </div>
      <div className="filters">
        <TextInput
          className="search"
          type="search"
          aria-label="Find customers by name or external id"
          placeholder="Find by name or external id"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Switch
          label="Also archived"
          checked={archived}
          onChange={(event) => setArchived(event.currentTarget.checked)}
        />
      </div>
      <Loaded result={result} rows={12}>
        {({ customers }) =>
          customers.nodes.length === 0 ? (
            <Empty title={search === '' ? 'No customers yet' : `No customer matches “${search}”`} />
          ) : (
            <>
              <p className="count" role="status">
                {grouped(String(customers.totalCount))}{' '}
                {customers.totalCount === 1 ? 'customer' : 'customers'}
              </p>
              <List customers={customers.nodes} />
              <Pager page={customers.pageInfo} go={place.go} what="customers" />
            </>
          )
        }
      </Loaded>
      {creating && <NewCustomer close={() => setCreating(false)} />}
    </>
  );
}

type Row = CustomersQuery['customers']['nodes'][number];

function List({ customers }: { customers: Row[] }) {
  return (
    <Scroll label="Customers">
      <Table className="list" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Customer</Table.Th>
            <Table.Th>Credit type</Table.Th>
            <Table.Th className="number">Available</Table.Th>
            <Table.Th className="number">Held</Table.Th>
            <Table.Th className="number">Scheduled</Table.Th>
            <Table.Th className="number">Expires in 30 days</Table.Th>
            <Table.Th>Since</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {customers.map((customer) => (
            <CustomerRows key={customer.id} customer={customer} />
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}

/** One row for each credit type, under one name. */
function CustomerRows({ customer }: { customer: Row }) {
  const [first, ...others] = customer.balances;
  const quiet = (value: string) => (isZero(value) ? 'number zero' : 'number');
  const amounts = (balance: Row['balances'][number]) => (
    <>
      <Table.Td className="dim">{balance.creditType.name}</Table.Td>
      {[balance.available, balance.held, balance.scheduled, balance.expiring].map((value, index) => (
        <Table.Td key={index} className={quiet(value)}>
          <Amount value={value} unit={balance.creditType} />
        </Table.Td>
      ))}
    </>
  );
  return (
    <>
      <Table.Tr>
        <Table.Th scope="row" rowSpan={Math.max(1, customer.balances.length)} className="name-cell">
          <Link href={`/console/customers/${customer.id}`}>{customer.name}</Link>
          {customer.archivedAt !== null && <span className="tag">Archived</span>}
          <span className="sub">{customer.externalId}</span>
        </Table.Th>
        {first === undefined ? (
          <Table.Td colSpan={5} className="dim">
            No credit yet
          </Table.Td>
        ) : (
          amounts(first)
        )}
        <Table.Td rowSpan={Math.max(1, customer.balances.length)} className="dim">
          <When at={customer.createdAt} dayOnly />
        </Table.Td>
      </Table.Tr>
      {others.map((balance) => (
        <Table.Tr key={balance.creditType.id}>{amounts(balance)}</Table.Tr>
      ))}
    </>
  );
}
