import { Link } from 'wouter';
import { Empty } from '../parts/bits';

export function NotFound() {
  return (
    <Empty title="There is no such page">
      <Link href="/">All customers</Link>
    </Empty>
  );
}
