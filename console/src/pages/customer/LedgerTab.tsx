import { Button, MultiSelect, NativeSelect, Table, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useClient } from 'urql';
import type { Subject } from '../../actions/subject';
import {
  CustomerLedgerDocument,
  type EntryRowFragment,
  type LedgerEntryFilter,
  type LedgerEntryKind,
} from '../../gql/documents';
import { useInAddress } from '../../lib/address';
import { ledgerCsv, saveFile } from '../../lib/csv';
import { fromField, When } from '../../lib/time';
import { KINDS } from '../../lib/words';
import { Amount, Empty, Section } from '../../parts/bits';
import { Live, useFollowed } from '../../parts/Following';
import { List, Page, usePaged } from '../../parts/Paged';
import { useToast } from '../../parts/Toast';

interface Filters {
  kinds: string[];
  unit: string;
  from: string;
  before: string;
}

export function LedgerTab({ subject, unitId }: { subject: Subject; unitId: string | null }) {
  const { filters, set } = useFilters();
  const filter = asFilter(filters, unitId);
  const paged = usePaged('ledger', 25, CustomerLedgerDocument, { id: subject.id, order: 'NEWEST_FIRST', filter });
  const fresh = useFresh(filter);
  const tools = (
    <>
      <Live />
      {paged.copy}
      <Download subject={subject} filter={filter} />
    </>
  );
  return (
    <Section title="Ledger" tools={tools}>
      <FilterBar subject={subject} unitId={unitId} filters={filters} set={set} />
      <Page of={paged} list={({ customer }) => customer?.ledgerEntries} what="the ledger" none={<Empty title="No entries" />}>
        {(entries) => <Entries entries={paged.place.isFirst ? [...fresh(entries), ...entries] : entries} fresh={fresh([])} />}
      </Page>
    </Section>
  );
}

/** Filters are part of the address; a change of them starts the list anew. */
function useFilters() {
  const [kinds, setKinds] = useInAddress('kinds', '', 'ledger');
  const [unit, setUnit] = useInAddress('ledger.unit', '', 'ledger');
  const [from, setFrom] = useInAddress('from', '', 'ledger');
  const [before, setBefore] = useInAddress('before', '', 'ledger');
  const known = kinds.split(',').filter((kind) => kind in KINDS);
  const set: Partial<Record<keyof Filters, (value: string) => void>> = { unit: setUnit, from: setFrom, before: setBefore };
  return {
    filters: { kinds: known, unit, from, before },
    set: (name: keyof Filters, value: string) => (name === 'kinds' ? setKinds(value) : set[name]?.(value)),
  };
}

/** The most rows that are put before a page. */
const FRESH_MAX = 200;

/**
 * What was added since a page was read and belongs on it, newest first: entries of the account that is
 * looked at which come after all that is on the page.
 */
function useFresh(filter: LedgerEntryFilter) {
  const { fresh } = useFollowed();
  const [unit] = filter.creditTypeIds ?? [];
  const belongs = (entry: EntryRowFragment) =>
    entry.creditType.id === unit &&
    (filter.kinds?.includes(entry.kind) ?? true) &&
    isWithin(entry.effectiveAt, filter.effectiveAt);
  return (page: EntryRowFragment[]) => {
    const newest = BigInt(page[0]?.sequence ?? '0');
    const found = fresh.filter((entry) => belongs(entry) && BigInt(entry.sequence) > newest);
    // So many are shown by the page itself, which is on its way.
    return found.length > FRESH_MAX ? [] : found.reverse();
  };
}

function isWithin(at: string, range: LedgerEntryFilter['effectiveAt']): boolean {
  const instant = new Date(at).getTime();
  const from = typeof range?.gte === 'string' ? new Date(range.gte).getTime() : Number.NEGATIVE_INFINITY;
  const before = typeof range?.lt === 'string' ? new Date(range.lt).getTime() : Number.POSITIVE_INFINITY;
  return from <= instant && instant < before;
}

/** The credit type that is looked at above, unless another is chosen here. */
function asFilter({ kinds, unit, from, before }: Filters, unitId: string | null): LedgerEntryFilter {
  const chosen = unit === '' ? unitId : unit === 'ALL' ? null : unit;
  const gte = fromField(from);
  const lt = fromField(before);
  return {
    ...(chosen === null ? {} : { creditTypeIds: [chosen] }),
    ...(kinds.length === 0 ? {} : { kinds: kinds as LedgerEntryKind[] }),
    ...(gte === undefined && lt === undefined ? {} : { effectiveAt: { gte, lt } }),
  };
}

