import { Table } from '@mantine/core';
import { Fragment, type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import type { CreditRowFragment, GrantRowFragment, SegmentPartsFragment } from '../gql/documents';
import { add, grouped, inMainUnit, isZero, type Unit } from '../lib/decimal';
import { When } from '../lib/time';
import { type AnyStatus, CATEGORIES } from '../lib/words';
import { Amount, Bar, Status } from './bits';
import { type Column, List } from './Paged';

interface TableProps<Row> {
  rows: Row[];
  withCustomer?: boolean;
  actions?: ((row: Row) => ReactNode) | undefined;
}

interface Owned {
  customer?: { id: string; name: string };
}

type Grant = GrantRowFragment & Owned;
type Credit = CreditRowFragment & Owned;

export function GrantTable({ rows, withCustomer = false, actions }: TableProps<Grant>) {
  const columns = columnsOf('Grant', withCustomer);
  return (
    <List label="Grants" columns={columns} withActions={actions !== undefined}>
      {rows.map((grant) => {
        const unit = grant.grantAmount.creditType;
        return (
          <Table.Tr key={grant.id}>
            <Named name={grant.name} facts={grantFacts(grant)} />
            {withCustomer && <Owner customer={grant.customer} />}
            <Standing status={grant.status} />
            <Table.Td>
              <Window from={grant.effectiveAt} until={grant.expiresAt} />
            </Table.Td>
            <Table.Td className="number">
              <Remaining part={grant.remaining} whole={grant.grantAmount.amount} unit={unit} />
            </Table.Td>
            <Held value={grant.held} unit={unit} />
            <Last unit={unit} priority={grant.priority}>
              {actions?.(grant)}
            </Last>
          </Table.Tr>
        );
      })}
    </List>
  );
}

export function CreditTable({ rows, withCustomer = false, actions }: TableProps<Credit>) {
  const columns = columnsOf('Credit', withCustomer);
  return (
    <List label="Credits" columns={columns} withActions={actions !== undefined}>
      {rows.map((credit) => (
        <CreditRows key={credit.id} credit={credit} withCustomer={withCustomer} actions={actions} />
      ))}
    </List>
  );
}

/** A credit; beneath it, when it is opened, its schedule. */
function CreditRows({
  credit,
  withCustomer,
  actions,
}: Pick<TableProps<Credit>, 'withCustomer' | 'actions'> & { credit: Credit }) {
  const [open, setOpen] = useState(false);
  const { creditType: unit, segments } = credit.accessSchedule;
  const counted = segments.filter(({ status }) => status !== 'VOIDED');
  const name = credit.name ?? credit.product.name;
  return (
    <Fragment>
      <Table.Tr>
        <Named name={name} facts={creditFacts(credit)} />
        {withCustomer && <Owner customer={credit.customer} />}
        <Standing status={credit.status} />
        <Table.Td>
          <Whole segments={counted} />
          <span className="sub">
            <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
              {segments.length === 1 ? '1 segment' : `${segments.length} segments`}
              <span className="offscreen"> of {name}</span> <span aria-hidden="true">{open ? '▴' : '▾'}</span>
            </button>
          </span>
        </Table.Td>
        <Table.Td className="number">
          <Remaining
            part={add(...counted.map(({ remaining }) => remaining))}
            whole={add(...counted.map(({ amount }) => amount))}
            unit={unit}
          />
          <span className="sub">{grouped(credit.balance)} spendable now</span>
        </Table.Td>
        <Held value={credit.held} unit={unit} />
        <Last unit={unit} priority={credit.priority}>
          {actions?.(credit)}
        </Last>
      </Table.Tr>
      {open &&
        segments.map((segment) => (
          <Table.Tr key={segment.id} className="segment">
            <Table.Td colSpan={withCustomer ? 2 : 1}>Segment</Table.Td>
            <Standing status={segment.status} />
            <Table.Td>
              <Window from={segment.startingAt} until={segment.endingBefore} />
            </Table.Td>
            <Table.Td className="number">
              <Remaining part={segment.remaining} whole={segment.amount} unit={unit} />
            </Table.Td>
            <Held value={segment.held} unit={unit} />
            <Table.Td colSpan={actions === undefined ? 2 : 3} />
          </Table.Tr>
        ))}
    </Fragment>
  );
}

function columnsOf(what: string, withCustomer: boolean): (Column | false)[] {
  return [what, withCustomer && 'Customer', 'Status', { time: 'Window' }, { amount: 'Remaining' }, { amount: 'Held' }, 'Unit', 'Priority'];
}

function Named({ name, facts }: { name: string; facts: string }) {
  return (
    <Table.Th scope="row" className="name-cell">
      {name}
      <span className="sub">{facts}</span>
    </Table.Th>
  );
}

function Owner({ customer }: Owned) {
  return (
    <Table.Td className="free">
      {customer !== undefined && <Link href={`/console/customers/${customer.id}`}>{customer.name}</Link>}
    </Table.Td>
  );
}

function Standing({ status }: { status: AnyStatus }) {
  return (
    <Table.Td>
      <Status status={status} />
    </Table.Td>
  );
}

/** From the first start to the last end. */
function Whole({ segments }: { segments: SegmentPartsFragment[] }) {
  const starts = segments.map(({ startingAt }) => startingAt).sort();
  const ends = segments.map(({ endingBefore }) => endingBefore);
  const [from] = starts;
  if (from === undefined) return <span className="dim">none</span>;
  const last = ends.filter((end) => end !== null).sort().at(-1);
  return <Window from={from} until={ends.includes(null) ? null : (last ?? null)} />;
}

function Window({ from, until }: { from: string; until: string | null }) {
  return (
    <span className="window">
      <When at={from} dayOnly />
      <span className="offscreen">until</span>
      <span aria-hidden="true"> – </span>
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

function Held({ value, unit }: { value: string; unit: Unit }) {
  return (
    <Table.Td className={isZero(value) ? 'number zero' : 'number'}>
      <Amount value={value} unit={unit} />
    </Table.Td>
  );
}

/** What closes a row: its unit, its place in the order of burning down, its buttons. */
function Last({ unit, priority, children }: { unit: Unit; priority: number; children: ReactNode }) {
  return (
    <>
      <Table.Td className="dim">{unit.name}</Table.Td>
      <Table.Td className="dim">{priority}</Table.Td>
      {children !== undefined && <Table.Td className="row-actions">{children}</Table.Td>}
    </>
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
