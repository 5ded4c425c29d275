import { spawn } from 'node:child_process';

/** A token is asked for again so long before it ends, and after so long when it does not say its end. */
const marginMs = 60_000;
const unknownLifeMs = 5 * 60_000;
const commandMs = 30_000;
const mostBytes = 64 * 1024;

/**
 * A bearer token from a command that a person gave. The command runs in the system's shell, so pipes work. What it prints is kept in memory
 * alone, and is in no message.
 */
export class TokenCommand {
  private known?: { readonly token: string; readonly untilMs: number };
  private asking?: Promise<string>;
  private readonly given = new Set<string>();

  /** @param command a line for the shell */
  constructor(
    private readonly command: string,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** Throws with a reason that holds nothing of what was printed. */
  public async token(): Promise<string> {
    if (this.known && this.known.untilMs > this.nowMs()) return this.known.token;
    this.asking ??= this.ask().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  /** The last one was refused. */
  public renew(): void {
    this.known = undefined;
  }

  /** A text without any token that the command gave. */
  public hide(text: string): string {
    return [...this.given].reduce((left, token) => left.replaceAll(token, '[token]'), text);
  }

  private async ask(): Promise<string> {
    const printed = (await this.printed()).trim();
    if (!/^[\x21-\x7e]+$/.test(printed)) {
      throw new Error(
        `the token command printed ${printed === '' ? 'nothing' : 'more than one word'}: it must print a bearer token and nothing else`,
      );
    }
    this.given.add(printed);
    const endMs = endOf(printed);
    const untilMs = endMs === undefined ? this.nowMs() + unknownLifeMs : endMs - marginMs;
    this.known = { token: printed, untilMs };
    return printed;
  }

  private printed(): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.command, { shell: true, stdio: ['ignore', 'pipe', 'ignore'], timeout: commandMs });
      const chunks: Buffer[] = [];
      let bytes = 0;
      child.stdout.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= mostBytes) chunks.push(chunk);
        else child.kill();
      });
      child.on('error', (error) =>
        reject(new Error(`the token command could not be started: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`)),
      );
      child.on('close', (code, signal) => {
        const how = code === null ? `${signal} (it has ${commandMs / 1000} s and 64 KiB)` : `exit code ${code}`;
        if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'));
        else reject(new Error(`the token command ended with ${how}: run it by itself to see why`));
      });
    });
  }
}

/** When a JWT ends by its own claim, epoch milliseconds; nothing is verified, and a token of another form has no end. */
function endOf(token: string): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