function FilterBar({
  subject,
  unitId,
  filters,
  set,
}: {
  subject: Subject;
  unitId: string | null;
  filters: Filters;
  set: (name: keyof Filters, value: string) => void;
}) {
  return (
    <div className="filters">
      {subject.balances.length > 1 && (
        <NativeSelect
          label="Credit type"
          data={[
            { value: 'ALL', label: 'All' },
            ...subject.balances.map(({ creditType }) => ({ value: creditType.id, label: creditType.name })),
          ]}
          value={filters.unit === '' ? (unitId ?? 'ALL') : filters.unit}
          onChange={(event) => set('unit', event.currentTarget.value)}
        />
      )}
      <MultiSelect
        className="kinds"
        label="Kinds"
        placeholder={filters.kinds.length === 0 ? 'All' : undefined}
        data={Object.entries(KINDS).map(([value, label]) => ({ value, label }))}
        value={filters.kinds}
        clearable
        clearButtonProps={{ 'aria-label': 'All kinds' }}
        onChange={(kinds) => set('kinds', kinds.join())}
      />
      <TextInput
        type="datetime-local"
        label="From"
        value={filters.from}
        onChange={(event) => set('from', event.currentTarget.value)}
      />
      <TextInput
        type="datetime-local"
        label="Before"
        value={filters.before}
        onChange={(event) => set('before', event.currentTarget.value)}
      />
    </div>
  );
}

const COLUMNS = [
  { amount: 'No.' },
  { time: 'True at' },
  'Kind',
  { wide: 'Of' },
  { amount: 'Amount' },
  { amount: 'Balance' },
  'Unit',
  'By',
  'Reason',
];

function nameOf({ creditGrant, credit }: EntryRowFragment): string {
  return creditGrant?.name ?? credit?.name ?? '';
}

function Entries({ entries, fresh }: { entries: EntryRowFragment[]; fresh: EntryRowFragment[] }) {
  const isFresh = new Set(fresh.map(({ id }) => id));
  return (
    <List label="Ledger" columns={COLUMNS} className="ledger">
      {entries.map((entry) => (
        <Table.Tr key={entry.id} className={isFresh.has(entry.id) ? 'fresh' : undefined}>
          <Table.Td className="number dim">{entry.sequence}</Table.Td>
          <Table.Td>
            <When at={entry.effectiveAt} />
          </Table.Td>
          <Table.Td>
            {KINDS[entry.kind]}
            <span className="sub phone-only">{nameOf(entry)}</span>
          </Table.Td>
          <Table.Td className="wide-only free">{nameOf(entry)}</Table.Td>
          <Table.Td className="number">
            <Amount value={entry.amount} unit={entry.creditType} signed />
          </Table.Td>
          <Table.Td className="number">
            <Amount value={entry.runningBalance} unit={entry.creditType} />
          </Table.Td>
          <Table.Td className="dim">{entry.creditType.name}</Table.Td>
          <Table.Td className="dim">{entry.createdBy}</Table.Td>
          <Table.Td className="dim reason">{entry.reason}</Table.Td>
        </Table.Tr>
      ))}
    </List>
  );
}

/** All entries that the filters let through, not only those on the page. */
function Download({ subject, filter }: { subject: Subject; filter: LedgerEntryFilter }) {
  const client = useClient();
  const toast = useToast();
  const [loaded, setLoaded] = useState<number | null>(null);
  const download = async () => {
    const entries: EntryRowFragment[] = [];
    setLoaded(0);
    try {
      for (let after: string | undefined; ; ) {
        const variables = { id: subject.id, filter, first: 100, after, order: 'OLDEST_FIRST' as const };
        const result = await client
          .query(CustomerLedgerDocument, variables, { requestPolicy: 'network-only' })
          .toPromise();
        const page = result.data?.customer?.ledgerEntries;
        if (page === undefined) throw result.error ?? new Error('no answer');
        entries.push(...page.nodes);
        setLoaded(entries.length);
        if (!page.pageInfo.hasNextPage || page.pageInfo.endCursor === null) break;
        after = page.pageInfo.endCursor;
      }
      saveFile(`ledger-${subject.externalId ?? subject.id}.csv`, ledgerCsv(entries));
    } catch {
      toast('The download failed; nothing was saved');
    } finally {
      setLoaded(null);
    }
  };
  return (
    <Button variant="default" disabled={loaded !== null} onClick={() => void download()}>
      {loaded === null ? 'Download CSV' : `${loaded} entries…`}
    </Button>
  );
}
