import { Table } from '@mantine/core';
import { Fragment, type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import type { CreditRowFragment, GrantRowFragment } from '../gql/documents';
import { grouped, inMainUnit, isZero, type Unit } from '../lib/decimal';
import { When } from '../lib/time';
import { CATEGORIES } from '../lib/words';
import { Amount, Bar, Scroll, Status } from './bits';

interface Owned {
  customer?: { id: string; name: string };
}

interface TableProps<Row> {
  withCustomer?: boolean;
  actions?: ((row: Row) => ReactNode) | undefined;
}

function Window({ from, until }: { from: string; until: string | null }) {
  return (
    <span className="window">
      <When at={from} dayOnly />
      <span aria-label="until">–</span>
      {until === null ? <span className="dim">open</span> : <When at={until} dayOnly />}
    </span>
  );
}

function Remaining({ part, whole, unit }: { part: string; whole: string; unit: Unit }) {
  return (
    <span className="remaining">
      <span>
        <Amount value={part} unit={unit} /> <span className="dim">of {grouped(whole)}</span>
      </span>
      <Bar part={part} whole={whole} label={`${grouped(part)} of ${grouped(whole)} left`} />
    </span>
  );
}

function Owner({ customer }: Owned) {
  if (customer === undefined) return null;
  return (
    <Table.Td>
      <Link href={`/console/customers/${customer.id}`}>{customer.name}</Link>
    </Table.Td>
  );
}

type Grant = GrantRowFragment & Owned;

export function GrantTable({ grants, withCustomer = false, actions }: TableProps<Grant> & { grants: Grant[] }) {
  return (
    <Scroll label="Grants">
      <Table className="list" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Grant</Table.Th>
            {withCustomer && <Table.Th>Customer</Table.Th>}
            <Table.Th>Status</Table.Th>
            <Table.Th>Window</Table.Th>
            <Table.Th className="number">Remaining</Table.Th>
            <Table.Th className="number">Held</Table.Th>
            <Table.Th>Unit</Table.Th>
            <Table.Th>Priority</Table.Th>
            {actions !== undefined && (
              <Table.Th>
                <span className="offscreen">Actions</span>
              </Table.Th>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {grants.map((grant) => {
            const unit = grant.grantAmount.creditType;
            return (
              <Table.Tr key={grant.id}>
                <Table.Th scope="row" className="name-cell">
                  {grant.name}
                  <span className="sub">{grantFacts(grant)}</span>
                </Table.Th>
                {withCustomer && <Owner customer={grant.customer} />}
                <Table.Td>
                  <Status status={grant.status} />
                </Table.Td>
                <Table.Td>
                  <Window from={grant.effectiveAt} until={grant.expiresAt} />
                </Table.Td>
                <Table.Td className="number">
                  <Remaining part={grant.remaining} whole={grant.grantAmount.amount} unit={unit} />
                </Table.Td>
                <Table.Td className={isZero(grant.held) ? 'number zero' : 'number'}>
                  <Amount value={grant.held} unit={unit} />
                </Table.Td>
                <Table.Td className="dim">{unit.name}</Table.Td>
                <Table.Td className="dim">{grant.priority}</Table.Td>
                {actions !== undefined && <Table.Td className="row-actions">{actions(grant)}</Table.Td>}
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}

function grantFacts(grant: GrantRowFragment): string {
  const paid = grant.paidAmount;
  const price = paid && !isZero(paid.amount) ? (inMainUnit(paid.amount, paid.creditType) ?? grouped(paid.amount)) : null;
  return [
    grant.rolledOverFrom === null ? CATEGORIES[grant.category] : 'Rolled over',
    price === null ? null : `for ${price}`,
    grant.rollover === null ? null : 'rolls over',
    grant.products.length === 0 ? null : `for ${grant.products.map(({ name }) => name).join(', ')}`,
  ]
    .filter(Boolean)
    .join(' · ');
}

type Credit = CreditRowFragment & Owned;

export function CreditTable({ credits, withCustomer = false, actions }: TableProps<Credit> & { credits: Credit[] }) {
  return (
    <Scroll label="Credits">
      <Table className="list">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Credit</Table.Th>
            {withCustomer && <Table.Th>Customer</Table.Th>}
            <Table.Th>Status</Table.Th>
            <Table.Th>Segments</Table.Th>
            <Table.Th className="number">Spendable now</Table.Th>
            <Table.Th className="number">Held</Table.Th>
            <Table.Th>Unit</Table.Th>
            <Table.Th>Priority</Table.Th>
            {actions !== undefined && (
              <Table.Th>
                <span className="offscreen">Actions</span>
              </Table.Th>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {credits.map((credit) => (
            <CreditRows key={credit.id} credit={credit} withCustomer={withCustomer} actions={actions} />
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}

/** A credit; beneath it, when it is opened, its schedule. */
function CreditRows({ credit, withCustomer, actions }: TableProps<Credit> & { credit: Credit }) {
  const [open, setOpen] = useState(false);
  const { creditType: unit, segments } = credit.accessSchedule;
  const name = credit.name ?? credit.product.name;
  return (
    <Fragment>
      <Table.Tr>
        <Table.Th scope="row" className="name-cell">
          {name}
          <span className="sub">{creditFacts(credit)}</span>
        </Table.Th>
        {withCustomer && <Owner customer={credit.customer} />}
        <Table.Td>
          <Status status={credit.status} />
        </Table.Td>
        <Table.Td>
          <button
            type="button"
            className="link"
            aria-expanded={open}
            aria-label={`Schedule of ${name}: ${segments.length} segments`}
            onClick={() => setOpen(!open)}
          >
            {segments.length} {open ? '▴' : '▾'}
          </button>
        </Table.Td>
        <Table.Td className="number">
          <Amount value={credit.balance} unit={unit} />
        </Table.Td>
        <Table.Td className={isZero(credit.held) ? 'number zero' : 'number'}>
          <Amount value={credit.held} unit={unit} />
        </Table.Td>
        <Table.Td className="dim">{unit.name}</Table.Td>
        <Table.Td className="dim">{credit.priority}</Table.Td>
        {actions !== undefined && <Table.Td className="row-actions">{actions(credit)}</Table.Td>}
      </Table.Tr>
      {open &&
        segments.map((segment) => (
          <Table.Tr key={segment.id} className="segment">
            <Table.Td>Segment</Table.Td>
            {withCustomer && <Table.Td />}
            <Table.Td>
              <Status status={segment.status} />
            </Table.Td>
            <Table.Td>
              <Window from={segment.startingAt} until={segment.endingBefore} />
            </Table.Td>
            <Table.Td className="number">
              <Remaining part={segment.remaining} whole={segment.amount} unit={unit} />
            </Table.Td>
            <Table.Td className={isZero(segment.held) ? 'number zero' : 'number'}>
              <Amount value={segment.held} unit={unit} />
            </Table.Td>
            <Table.Td />
            <Table.Td />
            {actions !== undefined && <Table.Td />}
          </Table.Tr>
        ))}
    </Fragment>
  );
}

function creditFacts(credit: CreditRowFragment): string {
  const scope = [...credit.applicableProducts.map(({ name }) => name), ...credit.applicableProductTags];
  return [
    credit.name === null ? null : credit.product.name,
    credit.contract === null ? null : `contract ${credit.contract.name ?? ''}`.trim(),
    scope.length === 0 ? null : `for ${scope.join(', ')}`,
  ]
    .filter(Boolean)
    .join(' · ');
}
