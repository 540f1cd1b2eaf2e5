import { Button, NativeSelect, Table } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { type HoldDeed, Settle } from '../../actions/Settle';
import type { Subject } from '../../actions/subject';
import { BOOKS } from '../../client';
import {
  CustomerDrawdownsDocument,
  type CustomerDrawdownsQueryVariables,
  type DrawdownRowFragment,
  type DrawdownStatus,
} from '../../gql/documents';
import { grouped, isZero } from '../../lib/decimal';
import { When } from '../../lib/time';
import { STATUSES } from '../../lib/words';
import { Amount, Empty, Scroll, Section, Status } from '../../parts/bits';
import { CopyGraphql } from '../../parts/CopyGraphql';
import { Loaded } from '../../parts/Loaded';
import { Pager, usePlace } from '../../parts/Pager';
import { useMayWrite } from '../../parts/Viewer';

const SHOWN: DrawdownStatus[] = ['HELD', 'POSTED', 'RELEASED', 'LAPSED'];

export function DrawdownTab({ subject }: { subject: Subject }) {
  const [status, setStatus] = useState('');
  const [settling, setSettling] = useState<{ drawdown: DrawdownRowFragment; deed: HoldDeed } | null>(null);
  const mayWrite = useMayWrite();
  const place = usePlace(25, status);
  const variables: CustomerDrawdownsQueryVariables = {
    id: subject.id,
    order: 'NEWEST_FIRST',
    status: status === '' ? undefined : [status as DrawdownStatus],
    ...place.variables,
  };
  const result = useQuery({ query: CustomerDrawdownsDocument, variables, context: BOOKS });
  return (
    <Section
      title="Drawdowns and holds"
      tools={<CopyGraphql document={CustomerDrawdownsDocument} variables={variables} />}
    >
      <div className="filters">
        <NativeSelect
          label="Status"
          data={[
            { value: '', label: 'All' },
            ...SHOWN.map((value) => ({ value, label: STATUSES[value].word })),
          ]}
          value={status}
          onChange={(event) => setStatus(event.currentTarget.value)}
        />
      </div>
      <Loaded result={result} rows={8}>
        {({ customer }) =>
          customer === null || customer.drawdowns.nodes.length === 0 ? (
            <Empty title={status === 'HELD' ? 'Nothing is held' : 'No drawdowns'} />
          ) : (
            <>
              <List
                drawdowns={customer.drawdowns.nodes}
                settle={mayWrite ? (drawdown, deed) => setSettling({ drawdown, deed }) : undefined}
              />
              <Pager page={customer.drawdowns.pageInfo} go={place.go} what="drawdowns" />
            </>
          )
        }
      </Loaded>
      {settling !== null && <Settle {...settling} subject={subject} close={() => setSettling(null)} />}
    </Section>
  );
}

function List({
  drawdowns,
  settle,
}: {
  drawdowns: DrawdownRowFragment[];
  settle: ((drawdown: DrawdownRowFragment, deed: HoldDeed) => void) | undefined;
}) {
  return (
    <Scroll label="Drawdowns and holds">
      <Table className="list" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>When</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th className="number">Asked</Table.Th>
            <Table.Th className="number">Applied</Table.Th>
            <Table.Th className="number">Short</Table.Th>
            <Table.Th className="number">Given back</Table.Th>
            <Table.Th>Unit</Table.Th>
            <Table.Th>Taken from</Table.Th>
            <Table.Th>By</Table.Th>
            {settle !== undefined && (
              <Table.Th>
                <span className="offscreen">Actions</span>
              </Table.Th>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {drawdowns.map((drawdown) => (
            <Row key={drawdown.id} drawdown={drawdown} settle={settle} />
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}

function Row({
  drawdown,
  settle,
}: {
  drawdown: DrawdownRowFragment;
  settle: ((drawdown: DrawdownRowFragment, deed: HoldDeed) => void) | undefined;
}) {
  const { creditType: unit } = drawdown;
  const amounts = [drawdown.amount, drawdown.applied, drawdown.shortfall, drawdown.reversed];
  const deeds: [HoldDeed, string][] =
    drawdown.status === 'HELD'
      ? [
          ['release', 'Release'],
          ['capture', 'Capture'],
        ]
      : drawdown.status === 'POSTED' && drawdown.applied !== drawdown.reversed
        ? [['reverse', 'Reverse']]
        : [];
  return (
    <Table.Tr>
      <Table.Td>
        <When at={drawdown.effectiveAt} />
        {drawdown.status === 'HELD' && drawdown.holdExpiresAt !== null && (
          <span className="sub">
            lapses <When at={drawdown.holdExpiresAt} />
          </span>
        )}
      </Table.Td>
      <Table.Td>
        <Status status={drawdown.status} />
      </Table.Td>
      {amounts.map((amount, index) => (
        <Table.Td key={index} className={isZero(amount) ? 'number zero' : 'number'}>
          <Amount value={amount} unit={unit} />
        </Table.Td>
      ))}
      <Table.Td className="dim">{unit.name}</Table.Td>
      <Table.Td>
        {drawdown.slices.map((slice) => (
          <span key={slice.segmentId} className="slice">
            {slice.creditGrant?.name ?? slice.credit?.name ?? 'Credit'}{' '}
            {drawdown.slices.length > 1 && <span className="dim">{grouped(slice.amount)}</span>}
          </span>
        ))}
        {drawdown.reason !== null && <span className="sub">{drawdown.reason}</span>}
      </Table.Td>
      <Table.Td className="dim">{drawdown.createdBy}</Table.Td>
      {settle !== undefined && (
        <Table.Td className="row-actions">
          {deeds.map(([deed, word]) => (
            <Button key={deed} variant="subtle" className="quiet" onClick={() => settle(drawdown, deed)}>
              {word}
            </Button>
          ))}
        </Table.Td>
      )}
    </Table.Tr>
  );
}
