import { SegmentedControl } from '@mantine/core';
import { useMemo } from 'react';
import { useInAddress } from '../lib/address';
import { daysFrom } from '../lib/time';

/** What is over is called so. */
const OVER = { EXPIRED: 'Expired', ENDED: 'Ended' };

interface View<Over> {
  status?: ('ACTIVE' | 'SCHEDULED' | 'DEPLETED' | 'VOIDED' | Over)[];
  expiringBefore?: string;
}

/**
 * What is asked for often, of grants and credits alike: a choice for `list`, and the filter it stands for.
 * `clock` is what the test clock shows, of a customer that lives by one.
 */
export function useView<Over extends keyof typeof OVER>(list: string, over: Over, clock?: string) {
  const [view, set] = useInAddress(`${list}.view`, 'all', list);
  const views = useMemo((): { value: string; label: string; filter: View<Over> }[] => {
    const expiringBefore = daysFrom(clock === undefined ? Date.now() : new Date(clock).getTime(), 30);
    return [
      { value: 'all', label: 'All', filter: {} },
      { value: 'active', label: 'Active', filter: { status: ['ACTIVE'] } },
      { value: 'scheduled', label: 'Scheduled', filter: { status: ['SCHEDULED'] } },
      { value: 'expiring', label: 'Expiring in 30 days', filter: { status: ['ACTIVE'], expiringBefore } },
      { value: 'depleted', label: 'Depleted', filter: { status: ['DEPLETED'] } },
      { value: 'over', label: OVER[over], filter: { status: [over] } },
      { value: 'voided', label: 'Voided', filter: { status: ['VOIDED'] } },
    ];
  }, [over, clock]);
  const current = views.find(({ value }) => value === view) ?? views[0];
  const choice = (
    <div className="views">
      <SegmentedControl
        size="xs"
        aria-label={`Which ${list}`}
        data={views.map(({ value, label }) => ({ value, label }))}
        value={current?.value ?? 'all'}
        onChange={set}
      />
    </div>
  );
  return { filter: current?.filter ?? {}, choice };
}
