import { useEffect, useState } from 'react';

/** What has the focus now; for an entry of a menu, the button that opened the menu. */
function openerNow(): Element | null {
  const active = document.activeElement;
  const menu = active?.closest('[role="menu"]');
  return menu ? document.querySelector(`[aria-controls="${CSS.escape(menu.id)}"]`) : active;
}

/** Gives the focus back, when this goes, to what had it when it came. */
export function useFocusReturn(): void {
  // Asked before anything changes: the menu is gone as soon as this is there.
  const [opener] = useState(openerNow);
  useEffect(
    () => () => {
      // Once what is over the page is gone, too.
      window.setTimeout(() => {
        if (opener instanceof HTMLElement && opener.isConnected && document.activeElement === document.body) {
          opener.focus({ preventScroll: true });
        }
      });
    },
    [opener],
  );
}
