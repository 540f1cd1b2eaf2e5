import { Button, MultiSelect, NativeSelect, Table, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useClient, useQuery } from 'urql';
import type { Subject } from '../../actions/subject';
import { BOOKS } from '../../client';
import {
  CustomerLedgerDocument,
  type CustomerLedgerQueryVariables,
  type EntryRowFragment,
  type LedgerEntryFilter,
  type LedgerEntryKind,
} from '../../gql/documents';
import { ledgerCsv, saveFile } from '../../lib/csv';
import { fromField, When } from '../../lib/time';
import { KINDS } from '../../lib/words';
import { Amount, Empty, Scroll, Section } from '../../parts/bits';
import { CopyGraphql } from '../../parts/CopyGraphql';
import { Live } from '../../parts/Live';
import { Loaded } from '../../parts/Loaded';
import { Pager, usePlace } from '../../parts/Pager';
import { useToast } from '../../parts/Toast';

interface Filters {
  kinds: string[];
  unit: string;
  from: string;
  before: string;
}

export function LedgerTab({ subject, unitId }: { subject: Subject; unitId: string | null }) {
  const [filters, setFilters] = useState<Filters>({ kinds: [], unit: '', from: '', before: '' });
  const filter = asFilter(filters, unitId);
  const place = usePlace(25, JSON.stringify(filter));
  const variables: CustomerLedgerQueryVariables = {
    id: subject.id,
    order: 'NEWEST_FIRST',
    filter,
    ...place.variables,
  };
  const result = useQuery({ query: CustomerLedgerDocument, variables, context: BOOKS });
  const again = () => result[1]({ requestPolicy: 'network-only' });
  const unit = filter.creditTypeIds?.[0];
  const tools = (
    <>
      {unit !== undefined && place.isFirst && (
        <Live customerId={subject.id} creditTypeId={unit} added={again} />
      )}
      <CopyGraphql document={CustomerLedgerDocument} variables={variables} />
      <Download subject={subject} filter={filter} />
    </>
  );
  return (
    <Section title="Ledger" tools={tools}>
      <FilterBar subject={subject} unitId={unitId} filters={filters} set={setFilters} />
      <Loaded result={result} rows={10}>
        {({ customer }) =>
          customer === null || customer.ledgerEntries.nodes.length === 0 ? (
            <Empty title="No entries" />
          ) : (
            <>
              <Entries entries={customer.ledgerEntries.nodes} />
              <Pager page={customer.ledgerEntries.pageInfo} go={place.go} what="the ledger" />
            </>
          )
        }
      </Loaded>
    </Section>
  );
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
  set: (filters: Filters) => void;
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
          onChange={(event) => set({ ...filters, unit: event.currentTarget.value })}
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
        onChange={(kinds) => set({ ...filters, kinds })}
      />
      <TextInput
        type="datetime-local"
        label="From"
        value={filters.from}
        onChange={(event) => set({ ...filters, from: event.currentTarget.value })}
      />
      <TextInput
        type="datetime-local"
        label="Before"
        value={filters.before}
        onChange={(event) => set({ ...filters, before: event.currentTarget.value })}
      />
    </div>
  );
}

function Entries({ entries }: { entries: EntryRowFragment[] }) {
  return (
    <Scroll label="Ledger">
      <Table className="list ledger">
        <Table.Thead>
          <Table.Tr>
            <Table.Th className="number">No.</Table.Th>
            <Table.Th>True at</Table.Th>
            <Table.Th>Kind</Table.Th>
            <Table.Th>Of</Table.Th>
            <Table.Th className="number">Amount</Table.Th>
            <Table.Th className="number">Balance</Table.Th>
            <Table.Th>By</Table.Th>
            <Table.Th>Reason</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => (
            <Table.Tr key={entry.id}>
              <Table.Td className="number dim">{entry.sequence}</Table.Td>
              <Table.Td>
                <When at={entry.effectiveAt} />
              </Table.Td>
              <Table.Td>{KINDS[entry.kind]}</Table.Td>
              <Table.Td>{entry.creditGrant?.name ?? entry.credit?.name ?? ''}</Table.Td>
              <Table.Td className="number">
                <Amount value={entry.amount} unit={entry.creditType} signed />
              </Table.Td>
              <Table.Td className="number">
                <Amount value={entry.runningBalance} unit={entry.creditType} />
              </Table.Td>
              <Table.Td className="dim">{entry.createdBy}</Table.Td>
              <Table.Td className="dim reason">{entry.reason}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
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
