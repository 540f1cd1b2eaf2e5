import { Button, Menu } from '@mantine/core';
import type { ReactNode } from 'react';
import { grouped, inMainUnit, isNegative, share, type Unit, withUnit } from '../lib/decimal';
import { copy } from '../lib/graphql';
import { type AnyStatus, STATUSES } from '../lib/words';
import { useToast } from './Toast';

/** An amount of a list, right-aligned; with its unit on hover, or beside it. */
export function Amount({
  value,
  unit,
  named = false,
  signed = false,
}: {
  value: string;
  unit: Unit;
  named?: boolean;
  signed?: boolean;
}) {
  const main = inMainUnit(value, unit);
  const title = main === null ? withUnit(value, unit) : `${withUnit(value, unit)} = ${main}`;
  const plus = signed && !isNegative(value) ? '+' : '';
  return (
    <span className={`amount${signed && isNegative(value) ? ' negative' : ''}`} title={title}>
      {plus}
      {grouped(value)}
      {named && <span className="unit"> {unit.name}</span>}
    </span>
  );
}

export function Status({ status }: { status: AnyStatus }) {
  const { word, tone } = STATUSES[status];
  return <span className={`status ${tone}`}>{word}</span>;
}

/** What is left of what there was. */
export function Bar({ part, whole, label }: { part: string; whole: string; label: string }) {
  return (
    <svg className="bar" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label={label}>
      <rect width="100" height="6" className="bar-whole" />
      <rect width={share(part, whole)} height="6" className="bar-part" />
    </svg>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children !== undefined && <div className="dim">{children}</div>}
    </div>
  );
}

/** An id, to take elsewhere. */
export function Id({ id }: { id: string }) {
  const toast = useToast();
  return (
    <button type="button" className="link" title="Copy this id" onClick={() => void copy(id).then(() => toast('Copied the id'))}>
      <code>{id}</code>
      <span className="offscreen"> copy this id</span>
    </button>
  );
}

/** A part of a page with a heading, and what can be done with it. */
export function Section({
  title,
  tools,
  children,
}: {
  title: string;
  tools?: ReactNode;
  children: ReactNode;
}) {
  return (
    // No landmark of its own: its table is one, by the same name.
    <section className="section">
      <div className="section-head">
        <h2>{title}</h2>
        <div className="tools">{tools}</div>
      </div>
      {children}
    </section>
  );
}

/** A wide table scrolls by itself, with the keyboard too. */
export function Scroll({ label, children }: { label: string; children: ReactNode }) {
  return (
    // A region that scrolls has to be reached by the keyboard.
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  );
}

/** What can be done with a row. */
export function RowMenu({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button variant="subtle" color="gray" className="quiet" aria-label={`Actions for ${name}`}>
          •••
        </Button>
      </Menu.Target>
      <Menu.Dropdown>{children}</Menu.Dropdown>
    </Menu>
  );
}
