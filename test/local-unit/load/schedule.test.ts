import { describe as describeOne, disturbancesOf, parseSchedule, type Places } from '../../../local/load/schedule';

const places: Places = {
  regions: ['us-east-1', 'us-west-2'],
  links: ['us-east-1', 'us-west-2', 'us-east-2'].flatMap((from, _, all) => all.filter((to) => to !== from).map((to) => ({ from, to }))),
};
const shown = (text: string, seconds: number): string[] => disturbancesOf(parseSchedule(text, seconds), seconds, places).map(describeOne);

test('one disturbance an interval, each in its turn, all of them healed before the end', () => {
  expect(shown('every:60+30', 600)).toEqual([
    'stop:us-east-1@30+30',
    'cut:us-east-1:us-west-2@90+30',
    'cut:us-east-1:us-east-2@150+30',
    'stop:us-west-2@210+30',
    'oneway:us-west-2:us-east-1@270+30',
    'cut:us-west-2:us-east-2@330+30',
    'stop:us-east-1@390+30',
    'cut:us-east-1:us-west-2@450+30',
    'cut:us-east-1:us-east-2@510+30',
    'stop:us-west-2@570+30',
  ]);
});

test('no disturbance that would outlast the load', () => {
  expect(shown('every:60+30', 59)).toEqual([]);
  expect(shown('every:60+30', 119)).toEqual(['stop:us-east-1@30+30']);
  expect(shown('none', 600)).toEqual([]);
});

test('a single region has no link to cut', () => {
  expect(disturbancesOf(parseSchedule('every:10+5', 30), 30, { regions: ['us-east-1'], links: [] }).map(describeOne)).toEqual([
    'stop:us-east-1@5+5',
    'stop:us-east-1@15+5',
    'stop:us-east-1@25+5',
  ]);
});

test('a list is taken as it is given', () => {
  const list = 'stop:us-east-1@10+20,cut:us-east-1:us-west-2@40+5,oneway:us-west-2:us-east-2@40+20';
  expect(shown(list, 60)).toEqual(list.split(','));
});

test.each([
  ['', /^--schedule {2}is not valid: give none, every:SECONDS\+SECONDS, or a list/],
  ['stop:us-east-1', /^--schedule stop:us-east-1 is not valid: give none/],
  ['stop:us-east-1:us-west-2@1+2', /is not valid: give none/],
  ['cut:us-east-1@1+2', /is not valid: give none/],
  ['stop:us-east-1@5+0', '--schedule stop:us-east-1@5+0 is not valid: a disturbance lasts 1 s or longer'],
  [
    'stop:us-east-1@50+20',
    '--schedule stop:us-east-1@50+20 is not valid: it ends after 70 s and the load after 60 s: let it end before, or give more --seconds',
  ],
  ['cut:us-east-1:us-east-1@1+2', /a link leads from one region to another/],
  ['every:9+5', /one disturbance begins every 10 s or more/],
  ['every:20+20', /ends before the next begins/],
  ['stop:us-east-1@5+10,stop:us-east-1@15+5', /us-east-1 is broken twice at once/],
  ['cut:us-east-1:us-west-2@5+10,oneway:us-west-2:us-east-1@6+1', /us-east-1:us-west-2 is broken twice at once/],
])('%j is refused in one line', (text, message) => {
  expect(() => parseSchedule(text, 60)).toThrow(message);
});

test('names of regions are held against the run', () => {
  expect(() => shown('stop:eu-west-1@1+2', 60)).toThrow(
    '--schedule stop:eu-west-1@1+2 is not valid: this run has no region eu-west-1: it has us-east-1, us-west-2',
  );
  expect(() => shown('stop:us-east-2@1+2', 60)).toThrow(/has no region us-east-2/);
  expect(() => shown('cut:us-east-1:eu-west-1@1+2', 60)).toThrow(
    'this run has no link between us-east-1 and eu-west-1: it has links between us-east-1, us-west-2, us-east-2',
  );
});
