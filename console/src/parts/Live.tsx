import { Switch } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';

const EVERY_MS = 5_000;

/** Looks again while it is on and the page is seen. */
export function Live({ added }: { customerId: string; creditTypeId: string; added: () => void }) {
  const [on, setOn] = useState(false);
  const tell = useRef(added);
  tell.current = added;
  useEffect(() => {
    if (!on) return undefined;
    const timer = window.setInterval(() => {
      if (!document.hidden) tell.current();
    }, EVERY_MS);
    return () => window.clearInterval(timer);
  }, [on]);
  return <Switch label="Live" checked={on} onChange={(event) => setOn(event.currentTarget.checked)} />;
}
