/** Commands in documents, for the tests that look each of them up. */

/** Lines of samples, and pieces of code in the text; a line that ends with a backslash goes on. */
export function codeOf(document: string): string[] {
  const samples = [...document.matchAll(/^```(?:sh|bash)?\n([^]*?)^```/gm)].flatMap(([, text]) =>
    text.replace(/\\\n\s*/g, ' ').split('\n'),
  );
  const rest = document.replace(/^```[^]*?^```/gm, '');
  return [...samples, ...[...rest.matchAll(/`([^`\n]+)`/g)].map(([, text]) => text)];
}

/** What follows a command on its line, without what the shell does with it and without quoted texts. */
export const argumentsOf = (line: string): string => line.replace(/"[^"]*"|'[^']*'/g, 'TEXT').replace(/(?:\s#|\s[|;>&]|`).*$/, '');

/** Names of the options in a text. */
export const optionsIn = (text: string): string[] => [...text.matchAll(/(?<![\w-])--([a-z][a-z0-9-]*)/g)].map(([, name]) => name);
