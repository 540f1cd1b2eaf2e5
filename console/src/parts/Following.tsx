import { Switch } from '@mantine/core';
import type { Client as Socket } from 'graphql-ws';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react';
import { type AnyVariables, useClient, useQuery, type UseQueryArgs } from 'urql';
import { BOOKS } from '../client';
import type { EntryRowFragment } from '../gql/documents';
import { follow } from '../lib/follow';

/** Entries that come close together are looked up once, and a busy account not all the time. */
const GATHER_MS = 300;
const PAUSE_MS = 2_000;
/** How often is asked while nothing can be followed; and for what makes no entry, such as a hold. */
const ASK_MS = 5_000;
const LOOK_MS = 15_000;

/** How many entries are kept until the lists have them; far more than come in between. */
const KEPT = 5_000;

type Standing = 'connecting' | 'live' | 'asking' | 'paused';

interface Followed {
  standing: Standing;
  pause: (paused: boolean) => void;
  /** What was added since the page was opened, in order. */
  fresh: EntryRowFragment[];
  /** Goes up when the books may have changed. */
  beat: number;
}

const FollowedContext = createContext<Followed>({
  standing: 'paused',
  pause: () => undefined,
  fresh: [],
  beat: 0,
});

export const SocketContext = createContext<Socket | null>(null);

export function useFollowed(): Followed {
  return useContext(FollowedContext);
}

/** A query of the books: asked again when an action here, or anybody elsewhere, changed them. */
export function useBooks<D, V extends AnyVariables>(asked: UseQueryArgs<V, D>) {
  const result = useQuery({ context: BOOKS, ...asked });
  const { beat } = useFollowed();
  const answered = useRef(beat);
  const [, again] = result;
  useEffect(() => {
    if (answered.current === beat) return;
    answered.current = beat;
    again({ requestPolicy: 'network-only' });
  }, [beat]);
  return result;
}

interface Owner {
  id: string;
  balances: { creditType: { id: string }; sequence: string }[];
}

/**
 * Follows all accounts of a customer, from the last entries that its page knows of. Where no socket
 * comes through, it asks every few seconds instead, and goes on trying.
 */
export function Following({ owner, again, children }: { owner: Owner; again: () => void; children: ReactNode }) {
  const client = useClient();
  const socket = useContext(SocketContext);
  const [standing, setStanding] = useState<Standing>('connecting');
  const [fresh, setFresh] = useState<EntryRowFragment[]>([]);
  const known = useRef(new Map<string, string>());
  for (const { creditType, sequence } of owner.balances) {
    if (!known.current.has(creditType.id)) known.current.set(creditType.id, sequence);
  }
  const accounts = [...known.current.keys()].join(' ');
  const isPaused = standing === 'paused';

  const { beat, changed } = useBeat();
  useEffect(() => {
    if (beat > 0) again();
  }, [beat]);

  useEffect(() => {
    if (isPaused || socket === null) return undefined;
    // There is nothing to follow before the first credit.
    if (accounts === '') setStanding('asking');
    const stops = [socket.on('connected', () => setStanding('live'))];
    for (const creditTypeId of accounts.split(' ').filter((id) => id !== '')) {
      const account = { customerId: owner.id, creditTypeId, sequence: known.current.get(creditTypeId) ?? '0' };
      const added = (entry: EntryRowFragment) => {
        known.current.set(creditTypeId, entry.sequence);
        setStanding('live');
        setFresh((before) => [...before.slice(-KEPT), entry]);
        changed();
      };
      stops.push(follow(client, account, { added, lost: () => setStanding('asking') }));
    }
    return () => stops.forEach((stop) => stop());
  }, [client, socket, owner.id, accounts, isPaused]);

  useEffect(() => {
    if (isPaused) return undefined;
    const timer = window.setInterval(changed, standing === 'live' ? LOOK_MS : ASK_MS);
    return () => window.clearInterval(timer);
  }, [standing]);

  const followed = useMemo(() => {
    const pause = (paused: boolean) => setStanding(paused ? 'paused' : 'connecting');
    return { standing, pause, fresh, beat };
  }, [standing, fresh, beat]);
  return <FollowedContext value={followed}>{children}</FollowedContext>;
}

/** Goes up soon after something changed, and only while the page is seen. */
function useBeat() {
  const [beat, setBeat] = useState(0);
  const gathering = useRef<number>(undefined);
  const last = useRef(Number.NEGATIVE_INFINITY);
  const isDue = useRef(false);
  const next = () => {
    gathering.current = undefined;
    isDue.current = document.hidden;
    if (isDue.current) return;
    last.current = performance.now();
    setBeat((before) => before + 1);
  };
  const changed = () => {
    const pause = Math.max(GATHER_MS, last.current + PAUSE_MS - performance.now());
    gathering.current ??= window.setTimeout(next, pause);
  };
  useEffect(() => {
    const seen = () => {
      if (!document.hidden && isDue.current) changed();
    };
    document.addEventListener('visibilitychange', seen);
    return () => {
      document.removeEventListener('visibilitychange', seen);
      window.clearTimeout(gathering.current);
      gathering.current = undefined;
    };
  }, []);
  return { beat, changed };
}

const SAID: Record<Standing, string> = {
  connecting: 'Connecting…',
  live: 'New entries show by themselves',
  asking: `No live connection: asked every ${ASK_MS / 1000} seconds`,
  paused: 'Paused: switch it on to see what is new',
};

/** Whether what is seen is the present, and a way to hold it still. */
export function Live() {
  const { standing, pause, fresh } = useFollowed();
  return (
    <div className={`follows ${standing}`} title={SAID[standing]}>
      <Switch
        label="Live"
        checked={standing !== 'paused'}
        onChange={(event) => pause(!event.currentTarget.checked)}
      />
      <span className="live-dot" aria-hidden="true" />
      <span role="status" className="offscreen">
        {SAID[standing]}. {fresh.length > 0 && `${fresh.length} added since the page was opened.`}
      </span>
    </div>
  );
}
