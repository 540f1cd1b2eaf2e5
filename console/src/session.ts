/**
 * The key that this tab is signed in with. It lives in the tab's session storage: it goes when the
 * tab is closed, and is never part of an address that is kept.
 */
const STORED = 'scrip.key';

/** Takes the key out of a link such as `/#key=…`, and out of the address bar. */
export function takeKeyFromLink(): boolean {
  const parts = new URLSearchParams(window.location.hash.slice(1));
  const key = parts.get('key');
  if (key === null) return false;
  parts.delete('key');
  const rest = parts.toString();
  const { pathname, search } = window.location;
  window.history.replaceState(null, '', pathname + search + (rest === '' ? '' : `#${rest}`));
  if (key.trim() !== '') signIn(key);
  return true;
}

export function currentKey(): string | null {
  return window.sessionStorage.getItem(STORED);
}

export function signIn(key: string): void {
  window.sessionStorage.setItem(STORED, key.trim());
}

export function signOut(): void {
  window.sessionStorage.removeItem(STORED);
}
