import { Checkbox, MultiSelect, NativeSelect, Textarea, TextInput } from '@mantine/core';
import type { ChangeEvent } from 'react';
import { useQuery } from 'urql';
import { ContractsDocument, CreditTypesDocument, ProductsDocument } from '../gql/documents';
import { useAll } from '../lib/all';
import { decimals, inMainUnit, isDecimal, isNegative, isZero, typedDecimal, type Unit } from '../lib/decimal';
import { fromField, ZONE } from '../lib/time';
import type { Result } from '../parts/Loaded';
import { type Fault, useFault } from './Action';

interface FieldProps {
  /** Path in the input. */
  path: string;
  label: string;
  value: string;
  set: (value: string) => void;
  required?: boolean;
  description?: string;
  placeholder?: string;
}

/** What all fields of text have in common: what is wrong is said by us, not by the browser. */
function useTextField({ path, set, required, ...rest }: FieldProps) {
  return {
    ...rest,
    withAsterisk: required,
    required: false,
    'aria-required': required,
    error: useFault(path),
    mb: 'sm',
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => set(event.currentTarget.value),
  };
}

export function TextField({ long = false, ...field }: FieldProps & { long?: boolean }) {
  const given = useTextField(field);
  return long ? <Textarea {...given} autosize={false} rows={2} /> : <TextInput {...given} />;
}

/** An amount as text; beside it what it is in the currency's main unit. */
export function AmountField({ unit, ...field }: FieldProps & { unit: Unit | undefined }) {
  const typed = typedDecimal(field.value);
  const main = unit !== undefined && isDecimal(typed) ? inMainUnit(typed, unit) : null;
  return (
    <TextInput
      {...useTextField(field)}
      inputMode="decimal"
      autoComplete="off"
      className="amount-field"
      description={[field.description, main === null ? null : `= ${main}`].filter(Boolean).join(' ') || undefined}
      rightSection={unit === undefined ? undefined : <span className="unit">{unit.name}</span>}
      rightSectionWidth={unit === undefined ? undefined : 96}
    />
  );
}

/** A time in the viewer's zone. */
export function TimeField(field: FieldProps) {
  const { description } = field;
  return (
    <TextInput
      {...useTextField(field)}
      type="datetime-local"
      description={`${description ?? ''}${description === undefined ? '' : ' '}Your time (${ZONE}).`}
    />
  );
}

export function ChoiceField({
  path,
  label,
  value,
  set,
  choices,
  description,
}: Omit<FieldProps, 'placeholder'> & { choices: { value: string; label: string }[] }) {
  const error = useFault(path);
  return (
    <NativeSelect
      label={label}
      description={description}
      data={choices}
      value={value}
      error={error}
      mb="sm"
      onChange={(event) => set(event.currentTarget.value)}
    />
  );
}

export function CheckField({
  label,
  description,
  checked,
  set,
}: {
  label: string;
  description?: string;
  checked: boolean;
  set: (checked: boolean) => void;
}) {
  return (
    <Checkbox
      label={label}
      description={description}
      checked={checked}
      mb="sm"
      onChange={(event) => set(event.currentTarget.checked)}
    />
  );
}

/** All credit types that accept new credit, and how the question for them stands. */
export function useUnits(): [Unit[], Result<unknown>] {
  const asked = useQuery({ query: CreditTypesDocument, requestPolicy: 'cache-first' });
  return [(asked[0].data?.creditTypes ?? []).filter(({ archivedAt }) => archivedAt === null), asked];
}

export function UnitField({
  path,
  value,
  set,
  units,
}: {
  path: string;
  value: string;
  set: (id: string) => void;
  units: Unit[];
}) {
  return (
    <ChoiceField
      path={path}
      label="Credit type"
      value={value}
      set={set}
      choices={units.map(({ id, name }) => ({ value: id, label: name }))}
    />
  );
}

/** All products, and how the question for them stands. */
export function useProducts() {
  const asked = useAll(ProductsDocument, {}, ({ products }) => products, '', 'cache-first');
  return [asked[0].data?.nodes ?? [], asked] as const;
}

