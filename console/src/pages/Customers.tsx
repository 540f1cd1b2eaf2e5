import { Button, Switch, Table, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { NewCustomer } from '../actions/NewCustomer';
import { CustomerNamesDocument, CustomersDocument, type CustomersQuery } from '../gql/documents';
import { useInAddress, useTyped } from '../lib/address';
import { grouped, isZero } from '../lib/decimal';
import { When } from '../lib/time';
import { Amount, Empty } from '../parts/bits';
import { List, Page, usePaged } from '../parts/Paged';
import { useMayWrite } from '../parts/Viewer';
import { useTitle } from '../lib/title';

const COLUMNS = [
  'Customer',
  'Credit type',
  { amount: 'Available' },
  { amount: 'Held' },
  { amount: 'Scheduled' },
  { amount: 'Expires in 30 days' },
  { time: 'Since' },
];

/** What may be an id, as the API gives them; or an external id of that form. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function Customers() {
  useTitle('Customers');
  const [search, setSearch] = useInAddress('search', '', 'customers');
  const [typed, type] = useTyped(search, setSearch);
  const [archived, setArchived] = useInAddress('archived', 'no', 'customers');
  const [creating, setCreating] = useState(false);
  const mayWrite = useMayWrite();
  const ids = useIds(search);
  const words = { ...(search === '' ? {} : { search }), ...(archived === 'yes' ? {} : { archived: false }) };
  // Asked for by its id it is meant, archived or not.
  const filter = ids === null ? words : { ids };
  const paged = usePaged('customers', 25, CustomersDocument, { filter });
  return (
    <>
      <div className="page-head">
        <h1>Customers</h1>
        <div className="tools">
          {paged.copy}
          {mayWrite && <Button onClick={() => setCreating(true)}>New customer</Button>}
        </div>
      </div>
      <div className="filters">
        <TextInput
          className="search"
          type="search"
          aria-label="Find customers by name, external id or id"
          placeholder="Find by name, external id or id"
          value={typed}
          onChange={(event) => type(event.currentTarget.value)}
        />
        <Switch
          label="Also archived"
          checked={archived === 'yes'}
          onChange={(event) => setArchived(event.currentTarget.checked ? 'yes' : 'no')}
        />
      </div>
      <Page
        of={paged}
        list={({ customers }) => customers}
        what="customers"
        rows={12}
        none={<Empty title={search === '' ? 'No customers yet' : `No customer matches “${search}”`} />}
      >
        {(rows, { customers: { totalCount } }) => (
          <>
            <p className="count" role="status">
              {grouped(String(totalCount))} {totalCount === 1 ? 'customer' : 'customers'}
            </p>
            <List label="Customers" columns={COLUMNS}>
              {rows.map((customer) => (
                <CustomerRows key={customer.id} customer={customer} />
              ))}
            </List>
          </>
        )}
      </Page>
      {creating && <NewCustomer close={() => setCreating(false)} />}
    </>
  );
}

/** The customer whose id was typed, if there is one. */
function useIds(search: string): string[] | null {
  const ids = UUID.test(search) ? [search.toLowerCase()] : [];
  const [{ data }] = useQuery({ query: CustomerNamesDocument, variables: { filter: { ids } }, pause: ids.length === 0 });
  return ids.length > 0 && data?.customers.nodes.some(({ id }) => ids.includes(id)) ? ids : null;
}

type Row = CustomersQuery['customers']['nodes'][number];

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
