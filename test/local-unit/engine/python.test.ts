import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { emulatorPython } from '../../../local/engine/python';
import { Supervisor } from '../../../local/engine/supervisor';

let supervisor: Supervisor;
let folder: string;

beforeEach(async () => {
  supervisor = await Supervisor.launch();
  folder = mkdtempSync(path.join(tmpdir(), 'python-test-'));
});

afterEach(async () => {
  await supervisor.close();
  rmSync(folder, { recursive: true });
});

/** A PATH with nothing but the given programs, shell scripts each. */
function programs(scripts: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(bin, name), 0o755);
  }
  return { PATH: bin };
}

function install(scripts: Readonly<Record<string, string>>): Promise<string> {
  return emulatorPython({ supervisor, log: () => {}, tools: path.join(folder, 'tools'), env: programs(scripts) });
}

test('no Python at all', async () => {
  await expect(install({})).rejects.toThrow(
    'the emulator needs Python 3.10 or newer with venv, but PATH has no python3: install it (on Debian and Ubuntu: apt install ' +
      'python3 python3-venv)',
  );
});

test('only an old one', async () => {
  await expect(install({ python3: 'echo 3 9' })).rejects.toThrow('but PATH has only python3 3.9: install it');
});

test('one without venv', async () => {
  await expect(install({ python3: 'echo 3 12; exit 1' })).rejects.toThrow('but PATH has only python3 3.12 without venv: install it');
});

test('a newer one beside an old one is taken, and a failed installation leaves nothing', async () => {
  mkdirSync(path.join(folder, 'tools', 'venv-abc.999999-x'), { recursive: true });
  // Makes an environment whose pip fails.
  const python =
    'case "$*" in *version_info*) echo 3 13;; *) /bin/mkdir -p "$3/bin"; echo "#!/bin/sh" > "$3/bin/python"; echo "echo no such ' +
    'package >&2; exit 1" >> "$3/bin/python"; /bin/chmod +x "$3/bin/python";; esac';
  await expect(install({ python3: 'echo 3 8', 'python3.13': python })).rejects.toThrow(
    "pip could not install the emulator (no such package): check the network or pip's index and try again",
  );
  expect(existsSync(path.join(folder, 'tools'))).toBe(true);
  expect(readdirSync(path.join(folder, 'tools'))).toEqual([]);
});

/** Makes an environment whose pip is the given script; its imports succeed unless there is a file `broken` in it. */
function fakePython(pip: string): string {
  return `case "$*" in
*version_info*) echo 3 12;;
*) /bin/cat > "$3/bin-python" <<'END'
#!/bin/sh
case "$*" in *pip*) ${pip};; *) [ ! -e "\${0%/*}/../broken" ];; esac
END
/bin/mkdir "$3/bin"; /bin/mv "$3/bin-python" "$3/bin/python"; /bin/chmod +x "$3/bin/python";;
esac`;
}

test('of two installations at once the first to end stays, and both runs use it', async () => {
  const tools = path.join(folder, 'tools');
  // The first to make the folder is done at once; the other when the first's environment is in its place.
  const env = programs({
    python3: fakePython(
      `/bin/mkdir ${folder}/first 2>/dev/null || until [ -n "$(echo ${tools}/venv-????????????/complete | /bin/grep -v '?')" ]; do ` +
        `/bin/sleep 0.02; done`,
    ),
  });
  const other = await Supervisor.launch();
  const runs = [supervisor, other].map((each) => emulatorPython({ supervisor: each, log: () => {}, tools, env }));
  const python = await Promise.race(runs);
  const made = statSync(python).ino;
  expect(await Promise.all(runs)).toEqual([python, python]);
  await other.close();
  expect(statSync(python).ino).toBe(made);
  expect(readdirSync(tools)).toEqual([path.basename(path.resolve(python, '../..'))]);
});

test('an environment that broke is made anew', async () => {
  const tools = path.join(folder, 'tools');
  const options = { supervisor, log: () => {}, tools, env: programs({ python3: fakePython('exit 0') }) };
  const python = await emulatorPython(options);
  const made = statSync(python).ino;
  expect(statSync(await emulatorPython(options)).ino).toBe(made);
  writeFileSync(path.resolve(python, '../../broken'), '');
  await emulatorPython(options);
  expect(existsSync(path.resolve(python, '../../broken'))).toBe(false);
  expect(readdirSync(tools)).toHaveLength(1);
});