/** One of the contracts of a customer, or none; nothing where there are none. */
export function ContractField({
  customerId,
  label,
  none,
  value,
  set,
}: {
  customerId: string;
  label: string;
  /** What it means to choose none. */
  none: string;
  value: string;
  set: (id: string) => void;
}) {
  const [{ data }] = useAll(ContractsDocument, { id: customerId }, (found) => found.customer?.contracts, '', 'cache-first');
  if (data === undefined || data.nodes.length === 0) return null;
  return (
    <ChoiceField
      path="contractId"
      label={label}
      value={value}
      set={set}
      choices={[
        { value: '', label: none },
        ...data.nodes.map(({ id, name }) => ({ value: id, label: `Contract ${name ?? id}` })),
      ]}
    />
  );
}

/** Several products, in the order in which they are picked. */
export function ProductsField({
  path,
  label,
  value,
  set,
}: {
  path: string;
  label: string;
  value: string[];
  set: (ids: string[]) => void;
}) {
  const [products] = useProducts();
  const error = useFault(path);
  return (
    <MultiSelect
      label={label}
      placeholder={value.length === 0 ? 'All products' : undefined}
      data={products.map(({ id, name }) => ({ value: id, label: name }))}
      value={value}
      error={error}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': `Clear ${label}` }}
      mb="sm"
      onChange={set}
    />
  );
}

/** What is wrong with a typed amount, whatever its unit. */
function wrongAmount(typed: string, kind: 'positive' | 'price' | 'change'): string | undefined {
  if (typed === '') return 'is required';
  if (typed.includes(',') && /^[-0-9.,]+$/.test(typed)) {
    return 'has a comma that is not between groups of three digits: write 1,500 or 1500, and 1.5 with a point';
  }
  if (!isDecimal(typed)) return 'must be a number such as 1000 or 12.5';
  if (kind === 'price') return isNegative(typed) ? 'must be 0 or more' : undefined;
  if (kind === 'change') return isZero(typed) ? 'must not be zero' : undefined;
  return isNegative(typed) || isZero(typed) ? 'must be above zero' : undefined;
}

/** Gathers what can be seen to be wrong without asking the server. */
export class Check {
  readonly faults: Fault[] = [];

  /** An amount, as the API takes it: above zero unless it is said to be of another kind. */
  amount(path: string, text: string, unit?: Unit, kind: 'positive' | 'price' | 'change' = 'positive'): string {
    const typed = typedDecimal(text);
    const wrong = wrongAmount(typed, kind);
    const places = unit?.scale ?? Number.POSITIVE_INFINITY;
    if (wrong !== undefined) this.fault(path, wrong);
    else if (decimals(typed) > places) {
      this.fault(path, places === 0 ? 'must be a whole number' : `must have at most ${places} decimal places`);
    }
    return typed;
  }

  optionalAmount(path: string, text: string, unit?: Unit): string | undefined {
    return text.trim() === '' ? undefined : this.amount(path, text, unit, 'price');
  }

  /** A text that may not be empty. */
  text(path: string, text: string): string {
    if (text.trim() === '') this.fault(path, 'is required');
    return text;
  }

  /** A window may not end before it starts, nor where it does. */
  window(path: string, from: string | undefined, until: string | null | undefined): void {
    if (!from || !until) return;
    if (new Date(until).getTime() <= new Date(from).getTime()) this.fault(path, 'must be after the start');
  }

  /** A number that is no amount: a priority. */
  number(path: string, text: string): number {
    const number = Number(text.trim());
    if (text.trim() === '' || !Number.isFinite(number) || number < 0) {
      this.fault(path, 'must be a number that is 0 or more, such as 50');
    }
    return number;
  }

  time(path: string, text: string): string {
    const at = fromField(text);
    if (at === undefined) this.fault(path, 'must be a date and a time');
    return at ?? '';
  }

  fault(path: string, message: string): void {
    this.faults.push({ path, message });
  }
}

/** An optional text: absent where it is empty. */
export function given(text: string): string | undefined {
  return text === '' ? undefined : text;
}
