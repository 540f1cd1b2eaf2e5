import { Button, NativeSelect, Table } from '@mantine/core';
import { useState } from 'react';
import { type HoldDeed, Settle } from '../../actions/Settle';
import type { Subject } from '../../actions/subject';
import {
  CustomerDrawdownsDocument,
  type DrawdownRowFragment,
  type DrawdownStatus,
} from '../../gql/documents';
import { useInAddress } from '../../lib/address';
import { grouped, isZero } from '../../lib/decimal';
import { When } from '../../lib/time';
import { STATUSES } from '../../lib/words';
import { Amount, Empty, Section, Status } from '../../parts/bits';
import { List, Page, usePaged } from '../../parts/Paged';
import { useMayWrite } from '../../parts/Viewer';

const SHOWN: DrawdownStatus[] = ['HELD', 'POSTED', 'RELEASED', 'LAPSED'];

const COLUMNS = [
  { time: 'When' },
  'Status',
  { amount: 'Asked' },
  { amount: 'Applied' },
  { amount: 'Short' },
  { amount: 'Released' },
  { amount: 'Given back' },
  'Unit',
  'Taken from',
  'By',
];

type Settling = (drawdown: DrawdownRowFragment, deed: HoldDeed) => void;

export function DrawdownTab({ subject }: { subject: Subject }) {
  const [chosen, choose] = useInAddress('drawdowns.status', '', 'drawdowns');
  const status = SHOWN.find((value) => value === chosen);
  const [settling, setSettling] = useState<{ drawdown: DrawdownRowFragment; deed: HoldDeed } | null>(null);
  const settle: Settling | undefined = useMayWrite() ? (drawdown, deed) => setSettling({ drawdown, deed }) : undefined;
  const paged = usePaged('drawdowns', 25, CustomerDrawdownsDocument, {
    id: subject.id,
    order: 'NEWEST_FIRST',
    status: status === undefined ? undefined : [status],
  });
  return (
    <Section title="Drawdowns and holds" tools={paged.copy}>
      <div className="filters">
        <NativeSelect
          label="Status"
          data={[
            { value: '', label: 'All' },
            ...SHOWN.map((value) => ({ value, label: STATUSES[value].word })),
          ]}
          value={status ?? ''}
          onChange={(event) => choose(event.currentTarget.value)}
        />
      </div>
      <Page
        of={paged}
        list={({ customer }) => customer?.drawdowns}
        what="drawdowns"
        none={<Empty title={status === 'HELD' ? 'Nothing is held' : 'No drawdowns'} />}
      >
        {(drawdowns) => (
          <List label="Drawdowns and holds" columns={COLUMNS} withActions={settle !== undefined}>
            {drawdowns.map((drawdown) => (
              <Row key={drawdown.id} drawdown={drawdown} settle={settle} />
            ))}
          </List>
        )}
      </Page>
      {settling !== null && <Settle {...settling} subject={subject} close={() => setSettling(null)} />}
    </Section>
  );
}

function Row({ drawdown, settle }: { drawdown: DrawdownRowFragment; settle: Settling | undefined }) {
  const { creditType: unit } = drawdown;
  const amounts = [drawdown.amount, drawdown.applied, drawdown.shortfall, drawdown.released, drawdown.reversed];
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
      <Table.Td className="free">
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
