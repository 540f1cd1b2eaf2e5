const SHORT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** The viewer's zone, as people write it. */
export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** In the viewer's zone. */
export function shortTime(at: string): string {
  return SHORT.format(new Date(at));
}

/** In UTC, to the microsecond. */
export function utcTime(at: string): string {
  return `${at.replace('T', ' ').replace(/(\.\d*?)0*Z$/, '$1').replace(/\.$/, '').replace('Z', '')} UTC`;
}

/** A time in the viewer's zone; in UTC on hover. */
export function When({ at, dayOnly = false }: { at: string; dayOnly?: boolean }) {
  const date = new Date(at);
  return (
    <time className="when" dateTime={at} title={utcTime(at)}>
      {dayOnly ? DAY.format(date) : SHORT.format(date)}
    </time>
  );
}

/** For a field of the browser: local time to the minute. */
export function toField(at: string | Date): string {
  const date = new Date(at);
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** From a field of the browser to an instant; undefined for an empty one. */
export function fromField(text: string): string | undefined {
  if (text === '') return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** Local calendar arithmetic: the same day and hour, months later; the last day where it is short. */
export function monthsLater(at: Date, months: number): Date {
  const date = new Date(at);
  date.setMonth(date.getMonth() + months);
  if (date.getDate() !== at.getDate()) date.setDate(0);
  return date;
}

export function daysFrom(now: number, days: number): string {
  return new Date(now + days * 86_400_000).toISOString();
}
