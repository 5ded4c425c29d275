/** A Lambda entry, loaded anew: it reads its environment when it is loaded. The path is below `src`, without `.handler`. */
export function loadedHandler<I, O>(path: string, remainingMs = 60_000): (event: I) => Promise<O> {
  let handler: ((event: I, invocation: object) => Promise<O>) | undefined;
  jest.isolateModules(() => {
    ({ handler } = jest.requireActual<{ handler: typeof handler }>(`../../src/${path}.handler`));
  });
  return (event) => handler!(event, { getRemainingTimeInMillis: () => remainingMs });
}
