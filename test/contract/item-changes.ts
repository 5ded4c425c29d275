import { Change, Condition, Item, Path, Value } from '../../src/ledger/ports';

type Mutable = { [name: string]: Value };

/** The item after a change, or undefined where one of its conditions fails. What is not changed is shared with the old item. */
export function changed(found: Item, change: Change): Item | undefined {
  if (!change.require.every((condition) => holds(found, condition))) return undefined;
  const item = { ...found } as Mutable;
  for (const [path, value] of change.set ?? []) setAt(item, path, value);
  for (const [path, amount] of change.add ?? []) {
    const before = valueAt(found, path);
    if (typeof before !== 'number') throw new Error(`${change.pk}: ${path.join('.')} is no number to add to`);
    setAt(item, path, before + amount);
  }
  for (const path of change.remove ?? []) removeAt(item, path);
  return item as unknown as Item;
}

function valueAt(item: Item, path: Path): Value | undefined {
  const [name, member] = path;
  const value = item[name] as Value | undefined;
  return member === undefined || value === undefined ? value : (value as Mutable)[member];
}

function setAt(item: Mutable, [name, member]: Path, value: Value): void {
  if (member === undefined) item[name] = value;
  else item[name] = { ...mapAt(item, name), [member]: value };
}

function removeAt(item: Mutable, [name, member]: Path): void {
  if (member === undefined) {
    delete item[name];
  } else {
    const rest = { ...mapAt(item, name) };
    delete rest[member];
    item[name] = rest;
  }
}

function mapAt(item: Mutable, name: string): Mutable {
  const map = item[name];
  if (typeof map !== 'object' || Array.isArray(map)) throw new Error(`'${name}' is no map that could hold a member`);
  return map as Mutable;
}

function holds(item: Item, condition: Condition): boolean {
  const value = valueAt(item, condition.path);
  switch (condition.test) {
    case 'absent': return value === undefined;
    case 'equals': return value === condition.value;
    case 'atLeast': return typeof value === 'number' && value >= condition.value;
    case 'below': return typeof value === 'number' && value < condition.value;
    case 'fewer': return typeof value === 'object' && Object.keys(value).length < condition.value;
  }
}
