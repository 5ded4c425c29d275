import { causeOf } from '../../kernel/cause';
import { documentsOf } from '../../kernel/documents';

export const examples = ['active-active', 'migration'] as const;
export type Example = (typeof examples)[number];

export const languages = ['typescript', 'python', 'java', 'go'] as const;
export type Language = (typeof languages)[number];

/** Files by their path in the app's folder, with forward slashes. */
export type AppFiles = Readonly<Record<string, string>>;

/** What the package holds: each example in each language. */
export type Apps = Readonly<Record<Example, Readonly<Record<Language, AppFiles>>>>;

export interface Disk {
  /** Names in a folder; undefined where there is none. Throws where something else is in its place. */
  entries(folder: string): readonly string[] | undefined;
  /** Writes a file below a folder, which is made where it is missing. Throws rather than writing over another file. */
  write(folder: string, file: string, text: string): void;
}

export interface InitRequest {
  readonly example: Example;
  readonly language: Language;
  readonly folder: string;
  /** Of the package: the app asks for this very one. */
  readonly version: string;
}

export type InitResult =
  | { readonly outcome: 'written'; readonly folder: string; readonly files: readonly string[] }
  /** Nothing was written. */
  | { readonly outcome: 'refused'; readonly why: string }
  /** The disk refused in the middle: the files named were written. */
  | { readonly outcome: 'stopped'; readonly why: string; readonly files: readonly string[] };

/** What a folder may hold beforehand: a repository without a file. */
const harmless = ['.git'];
/** As many names of a folder's content as a line has room for. */
const shown = 3;

/** Writes the app of an example into an empty folder. */
export function initialise(disk: Disk, apps: Apps, { example, language, folder, version }: InitRequest): InitResult {
  const contents = contentOf(disk, folder);
  if (typeof contents === 'string') return { outcome: 'refused', why: contents };
  if (contents.length > 0) {
    const names = `${contents.slice(0, shown).join(', ')}${contents.length > shown ? ` and ${contents.length - shown} more` : ''}`;
    return { outcome: 'refused', why: `${folder} is not empty (${names}): give an empty folder, or the name of a new one` };
  }
  const files: string[] = [];
  for (const [file, text] of Object.entries(apps[example][language])) {
    try {
      disk.write(folder, file, filled(text, version));
    } catch (error) {
      const why = `${file} could not be written: ${causeOf(error)}`;
      return files.length === 0 ? { outcome: 'refused', why } : { outcome: 'stopped', why, files };
    }
    files.push(file);
  }
  return { outcome: 'written', folder, files };
}

/** What is in the way, by name; a text says why it cannot be told. */
function contentOf(disk: Disk, folder: string): readonly string[] | string {
  try {
    return (disk.entries(folder) ?? []).filter((name) => !harmless.includes(name));
  } catch (error) {
    return `${folder} cannot be used as a folder: ${causeOf(error)}`;
  }
}

/** The apps name version and documents of the package that writes them. */
function filled(text: string, version: string): string {
  return text.replaceAll('@@VERSION@@', version).replaceAll('@@DOCUMENTS@@', documentsOf(version));
}
