/** Links of documents that are read outside of the repository: in an installed package, and on the pages of registries. */
import path from 'node:path';
import { documentsOf, isReleased, picturesOf } from '../../src/kernel/documents';

/** What a document links to, in the order of the text. Code has none. */
export function linksOf(text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}

const withoutCode = (text: string): string => text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '`');

/** A link that says nothing of where its document is: an address, or a place in the document itself. */
export const isFree = (target: string): boolean => /^(?:[a-z]+:|#)/.test(target);

/** The path in the repository that a relative link of a document leads to. */
export const targetOf = (document: string, target: string): string =>
  path.posix.normalize(path.posix.join(path.posix.dirname(document), target.split('#')[0])).replace(/\/$/, '');

/** What is true until the first release only: it stands between these marks, and in a released version no longer. */
const untilReleased = /<!-- until released -->\n[\s\S]*?<!-- end -->\n+/g;

/**
 * The text of a document as it is published. Links to what is in the package stay; others lead to the repository, at the version's tag. The
 * README's all do, its pictures too: registries show it alone.
 */
export function published(document: string, text: string, version: string, isInPackage: (file: string) => boolean): string {
  return (isReleased(version) ? text.replace(untilReleased, '') : text)
    .split(/(```[\s\S]*?```)/)
    .map((part) =>
      part.startsWith('```')
        ? part
        : part.replace(/(!?)(\[(?:[^\]\n]|\n(?!\n))*\])\(([^)\s]+)\)/g, (whole, picture: string, words: string, target: string) => {
            if (isFree(target)) return whole;
            const file = targetOf(document, target);
            if (document !== 'README.md' && isInPackage(file)) return whole;
            const [, place = ''] = /(#.*)$/.exec(target) ?? [];
            return `${picture}${words}(${(picture === '!' ? picturesOf : documentsOf)(version)}/${file}${place})`;
          }),
    )
    .join('');
}
