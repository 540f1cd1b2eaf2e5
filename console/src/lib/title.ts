import { useEffect } from 'react';

const USUAL = 'Scrip';

/** What the tab of the browser is called while a page is shown. */
export function useTitle(...names: (string | undefined)[]): void {
  const title = [...names.filter(Boolean), USUAL].join(' · ');
  useEffect(() => {
    document.title = title;
    return () => {
      document.title = USUAL;
    };
  }, [title]);
}
