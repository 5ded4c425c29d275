import { IConstruct } from 'constructs';

/** What constructs of one app note for each other, by the root of the tree that they stand in and in the order in which they were made. */
export class Notes<T> {
  private readonly byRoot = new WeakMap<IConstruct, T[]>();

  /** The list of the construct's app, to be added to. */
  public of(scope: IConstruct): T[] {
    const { root } = scope.node;
    const notes = this.byRoot.get(root) ?? [];
    this.byRoot.set(root, notes);
    return notes;
  }
}
