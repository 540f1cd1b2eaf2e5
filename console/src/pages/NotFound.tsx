import { Link } from 'wouter';
import { useTitle } from '../lib/title';

export function NotFound() {
  useTitle('Not found');
  return (
    <>
      <div className="page-head">
        <h1>There is no such page</h1>
      </div>
      <Link href="/">All customers</Link>
    </>
  );
}
