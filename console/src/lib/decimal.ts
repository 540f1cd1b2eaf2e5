import Big from 'big.js';
import type { UnitFragment } from '../gql/documents';

// What comes in is exact and stays so: no amount ever becomes a JavaScript number.
Big.NE = -1000;
Big.PE = 1000;

/** What a field for an amount takes, as the API does. */
const FORM = /^-?[0-9]+(\.[0-9]+)?$/;

export type Unit = UnitFragment;

export function isDecimal(text: string): boolean {
  return FORM.test(text);
}

/** Whole thousands in groups, as amounts are shown here. */
const GROUPED = /^-?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?$/;

/**
 * The text of a field for an amount, as the API takes it where it is one: without the commas between
 * groups of thousands. Any other comma stays, and is refused: `1,5` is no 15.
 */
export function typedDecimal(text: string): string {
  const typed = text.trim().replace('−', '-');
  return GROUPED.test(typed) ? typed.replaceAll(',', '') : typed;
}

/** How many decimal places it has, trailing zeros aside. */
export function decimals(amount: string): number {
  return (amount.split('.')[1] ?? '').replace(/0+$/, '').length;
}

export function add(...amounts: string[]): string {
  return amounts.reduce((sum, amount) => sum.plus(amount), new Big(0)).toFixed();
}

export function subtract(one: string, other: string): string {
  return new Big(one).minus(other).toFixed();
}

export function times(one: string, other: string): string {
  return new Big(one).times(other).toFixed();
}

export function smaller(one: string, other: string): string {
  return new Big(one).lt(other) ? one : other;
}

export function isZero(amount: string): boolean {
  return new Big(amount).eq(0);
}

export function isNegative(amount: string): boolean {
  return new Big(amount).lt(0);
}

/** All digits, grouped by thousands: `-1,234,567.25`. */
export function grouped(amount: string): string {
  const negative = amount.startsWith('-');
  const [whole = '0', fraction] = amount.replace('-', '').split('.');
  const groups = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return `${negative ? '−' : ''}${groups}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** `1,234.5 Tokens`. */
export function withUnit(amount: string, unit: Unit): string {
  return `${grouped(amount)} ${unit.name}`;
}

/** In the currency's main unit, exact: 1250 cents are `12.5 USD`. Null for what is no currency. */
export function inMainUnit(amount: string, unit: Unit): string | null {
  if (unit.currency === null || !unit.currencyExponent) return null;
  const main = new Big(amount).div(new Big(10).pow(unit.currencyExponent)).toFixed();
  const [whole = '0', fraction = ''] = main.split('.');
  return `${grouped(`${whole}.${fraction.padEnd(2, '0')}`)} ${unit.currency}`;
}

/** Per cent of a bar, 0..100: for pixels only. */
export function share(part: string, whole: string): number {
  const of = new Big(whole);
  if (of.lte(0)) return 0;
  return Math.min(100, Math.max(0, Number(new Big(part).div(of).times(100).toFixed(2))));
}

/** For the place of a point on a chart only. */
export function pixelValue(amount: string): number {
  return Number(amount);
}
