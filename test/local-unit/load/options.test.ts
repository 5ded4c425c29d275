import { parseLoadOptions } from '../../../local/load/options';

test('a rate and a time; the rest has defaults', () => {
  expect(parseLoadOptions(['--rate', '5', '--seconds', '600'])).toMatchObject({
    rate: 5,
    seconds: 600,
    schedule: { kind: 'every', every: 60, lasts: 30 },
    run: { port: 0, smoke: false },
  });
});

test('every option', () => {
  expect(
    parseLoadOptions(['--rate', '1', '--seconds', '60', '--schedule', 'none', '--mode', 'HOME_REGION', '--port', '4581', '--lag', '45']),
  ).toMatchObject({ schedule: { kind: 'list', disturbances: [] }, run: { port: 4581, mode: 'HOME_REGION', lagMs: 45 } });
});

test.each([
  [['--seconds', '60'], /^--rate is missing: the options are --rate N, --seconds N/],
  [['--rate', '5'], /^--seconds is missing: the options are/],
  [['--rate', '0', '--seconds', '60'], '--rate 0 is not valid: give a whole number from 1 to 100'],
  [['--rate', '5', '--seconds', '9'], '--seconds 9 is not valid: give a whole number from 10 to 36000'],
  [['--rate', '5', '--seconds', '60', '--mode', 'strong'], '--mode strong is not known: give STRONG or HOME_REGION'],
  [['--rate', '5', '--seconds', '60', '--port', 'x'], '--port x is not valid: give a whole number from 0 to 65535'],
  [['--rate', '5', '--seconds', '60', '--schedule', 'often'], /^--schedule often is not valid: give none/],
  [['--rate', '5', '--seconds', '60', '--lag', 'x'], /^--lag x is not valid: give a whole number from 0 to 10000/],
  [['--app', '.'], /^Unknown option '--app': the options are --rate N/],
])('%j is refused in one line', (args, message) => {
  expect(() => parseLoadOptions(args)).toThrow(message);
});
