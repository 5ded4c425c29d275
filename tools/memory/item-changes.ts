import { Change, Condition, Item, Path, Value } from '../../src/ledger/ports';

type Mutable = { [name: string]: Value };

/** The item after a change, or undefined where one of its conditions fails. What is not changed is shared with the old item. */
export function changed(found: Item, change: Change): Item | undefined {
  for (const condition of change.require) if (!holds(found, condition)) return undefined;
  const item = { ...found } as Mutable;
  for (const [path, value] of change.set ?? []) setAt(item, found, path, value);
  for (const [path, amount] of change.add ?? []) {
    const before = valueAt(found, path);
    if (typeof before !== 'number') throw new Error(`${change.pk}: ${path.join('.')} is not a number that can be added to`);
    setAt(item, found, path, before + amount);
  }
  const removed = new Map<string, string[]>();
  for (const [name, member] of change.remove ?? []) {
    if (member === undefined) delete item[name];
    else removed.set(name, [...(removed.get(name) ?? []), member]);
  }
  for (const [name, members] of removed) {
    item[name] = Object.fromEntries(Object.entries(mapAt(item, name)).filter(([member]) => !members.includes(member)));
  }
  return item as unknown as Item;
}

function valueAt(item: Item, path: Path): Value | undefined {
  const [name, member] = path;
  const value = item[name] as Value | undefined;
  return member === undefined || value === undefined ? value : (value as Mutable)[member];
}

function setAt(item: Mutable, found: Item, [name, member]: Path, value: Value): void {
  if (member === undefined) {
    item[name] = value;
  } else {
    const map = mapAt(item, name);
    // A map is copied once, however many of its members change.
    if (map === found[name]) item[name] = { ...map, [member]: value };
    else map[member] = value;
  }
}

function mapAt(item: Mutable, name: string): Mutable {
  const map = item[name];
  if (typeof map !== 'object' || Array.isArray(map)) throw new Error(`'${name}' is not a map that can have a member`);
  return map as Mutable;
}

function holds(item: Item, condition: Condition): boolean {
  const value = valueAt(item, condition.path);
  switch (condition.test) {
    case 'absent':
      return value === undefined;
    case 'equals':
      return value === condition.value;
    case 'oneOf':
      return typeof value === 'string' && condition.value.includes(value);
    case 'atLeast':
      return typeof value === 'number' && value >= condition.value;
    case 'below':
      return typeof value === 'number' && value < condition.value;
    case 'fewer':
      return typeof value === 'object' && Object.keys(value).length < condition.value;
  }
}
